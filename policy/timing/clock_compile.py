"""A clock of the policy file made ready to run: its durations parsed once, its calendars found."""

from collections.abc import Mapping
from typing import NamedTuple

from policy.timing.calendars import Calendar
from policy.timing.clock_rules import ClockSpec
from policy.timing.deadlines import MOST_OCCURRENCES, Line, Lines
from policy.timing.durations import Amount, Duration, parse_amount


class Rule(NamedTuple):
    """A clock ready to run."""

    name: str
    spec: ClockSpec
    lines: Lines | None
    repeats: int
    """How many deadlines at most; 0 for a clock that is due once."""
    graded: bool
    """Some length of it depends on priority or complexity."""
    warn: Lines | None
    start_after: Lines | None
    not_before: Lines | None
    after_open: Lines | None
    door: Calendar | None
    """The calendar whose hours the start is held against."""
    is_plain: bool
    """Nothing moves its deadline but its start and length, and a pause: most clocks, read the short way."""
    runs_simply: bool
    """One run at a time, begun once, never extended."""


def compile_clock(name: str, spec: ClockSpec, calendars: Mapping[str, Calendar]) -> Rule:
    """A clock with its durations and calendars found; raises ValueError that names the clock and the key."""
    lines = {key: _lines(f"clock {name}, {key}", *amount, calendars) for key, amount in spec.amounts.items()}
    door = None
    if spec.out_of_hours is not None:
        door = calendars.get(spec.out_of_hours.calendar)
        if door is None:
            raise ValueError(f"clock {name}, out_of_hours: no calendar {spec.out_of_hours.calendar!r}")
    return Rule(
        name,
        spec,
        lines.get("every") or lines.get("target"),
        0 if spec.every is None else spec.times or MOST_OCCURRENCES,
        any(line.only is None for line in lines.values()),
        lines.get("warn"),
        lines.get("start_after"),
        lines.get("not_before"),
        lines.get("after_open"),
        door,
        not (spec.start_after or spec.due_field),
        not (spec.key or spec.restart or spec.renew or spec.extend),
    )


def _lines(where: str, amount: Amount, calendar: str | None, calendars: Mapping[str, Calendar]) -> Lines:
    graded = parse_amount(amount, calendar)
    lines = {duration: _line(where, duration, calendars) for duration in graded.each()}
    return Lines(graded, lines, None if graded.only is None else lines[graded.only])


def _line(where: str, duration: Duration, calendars: Mapping[str, Calendar]) -> Line:
    calendar = calendars.get(duration.calendar)
    if calendar is None:
        raise ValueError(f"{where}: no calendar {duration.calendar!r}")
    if not calendar.may_open:
        raise ValueError(f"{where}: calendar {duration.calendar!r} never opens")
    if duration.needs_wall and not calendar.always:
        raise ValueError(f"{where}: {duration} is ambiguous, a calendar with hours counts in wd or h")
    return Line(duration, calendar, duration.micros, str(duration))
