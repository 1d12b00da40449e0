"""Complaints under examination, for specifications of checks: lived by the real decisions, then altered by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any

import orjson

from events.complaint import Case
from events.envelope import Entry, History, Recorded, StreamId
from events.fact import Fact
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from policy.registry import ORGANISATION, POLICIES
from services.compliance.conformance import (
    afterwards,
    approvals,
    authority,
    callback,
    ending,
    evidence,
    execution,
    extension,
    filing,
    learning,
    offers,
    people,
    promises,
    recusal,
    refunds,
    replies,
    solution,
    tasks,
    told,
    understanding,
    verification,
    wording,
    writers,
)
from services.compliance.conformance.checks import Check
from services.compliance.conformance.company import Company, company
from services.compliance.conformance.examined import Examined, Others, alone
from services.compliance.conformance.violation import Violation
from services.wiring.rehearsal import Rehearsal
from tests import controls
from tests.controls import SCENARIOS

HANDLING: tuple[ModuleType, ...] = (
    *(
        people,
        tasks,
        recusal,
        writers,
        authority,
        approvals,
        replies,
        understanding,
        evidence,
        verification,
        solution,
        offers,
    ),
    *(execution, promises, extension, refunds, ending, afterwards, callback, filing, learning, wording, told),
)
CHECKS: tuple[Check, ...] = tuple(each for m in HANDLING for each in vars(m).values() if isinstance(each, Check))
"""Every check of handling, in the order of its module."""


def the_company() -> Company:
    """The shipped policy and the sample company, published long ago."""
    setup, long_ago = controls.machine("setup"), datetime.fromisoformat("2026-01-01T00:00:00+08:00")
    published = [Entry(f, long_ago, setup) for f in (controls.published(), controls.organisation_published())]
    return company(controls.recorded(published))


COMPANY = the_company()


def examined(
    *entries: Entry, until: datetime | None = None, others: Mapping[StreamId, History] | None = None
) -> Examined:
    """The complaint these entries tell of, in the sample company."""
    history = controls.recorded(entries)
    end = until or history[-1].recorded_at
    return Examined(history, COMPANY, end, others=among(others, COMPANY, end) if others else alone)


def among(histories: Mapping[StreamId, History], known: Company, until: datetime) -> Others:
    """The complaints of those histories beside each other."""

    def other(stream: StreamId) -> Examined | None:
        history = histories.get(stream)
        return Examined(history, known, until, others=other) if history else None

    return other


def of_case(case: Case) -> Examined:
    """A complaint of the other specifications."""
    return Examined(case.history, COMPANY, case.history[-1].recorded_at)


def found(of: Examined, checks: Iterable[Check] = CHECKS) -> list[Violation]:
    """Every violation, in the order of the checks."""
    return [violation for check in checks for violation in check.violations(of)]


def names(of: Examined) -> set[str]:
    """The checks that found something."""
    return {violation.check for violation in found(of)}


async def rehearsed(lines: Sequence[Mapping[str, Any]], policy: str | None = None) -> list[Examined]:
    """Every complaint of a script, lived by the real decisions."""
    start = datetime.fromisoformat(str(lines[0].get("at") or lines[0].get("until")))
    rehearsal = Rehearsal(policy or DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text(), start)
    ledger = rehearsal._ledger
    rehearsal._ledger.close = lambda: None  # type: ignore[method-assign]  # it is read once more
    _ = [line async for line in rehearsal.run(lines)]
    every = list(ledger.replay(0))
    published = [r for r in every if r.complaint_id in (POLICIES, ORGANISATION)]
    streams: dict[StreamId, list[Recorded]] = {}
    for recorded in every:
        if recorded.complaint_id not in (POLICIES, ORGANISATION):
            streams.setdefault(recorded.complaint_id, []).append(recorded)
    known = company(sorted(published, key=lambda r: r.position))
    histories = {stream: History(facts) for stream, facts in streams.items()}

    others = among(histories, known, rehearsal.now)
    return [Examined(history, known, rehearsal.now, others=others) for history in histories.values()]


async def scenario(name: str) -> list[Examined]:
    """A golden scenario (tests/scenarios)."""
    lines = [orjson.loads(line) for line in (SCENARIOS / f"{name}.jsonl").read_text().splitlines() if line.strip()]
    own = SCENARIOS / f"{name}.policy.toml"
    return await rehearsed(lines, DEFAULT_POLICY.read_text() + own.read_text() if own.exists() else None)


def altered(of: Examined, version: int, change: Callable[[Recorded], Recorded]) -> Examined:
    """The same complaint with one fact another."""
    facts = [change(recorded) if recorded.version == version else recorded for recorded in of.history]
    return Examined(History(facts), of.company, of.until, of.texts, of.others)


def without(of: Examined, *versions: int) -> Examined:
    """The same complaint as if those facts had never been; the rest moves up."""
    left = [recorded for recorded in of.history if recorded.version not in versions]
    facts = [recorded._replace(version=number) for number, recorded in enumerate(left, start=1)]
    return Examined(History(facts), of.company, of.until, of.texts, of.others)


def with_more(of: Examined, *entries: Entry) -> Examined:
    """The same complaint with more facts at its end."""
    last = of.history[-1]
    more = [
        recorded._replace(position=last.position + number, version=last.version + number)
        for number, recorded in enumerate(controls.recorded(entries, last.complaint_id), start=1)
    ]
    return Examined(History([*of.history, *more]), of.company, of.until, of.texts, of.others)


def said(**changes: Any) -> Callable[[Recorded], Recorded]:
    """Other words in the fact."""
    return lambda recorded: recorded._replace(fact=recorded.fact.model_copy(update=changes))


def by(person: str) -> Callable[[Recorded], Recorded]:
    """Another colleague did it."""
    return lambda recorded: recorded._replace(actor=controls.person(person))


def version_of(of: Examined, kind: type[Fact], number: int = 1) -> int:
    """Where the fact of that kind stands, the first unless another is asked for."""
    return of.all(kind)[number - 1].version


def entries(of: Examined) -> list[Entry]:
    """Its facts as somebody appended them."""
    return [Entry(r.fact, r.occurred_at, r.actor, r.causation, r.policy) for r in of.history]


def tells(check: Check, requirement: str, lawful: Examined, broken: Examined) -> list[Violation]:
    """What the check says of the broken complaint, which names that requirement; of the lawful one it says nothing."""
    assert not list(check.violations(lawful))
    violations = list(check.violations(broken))
    assert requirement in {violation.requirement for violation in violations}, violations
    for violation in violations:
        assert violation.check == check.name
        assert {violation.requirement, *violation.also} & set(check.requirements)
        assert violation.zh.endswith("。")
        assert violation.en.endswith(".")
        assert violation.events
    return violations
