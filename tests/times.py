"""Named moments of the examples: Monday, 2 March 2026, in Shanghai."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


def at(text: str) -> datetime:
    """`2026-03-02 20:50` in Shanghai; a time alone is on Monday, 2 March 2026."""
    day = "" if "-" in text else "2026-03-02 "
    return datetime.fromisoformat(day + text).replace(tzinfo=SHANGHAI)


def in_the_morning() -> datetime:
    """Monday at ten: the desk and the office are open."""
    return at("10:00")


def before_closing() -> datetime:
    """Ten minutes before the desk closes."""
    return at("20:50")


def at_closing() -> datetime:
    """The first instant out of hours."""
    return at("21:00")


def before_opening() -> datetime:
    """The last second out of hours."""
    return at("08:59:59")
