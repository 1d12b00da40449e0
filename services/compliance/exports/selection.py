"""Which part of the history is exported: up to the head the export began at, by recorded time, by complaint."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from events.catalogue import OF_OTHERS, decode, recorded_at
from events.complaint import Complaint
from events.envelope import History, Recorded, StreamId, contiguous, instant
from events.folding import evolve
from events.ledger import Ledger
from events.stores import Row
from services.compliance.replay.histories import histories

Progress = Callable[[int], None]
"""Called with the number of events done so far."""
STRIDE = 1_000
"""Events between two calls of Progress."""


class Selection(NamedTuple):
    """What is asked for; what is recorded while the export runs is left for the next one."""

    head: int
    """The last position that counts."""
    since: datetime | None = None
    """Recorded at this instant or later; recorded time, so that exports one after the other leave no gap."""
    until: datetime | None = None
    """Recorded before this instant."""
    ids: frozenset[StreamId] | None = None
    """Only these complaints; the company's own streams are then left out."""

    @property
    def is_everything(self) -> bool:
        """The whole ledger, as an import needs it."""
        return self.since is None and self.until is None and self.ids is None

    def ended(self, row: Row) -> bool:
        """The row is behind the end of what is asked for."""
        return row.position > self.head or (self.until is not None and _recorded_at(row) >= instant(self.until))

    def takes(self, row: Row) -> bool:
        """The row is asked for."""
        return not self.ended(row) and (self.since is None or _recorded_at(row) >= instant(self.since))


class Life(NamedTuple):
    """One complaint from its beginning to the end of the selection, and which of its facts are asked for."""

    history: History
    chosen: tuple[Recorded, ...]

    def states(self) -> Iterator[tuple[Recorded, Complaint]]:
        """Each fact with the complaint after it."""
        complaint: Complaint | None = None
        for recorded in self.history:
            complaint = evolve(complaint, recorded)
            yield recorded, complaint

    def last(self) -> Complaint:
        """The complaint at the end of the selection."""
        *_, (_, complaint) = self.states()
        return complaint


def _recorded_at(row: Row) -> str:
    return recorded_at(row.state, row.position)


def everything(ledger: Ledger) -> Selection:
    """The whole ledger as it is now."""
    return Selection(ledger.head())


def rows(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Row]:
    """The stored rows that are asked for, in ledger order, with bounded memory."""
    for done, row in enumerate(_in_order(ledger, selection), start=1):
        if row.position > selection.head:
            return
        if selection.takes(row):
            yield row
        if done % STRIDE == 0:
            on_progress(done)


def _in_order(ledger: Ledger, selection: Selection) -> Iterable[Row]:
    if selection.ids is None:
        return ledger.scan()
    return sorted(ledger.rows_of(sorted(selection.ids)), key=lambda row: row.position)


def facts(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Recorded]:
    """The facts that are asked for, in ledger order."""
    for row in rows(ledger, selection, on_progress):
        yield decode(*row)


def lives(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Life]:
    """Complaints with at least one fact that is asked for, in order of id, each as a whole; raises BrokenHistory."""
    done = 0
    for _, of_one in _by_complaint(ledger, selection):
        counted = [row for row in of_one if not selection.ended(row)]
        chosen = {row.version for row in counted if selection.takes(row)}
        if chosen:
            history = History(contiguous(decode(*row) for row in counted))
            yield Life(history, tuple(recorded for recorded in history if recorded.version in chosen))
        before, done = done, done + len(of_one)
        if done // STRIDE > before // STRIDE:
            on_progress(done)


def _by_complaint(ledger: Ledger, selection: Selection) -> Iterator[tuple[StreamId, list[Row]]]:
    if selection.ids is None:
        yield from histories(ledger)
        return
    for stream, of_one in groupby(ledger.rows_of(sorted(selection.ids)), key=lambda row: row.stream):
        every = list(of_one)
        if every[0].topic not in OF_OTHERS:
            yield stream, every
