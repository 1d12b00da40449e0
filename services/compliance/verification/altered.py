"""What was done to a ledger: from the first event that is not as sealed, which alteration explains it.

Only hashes were sealed. But an event that was moved, or another one in its place, still hashes to a sealed value once
it is put back: where it stood, or into the complaint it came from. What nothing explains was edited.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from services.compliance.verification.ledger_reading import Extent, PlainRow, Reading
from services.compliance.verification.recomputing import leaf_of_row
from services.compliance.verification.verdict import Kind

WINDOW = 200_000
"""Events after the first bad one that are searched; what moved further is told as edited or deleted."""
NEAR = 64
"""Other bad events that are tried as the ones it was exchanged with."""
SHIFTED = 16
"""By how much positions may have been moved up or down to hide a gap."""


class Altered(NamedTuple):
    """The first bad event and what happened to it."""

    kind: Kind
    event: int
    """From 0, in sealed order."""
    row: PlainRow | None
    """The row that stands there now; of a deleted event none."""
    position: int | None
    """Where the event stood, as far as that can be told."""
    stream: bytes | None = None
    version: int | None = None
    """Of a deleted event, where the gap it left tells."""
    other: int | None = None
    """Where the row's own event, or the missing one, is now: a position."""


class Search:
    """The rows from the first bad event on, beside what was sealed there."""

    def __init__(self, reading: Reading, extent: Extent, sealed: Callable[[int], bytes], size: int, first: int) -> None:
        self._reading = reading
        self._extent = extent
        self._sealed = sealed
        self._size = size
        self._first = first
        self._before = reading.before(first)
        self._row = next(self._rows(), None)

    def altered(self) -> Altered:
        """What explains it best."""
        if self._row is None:
            return self._without_row(Kind.CUT)
        found = self._same_event_further_on()
        mine = self._where_the_row_belongs()
        if found is not None:
            kind = Kind.INSERTED if mine is None else Kind.REORDERED
            return Altered(kind, self._first, self._row, self._row[0], other=found)
        if mine is not None:
            return self._without_row(Kind.DELETED)
        exchanged = self._exchanged_with()
        if exchanged is not None and exchanged[1] == self._row[1]:
            return Altered(Kind.REORDERED, self._first, self._row, self._row[0], other=exchanged[0])
        if exchanged is not None or self._fits_in_another_complaint():
            return Altered(Kind.SWAPPED, self._first, self._row, self._row[0])
        return Altered(Kind.EDITED, self._first, self._row, self._row[0])

    def _rows(self) -> Iterator[PlainRow]:
        return islice(self._reading.rows(self._before, self._extent.last), WINDOW)

    def _places(self) -> list[int]:
        """Positions the event may have had: that of the row now there, or the one after the event before it."""
        assert self._row is not None
        return sorted({self._row[0], self._before + 1})

    def _same_event_further_on(self) -> int | None:
        """Where the sealed event is now, put back to where it stood."""
        wanted = self._sealed(self._first)
        for number, row in enumerate(self._rows()):
            for place in {*self._places(), row[0]}:
                if (number or place != row[0]) and leaf_of_row((place, *row[1:])) == wanted:
                    return int(row[0])
        return None

    def _where_the_row_belongs(self) -> int | None:
        """The sealed event that the row now there is, at any position of those that follow."""
        assert self._row is not None
        window = range(self._first + 1, min(self._size, self._first + WINDOW))
        sealed = {self._sealed(index): index for index in window}
        here = self._row[0]
        places = [*range(here - SHIFTED, here + SHIFTED + 1), *(row[0] for row in self._rows())]
        for place in [*places, places[-1] + 1]:
            index = sealed.get(leaf_of_row((place, *self._row[1:])))
            if index is not None:
                return index
        return None

    def _without_row(self, kind: Kind) -> Altered:
        """A missing event: its complaint shows where exactly one complaint misses a version."""
        gaps = list(islice(self._reading.gaps(self._extent.last), 2)) if kind is Kind.DELETED else []
        stream, version = gaps[0][:2] if len(gaps) == 1 else (None, None)
        return Altered(kind, self._first, None, self._before + 1, stream, version)

    def _others(self) -> Sequence[PlainRow]:
        """Further rows that are not as sealed."""
        numbered = enumerate(self._rows(), start=self._first)
        bad = (row for index, row in numbered if index < self._size and leaf_of_row(row) != self._sealed(index))
        return list(islice(bad, 1, NEAR))

    def _exchanged_with(self) -> PlainRow | None:
        """The bad event with whose columns or content it is as sealed."""
        assert self._row is not None
        place, stream, version, topic, state = self._row
        for other in self._others():
            tries = (
                (place, stream, version, topic, other[4]),
                (place, stream, version, other[3], other[4]),
                (place, other[1], other[2], other[3], state),
                (place, other[1], other[2], topic, state),
                (place, other[1], version, topic, state),
            )
            if any(map(self._is_sealed, tries)):
                return other
        return None

    def _fits_in_another_complaint(self) -> bool:
        """Whether it is as sealed where a complaint misses a version, or as the one after a complaint's last."""
        assert self._row is not None
        place, mine, version, topic, state = self._row
        missing = ((stream, gap) for stream, gap, _ in self._reading.gaps(self._extent.last))
        after_last = (
            (stream, wanted)
            for stream, last in self._reading.lasts()
            if isinstance(last, int)
            for wanted in (last + 1, version)
        )
        return any(
            stream != mine and self._is_sealed((place, stream, wanted, topic, state))
            for stream, wanted in chain(missing, after_last)
        )

    def _is_sealed(self, row: PlainRow) -> bool:
        return leaf_of_row(row) == self._sealed(self._first)
