"""The clocks against an oracle without calendar arithmetic: it walks through time step by step and counts."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.company import PublicDays
from events.envelope import History
from events.fact import Fact
from events.folding import fold
from events.handling import ClockBreached
from events.vocabulary import Priority
from policy.timing.calendars import CalendarSpec
from policy.timing.clocks import Clocks, ClockSpec
from tests.specs.clock_cases import AGENT, MACHINE, classified, history, received

COMPLAINT = fold(received(datetime(2026, 3, 2, tzinfo=UTC)))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STEP = timedelta(minutes=10)
DAY = int(timedelta(days=1) / STEP)
LENGTH = 9 * DAY
"""How long a story lasts, in steps."""


class Begun(Fact):
    TYPE: ClassVar = "test.begun"
    name: str = ""


class Ended(Fact):
    TYPE: ClassVar = "test.ended"
    name: str | None = None
    """None ends every run."""


class Renewed(Fact):
    TYPE: ClassVar = "test.renewed"


class Merged(Fact):
    TYPE: ClassVar = "test.merged"


class Parted(Fact):
    TYPE: ClassVar = "test.parted"


class Held(Fact):
    TYPE: ClassVar = "test.held"


class Freed(Fact):
    TYPE: ClassVar = "test.freed"


class Moved(Fact):
    TYPE: ClassVar = "test.moved"
    until: datetime


class Story(NamedTuple):
    """A calendar, a clock and what happens when, in steps after the beginning."""

    zone: ZoneInfo
    first: datetime
    """The first day's beginning in UTC."""
    weekly: dict[str, list[tuple[int, int]]]
    """Openings in steps of the day."""
    off: frozenset[date]
    worked: frozenset[date]
    every: bool
    targets: dict[str, str]
    out_of_hours: str | None
    """`after_open`, empty for none; None for a clock that does not look at the hours."""
    start_after: str | None
    restart: bool
    events: list[tuple[int, str, Any]]


HOLDING = {"held": ("asked", True), "freed": ("asked", False), "merged": ("merged", True), "parted": ("merged", False)}
"""What makes a clock stand still, of which kind, and what ends that kind."""


class Minutes:
    """Each step of a story by itself: the local time, whether it is open, which day closes after it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.local = [self._local(step) for step in range(LENGTH + 2 * DAY)]
        # Clocks set back show times again: what has been shown once is not opened or closed a second time.
        latest, self.shown = max(self._local(step) for step in range(-2 * DAY, 1)), []
        for local in self.local:
            latest = max(latest, local)
            self.shown.append(latest)
        self.open = [self._is_open(shown) for shown in self.shown]
        self.last_open = {shown.date(): step for step, shown in enumerate(self.shown) if self.open[step]}
        self.last_step = {shown.date(): step for step, shown in enumerate(self.shown)}

    def _local(self, step: int) -> datetime:
        return (self.story.first + step * STEP).astimezone(self.story.zone).replace(tzinfo=None)

    def _is_open(self, shown: datetime) -> bool:
        step = (shown.hour * 60 + shown.minute) // 10
        return any(opens <= step < ends for opens, ends in self._hours(shown.date()))

    def _hours(self, day: date) -> list[tuple[int, int]]:
        if day in self.story.off:
            return []
        usual = self.story.weekly[DAYS[day.weekday()]]
        if usual or day not in self.story.worked:
            return usual
        return next(hours for name in DAYS if (hours := self.story.weekly[name]))

    def closed_now(self, now: int, calendar: str) -> date | None:
        """The working day whose hours end at this moment."""
        if now == 0:
            return None
        day = self.shown[now - 1].date()
        last = self.last_step if calendar == "wall" else self.last_open
        return day if last.get(day) == now - 1 else None


@dataclass
class Deadline:
    """One deadline being counted, under every rule that might come to apply."""

    number: int
    day: date | None = None
    """Local date the count began; None before."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("m@cal", "m@wall", "wd@cal", "wd@wall"), 0))
    fixed: int | None = None
    due: int | None = None


class Walk:
    """One walk through a story; `dues` and `missed` are what it found."""

    def __init__(self, story: Story) -> None:
        self.story, self.minutes = story, Minutes(story)
        self.grade = "none"
        self.held = False
        self.holds: set[str] = set()
        self.run = 0
        self.deadline: Deadline | None = None
        self.waiting = 0
        self.before_opening = self.opened_late = False
        self.dues: dict[tuple[int, int], int] = {}
        self.missed: set[tuple[int, int, int]] = set()
        for now in range(LENGTH):
            was_held = self.held
            for _, kind, detail in (event for event in story.events if event[0] == now):
                self.happens(now, kind, detail)
            if self.deadline is not None:
                self.begin_counting(now, self.deadline)
                if not (was_held and self.held):
                    self.count_closes(now, self.deadline)
                self.fall_due(now, self.deadline)
                if not self.held:
                    self.count_step(now, self.deadline)

    def happens(self, now: int, kind: str, detail: Any) -> None:
        if kind == "grade":
            self.grade = detail
        elif kind in HOLDING:
            pair, begins = HOLDING[kind]
            self.holds = self.holds | {pair} if begins else self.holds - {pair}
            self.held = bool(self.holds)
        elif kind == "moved" and self.deadline is not None:
            if self.deadline.due is not None:
                self.deadline = Deadline(self.deadline.number + 1)
            self.deadline.fixed = max(now, detail)
        is_renewed = kind == "renewed" and self.deadline is not None
        if kind == "ended" or is_renewed or (kind == "begun" and self.story.restart):
            self.deadline = None
        if is_renewed or (kind == "begun" and self.deadline is None):
            self.run += 1
            self.deadline = Deadline(1)
            self.opened_late = self.story.out_of_hours is not None and not self.minutes.open[now]
            self.before_opening = self.opened_late
            self.waiting = steps_of(self.story.start_after) if self.story.start_after else 0

    def begin_counting(self, now: int, deadline: Deadline) -> None:
        self.before_opening = self.before_opening and not self.minutes.open[now]
        if deadline.day is None and not self.before_opening and not self.waiting:
            deadline.day = self.minutes.local[now].date()

    def count_closes(self, now: int, deadline: Deadline) -> None:
        for calendar in ("cal", "wall"):
            day = self.minutes.closed_now(now, calendar)
            if deadline.day is not None and day is not None and day > deadline.day:
                deadline.counts[f"wd@{calendar}"] += 1

    def fall_due(self, now: int, deadline: Deadline) -> None:
        """Nobody stopped it by now, all events of this moment included: a deadline reached now is missed."""
        if deadline.due is not None or not self.is_reached(now, deadline):
            return
        deadline.due = self.dues[self.run, deadline.number] = now
        self.missed.add((self.run, deadline.number, now))
        if self.story.every:
            self.deadline = Deadline(deadline.number + 1, self.minutes.local[now - 1].date())

    def is_reached(self, now: int, deadline: Deadline) -> bool:
        if deadline.fixed is not None:
            return now >= deadline.fixed
        rule = self.rule()
        if deadline.day is None or rule is None:
            return False
        return deadline.counts[rule.lstrip("0123456789")] >= steps_of(rule)

    def rule(self) -> str | None:
        if self.opened_late and self.story.out_of_hours:
            return self.story.out_of_hours
        return self.story.targets.get(self.grade, self.story.targets.get("default"))

    def count_step(self, now: int, _: Deadline) -> None:
        deadline, is_open = self.deadline, self.minutes.open[now]
        assert deadline is not None
        if deadline.day is not None:
            deadline.counts["m@wall"] += 1
            deadline.counts["m@cal"] += is_open
        elif self.waiting and not self.before_opening:
            self.waiting -= is_open or str(self.story.start_after).endswith("@wall")


def steps_of(rule: str) -> int:
    """The figure of a rule: steps, or working days."""
    number, unit = int("".join(filter(str.isdigit, rule))), rule.lstrip("0123456789")
    return number if unit.startswith("wd") else number // 10


# The stories.

PLACES = [
    ("Asia/Shanghai", "2026-02-11"),
    ("America/New_York", "2026-03-04"),
    ("America/New_York", "2026-10-29"),
    ("Australia/Lord_Howe", "2026-04-02"),
    ("Australia/Lord_Howe", "2026-10-01"),
    ("America/Havana", "2026-03-05"),
    ("America/Havana", "2026-10-29"),
    ("Europe/London", "2025-12-28"),
    ("Europe/London", "2026-03-25"),
    ("Europe/London", "2026-10-21"),
]


@st.composite
def a_day(draw: st.DrawFn) -> list[tuple[int, int]]:
    edges = sorted(draw(st.lists(st.integers(0, DAY), max_size=4, unique=True)))
    return list(zip(edges[::2], edges[1::2], strict=False))


def durations(calendars: tuple[str, ...] = ("cal", "wall")) -> st.SearchStrategy[str]:
    minutes = st.builds(
        lambda count: f"{10 * count}m", st.integers(2, 2 * DAY)
    )  # 2: no story reaches the bound on repeats
    return st.builds("{}@{}".format, minutes | st.sampled_from(["1wd", "2wd", "3wd"]), st.sampled_from(calendars))


def happenings(every: bool) -> st.SearchStrategy[tuple[int, str, Any]]:
    when = st.integers(0, LENGTH - 1)
    kinds = ["begun", "ended", "held", "freed", "merged", "parted", "renewed"]
    plain = st.tuples(when, st.sampled_from(kinds), st.none())
    grade = st.tuples(when, st.just("grade"), st.sampled_from(["red", "yellow", "green"]))
    moved = st.tuples(when, st.just("moved"), st.integers(0, LENGTH))
    return plain | grade if every else plain | grade | moved


@st.composite
def stories(draw: st.DrawFn) -> Story:
    place, day = draw(st.sampled_from(PLACES))
    first = datetime.fromisoformat(day).replace(tzinfo=UTC)
    weekly = {name: draw(a_day()) for name in DAYS}
    if not any(weekly.values()):
        weekly["wed"] = [(54, 108)]
    days = [first.date() + timedelta(days=step) for step in range(-2, 13)]
    off = draw(st.frozensets(st.sampled_from(days), max_size=4))
    worked = draw(st.frozensets(st.sampled_from(days), max_size=4)) - off
    every = draw(st.booleans())
    grades = draw(st.sets(st.sampled_from(["red", "yellow", "green", "default"]), min_size=1))
    late = st.none() | st.just("") | (st.nothing() if every else durations())
    waits = st.none() | durations().filter(lambda rule: "wd" not in rule)
    begin = (draw(st.integers(0, 3 * DAY)), "begun", None)
    later = draw(st.lists(happenings(every), max_size=7))
    return Story(
        ZoneInfo(place),
        first,
        weekly,
        off,
        worked,
        every,
        {grade: draw(durations()) for grade in sorted(grades)},
        draw(late),
        draw(waits),
        draw(st.booleans()),
        sorted([begin, *later], key=lambda event: event[0]),
    )


# The engine's telling of the same story.


def engine(story: Story, **changes: Any) -> Clocks:
    weekly = {day: [f"{_hhmm(a)}-{_hhmm(b)}" for a, b in hours] for day, hours in story.weekly.items()}
    years = {story.first.year, story.first.year + 1}
    listed = tuple(
        PublicDays(
            country="xx",
            year=year,
            off=tuple(sorted(day for day in story.off if day.year == year)),
            worked=tuple(sorted(day for day in story.worked if day.year == year)),
            provisional=False,
        )
        for year in sorted(years)
    )
    calendar = {"weekly": weekly, "holidays": "xx", "extra_workdays": "xx"}
    calendars = {"cal": CalendarSpec.model_validate(calendar), "wall": CalendarSpec(always=True)}
    clock = {**_clock(story), **changes}
    return Clocks({"clock": ClockSpec.model_validate(clock)}, calendars, story.zone, listed, ("Merged..Parted",))


def _clock(story: Story) -> dict[str, Any]:
    clock: dict[str, Any] = {
        "title": {"zh": "钟", "en": "clock"},
        "start": "Begun",
        "stop": "Ended",
        "pause": "Held..Freed",
        "restart": story.restart,
        "renew": "Renewed",
        "every" if story.every else "target": story.targets,
    }
    if not story.every:
        clock["extend"] = "Moved"
    if story.start_after:
        clock["start_after"] = story.start_after
    if story.out_of_hours is not None:
        clock["out_of_hours"] = {"calendar": "cal", "after_open": story.out_of_hours or None}
    return clock


def _hhmm(step: int) -> str:
    return f"{step // 6:02}:{step % 6 * 10:02}"


def told(story: Story, until: int = LENGTH) -> History:
    """The history of a story up to a moment, that moment included."""
    return history(
        *(
            (story.first + step * STEP, _fact(story, kind, detail), AGENT)
            for step, kind, detail in story.events
            if step <= until
        )
    )


def _fact(story: Story, kind: str, detail: Any) -> Fact:
    if kind == "grade":
        return classified(Priority[detail.upper()])
    if kind == "moved":
        return Moved(until=story.first + detail * STEP)
    if kind in ("begun", "ended") and detail is not None:
        return Begun(name=detail) if kind == "begun" else Ended(name=detail)
    return PLAIN[kind]()


PLAIN: dict[str, type[Fact]] = {
    "begun": Begun,
    "ended": Ended,
    "held": Held,
    "freed": Freed,
    "renewed": Renewed,
    "merged": Merged,
    "parted": Parted,
}


def agrees(story: Story, looks: list[int]) -> None:
    """Breaches are the oracle's at the end, at every look, and from the history as it was at that look."""
    walk, clocks = Walk(story), engine(story)
    last = story.events[-1][0]
    for look in (*looks, last, LENGTH):
        now = story.first + look * STEP
        expected = {missed for missed in walk.missed if missed[2] < look}
        assert breaches(clocks, story, told(story), now) == expected
        assert breaches(clocks, story, told(story, look), now) == expected
    now = story.first + last * STEP
    for reading in clocks.readings(told(story), COMPLAINT, now):
        if reading.stopped_at is None:
            due = None if reading.due_at is None else (reading.due_at - story.first) // STEP
            found = walk.dues.get((reading.run, reading.occurrence))
            assert found == due or (found is None and due is not None and due >= LENGTH)


def breaches(clocks: Clocks, story: Story, events: History, now: datetime) -> set[tuple[int, int, int]]:
    return {
        (reading.run, reading.occurrence, (reading.due_at - story.first) // STEP)
        for reading in clocks.breached(events, COMPLAINT, now)
        if reading.due_at is not None
    }


LOOKS = st.lists(st.integers(0, LENGTH), max_size=2)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.clause("S004-1.3", "S004-1.7", "S002-1.2", "S001-17.7", "S004-2.8", "S002-4.3")
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(stories(), LOOKS)
def test_breaches_are_those_an_oracle_counts_step_by_step(story: Story, looks: list[int]) -> None:
    agrees(story, looks)


@pytest.mark.long
@settings(max_examples=6_000, deadline=None, suppress_health_check=SLOW)
@given(stories(), LOOKS)
def test_breaches_are_those_an_oracle_counts_in_a_long_run(story: Story, looks: list[int]) -> None:
    agrees(story, looks)


# Runs side by side: each is what one clock would show that knew of its own events alone.

NAMES = ("a", "b")


@st.composite
def named_stories(draw: st.DrawFn) -> Story:
    """A story whose runs have names; an end without one ends them all."""
    story = draw(stories())
    kept = [event for event in story.events if event[1] not in ("moved", "renewed")]
    begun, ended = st.sampled_from(NAMES), st.sampled_from([*NAMES, None])
    choose = {"begun": begun, "ended": ended}
    events = [(when, kind, draw(choose[kind]) if kind in choose else detail) for when, kind, detail in kept]
    return story._replace(events=events, restart=False)


def alone(story: Story, name: str) -> Story:
    """What concerns one name."""
    mine = [e for e in story.events if e[1] not in ("begun", "ended") or e[2] in (name, None)]
    return story._replace(events=[(when, kind, None if kind in ("begun", "ended") else d) for when, kind, d in mine])


def agrees_by_name(story: Story, look: int) -> None:
    clocks, now = engine(story, key="name", extend=None, renew=()), story.first + look * STEP
    found = {
        (reading.key, (reading.due_at - story.first) // STEP)
        for reading in clocks.breached(told(story), COMPLAINT, now)
        if reading.due_at is not None
    }
    walks = {name: Walk(alone(story, name)) for name in NAMES}
    assert found == {(name, due) for name, walk in walks.items() for _, _, due in walk.missed if due < look}


@pytest.mark.clause("S003-6.2", "S004-4.3")
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(named_stories(), st.integers(0, LENGTH))
def test_runs_side_by_side_miss_what_an_oracle_counts_for_each(story: Story, look: int) -> None:
    agrees_by_name(story, look)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None, suppress_health_check=SLOW)
@given(named_stories(), st.integers(0, LENGTH))
def test_runs_side_by_side_in_a_long_run(story: Story, look: int) -> None:
    agrees_by_name(story, look)


# Breaches recorded as they are noticed, and events written down later than they happened.

AFTERWARDS = ("ended", "held", "renewed", "begun")


@pytest.mark.clause("S001-14.1")
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(
    stories(), st.integers(0, LENGTH), st.integers(0, LENGTH), st.sampled_from(["ended", "held", "renewed", "begun"])
)
def test_what_is_written_down_after_a_breach_neither_undoes_nor_doubles_it(
    story: Story, look: int, written: int, kind: str
) -> None:
    clocks, now = engine(story), story.first + look * STEP
    known = told(story, look)
    missed = {r.due_at for r in clocks.breached(known, COMPLAINT, now) if r.due_at is not None}
    breaches_ = [(now, ClockBreached(clock="clock", due_at=due, noticed_at=now), MACHINE) for due in sorted(missed)]
    late = (story.first + min(written, look) * STEP, _fact(story, kind, None), AGENT)
    after = history(*((r.occurred_at, r.fact, r.actor) for r in known), *breaches_, late)
    again = {r.due_at for r in clocks.breached(after, COMPLAINT, now) if r.due_at is not None}
    assert missed <= again
    if kind in ("ended", "held"):
        assert again == missed


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(stories(), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_open_time_is_what_an_oracle_finds_open(story: Story, one: int, other: int) -> None:
    minutes, calendar = Minutes(story), engine(story).calendars["cal"]
    moments = [story.first + step * STEP for step in range(LENGTH + 1)]
    assert [calendar.is_open(moment) for moment in moments] == minutes.open[: LENGTH + 1]
    begin, end = min(one, other), max(one, other)
    expected = sum(minutes.open[begin:end]) * STEP
    assert calendar.open_time(moments[begin], moments[end]) == expected
    assert sum((b - a for a, b in calendar.slices(moments[begin], moments[end])), timedelta()) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(stories(), st.integers(0, 10**12), st.integers(1, 10**12))
def test_counting_to_the_microsecond_and_back_gives_the_same_length(story: Story, start: int, length: int) -> None:
    calendar = engine(story).calendars["cal"]
    begin, counted = story.first + timedelta(microseconds=start), timedelta(microseconds=length)
    end = calendar.add(begin, counted)
    assert calendar.open_time(begin, end) == counted
    assert calendar.open_time(begin, end - timedelta(microseconds=1)) == counted - timedelta(microseconds=1)
