"""More time: granted by those who may, seldom and not too far, while the clock runs (S003-2.5, C3)."""

from collections.abc import Iterator

from events.execution import DeadlineExtended
from events.folding import fold
from policy.handling.extension import running
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import level_of, people
from services.compliance.conformance.violation import Violation


@check("S003-2.5", zh="延期须经批准并有限度", en="more time is granted by those who may, within bounds")
def extensions_are_granted_within_bounds(of: Examined) -> Iterator[Violation]:
    """A clock that may, from the level that may, so often and so far, with a reason, while it runs."""
    times: dict[str, int] = {}
    for recorded in of.all(DeadlineExtended):
        fact, policy, organisation = recorded.fact, of.policy_for(recorded), people(of, recorded)
        if not isinstance(fact, DeadlineExtended):
            continue
        rules = policy.document.extension
        times[fact.clock] = times.get(fact.clock, 0) + 1
        before = of.upto(recorded.version - 1)
        reading = running(policy.clocks.readings(before, fold(before), recorded.occurred_at), fact.clock)
        base = max(reading.due_at, recorded.occurred_at) if reading and reading.due_at else None
        granted = organisation is None or level_of(organisation, recorded.actor.id) >= rules.level
        bounded = fact.clock in rules.clocks and times[fact.clock] <= rules.most
        timely = base is not None and base < fact.until <= base + rules.longest
        if not (granted and bounded and timely and fact.reason.strip()):
            yield of.violation(
                "S003-2.5",
                recorded,
                zh=f"时限 {fact.clock} 第 {times[fact.clock]} 次延期不成立：无权、超次数、超期、未计时或无理由。",
                en=f"Extension {times[fact.clock]} of {fact.clock}: not theirs, too often, too far or no reason.",
                due=base + rules.longest if base and not timely else None,
                at=fact.until if base and not timely else None,
                who=recorded.actor.id,
            )
