"""Refunds of billing errors: checked first, paid by somebody else, then the customer is told (S002-6.1..6.6).

A refund is the customer's right: it needs no agreement, only the figures checked.
"""

from functools import partial

from pydantic import Field

from events.commands import Refusal, refuse
from events.execution import Refund, RefundPaid, RefundVerified
from events.fact import Fact, Value
from events.money import Currency, ExactMoney
from events.solution import ApprovalRequested, ApprovalWithdrawn
from events.vocabulary import BillingError, RefundMethod
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.refund import figures_sha256, may_pay, may_verify, refund_owed
from policy.people.authority import Spending, approver, currency_not_covered, who_may_approve
from policy.people.duties import conflict_of_duties, kept_from
from policy.people.participation import who
from services.workflow.execution import completed

REFUND = "refund"
"""What the catalogue of remedies calls a refund."""
RULE = "authority"
"""What the policy calls the rule by which amounts need somebody higher."""


class VerifyRefund(Value):
    """`verify_refund`: what was charged and what was due; the rest follows (S002-6.1)."""

    charged: ExactMoney
    due: ExactMoney
    currency: Currency | None = None
    """The company's own unless given."""
    error: BillingError | None = None
    """How the charge was wrong (S002-6.3)."""
    ground: str | None = Field(default=None, min_length=1, max_length=2_000)
    """The board's written ground, for more than anybody may decide."""


class PayRefund(Value):
    """`pay_refund`: the money went back (S002-6.2, S002-6.5)."""

    method: RefundMethod
    reference: str = Field(min_length=1, max_length=200)
    reason: str = Field(default="", max_length=1_000)
    """Why not by a preferred method (S002-6.5)."""


def verify_refund(ask: Ask, data: VerifyRefund) -> Decided:
    """Twice the difference is owed; above the verifier's limit somebody higher approves it (S002-6.1, S000-3.9)."""
    refund = refund_owed(data.charged, data.due, ask.rules.refund.factor)
    currency = ask.rules.offer.currency
    refusal = _not_verifier(ask) or _verified_by_others(ask) or _paid_already(ask, data)
    refusal = refusal or currency_not_covered(data.currency, currency)
    if refusal is not None:
        return refusal
    spending = Spending(refund, data.ground)
    role = approver(ask.complaint, ask.by, spending, ask.rules.authority, ask.organisation, ask.now)
    if isinstance(role, Refusal):
        return role
    verified = RefundVerified(
        charged=data.charged,
        due=data.due,
        refund=refund,
        currency=currency,
        payable=refund > 0,
        error=data.error,
        ground=data.ground,
    )
    waiting = ask.complaint.solution.waiting("refund")
    replaced = [ApprovalWithdrawn(subject=approval.subject) for approval in waiting]
    return [verified, *replaced, *_approval(ask, verified, role)]


def pay_refund(ask: Ask, data: PayRefund) -> Decided:
    """Paid by another person than the one who checked, by a preferred means or with a reason (S002-6.2, S002-6.5)."""
    refund = ask.complaint.execution.refund
    if refund is None:
        return _not_verified()
    refusal = (_settled(refund) or _paid_by_others(ask) or _not_finance(ask)) or (
        _approval_pending(ask, refund) or _method(ask, data)
    )
    if refusal is not None:
        return refusal
    reference, reason = data.reference.strip(), data.reason.strip()
    paid = RefundPaid(
        amount=refund.amount, currency=refund.currency, method=data.method, reference=reference, reason=reason
    )
    # What the customer agreed to as a refund is carried out by the very payment: nobody reports it a second time.
    agreed = [step for step in ask.complaint.plan if step.kind == REFUND and not step.is_done]
    return [paid, *completed(ask.complaint.plan, agreed)]


def _approval(ask: Ask, verified: RefundVerified, role: str | None) -> list[Fact]:
    """The request that goes with a refund above the limit; its subject is the verification about to be recorded."""
    if role is None:
        return []
    refund = Refund(verified.refund, verified.currency, ask.by, ask.now, ask.history.version + 1)
    content = figures_sha256(verified.charged, verified.due, verified.refund, verified.currency)
    return [
        ApprovalRequested(subject=refund.subject, rule=RULE, content_sha256=content, stages=((role,),), author=ask.by)
    ]


def _not_verifier(ask: Ask) -> Refusal | None:
    if _verifies(ask, ask.by):
        return None
    return refuse(
        "may_not_verify",
        "S002-6.2",
        "退费由客服人员或财务人员查证",
        "a refund is checked by people who handle complaints, or by finance",
        may=who(ask.complaint, ask.organisation, partial(_verifies, ask)),
        person=ask.by,
    )


def _verifies(ask: Ask, person: str) -> bool:
    return may_verify(person, ask.rules.refund, ask.organisation)


def _pays(ask: Ask, person: str) -> bool:
    return may_pay(person, ask.rules.refund, ask.organisation)


def _verified_by_others(ask: Ask) -> Refusal | None:
    return conflict_of_duties(ask.complaint, ask.by, "verify_refund", ask.organisation, partial(_verifies, ask))


def _paid_by_others(ask: Ask) -> Refusal | None:
    return conflict_of_duties(ask.complaint, ask.by, "pay_refund", ask.organisation, partial(_pays, ask))


def _paid_already(ask: Ask, data: VerifyRefund) -> Refusal | None:
    """One refund in one round, and never the same figures again: they would be paid twice."""
    refund = ask.complaint.execution.refund
    if refund is None or refund.paid_by is None:
        return None
    earlier = [r.fact for r in ask.history if isinstance(r.fact, RefundVerified)]
    same = any((fact.charged, fact.due) == (data.charged, data.due) for fact in earlier)
    return _settled(refund) if same or refund.version > ask.complaint.solution.round_since else None


def _settled(refund: Refund) -> Refusal | None:
    if refund.paid_by is not None:
        return refuse(
            "already_paid",
            "S002-6.2",
            f"退费 {refund.amount} {refund.currency} 已由 {refund.paid_by} 支付，不得重复支付",
            f"the refund of {refund.amount} {refund.currency} was paid by {refund.paid_by} already",
            amount=refund.amount,
            paid_by=refund.paid_by,
        )
    if not refund.amount:
        return refuse("nothing_to_pay", "S002-6.1", "查证结果无需退费", "nothing was charged too much: nothing to pay")
    return None


def _not_verified() -> Refusal:
    return refuse(
        "refund_not_verified",
        "S002-6.2",
        "先查证后退费：请先由他人查证（verify_refund）",
        "check first, then refund: somebody else records the check (verify_refund)",
    )


def _not_finance(ask: Ask) -> Refusal | None:
    if _pays(ask, ask.by):
        return None
    out = kept_from(ask.complaint, "pay_refund")
    may = who(ask.complaint, ask.organisation, lambda id_: id_ not in out and _pays(ask, id_))
    return refuse(
        "not_finance",
        "S002-6.2",
        f"退费由财务人员支付：{'、'.join(may)}",
        f"refunds are paid by finance: {', '.join(may)}",
        may=may,
        recorded=True,
        role=ask.person.role,
    )


def _approval_pending(ask: Ask, refund: Refund) -> Refusal | None:
    approval = ask.complaint.solution.approval(refund.subject)
    if approval is None or approval.is_given:
        return None
    refused = approval.refused_by is not None
    return refuse(
        "approval_refused" if refused else "approval_pending",
        "S000-3.9",
        f"退费未获批准（{approval.refused_by}），请重新查证" if refused else f"退费尚待批准：{approval.subject}",
        f"{approval.refused_by} refused the refund: check it anew"
        if refused
        else f"{approval.subject} is not approved",
        may=who_may_approve(ask.complaint, approval, ask.rules.authority, ask.organisation),
        subject=approval.subject,
        amount=refund.amount,
    )


def _method(ask: Ask, data: PayRefund) -> Refusal | None:
    rules = ask.rules.refund
    if data.method not in rules.methods:
        return refuse(
            "method_not_offered",
            "S002-6.5",
            f"不能以{data.method.zh}退费，可用：{'、'.join(m.zh for m in rules.methods)}",
            f"refunds are not made by {data.method.en}; there are {', '.join(m.en for m in rules.methods)}",
            method=data.method.value,
        )
    if data.method in rules.preferred or data.reason.strip():
        return None
    preferred = rules.preferred
    return refuse(
        "method_needs_reason",
        "S002-6.5",
        f"优先以{'或'.join(m.zh for m in preferred)}退费；以{data.method.zh}退费请说明原因（reason）",
        f"refunds go by {' or '.join(m.en for m in preferred)}; say why by {data.method.en} (reason)",
        method=data.method.value,
        preferred=", ".join(preferred),
    )


ACTS: Acts = {
    "verify_refund": Act(VerifyRefund, verify_refund),
    "pay_refund": Act(PayRefund, pay_refund, when_closed=True),  # what is owed is owed after the end too
}
