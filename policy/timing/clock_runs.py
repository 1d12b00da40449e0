"""From a history to the runs of each clock: one pass over the events, then starts, stops, pauses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.envelope import History, Recorded
from events.fact import Fact
from events.handling import Classified, ClockBreached
from events.vocabulary import ActorKind, Category
from policy.timing.clock_rules import ClockSpec
from policy.timing.deadlines import Change, Pause
from policy.timing.instants import FOREVER, micros, moment
from policy.timing.patterns import Pattern, parse_pair, parse_pattern


class Role(IntEnum):
    """What a matching event does to a clock; an event with several roles plays them in this order."""

    EXTEND = 0
    STOP = 1
    RENEW = 2
    RESUME = 3
    PAUSE = 4
    START = 5
    MISSED = 6
    """A deadline of it was recorded as missed: what is recorded later counts from after that instant."""


# Looked up once: a member of an enumeration costs a call each time.
_START, _STOP, _PAUSE, _MISSED = Role.START, Role.STOP, Role.PAUSE, Role.MISSED
_ENDING = (Role.STOP, Role.RENEW)

Mark = tuple[Role, int, Recorded, int]
"""An event that concerns a clock: what it does, when, the event, which of the clock's pauses."""


class Run(NamedTuple):
    """One start of a clock up to its stop."""

    number: int
    key: str | None
    started_at: int
    start: Recorded
    stopped_at: int
    """FOREVER while it runs."""
    stop: Recorded | None
    extensions: Sequence[Change]


class Watched(NamedTuple):
    """One pattern of one clock."""

    slot: int
    role: Role
    pair: int
    pattern: Pattern


Holds = Callable[[Fact], bool]
Plan = dict[ActorKind, tuple[tuple[int, Role, int, Holds | None], ...]]


class Watch:
    """All patterns of all clocks by event class and actor, so that most events ask nothing of a clock."""

    def __init__(self, specs: Mapping[str, ClockSpec], standstill: Sequence[str] = ()) -> None:
        self._slots = {name: slot for slot, name in enumerate(specs)}
        self._watched = sorted(
            (Watched(slot, *seen) for slot, spec in enumerate(specs.values()) for seen in _patterns(spec, standstill)),
            key=lambda seen: (seen.slot, seen.role),
        )
        self._plans: dict[type[Fact], Plan] = {}

    def marks(self, history: History) -> tuple[list[list[Mark]], list[Change], set[int]]:
        """Per clock the events that concern it; the changes of grade; which clocks ever stood still."""
        marks: list[list[Mark]] = [[] for _ in self._slots]
        grades: list[Change] = []
        paused: set[int] = set()
        for recorded in history:
            fact = recorded.fact
            kind = type(fact)
            plan = self._plans.get(kind) or self._plan(kind)
            seen = plan[recorded.actor.kind]
            if seen:
                at = micros(recorded.occurred_at)
                for slot, role, pair, holds in seen:
                    if holds is None or holds(fact):
                        marks[slot].append((role, at, recorded, pair))
                        if role is _PAUSE:
                            paused.add(slot)
            if kind is Classified:
                grades.append(_grade(recorded))
            elif kind is ClockBreached and (known := self._slots.get(fact.clock)) is not None:  # type: ignore[attr-defined]
                marks[known].append((_MISSED, micros(fact.due_at), recorded, 0))  # type: ignore[attr-defined]
        return marks, grades, paused

    def _plan(self, kind: type[Fact]) -> Plan:
        plan = self._plans[kind] = {
            actor: tuple(
                (seen.slot, seen.role, seen.pair, _test(seen.pattern))
                for seen in self._watched
                if seen.pattern.speaks_of(kind.__name__, actor)
            )
            for actor in ActorKind
        }
        return plan


def _test(pattern: Pattern) -> Holds | None:
    """What is left to ask of a fact whose class and actor fit; None for nothing."""
    if len(pattern.conditions) == 1:
        return pattern.conditions[0].holds
    return pattern.holds if pattern.conditions else None


def _patterns(spec: ClockSpec, standstill: Sequence[str]) -> Iterable[tuple[Role, int, Pattern]]:
    for text in spec.start:
        yield Role.START, 0, parse_pattern(text)
    for text in spec.stop:
        yield Role.STOP, 0, parse_pattern(text)
    for text in spec.renew:
        yield Role.RENEW, 0, parse_pattern(text)
    if spec.extend:
        yield Role.EXTEND, 0, parse_pattern(spec.extend)
    for pair, text in enumerate((*spec.pause, *(standstill if spec.kept_by == "people" else ()))):
        begins, ends = parse_pair(text)
        yield Role.PAUSE, pair, begins
        yield Role.RESUME, pair, ends


def _grade(recorded: Recorded) -> Change:
    fact = recorded.fact
    assert isinstance(fact, Classified)
    grade = (fact.priority, fact.complexity, marks_of(fact.category, fact.flags))
    return Change(micros(recorded.occurred_at), recorded.version, grade, None)


def marks_of(category: Category | None, flags: Iterable[str]) -> frozenset[str]:
    """What a table of lengths may ask of a complaint beside its colour and complexity."""
    marks = {f"flag:{flag}" for flag in flags}
    return frozenset(marks if category is None else marks | {f"category:{category.value}"})


def runs_of(name: str, spec: ClockSpec, marks: Sequence[Mark]) -> list[Run]:
    """The runs of a clock, first to last; without `restart` the first start event counts until a stop."""
    begun: dict[str | None, tuple[int, Mark, list[Change]]] = {}
    missed: dict[str | None, int] = {}
    runs: list[Run] = []
    for mark in marks:
        role = mark[0]
        if role is _MISSED:
            missed[getattr(mark[2].fact, "key", None)] = mark[1]
            continue
        if begun and (role in _ENDING or (role is _START and spec.restart)):
            for key in _stopped_keys(spec, mark, begun) if spec.key else (None,):
                end = _after(mark, missed.pop(key, None))
                runs.append(_run(key, *begun.pop(key), end))
                if role is Role.RENEW:
                    begun[key] = (len(runs) + len(begun) + 1, end, [])
        if role is _START:
            key = _start_key(spec.key.start, mark) if spec.key else None
            if key not in begun:
                begun[key] = (len(runs) + len(begun) + 1, mark, [])
        elif role is Role.EXTEND and _names(mark, name):
            for key, (_, start, extensions) in begun.items():
                extensions.append(_extension(_after(mark, missed.get(key)), start))
    runs += [_run(key, *running, None) for key, running in begun.items()]
    return runs if len(runs) < 2 else sorted(runs)


def simple_runs(marks: Sequence[Mark]) -> list[Run]:
    """The same for a clock without keys, restarts and extensions, as most are: every look reads them all."""
    runs: list[Run] = []
    start: Mark | None = None
    missed: int | None = None
    for mark in marks:
        if start is None:
            start, missed = (mark if mark[0] is _START else None), None
        elif mark[0] is _STOP:
            if missed is not None:
                mark = _after(mark, missed)
            at, stopped_at = start[1], mark[1]
            stopped_at = at if stopped_at < at else stopped_at
            runs.append(Run(len(runs) + 1, None, at, start[2], stopped_at, mark[2], ()))
            start = None
        elif mark[0] is _MISSED:
            missed = mark[1]
    if start is not None:
        runs.append(Run(len(runs) + 1, None, start[1], start[2], FOREVER, None, ()))
    return runs


def _run(key: str | None, number: int, start: Mark, extensions: list[Change], stop: Mark | None) -> Run:
    # An event may carry an earlier time than the one before it; a stop before its start stops at once.
    stopped_at = FOREVER if stop is None else max(start[1], stop[1])
    return Run(number, key, start[1], start[2], stopped_at, None if stop is None else stop[2], extensions)


def _after(mark: Mark, missed: int | None) -> Mark:
    """The event as it counts for a clock whose missed deadline was recorded before it.

    A breach once recorded stands: a reply written down later, whatever time it tells of, cannot have met it. So it
    counts from just after the missed instant, and every look finds that same breach again, never another one.
    """
    role, at, recorded, pair = mark
    if missed is None or at > missed:
        return mark
    return role, missed + 1, recorded._replace(occurred_at=moment(missed + 1)), pair


def _start_key(field: str, mark: Mark) -> str:
    recorded = mark[2]
    return str(recorded.version if field == "version" else getattr(recorded.fact, field, ""))


def _stopped_keys(spec: ClockSpec, mark: Mark, begun: Iterable[str | None]) -> list[str | None]:
    """Which runs a stop event ends: the one it names, all of them if it names none."""
    named = None if spec.key is None else getattr(mark[2].fact, spec.key.stop, None)
    return [key for key in begun if named is None or key == str(named)]


def _names(mark: Mark, clock: str) -> bool:
    return getattr(mark[2].fact, "clock", clock) == clock


def _extension(mark: Mark, start: Mark) -> Change:
    _, at, recorded, _ = mark
    until = getattr(recorded.fact, "until", None)
    if not isinstance(until, datetime):
        raise ValueError(f"{recorded.name} extends a clock but has no instant in its field `until`")
    return Change(max(at, start[1]), recorded.version, None, micros(until))


def pauses_of(marks: Iterable[Mark]) -> list[Pause]:
    """The stretches in which the clock stands still, joined where they overlap."""
    begun: dict[int, int] = {}
    spans: list[Pause] = []
    missed = 0
    for role, at, _, pair in marks:
        if role is _MISSED:
            missed = max(missed, at + 1)
        elif at < missed:
            at = missed  # what is recorded after a breach moves nothing before it
        if role is Role.PAUSE:
            begun.setdefault(pair, at)
        elif role is Role.RESUME and pair in begun:
            spans.append((begun.pop(pair), at))
    spans += [(begin, FOREVER) for begin in begun.values()]
    joined: list[Pause] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            begin, end = joined[-1][0], max(end, joined.pop()[1])
        joined.append((begin, end))
    return joined


def fixed_due(field: str | None, start: Recorded, zone: ZoneInfo) -> int | None:
    """The due instant the start event names; a date means the end of that day in the zone."""
    named = None if field is None else getattr(start.fact, field, None)
    if isinstance(named, datetime):
        return micros(named)
    if isinstance(named, date):
        return micros(datetime.combine(named + timedelta(days=1), time(), zone))
    return None
