"""Refunds of billing errors: twice the difference, checked by one, paid by another, by the right means (S002-6.1)."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from events.envelope import Recorded
from events.execution import RefundPaid, RefundVerified
from events.learning import Reviewed
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import level_of, people
from services.compliance.conformance.violation import Violation

CENT = Decimal("0.01")


@check("S002-6.1", zh="按差额双倍返还", en="twice what was charged too much is given back")
def twice_the_difference_is_owed(of: Examined) -> Iterator[Violation]:
    """The factor times what was charged above what was due, nothing where too little was; rounded once, half up."""
    for recorded in of.all(RefundVerified):
        fact, factor = recorded.fact, of.policy_for(recorded).document.refund.factor
        if not isinstance(fact, RefundVerified):
            continue
        owed = (factor * max(Decimal(0), fact.charged - fact.due)).quantize(CENT, ROUND_HALF_UP)
        if fact.refund != owed or fact.payable is not (owed > 0):
            yield of.violation(
                "S002-6.1",
                recorded,
                zh=f"已收 {fact.charged}、应收 {fact.due}，应退 {owed}，记录为 {fact.refund}。",
                en=f"Charged {fact.charged}, due {fact.due}: {owed} is owed, {fact.refund} was recorded.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _last(of: Examined, recorded: Recorded) -> Recorded | None:
    """The check the payment goes by."""
    return next((r for r in reversed(of.all(RefundVerified)) if r.version < recorded.version), None)


@check("S002-6.2", zh="先查证后退费，金额一致，只付一次", en="checked first, then paid, that amount, once")
def a_refund_is_checked_then_paid_once(of: Examined) -> Iterator[Violation]:
    """Each payment follows a check that nothing was paid for yet, and is of the amount checked."""
    settled = 0
    for recorded in of.all(RefundPaid):
        fact, checked = recorded.fact, _last(of, recorded)
        if not isinstance(fact, RefundPaid):
            continue
        found = checked.fact if checked and isinstance(checked.fact, RefundVerified) else None
        again = checked is not None and settled > checked.version
        same = found is not None and (fact.amount, fact.currency) == (found.refund, found.currency) and found.refund > 0
        if again or not same:
            yield of.violation(
                "S002-6.2",
                *(checked, recorded) if checked else (recorded,),
                zh=f"支付 {fact.amount}：{'重复支付' if again else '未经查证或与查证金额不符'}。",
                en=f"{fact.amount} was paid {'a second time' if again else 'unchecked, or not as it was checked'}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
        settled = recorded.version


@check("S002-6.2", zh="同一差错不重复查证退费", en="what was paid is not checked and owed again")
def nothing_paid_is_owed_again(of: Examined) -> Iterator[Violation]:
    """After a payment a new check belongs to a new round and to other figures."""
    figures: set[tuple[Decimal, Decimal]] = set()
    for recorded in of.all(RefundVerified):
        fact, known = recorded.fact, of.before(recorded.version)
        if not isinstance(fact, RefundVerified):
            continue
        refund = known.execution.refund
        if refund is not None and refund.paid_by is not None:
            again = (fact.charged, fact.due) in figures or refund.version > known.solution.round_since
            if again:
                yield of.violation(
                    "S002-6.2",
                    recorded,
                    zh=f"退费 {refund.amount} 已支付，又就同一差错查证应退 {fact.refund}。",
                    en=f"{refund.amount} was paid already, and {fact.refund} was found owed for it again.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )
        figures.add((fact.charged, fact.due))


@check("S002-6.2", "S003-2.4", zh="查证、付款、复盘分属三人", en="verifier, payer and reviewer are three people")
def verifier_payer_and_reviewer_are_three(of: Examined) -> Iterator[Violation]:
    """Whoever established facts or amount does not pay, whoever paid does not check, and neither reviews."""
    if not of.has(RefundVerified, RefundPaid):
        return
    for recorded in of.all(RefundVerified, RefundPaid, Reviewed):
        known, who = of.before(recorded.version), recorded.actor.id
        finding, refund = known.verification.finding, known.execution.refund
        verified = {finding.by if finding else None, refund.verified_by if refund else None}
        paid, reviewed = {refund.paid_by if refund else None}, {known.learning.reviewed_by}
        if isinstance(recorded.fact, RefundPaid):
            kept_from = verified | reviewed
        elif isinstance(recorded.fact, RefundVerified):
            kept_from = paid | reviewed
        else:
            kept_from = verified | paid if refund else set()
        if who in kept_from:
            yield of.violation(
                "S002-6.2" if isinstance(recorded.fact, RefundPaid) else "S003-2.4",
                recorded,
                zh=f"{who} 已参与查证、付款或复盘，又记录了 {recorded.name}。",
                en=f"{who} verified, paid or reviewed this complaint and recorded {recorded.name} as well.",
                at=recorded.occurred_at,
                who=who,
            )


@check("S002-6.2", zh="退费由有权人员查证、财务支付", en="refunds are checked and paid by those whose office it is")
def refunds_are_handled_by_their_offices(of: Examined) -> Iterator[Violation]:
    """Checked by somebody of the ladder or of a role named for it, paid by a paying role."""
    for recorded in of.all(RefundVerified, RefundPaid):
        organisation, rules = people(of, recorded), of.policy_for(recorded).document.refund
        somebody = organisation.person.get(recorded.actor.id) if organisation else None
        if organisation is None or somebody is None:
            continue
        if isinstance(recorded.fact, RefundPaid):
            lawful = somebody.role in rules.payer_roles
        else:
            high = level_of(organisation, recorded.actor.id) >= rules.verifier_level
            lawful = high or somebody.role in rules.verifier_roles
        if not lawful:
            yield of.violation(
                "S002-6.2",
                recorded,
                zh=f"{recorded.actor.id}（{somebody.role}）无权查证或支付退费（{recorded.name}）。",
                en=f"{recorded.actor.id} ({somebody.role}) may not record {recorded.name}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-6.5", zh="优先调账或充值，其他方式说明理由", en="refunds go by the preferred means, or say why not")
def refunds_go_by_preferred_means(of: Examined) -> Iterator[Violation]:
    """A means there is, with its reference, and a reason where it is not a preferred one."""
    for recorded in of.all(RefundPaid):
        fact, rules = recorded.fact, of.policy_for(recorded).document.refund
        if not isinstance(fact, RefundPaid):
            continue
        reasoned = fact.method in rules.preferred or fact.reason.strip()
        if fact.method not in rules.methods or not reasoned or not fact.reference.strip():
            yield of.violation(
                "S002-6.5",
                recorded,
                zh=f"以 {fact.method.value} 退费未说明理由、无凭证或不在规定方式之内。",
                en=f"Refunded by {fact.method.value} without a reason or a reference, or not by a means there is.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
