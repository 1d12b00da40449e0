"""Promises: feasible, by those who may, substance only after verification, kept once and told truly (S003-6.2)."""

from collections.abc import Iterator

from events.execution import CommitmentKept, CommitmentMade
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@check("S001-18.10", zh="承诺须能做到", en="a promise can be kept")
def promises_are_feasible(of: Examined) -> Iterator[Violation]:
    """Ahead, no further than the policy allows, and somebody works before it falls due."""
    for recorded in of.all(CommitmentMade):
        fact, policy, at = recorded.fact, of.policy_for(recorded), recorded.occurred_at
        if not isinstance(fact, CommitmentMade):
            continue
        rules = policy.document.commitment
        latest, calendar = at + rules.longest, policy.clocks.calendars[rules.calendar]
        if not at < fact.by <= latest or not calendar.open_time(at, fact.by):
            yield of.violation(
                "S001-18.10",
                recorded,
                zh=f"承诺 {fact.promise} 的期限已过、太远或期间无人值班。",
                en=f"Promise {fact.promise} was for the past, too far ahead, or for hours when nobody works.",
                due=latest if fact.by > latest else None,
                at=fact.by if fact.by > latest else None,
                who=recorded.actor.id,
            )


@check("S003-3.1", "S001-9.3", zh="实质性承诺须在核实之后", en="substance is promised only after verification")
def substance_is_promised_after_verification(of: Examined) -> Iterator[Violation]:
    """What names substance in its words was promised once the facts of that round were clear."""
    for recorded in of.all(CommitmentMade):
        fact, known = recorded.fact, of.before(recorded.version)
        if not isinstance(fact, CommitmentMade) or known.verification.finding is not None:
            continue
        words = (of.texts(fact.what) or "").casefold()
        if any(word in words for word in of.policy_for(recorded).document.commitment.substantive):
            yield of.violation(
                "S003-3.1",
                recorded,
                zh=f"承诺 {fact.promise} 涉及实质内容，当时尚未核实。",
                en=f"Promise {fact.promise} is about substance and was made before anything was verified.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S003-6.2", "S001-10.4", zh="承诺逐一编号并如实登记兑现", en="promises are numbered, kept once, and told truly")
def promises_are_registered_truly(of: Examined) -> Iterator[Violation]:
    """`p1`, `p2` in order; kept is said once, of a promise there is, and late is called late."""
    made: dict[str, CommitmentMade] = {}
    kept: set[str] = set()
    for recorded in of.all(CommitmentMade, CommitmentKept):
        fact = recorded.fact
        if isinstance(fact, CommitmentMade):
            wrong = fact.promise != f"p{len(made) + 1}"
            made[fact.promise] = fact
        elif isinstance(fact, CommitmentKept):
            promised = made.get(fact.promise)
            late = promised is not None and recorded.occurred_at > promised.by
            wrong = promised is None or fact.promise in kept or fact.late is not late
            kept.add(fact.promise)
        if wrong:
            yield of.violation(
                "S003-6.2",
                recorded,
                zh="承诺的编号、是否作出、是否已兑现或是否逾期记录有误。",
                en="A promise is numbered wrongly, was never made, was kept before, or late is not called late.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
