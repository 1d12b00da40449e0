"""A store read from end to end, a page at a time: by position, or stream after stream."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from events.catalogue import recorded_at
from events.envelope import BrokenHistory, StreamId
from events.stores import Place, Row

PAGE = 2_000
"""Rows a page when the whole ledger is read: about 1 MB of events."""


def pages(after: Callable[[int, int], Sequence[Row]], position: int) -> Iterator[Row]:
    """Every row after a position in order, a page at a time; `after` gives the next rows."""
    while rows := after(position, PAGE):
        yield from rows
        position = rows[-1].position


def pages_by_stream(
    by_stream: Callable[[Place, StreamId, int], Sequence[Row]], first: StreamId, end: StreamId
) -> Iterator[Row]:
    """Every row of the streams from `first` on and before `end`, stream after stream, a page at a time."""
    place: Place = (first, 0)
    while rows := by_stream(place, end, PAGE):
        yield from rows
        place = (rows[-1].stream, rows[-1].version)


def position_before(after: Callable[[int, int], Sequence[Row]], head: int, since: str) -> int:
    """The position after which everything was recorded at that instant or later; found by halving: positions skip."""
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        known = _next_recorded(after, middle)
        if known is None or known[1] >= since:
            high = middle
        else:
            low = known[0]
    return low


def _next_recorded(after: Callable[[int, int], Sequence[Row]], position: int) -> tuple[int, str] | None:
    """The next row that tells when it was recorded; one that was altered may not."""
    while rows := after(position, 1):
        position = rows[0].position
        with suppress(BrokenHistory):
            return position, recorded_at(rows[0].state, position)
    return None
