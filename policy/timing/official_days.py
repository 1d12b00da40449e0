"""Official days off and make-up days of a country, asked once when a policy is published (ADR 0006)."""

from collections.abc import Iterable
from datetime import date, timedelta

import holidays
from holidays.holiday_base import HolidayBase

from events.company import PublicDays


def official_days(country: str, years: Iterable[int]) -> tuple[PublicDays, ...]:
    """The official days of those years; raises ValueError for a country the library does not know.

    A part of a country with days of its own is written behind it: `gb-eng`.

    A Chinese year without a single make-up day is provisional: its official list was not out when the library
    was released (pitfalls I2). Elsewhere a year is provisional where the library knows nothing at all.
    """
    return tuple(_year(country.lower(), year) for year in sorted(set(years)))


def _year(country: str, year: int) -> PublicDays:
    nation, _, part = country.upper().partition("-")
    try:
        known = holidays.country_holidays(nation, subdiv=part or None, years=year)
    except NotImplementedError:
        raise ValueError(f"no official days are known for country {country!r}") from None
    off = tuple(sorted(day for day in known if day.year == year))
    worked = tuple(day for day in _days_of(year) if _is_made_up(known, day))
    expected = worked if country == "cn" else off
    return PublicDays(country=country, year=year, off=off, worked=worked, provisional=not expected)


def _is_made_up(known: HolidayBase, day: date) -> bool:
    return known.is_weekend(day) and known.is_working_day(day)


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=step) for step in range((date(year + 1, 1, 1) - first).days)]
