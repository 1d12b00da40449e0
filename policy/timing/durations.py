"""Lengths of time as the policy writes them, `15m@service`, `5wd@office`; tables of them by grade."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from events.vocabulary import Category, Complexity, Language, Priority
from policy.timing.instants import DAY, SECOND

_DURATION = re.compile(r"^(\d{1,6})(s|m|h|d|w|wd)(?:@([a-z][a-z0-9_]*))?$")

_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": DAY, "w": 7 * DAY}

_WORDS: dict[str, tuple[str, str]] = {
    "s": ("秒", "second"),
    "m": ("分钟", "minute"),
    "h": ("小时", "hour"),
    "d": ("天", "day"),
    "w": ("周", "week"),
    "wd": ("个工作日", "working day"),
}

MOST_DAYS = 10_000
"""A longer duration is a slip of the pen, and would lead out of the calendar."""

GRADES = frozenset((*Priority, *Complexity, "default"))
"""The keys of a table, beside marks."""

MARK = re.compile(r"^(?:flag:[a-z][a-z0-9_]*|category:(?:" + "|".join(Category) + r"))$")
"""Keys of a table that go before priority and complexity: `flag:payments`, `category:billing`."""

Row = Annotated[dict[str, str], Field(min_length=1)]
Amount = str | Annotated[dict[str, str | Row], Field(min_length=1)]
"""A duration, or a table by grade: `{ red = "2h", green = { simple = "24h", default = "48h" } }`.

A mark goes before the grades, the first that holds: `{ "flag:payments" = "15wd@office", default = "8w@wall" }`.
"""


class Duration(NamedTuple):
    """A length counted in a calendar: open time, or working days up to the close of hours."""

    number: int
    unit: str
    calendar: str

    @property
    def is_working_days(self) -> bool:
        """Counted in working days of the calendar, the day of the start not included."""
        return self.unit == "wd"

    @property
    def needs_wall(self) -> bool:
        """Days and weeks are multiples of 24 hours: only a calendar that is always open has them."""
        return self.unit in ("d", "w")

    @property
    def micros(self) -> int:
        """The length of open time; working days have none."""
        return 0 if self.is_working_days else self.number * _UNITS[self.unit]

    def __str__(self) -> str:
        return f"{self.number}{self.unit}@{self.calendar}"

    def words(self, language: Language) -> str:
        """`15分钟`, `15 minutes`."""
        zh, en = _WORDS[self.unit]
        if language == "zh":
            return f"{self.number}{zh}"
        return f"{self.number} {en}{'' if self.number == 1 else 's'}"


def parse_duration(text: str, calendar: str | None = None) -> Duration:
    """A duration; `calendar` counts where the text names none. Raises ValueError for anything else."""
    found = _DURATION.match(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration like 15m@service, 48h@wall or 5wd@office")
    number, unit, named = found.groups()
    wanted = named or calendar
    if wanted is None:
        raise ValueError(f"{text!r} names no calendar, and the clock has none of its own")
    duration = Duration(int(number), unit, wanted)
    if duration.is_working_days and not duration.number:
        raise ValueError(f"{text!r}: working days are counted from 1")
    if max(duration.micros, duration.number * DAY if duration.is_working_days else 0) > MOST_DAYS * DAY:
        raise ValueError(f"{text!r} is longer than {MOST_DAYS} days")
    return duration


def parse_span(text: object) -> timedelta:
    """A length by the clock, `3h`, `10m`, `7d`: no calendar, no working days; else raises ValueError."""
    if isinstance(text, timedelta):
        return text
    found = _DURATION.match(text) if isinstance(text, str) else None
    if found is None or found.group(2) == "wd" or found.group(3):
        raise ValueError(f"{text!r} is not a length of time like 3h, 10m or 7d")
    return timedelta(microseconds=int(found.group(1)) * _UNITS[found.group(2)])


Span = Annotated[timedelta, BeforeValidator(parse_span)]
"""A field of the policy file that holds a plain length of time."""


class Graded(NamedTuple):
    """One duration for all complaints, or one for each priority and complexity."""

    rows: Mapping[tuple[Priority | None, Complexity | None], Duration]
    only: Duration | None
    """The duration of every complaint, where there is just one."""
    marked: tuple[tuple[str, "Graded"], ...] = ()
    """Tables for complaints that bear a mark, in the order written."""

    def of(
        self, priority: Priority | None, complexity: Complexity | None, marks: Collection[str] = ()
    ) -> Duration | None:
        """The duration of such a complaint; None where the table has none for it."""
        for mark, graded in self.marked:
            if mark in marks:
                return graded.of(priority, complexity)
        return self.only or self.rows.get((priority, complexity))

    def each(self) -> frozenset[Duration]:
        """Every duration there is."""
        own = frozenset((self.only,)) if self.only else frozenset(self.rows.values())
        return own.union(*(graded.each() for _, graded in self.marked))


def parse_amount(amount: Amount, calendar: str | None = None) -> Graded:
    """A duration or a table of them; marks come first, then priority, then complexity, `default` last.

    Raises ValueError for a key that is no grade and for a text that is no duration.
    """
    if isinstance(amount, str):
        return Graded({}, parse_duration(amount, calendar))
    marked = tuple((key, parse_amount(cell, calendar)) for key, cell in amount.items() if MARK.match(key))  # type: ignore[arg-type]
    parsed = {key: _parse_cell(key, cell, calendar) for key, cell in amount.items() if not MARK.match(key)}
    rows = {}
    for priority in (None, *Priority):
        for complexity in (None, *Complexity):
            duration = _look_up(parsed, priority, complexity)
            if duration is not None:
                rows[priority, complexity] = duration
    return Graded(rows, None, marked)


Cell = Duration | dict[str, Duration]


def _parse_cell(key: str, cell: str | Row, calendar: str | None) -> Cell:
    for name in (key, *(() if isinstance(cell, str) else cell)):
        if name not in GRADES:
            raise ValueError(f"{name!r} is neither a priority, a complexity, default, nor a mark like flag:payments")
    if isinstance(cell, str):
        return parse_duration(cell, calendar)
    return {name: parse_duration(text, calendar) for name, text in cell.items()}


def _look_up(cells: Mapping[str, Cell], priority: Priority | None, complexity: Complexity | None) -> Duration | None:
    for key in (priority, complexity, "default"):
        cell = None if key is None else cells.get(key)
        if isinstance(cell, Duration):
            return cell
        if cell is not None:
            return _look_up(cell, priority, complexity)
    return None
