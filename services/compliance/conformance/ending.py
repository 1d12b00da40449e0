"""How a complaint ends: resolved when all is done, not accepted on four grounds, archived last (S002-3.2, S002-0.3)."""

from collections.abc import Iterator

from events.contact import Replied
from events.ending import NotAccepted, Resolved, Withdrawn
from events.envelope import Recorded
from events.solution import SolutionProposed
from events.vocabulary import DemandResult, Ground, ReplyKind, Resolution
from services.compliance.conformance.approvals import Desk
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.execution import Plan, plans
from services.compliance.conformance.standing import by_person, people
from services.compliance.conformance.violation import Violation

CLARIFYING = frozenset({ReplyKind.EXPLANATION, ReplyKind.DECISION})
"""Answers that can clarify a matter (S002-3.2)."""


@check(
    "S000-3.1",
    "S002-3.2",
    "S000-4.1",
    zh="有错必纠、无错澄清方可办结",
    en="resolved only with a solution or an explanation",
)
def nothing_ends_without_a_solution(of: Examined) -> Iterator[Violation]:
    """Put right by an agreed plan or a refund, or clarified by an explanation or a reasoned refusal."""
    if not of.has(Resolved):
        return
    for recorded, plan in plans(of, Resolved):
        fact = recorded.fact
        if isinstance(fact, Resolved) and not _is_solved(of, recorded, fact, plan):
            yield of.violation(
                "S002-3.2" if fact.outcome is Resolution.CLARIFIED else "S000-3.1",
                recorded,
                zh=f"以“{fact.outcome.zh}”办结，但没有客户同意的方案、退费、解释或附理由和替代办法的答复。",
                en=f"Resolved as {fact.outcome.en} with no agreed plan, refund, explanation or reasoned refusal.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _is_solved(of: Examined, recorded: Recorded, fact: Resolved, plan: Plan) -> bool:
    known = of.before(recorded.version)
    refund = known.execution.refund
    if plan.standing is not None:
        paid = refund is not None and refund.paid_by is not None
        return bool(plan.steps) or paid or fact.outcome is not Resolution.CORRECTED
    if fact.outcome is Resolution.CLARIFIED:
        return _is_explained(of, recorded) or _is_reasoned(of, recorded, plan.current)
    by_rule = refund is not None and refund.amount > 0 and refund.version > known.solution.round_since
    return plan.current is None and by_rule


def _is_explained(of: Examined, recorded: Recorded) -> bool:
    """People explained it to the customer once it was verified."""
    finding = of.before(recorded.version).verification.finding
    since = of.history[finding.version : recorded.version - 1] if finding else ()
    return any(
        isinstance(r.fact, Replied) and r.fact.kind in CLARIFYING and (r.fact.approved or by_person(r)) for r in since
    )


def _is_reasoned(of: Examined, recorded: Recorded, proposal: SolutionProposed | None) -> bool:
    """The approved proposal that stands refuses nothing without a reason and an alternative."""
    if proposal is None or not proposal.answers:
        return False
    desk = Desk()
    for earlier in of.upto(recorded.version - 1):
        desk.take(earlier)
    met = (a.result is DemandResult.MET or (a.reason and a.alternative) for a in proposal.answers)
    return desk.is_approved(f"proposal-{proposal.number}") and all(met)


@check(
    "S002-3.2",
    "S004-5.3",
    "S002-6.2",
    "S001-16.5",
    "S001-6.6",
    "S000-3.5",
    zh="全部办完方可办结",
    en="all is done first",
)
def nothing_is_left_undone_at_the_resolution(of: Examined) -> Iterator[Violation]:
    """Every step of the plan, every refund found owed, every part of others."""
    if not of.has(Resolved):
        return
    for recorded, plan in plans(of, Resolved):
        if not isinstance(recorded.fact, Resolved):
            continue
        for requirement, left in _left(of, recorded, plan):
            yield of.violation(
                requirement,
                recorded,
                zh=f"办结时尚未完成：{left}。",
                en=f"Resolved while this was still to be done: {left}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _left(of: Examined, recorded: Recorded, plan: Plan) -> Iterator[tuple[str, str]]:
    known, organisation = of.before(recorded.version), people(of, recorded)
    if plan.left:
        yield "S002-3.2", ", ".join(plan.left)
    refund = known.execution.refund
    if refund is not None and refund.paid_by is None and refund.amount > 0:
        yield "S002-6.2", f"{refund.subject} {refund.amount}"
    # A customer's suggestion, which the system asked about, holds nothing up.
    tasks = [t.task for t in known.participation.open_tasks if organisation and t.opened_by in organisation.person]
    if tasks:
        yield "S001-16.5", ", ".join(tasks)


_RULE_OF = {
    Ground.SETTLED: "S002-7.3",
    Ground.DECIDED: "S002-7.4",
    Ground.MEDIATED: "S002-7.5",
    Ground.LAW: "S002-7.6",
}


@check(
    "S002-7.3",
    "S002-7.4",
    "S002-7.5",
    "S002-7.6",
    "S002-7.7",
    zh="不予受理仅限四种情形且须有证明",
    en="not accepted on four grounds alone, each with proof",
)
def not_accepting_has_its_ground_and_proof(of: Examined) -> Iterator[Violation]:
    """A ground the policy knows, the reference of its proof, and evidence cited as proof was found authentic."""
    for recorded in of.all(NotAccepted):
        fact, rules = recorded.fact, of.policy_for(recorded).document.acceptance
        if not isinstance(fact, NotAccepted):
            continue
        pieces = of.before(recorded.version).verification.evidence
        cited = next((piece for piece in pieces if fact.proof in (piece.sha256, of.texts(piece.name))), None)
        unproven = (rules.proof_required and not fact.proof.strip()) or (cited is not None and not cited.authentic)
        if fact.ground not in rules.not_accepted or unproven:
            yield of.violation(
                _RULE_OF[fact.ground] if unproven else "S002-7.7",
                recorded,
                zh=f"以“{fact.ground.zh}”不予受理，没有证明或证明未经核对。",
                en=f"Not accepted ({fact.ground.en}) without proof, or on proof nobody checked.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S003-5.7",
    "S002-3.2",
    zh="撤回须有客户原话，办结后不再撤回或不予受理",
    en="taken back in the customer's own words, before it is resolved",
)
def complaints_are_taken_back_in_words(of: Examined) -> Iterator[Violation]:
    """A withdrawal keeps what the customer said; what is resolved is called back, not dropped."""
    for recorded in of.all(Withdrawn, NotAccepted):
        fact, known = recorded.fact, of.before(recorded.version)
        wordless = isinstance(fact, Withdrawn) and not fact.words.strip()
        if wordless or known.ending.is_resolved:
            yield of.violation(
                "S003-5.7" if wordless else "S002-3.2",
                recorded,
                zh="撤回没有客户原话，或投诉已办结却以撤回、不予受理了结。",
                en="Taken back without the customer's words, or dropped although it was resolved already.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-3.2", zh="已办结的不重复办结", en="what is resolved is not resolved again")
def nothing_is_resolved_twice(of: Examined) -> Iterator[Violation]:
    """A round is resolved once; a reopening comes between."""
    for recorded in of.all(Resolved):
        if of.before(recorded.version).ending.is_resolved:
            yield of.violation(
                "S002-3.2",
                recorded,
                zh="投诉已办结，未经重新处理又办结一次。",
                en="Resolved again without having been reopened.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
