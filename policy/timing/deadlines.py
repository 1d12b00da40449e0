"""When a run of a clock falls due: counted time, pauses, a change of priority, an extension, repeats."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from events.vocabulary import Complexity, Priority
from policy.timing.calendars import Calendar
from policy.timing.durations import Duration, Graded
from policy.timing.instants import FOREVER

Grade = tuple[Priority | None, Complexity | None, frozenset[str]]
"""Colour, complexity and marks of a complaint: what a table of lengths is read by."""
Pause = tuple[int, int]
"""From, to; FOREVER while nobody has ended it."""

MOST_OCCURRENCES = 1_000
"""A clock that repeats falls silent after so many missed deadlines, so a forgotten complaint stays cheap."""


class Line(NamedTuple):
    """One duration with the calendar that counts it."""

    duration: Duration
    calendar: Calendar
    micros: int
    """Open time; 0 for working days."""
    text: str
    """The rule as readings show it, `15m@service`."""

    def after(self, base: int, pauses: Sequence[Pause]) -> int | None:
        """The instant the duration ends; None while a pause holds it up."""
        if not self.micros and self.duration.is_working_days:
            return self._working_days_after(base, pauses)
        return self._counted_after(base, pauses) if pauses else self.calendar.add_micros(base, self.micros)

    def left(self, base: int, now: int, pauses: Sequence[Pause]) -> int:
        """Open time not used up yet at an instant; 0 for working days, which are not divided."""
        used = self.calendar.open_micros(base, now)
        for begin, end in pauses:
            used -= self.calendar.open_micros(max(base, begin), min(now, end))
        return max(0, self.micros - used)

    def _counted_after(self, base: int, pauses: Sequence[Pause]) -> int | None:
        left = self.micros
        for begin, end in pauses:
            due = self.calendar.add_micros(base, left)
            if due <= begin:
                return due
            if end <= base:
                continue
            left -= self.calendar.open_micros(base, begin)
            if end == FOREVER:
                return None
            base = end
        return self.calendar.add_micros(base, left)

    def _working_days_after(self, base: int, pauses: Sequence[Pause]) -> int | None:
        """A working day counts unless the clock stood still when it closed."""
        if not pauses:
            return self.calendar.working_days_micros(base, self.duration.number)
        left = self.duration.number
        for close in self.calendar.closes_after(base):
            holding = [end for begin, end in pauses if begin < close < end]
            if FOREVER in holding:
                return None
            left -= not holding
            if not left:
                return close
        raise ValueError(f"{self.duration} never ends in calendar {self.calendar.name}")


class Lines(NamedTuple):
    """A duration or a table of durations, each with its calendar."""

    graded: Graded
    lines: dict[Duration, Line]
    only: Line | None

    def of(self, grade: Grade) -> Line | None:
        """The line for complaints of that grade; None where there is none."""
        if self.only is not None:
            return self.only
        duration = self.graded.of(*grade)
        return None if duration is None else self.lines[duration]


class Change(NamedTuple):
    """Something that moves a due instant while the clock runs: another grade, or an extension."""

    at: int
    version: int
    grade: Grade | None
    until: int | None


class Occurrence(NamedTuple):
    """One deadline of a run."""

    number: int
    base: int
    """Counting began here."""
    due: int | None
    line: Line | None
    grade: Grade
    extended_by: int | None = None
    """Version of the extension that set the due instant."""


class Course(NamedTuple):
    """What a run needs to know to tell its deadlines."""

    base: int
    fixed: int | None
    """The due instant the start event itself names."""
    first: Line | None
    """What counts for the first deadline instead of the table: after opening."""
    lines: Lines | None
    grade: Grade
    pauses: Sequence[Pause]
    changes: Sequence[Change]
    repeats: int
    """How many deadlines a repeating run has at most; 0 when it has one."""
    end: int
    """The stop, or FOREVER."""


def occurrences(course: Course, now: int) -> Iterator[Occurrence]:
    """The deadlines of a run: each one missed by now, and the one still ahead.

    A deadline depends only on what happened up to it: a later change never moves a deadline already missed,
    so every look at a complaint, early or late, finds the same breaches (design, section 6).
    """
    changes = [change for change in course.changes if change.at < course.end]
    occurrence = _first(course)
    while True:
        occurrence = _moved(course, occurrence, changes)
        yield occurrence
        if occurrence.due is None or occurrence.due >= min(course.end, now):
            return
        following = _following(course, occurrence, changes)
        if following is None:
            return
        occurrence = following


def _first(course: Course) -> Occurrence:
    if course.fixed is not None:
        return Occurrence(1, course.base, course.fixed, None, course.grade)
    line = course.first or (course.lines.of(course.grade) if course.lines else None)
    due = None if line is None else line.after(course.base, course.pauses)
    return Occurrence(1, course.base, due, line, course.grade)


def _moved(course: Course, occurrence: Occurrence, changes: list[Change]) -> Occurrence:
    """The deadline after the changes that came in time for it; those are used up."""
    while changes and (occurrence.due is None or changes[0].at <= occurrence.due):
        change = changes.pop(0)
        if change.until is not None:
            occurrence = occurrence._replace(due=max(change.until, change.at), extended_by=change.version)
        elif change.grade is not None:
            occurrence = _regraded(course, occurrence._replace(grade=change.grade), change.at)
    return occurrence


def _regraded(course: Course, occurrence: Occurrence, at: int) -> Occurrence:
    """The deadline under another priority or complexity: never earlier than the moment it was learnt."""
    if course.lines is None or course.fixed is not None or course.first or occurrence.extended_by is not None:
        return occurrence
    line = course.lines.of(occurrence.grade)
    if line is occurrence.line:
        return occurrence
    due = None if line is None else _due(line, occurrence.number, occurrence.base, course.pauses)
    return occurrence._replace(line=line, due=None if due is None else max(due, at))


def _following(course: Course, missed: Occurrence, changes: list[Change]) -> Occurrence | None:
    """The next deadline after a missed one: the next repeat, or one granted by an extension come too late."""
    number, base, line = missed.number + 1, missed.due or missed.base, missed.line
    if course.repeats:
        if line is None or number > course.repeats:
            return None
        return Occurrence(number, base, _due(line, number, base, course.pauses), line, missed.grade)
    for change in changes:
        if change.until is not None:
            changes[:] = [other for other in changes if other.version > change.version]
            return Occurrence(number, base, max(change.until, change.at), line, missed.grade, change.version)
    return None


def _due(line: Line, number: int, base: int, pauses: Sequence[Pause]) -> int | None:
    # A close at midnight is the next day by the date: a repeat in working days follows the day just closed.
    return line.after(base - 1 if number > 1 and line.duration.is_working_days else base, pauses)
