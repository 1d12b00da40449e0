"""Instants that people name: with a zone, or a date that means the end of that day (design, section 6)."""

from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator


def _read(named: object) -> object:
    if isinstance(named, str):
        named = _parsed(named.strip())
    if not isinstance(named, date):
        raise ValueError("expected a time with a zone or a date as text")
    if isinstance(named, datetime) and named.tzinfo is None:
        raise ValueError("a time needs a zone, 2026-03-02T20:50:00+08:00, or give a date, which means its end")
    return named


def _parsed(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a time with a zone nor a date, 2026-03-02") from None


def _near(named: object) -> object:
    if isinstance(named, date) and not FIRST_YEAR <= named.year <= LAST_YEAR:
        raise ValueError(f"the year {named.year} is a slip of the pen")
    return named


FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Outside of these no calendar, no zone and no clock can count; whoever writes such a year meant another."""

Named = Annotated[datetime | date, BeforeValidator(_read), AfterValidator(_near)]
"""A field of a command: an instant with its zone, or a date."""


Instant = Annotated[AwareDatetime, AfterValidator(_near)]
"""A field of a command: an instant with its zone."""


def instant_of(named: datetime | date, zone: ZoneInfo) -> datetime:
    """The instant meant; a date is its whole day, up to midnight in the zone."""
    if isinstance(named, datetime):
        return named
    return datetime.combine(date.fromordinal(named.toordinal() + 1), time(), zone)
