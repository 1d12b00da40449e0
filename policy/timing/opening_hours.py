"""Weekly opening hours as the policy file writes them: `{ mon-fri = ["09:00-12:00", "13:30-18:00"] }`."""

import re
from collections.abc import Iterator, Mapping, Sequence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Hours = tuple[tuple[int, int], ...]
"""The openings of a day, first to last: seconds of the day, the end itself outside."""

WHOLE_DAY: Hours = ((0, 86_400),)

_OPENING = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")


def parse_weekly(weekly: Mapping[str, Sequence[str]]) -> tuple[Hours, ...]:
    """The hours of Monday to Sunday; a day not named is closed.

    Raises ValueError for a day named twice, an unknown day, openings that overlap or end before they begin.
    """
    hours: dict[int, Hours] = {}
    for days, openings in weekly.items():
        parsed = _parse_day(openings)
        for day in _days(days):
            if day in hours:
                raise ValueError(f"{WEEKDAYS[day]} has hours twice, once in {days!r}")
            hours[day] = parsed
    return tuple(hours.get(day, ()) for day in range(7))


def _days(text: str) -> Iterator[int]:
    """The weekdays of `mon-fri`, `sat` or `fri-mon`."""
    first, _, last = text.partition("-")
    last = last or first
    if first not in WEEKDAYS or last not in WEEKDAYS:
        raise ValueError(f"{text!r} is neither a weekday nor a range of weekdays (mon ... sun)")
    begin = WEEKDAYS.index(first)
    for step in range((WEEKDAYS.index(last) - begin) % 7 + 1):
        yield (begin + step) % 7


def _parse_day(openings: Sequence[str]) -> Hours:
    hours: list[tuple[int, int]] = []
    for text in openings:
        opens, closes = _parse_opening(text)
        if hours and opens < hours[-1][1]:
            raise ValueError(f"opening {text!r} begins before the one ahead of it ended")
        hours.append((opens, closes))
    return tuple(hours)


def _parse_opening(text: str) -> tuple[int, int]:
    found = _OPENING.match(text)
    if found is None:
        raise ValueError(f"{text!r} is not an opening like 09:00-21:00")
    hour, minute, last_hour, last_minute = map(int, found.groups())
    opens, closes = 60 * (60 * hour + minute), 60 * (60 * last_hour + last_minute)
    if not opens < closes <= 86_400:
        raise ValueError(f"opening {text!r} has to end after it begins and by 24:00")
    return opens, closes
