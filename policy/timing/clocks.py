"""The clocks of a policy: what each shows for a complaint, which were missed, when to look next."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from events.company import PublicDays
from events.complaint import Complaint
from events.envelope import Actor, History, Recorded, StreamId
from events.fact import Fact
from events.vocabulary import ActorKind, Complexity, Priority
from policy.handling.migration import judged_anew
from policy.timing.calendars import CalendarSpec, compile_calendars
from policy.timing.clock_compile import Rule, compile_clock
from policy.timing.clock_readings import ClockReading as ClockReading
from policy.timing.clock_readings import ClockState as ClockState
from policy.timing.clock_rules import Action as Action
from policy.timing.clock_rules import ClockSpec as ClockSpec
from policy.timing.clock_runs import Run, Watch, fixed_due, marks_of, pauses_of, runs_of, simple_runs
from policy.timing.deadlines import Change, Course, Grade, Line, Lines, Pause, occurrences
from policy.timing.explanation import Explanation, explain
from policy.timing.instants import FOREVER, micros, moment

TICK = timedelta(microseconds=1)
"""A deadline is missed only after its instant: a look exactly then has to look once more."""

_NOT_LATE = timedelta()
_STOPPED = ClockState.STOPPED
_NO_GRADE: Grade = (None, None, frozenset())
_NOBODY = Actor(kind=ActorKind.SYSTEM, id="")


class Clocks:
    """All clocks of one policy; built once, then pure: same history, same answer.

    The last answer is kept, because a look asks for readings, breaches and the next look one after the other.
    """

    def __init__(
        self,
        specs: Mapping[str, ClockSpec],
        calendars: Mapping[str, CalendarSpec],
        timezone: ZoneInfo,
        days: Iterable[PublicDays] = (),
        standstill: Sequence[str] = (),
    ) -> None:
        """`standstill` are pairs of events between which every clock that people keep stands still."""
        self.specs, self._zone = dict(specs), timezone
        self.calendars = compile_calendars(calendars, timezone, days)
        self._rules = {name: compile_clock(name, spec, self.calendars) for name, spec in specs.items()}
        self._reminding = [rule for rule in self._rules.values() if rule.warn or rule.not_before]
        self._watch = Watch(self.specs, standstill)
        self._last: tuple[History, Complaint, datetime, tuple[ClockReading, ...]] | None = None

    @property
    def names(self) -> frozenset[str]:
        """All event names the clocks speak of, for a lint against the catalogue."""
        return frozenset().union(*(spec.names for spec in self.specs.values()))

    def readings(self, history: History, complaint: Complaint, now: datetime) -> tuple[ClockReading, ...]:
        """Every deadline of every clock that has started: of repeats each one missed by now and the next.

        `complaint` tells priority and complexity where the history holds no Classified.
        """
        last = self._last
        if last is not None and last[0] is history and last[1] is complaint and last[2] == now:
            return last[3]
        readings = tuple(self._read(history, complaint, micros(now)))
        self._last = (history, complaint, now, readings)
        return readings

    def breached(self, history: History, complaint: Complaint, now: datetime) -> tuple[ClockReading, ...]:
        """The deadlines missed by now, also those stopped too late; a later look finds them all again."""
        missed = [reading for reading in self.readings(history, complaint, now) if reading.is_missed(now)]
        if complaint.migrated_at is None:
            return tuple(missed)
        return tuple([judged for each in missed if (judged := judged_anew(each, complaint)) is not None])

    def next_due(self, history: History, complaint: Complaint, now: datetime) -> datetime | None:
        """The earliest instant after now at which something may be due; None where nothing is ahead.

        Exactly at a due instant it names the tick after it: only then the deadline is missed.
        """
        ahead: datetime | None = None
        for reading in self.readings(history, complaint, now):
            if reading.stopped_at is None:
                for instant in (reading.due_at, reading.warn_at, reading.not_before):
                    if instant is not None and instant > now and (ahead is None or instant < ahead):
                        ahead = instant
                if reading.due_at == now:
                    ahead = now + TICK
        return ahead

    def reminds(self, complaint: Complaint) -> bool:
        """Some clock of such a complaint has a warning or an earliest moment: only then its readings are asked."""
        grade = (complaint.priority, complaint.complexity, marks_of(complaint.category, complaint.flags))
        return any(
            (rule.warn is not None and rule.warn.of(grade) is not None)
            or (rule.not_before is not None and complaint.ending.is_resolved)
            for rule in self._reminding
        )

    def due(
        self,
        clock: str,
        start: datetime,
        priority: Priority | None = None,
        complexity: Complexity | None = None,
        marks: frozenset[str] = frozenset(),
    ) -> ClockReading:
        """The first deadline of a clock started then; raises KeyError for a clock the policy has not."""
        rule, at = self._rules[clock], micros(start)
        run = Run(1, None, at, _asked(start), FOREVER, None, ())
        return next(iter(_read_run(rule, run, (priority, complexity, marks), (), (), None, at)))

    def due_at(
        self,
        clock: str,
        start: datetime,
        priority: Priority | None = None,
        complexity: Complexity | None = None,
        marks: frozenset[str] = frozenset(),
    ) -> datetime:
        """Its due instant, for a promise (C2); raises ValueError where the policy sets none."""
        due = self.due(clock, start, priority, complexity, marks).due_at
        if due is None:
            raise ValueError(f"clock {clock} sets no time for priority {priority}, complexity {complexity}")
        return due

    def explain(self, reading: ClockReading) -> Explanation:
        """Why a reading is due when it is."""
        return explain(reading, self.specs[reading.clock], self.calendars, self._zone)

    def _read(self, history: History, complaint: Complaint, now: int) -> list[ClockReading]:
        readings: list[ClockReading] = []
        marks, grades, paused = self._watch.marks(history)
        for slot, (rule, seen) in enumerate(zip(self._rules.values(), marks, strict=True)):
            if not seen:
                continue
            pauses = pauses_of(seen) if slot in paused else ()
            for run in simple_runs(seen) if rule.runs_simply else runs_of(rule.name, rule.spec, seen):
                grade, changes = _graded(run, grades, complaint) if rule.graded else (_NO_GRADE, ())
                fixed = None if rule.is_plain else fixed_due(rule.spec.due_field, run.start, self._zone)
                if run.extensions:
                    changes = sorted((*changes, *run.extensions), key=lambda change: change.version)
                readings += _read_run(rule, run, grade, pauses, changes, fixed, now)
        return readings


def _asked(start: datetime) -> Recorded:
    """The start event nobody recorded: a question about a clock has version 0."""
    return Recorded(0, StreamId(""), 0, Fact(), start, start, _NOBODY, None, None)


def _graded(run: Run, grades: Sequence[Change], complaint: Complaint) -> tuple[Grade, Sequence[Change]]:
    """The grade when the run began, and how it changed after."""
    if not grades:
        return (complaint.priority, complaint.complexity, marks_of(complaint.category, complaint.flags)), ()
    known, version = 0, run.start.version
    begun = run.started_at  # sorted in the same moment: it was so from the beginning
    while known < len(grades) and (grades[known].version <= version or grades[known].at <= begun):
        known += 1
    return (grades[known - 1].grade if known else None) or _NO_GRADE, grades[known:]


def _read_run(
    rule: Rule,
    run: Run,
    grade: Grade,
    pauses: Sequence[Pause],
    changes: Sequence[Change],
    fixed: int | None,
    now: int,
) -> Iterable[ClockReading]:
    opened_late = rule.door is not None and not rule.door.is_open_micros(run.started_at)
    if rule.is_plain and not pauses and not changes and not opened_late and rule.lines is not None:
        line = rule.lines.of(grade)
        due = None if line is None else line.after(run.started_at, ())
        if due is None or not rule.repeats or due >= min(run.stopped_at, now):
            return (_reading(rule, run, (), False, now, 1, run.started_at, due, line, grade, None),)
    course = _course(rule, run, grade, pauses, changes, fixed)
    return (_reading(rule, run, pauses, opened_late, now, *each) for each in occurrences(course, now))


def _course(
    rule: Rule, run: Run, grade: Grade, pauses: Sequence[Pause], changes: Sequence[Change], fixed: int | None
) -> Course:
    base, first, lines = run.started_at, None, rule.lines
    if rule.door is not None and not rule.door.is_open_micros(base):
        base = rule.door.next_open_micros(base)
        first = rule.after_open.of(grade) if rule.after_open else None
    waiting = rule.start_after.of(grade) if rule.start_after else None
    if waiting is not None:
        begins = waiting.after(base, pauses)
        # A pause that nobody has ended holds the beginning up: nothing is due until it ends.
        if begins is None:
            first = lines = fixed = None
        else:
            base = begins
    return Course(base, fixed, first, lines, grade, pauses, changes, rule.repeats, run.stopped_at)


def _reading(
    rule: Rule,
    run: Run,
    pauses: Sequence[Pause],
    opened_late: bool,
    now: int,
    number: int,
    base: int,
    due: int | None,
    line: Line | None,
    grade: Grade,
    extended_by: int | None,
) -> ClockReading:
    start, stop, begun = run.start, run.stop, run.started_at
    state = _STOPPED if stop is not None else _state(rule, pauses, base, due, now)
    return ClockReading(
        rule.name,
        run.number,
        number,
        run.key,
        "" if line is None else line.calendar.name,
        "" if line is None else line.text,
        state,
        start.occurred_at,
        start.version,
        start.occurred_at if base == begun else moment(base),
        None if due is None else moment(due),
        None if rule.warn is None else _warn_at(rule.warn, base, due, grade, pauses),
        None if rule.not_before is None else _instant(rule.not_before.of(grade), begun, pauses),
        None if stop is None else stop.occurred_at if stop.occurred_at >= start.occurred_at else moment(begun),
        None if stop is None else stop.version,
        _NOT_LATE if stop is None or due is None or run.stopped_at <= due else _length(run.stopped_at - due),
        None if stop is not None else _remaining(state, pauses, base, due, line, now),
        _shown(pauses, base, due) if pauses else (),
        opened_late and number == 1,
        extended_by,
        line is not None and line.calendar.has_provisional(begun, base if due is None else due),
        rule.spec.on_breach,
    )


def _state(rule: Rule, pauses: Sequence[Pause], base: int, due: int | None, now: int) -> ClockState:
    if due is not None and due < now:
        return ClockState.BREACHED
    if pauses and any(begin <= now < end for begin, end in pauses):
        return ClockState.PAUSED
    if due is None or (now < base and rule.start_after is not None):
        return ClockState.PENDING
    return ClockState.RUNNING


def _remaining(
    state: ClockState, pauses: Sequence[Pause], base: int, due: int | None, line: Line | None, now: int
) -> timedelta | None:
    if state is ClockState.PAUSED and line is not None and not line.duration.is_working_days:
        return _length(line.left(base, now, pauses))
    return None if due is None else _length(due - now)


def _warn_at(warn: Lines, base: int, due: int | None, grade: Grade, pauses: Sequence[Pause]) -> datetime | None:
    """The warning ahead of a deadline; none where it would come with it or after it."""
    line = warn.of(grade)
    at = None if line is None else line.after(base, pauses)
    return None if at is None or (due is not None and at >= due) else moment(at)


def _instant(line: Line | None, base: int, pauses: Sequence[Pause]) -> datetime | None:
    at = None if line is None else line.after(base, pauses)
    return None if at is None else moment(at)


def _shown(pauses: Sequence[Pause], base: int, due: int | None) -> tuple[tuple[datetime, datetime | None], ...]:
    """The pauses that touch a deadline."""
    return tuple(
        (moment(begin), None if end == FOREVER else moment(end))
        for begin, end in pauses
        if end > base and (due is None or begin < due)
    )


def _length(micros: int) -> timedelta:
    return timedelta(0, 0, micros)
