"""What must be done before a complaint counts as resolved (S000-3.1, S002-3.2, S004-3.6)."""

from collections.abc import Iterable

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.contact import Replied
from events.envelope import Recorded
from events.solution import Proposal
from events.vocabulary import DemandResult, ReplyKind, Resolution
from policy.asking import Ask
from policy.contacting.told import is_told
from policy.handling.ending import is_unreasoned
from policy.handling.evidence import evidence_missing
from policy.people.participation import who

EXPLAINING = (ReplyKind.EXPLANATION, ReplyKind.DECISION)
"""Answers that can clarify a matter (S002-3.2)."""


def why_not_resolved(ask: Ask, outcome: Resolution, statement: str) -> Refusal | None:
    """The first thing that is still missing, or None where everything is done."""
    return (
        _not_verified(ask.complaint)
        or _liability_unreasoned(ask, statement)
        or evidence_missing(ask.complaint, ask.rules.evidence)
        or _tasks_open(ask)
        or _no_solution(ask, outcome)
        or _steps_open(ask)
        or _refund_unpaid(ask.complaint)
    )


def _not_verified(complaint: Complaint) -> Refusal | None:
    if complaint.verification.is_done:
        return None
    return refuse(
        "not_verified",
        "S004-3.6",
        "未核实不得办结：请先核实事实与责任（verify）",
        "nothing is resolved before its facts and liability are verified (verify)",
        status=complaint.status,
    )


def _liability_unreasoned(ask: Ask, statement: str) -> Refusal | None:
    """No complaint ends with an unknown cause and nobody liable unless it is said why (S001-2.1)."""
    finding = ask.complaint.verification.finding
    if finding is None or statement.strip() or not is_unreasoned(finding.fact, ask.rules.conclusion):
        return None
    return refuse(
        "liability_unreasoned",
        "S001-2.1",
        "原因和责任方均未确定：请重新核实，或说明为何无法确定（statement）",
        "neither cause nor liable party is known: verify again, or say why they cannot be known (statement)",
        liable=finding.liable.value,
        cause=finding.fact.cause,
    )


def _tasks_open(ask: Ask) -> Refusal | None:
    """Parts that others still owe; a customer's suggestion holds nothing up (S000-3.5, S001-16.5)."""
    still = [t for t in ask.complaint.participation.open_tasks if t.opened_by in ask.organisation.person]
    if not still:
        return None
    return refuse(
        "tasks_open",
        "S001-16.5",
        f"协同任务尚未答复：{'、'.join(f'{t.task}({t.person})' for t in still)}",
        f"parts of others are still owed: {', '.join(f'{t.task} ({t.person})' for t in still)}",
        may=_of_these(ask, (t.person for t in still)),
        tasks=", ".join(t.task for t in still),
    )


def _of_these(ask: Ask, people: Iterable[str]) -> tuple[str, ...]:
    """Those of them who may act."""
    named = frozenset(people)
    return who(ask.complaint, ask.organisation, lambda id_: id_ in named)


def _no_solution(ask: Ask, outcome: Resolution) -> Refusal | None:
    """Put right needs the customer's agreement, clarified an explanation or a reasoned refusal (S000-3.1, S002-3.2)."""
    solution, refund = ask.complaint.solution, ask.complaint.execution.refund
    if solution.agreed is not None:
        empty = not ask.complaint.plan and (refund is None or refund.paid_by is None)
        return _nothing_done() if empty and outcome is Resolution.CORRECTED else None
    if outcome is Resolution.CLARIFIED:
        return None if _is_explained(ask) or _is_reasoned(ask.complaint) else _not_explained()
    if solution.current is None and refund is not None and refund.amount and refund.version > solution.round_since:
        return None  # a wrong charge given back by rule needs no agreement; whether it is paid is asked next
    if solution.current is None:
        return _not_proposed(outcome)
    return refuse(
        "not_agreed",
        "S000-4.1",
        f"客户尚未同意第 {solution.current.fact.number} 号方案（agree），不能以“{outcome.zh}”办结",
        f"the customer has not agreed to proposal {solution.current.fact.number} (agree): not {outcome.en} yet",
        proposal=solution.current.fact.number,
    )


def _is_explained(ask: Ask) -> bool:
    """A person explained the matter to the customer once it was verified (S002-3.2)."""
    finding = ask.complaint.verification.finding
    return finding is not None and any(_explains(r) for r in ask.history if r.version > finding.version)


def _explains(recorded: Recorded) -> bool:
    fact = recorded.fact
    return isinstance(fact, Replied) and fact.kind in EXPLAINING and is_told(recorded)


def _is_reasoned(complaint: Complaint) -> bool:
    """The proposal that stands refuses nothing without a reason and an alternative (S000-3.1, S002-2.1)."""
    proposal: Proposal | None = complaint.solution.current
    if proposal is None or not proposal.fact.answers:
        return False
    approved = complaint.solution.is_approved(proposal.subject, proposal.fact.content_sha256)
    met = (a.result is DemandResult.MET or (a.reason and a.alternative) for a in proposal.fact.answers)
    return approved and all(met)


def _nothing_done() -> Refusal:
    return refuse(
        "nothing_carried_out",
        "S002-3.2",
        "同意的方案没有任何措施，未作纠正：请以“已澄清”（clarified）或“部分支持”（partly）办结，或另提方案",
        "the agreed proposal holds no remedy: nothing was corrected; resolve as clarified or partly, or propose anew",
    )


def _not_proposed(outcome: Resolution) -> Refusal:
    return refuse(
        "no_solution",
        "S000-3.1",
        "所有投诉都必须提出解决方案：请先提出方案（propose_solution）并取得客户同意",
        "every complaint gets a solution: propose one (propose_solution) and have the customer's agreement",
        outcome=outcome.value,
    )


def _not_explained() -> Refusal:
    return refuse(
        "not_explained",
        "S002-3.2",
        "无错澄清须先向客户解释说明（reply,kind=explanation），或提出附理由和替代办法的方案",
        "clarified means explained: explain it to the customer (reply, kind explanation), or propose with reasons and "
        "alternatives",
    )


def _steps_open(ask: Ask) -> Refusal | None:
    still = [step for step in ask.complaint.plan if not step.is_done]
    if not still:
        return None
    return refuse(
        "steps_open",
        "S002-3.2",
        f"方案尚未执行完毕：{'、'.join(f'{s.step}({s.responsible})' for s in still)}",
        f"the plan is not carried out yet: {', '.join(f'{s.step} ({s.responsible})' for s in still)}",
        may=_of_these(ask, (s.responsible for s in still)),
        steps=", ".join(s.step for s in still),
    )


def _refund_unpaid(complaint: Complaint) -> Refusal | None:
    refund = complaint.execution.refund
    if refund is None or refund.paid_by is not None or not refund.amount:
        return None
    return refuse(
        "refund_unpaid",
        "S002-6.2",
        f"退费 {refund.amount} {refund.currency} 尚未支付（pay_refund）",
        f"the refund of {refund.amount} {refund.currency} is not paid yet (pay_refund)",
        amount=refund.amount,
    )
