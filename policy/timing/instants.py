"""Instants as whole microseconds, and the instant at which a local clock first shows a time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
"""Microseconds."""
DAY = 86_400 * SECOND

FOREVER = 2**62
"""Later than every instant: the end of what has not ended yet."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


def micros(moment: datetime) -> int:
    """An aware instant as microseconds since 1970; raises ValueError for a time without a zone."""
    try:
        passed = moment - _EPOCH
    except TypeError:
        raise ValueError(f"{moment} has no time zone") from None
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds


def moment(instant: int) -> datetime:
    """Microseconds since 1970 as an instant in UTC."""
    return _EPOCH + timedelta(0, 0, instant)


def span(length: timedelta) -> int:
    """A length of time in microseconds."""
    return (length.days * 86_400 + length.seconds) * SECOND + length.microseconds


def first_showing(day: date, second: int, zone: ZoneInfo) -> int:
    """The first instant at which clocks of the zone show at least that second of the day (86,400 = its end).

    A time shown twice in autumn means its first showing, a time skipped in spring the end of the gap:
    so the order of local times is never turned round, and one day's midnight is the next day's beginning.
    """
    naive = datetime.combine(day, time.min) + timedelta(seconds=second)
    shown = (day.toordinal() - _EPOCH_DAY) * DAY + second * SECOND
    early, late = _offset(naive, zone, 0), _offset(naive, zone, 1)
    return shown - early if late <= early else _end_of_gap(shown - late, shown - early, late, zone)


def _offset(naive: datetime, zone: ZoneInfo, fold: int) -> int:
    offset = naive.replace(tzinfo=zone, fold=fold).utcoffset()
    return span(offset or timedelta())


def _end_of_gap(before: int, after: int, offset: int, zone: ZoneInfo) -> int:
    """The first instant with the new offset, after one without, up to one with; zones change on seconds."""
    low, high = before // SECOND, after // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        now = moment(middle * SECOND).astimezone(zone).utcoffset()
        low, high = (low, middle) if span(now or timedelta()) == offset else (middle, high)
    return high * SECOND
