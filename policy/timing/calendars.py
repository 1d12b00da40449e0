"""Which time counts: service hours, office days with holidays and make-up days, the wall clock (C20)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import model_validator

from events.company import PublicDays
from events.fact import Value
from policy.timing.instants import SECOND, first_showing, micros, moment, span
from policy.timing.opening_hours import WHOLE_DAY, Hours, parse_weekly
from policy.titles import Title

HORIZON_YEARS = 60
"""A calendar that does not open enough within this many years is a mistake of the policy, not a long wait."""

_MEAN_YEAR = 31_556_952 * SECOND


class CalendarSpec(Value):
    """`[calendar.<name>]` of the policy file (S004-1.4, S001-17.7, S002-1.2)."""

    weekly: dict[str, tuple[str, ...]] = {}
    holidays: str | None = None
    """Country whose official days off close an otherwise open day."""
    extra_workdays: str | None = None
    """Country whose worked weekend days open with the hours of the first working weekday."""
    always: bool = False
    """Counts every second: the wall clock."""
    timezone: str | None = None
    """The policy's zone unless given."""
    title: Title | None = None
    source: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        parse_weekly(self.weekly)
        if self.always and (self.weekly or self.holidays or self.extra_workdays):
            raise ValueError("a calendar that is always open has neither weekly hours nor holidays")
        if not self.always and not self.weekly:
            raise ValueError("a calendar needs weekly hours, or always = true")
        if self.timezone is not None:
            zone(self.timezone)
        return self


def zone(key: str) -> ZoneInfo:
    """The time zone of that name; raises ValueError for a name nobody knows."""
    try:
        return ZoneInfo(key)
    except (KeyError, OSError, ValueError):  # not found, a directory of zones, a path outside them
        raise ValueError(f"{key!r} is no time zone") from None


class _Year(NamedTuple):
    """The openings of one local year as instants, ready for bisection."""

    number: int
    begins: int
    ends: int
    opens: list[int]
    closes: list[int]
    before: list[int]
    """Open time of the year before each opening."""
    total: int
    days: list[int]
    """Ordinals of the working days, and below the instant each closes."""
    day_closes: list[int]


class Calendar:
    """Openings counted in real elapsed time: half open, 09:00:00 inside and 21:00:00 outside (S004-1.4).

    Methods ending in `_micros` are the same questions in whole microseconds, for the clocks.
    """

    def __init__(self, spec: CalendarSpec, timezone: ZoneInfo, days: Iterable[PublicDays] = (), name: str = "") -> None:
        self.name, self.spec, self.always = name, spec, spec.always
        self.zone = zone(spec.timezone) if spec.timezone else timezone
        self._hours = (WHOLE_DAY,) * 7 if spec.always else parse_weekly(spec.weekly)
        self._worked_hours: Hours = next((hours for hours in self._hours if hours), ())
        self._country = spec.holidays or spec.extra_workdays
        listed = tuple(days)
        self._off = {day for year in listed if year.country == spec.holidays for day in year.off}
        self._worked = {day for year in listed if year.country == spec.extra_workdays for day in year.worked}
        self._known = {year.year for year in listed if year.country == self._country and not year.provisional}
        self._years: dict[int, _Year] = {}

    @property
    def may_open(self) -> bool:
        """False for weekly hours without a single opening."""
        return any(self._hours)

    def is_open(self, instant: datetime) -> bool:
        """True at an instant that counts."""
        return self.is_open_micros(micros(instant))

    def next_open(self, instant: datetime) -> datetime:
        """The instant itself if it counts, else the next opening; raises ValueError if there is none."""
        return moment(self.next_open_micros(micros(instant)))

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The first instant by which so much open time passed; ends inclusive: 14:45 + 15 min is 15:00."""
        return moment(self.add_micros(micros(start), span(length)))

    def working_days_after(self, start: datetime, count: int) -> datetime:
        """Close of the n-th working day after the start's day, which is not counted (Civil Code 201, 203)."""
        return moment(self.working_days_micros(micros(start), count))

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        """Time that counts between two instants; nothing if the end comes first."""
        return timedelta(0, 0, self.open_micros(micros(begin), micros(end)))

    def slices(self, begin: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The stretches that count between two instants, neighbours joined."""
        return tuple((moment(a), moment(b)) for a, b in self.slices_micros(micros(begin), micros(end)))

    def is_provisional(self, year: int) -> bool:
        """True where holidays count and no official list of that year is known (ecosystem, 2a)."""
        return self._country is not None and year not in self._known

    def hours_of(self, day: date) -> Hours:
        """The openings of a local day: weekly hours, closed on a holiday, open on a make-up day (C20)."""
        if day in self._off:
            return ()
        return self._hours[day.weekday()] or (self._worked_hours if day in self._worked else ())

    def is_open_micros(self, instant: int) -> bool:
        if self.always:
            return True
        year = self._year_at(instant)
        following = bisect_right(year.closes, instant)
        return following < len(year.closes) and year.opens[following] <= instant

    def next_open_micros(self, instant: int) -> int:
        if self.always:
            return instant
        for year in self._years_from(instant):
            following = bisect_right(year.closes, instant)
            if following < len(year.closes):
                return max(instant, year.opens[following])
        raise self._never(instant)

    def add_micros(self, start: int, length: int) -> int:
        if self.always or length <= 0:
            return start + max(0, length)
        goal = length
        for year in self._years_from(start):
            if year.begins <= start:
                goal += _counted_by(year, start)
            if goal <= year.total:
                opening = bisect_left(year.before, goal) - 1
                return year.opens[opening] + goal - year.before[opening]
            goal -= year.total
        raise self._never(start)

    def working_days_micros(self, start: int, count: int) -> int:
        if count < 1:
            raise ValueError(f"{count} working days: at least one is needed")
        for close in self.closes_after(start):
            count -= 1
            if not count:
                return close
        raise self._never(start)

    def closes_after(self, start: int) -> Iterator[int]:
        """Close of hours of each working day after the start's day."""
        today = moment(start).astimezone(self.zone).toordinal()
        for year in self._years_from(start):
            first = bisect_right(year.days, today)
            yield from year.day_closes[first:]

    def open_micros(self, begin: int, end: int) -> int:
        if end <= begin:
            return 0
        if self.always:
            return end - begin
        counted = 0
        for year in self._years_between(begin, end):
            until = _counted_by(year, end) if end < year.ends else year.total
            counted += until - (_counted_by(year, begin) if year.begins <= begin else 0)
        return counted

    def slices_micros(self, begin: int, end: int) -> list[tuple[int, int]]:
        if self.always:
            return [(begin, end)] if begin < end else []
        joined: list[tuple[int, int]] = []
        for year in self._years_between(begin, end):
            first, last = bisect_right(year.closes, begin), bisect_left(year.opens, end)
            for opens, closes in zip(year.opens[first:last], year.closes[first:last], strict=True):
                opens, closes = max(opens, begin), min(closes, end)
                if joined and joined[-1][1] == opens:
                    opens = joined.pop()[0]
                joined.append((opens, closes))
        return joined

    def provisional_years(self, begin: int, end: int) -> tuple[int, ...]:
        """The local years between two instants whose official list is not known."""
        if self._country is None:
            return ()
        first, last = self._year_at(begin).number, self._year_at(end).number
        return tuple(year for year in range(first, last + 1) if year not in self._known)

    def has_provisional(self, begin: int, end: int) -> bool:
        """True where one of those years is provisional."""
        return self._country is not None and bool(self.provisional_years(begin, end))

    def _year_at(self, instant: int) -> _Year:
        # The mean year is off by a day at most near New Year: look once to the side.
        year = self._year(1970 + instant // _MEAN_YEAR)
        if instant < year.begins:
            return self._year(year.number - 1)
        return year if instant < year.ends else self._year(year.number + 1)

    def _years_from(self, instant: int) -> Iterator[_Year]:
        """The year of the instant and those after it, up to the horizon."""
        year = self._year_at(instant)
        yield year
        for number in range(year.number + 1, min(year.number + HORIZON_YEARS, 9_998)):
            yield self._year(number)

    def _years_between(self, begin: int, end: int) -> Iterator[_Year]:
        year = self._year_at(begin)
        while year.begins < end:
            yield year
            year = self._year(year.number + 1)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._tabulate(number)
        return year

    def _tabulate(self, number: int) -> _Year:
        first, last = date(number, 1, 1), date(number + 1, 1, 1)
        begins, ends = (first_showing(day, 0, self.zone) for day in (first, last))
        year = _Year(number, begins, ends, [], [], [], 0, [], [])
        total = 0
        for ordinal in range(first.toordinal(), last.toordinal()):
            opened = total
            for opens, closes in self._instants(date.fromordinal(ordinal)):
                year.opens.append(opens)
                year.closes.append(closes)
                year.before.append(total)
                total += closes - opens
            if total > opened:
                year.days.append(ordinal)
                year.day_closes.append(year.closes[-1])
        return year._replace(total=total)

    def _instants(self, day: date) -> Iterator[tuple[int, int]]:
        """The openings of a day as instants; one that falls into a skipped hour alone does not exist."""
        for opens, closes in self.hours_of(day):
            begin, end = first_showing(day, opens, self.zone), first_showing(day, closes, self.zone)
            if begin < end:
                yield begin, end

    def _never(self, instant: int) -> ValueError:
        return ValueError(
            f"calendar {self.name or 'without name'} does not open long enough "
            f"within {HORIZON_YEARS} years after {moment(instant)}"
        )


def _counted_by(year: _Year, instant: int) -> int:
    """Open time of the year before an instant of it."""
    following = bisect_right(year.closes, instant)
    if following == len(year.closes):
        return year.total
    return year.before[following] + max(0, instant - year.opens[following])


def compile_calendars(
    specs: Mapping[str, CalendarSpec], timezone: ZoneInfo, days: Iterable[PublicDays] = ()
) -> dict[str, Calendar]:
    """All calendars of a policy by name."""
    listed = tuple(days)
    return {name: Calendar(spec, timezone, listed, name) for name, spec in specs.items()}
