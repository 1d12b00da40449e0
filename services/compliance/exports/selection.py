"""Which part of the history is exported: up to the head the export began at, by recorded time, by complaint."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from events.catalogue import OF_OTHERS, decode
from events.complaint import Complaint
from events.envelope import History, Recorded, StreamId, contiguous
from events.folding import evolve
from events.horizon import recorded_before
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
    """Without what an export until this instant holds, so that exports one after the other leave no gap."""
    until: datetime | None = None
    """Of each stream what was recorded before this instant, up to the first fact recorded later."""
    ids: frozenset[StreamId] | None = None
    """Only these complaints; the company's own streams are then left out."""

    @property
    def is_everything(self) -> bool:
        """The whole ledger, as an import needs it."""
        return self.since is None and self.until is None and self.ids is None

    def told(self, rows: Iterable[Row]) -> Iterator[tuple[Row, bool]]:
        """The rows up to the end, each with whether it is asked for; in order, but streams may interleave."""
        counts = recorded_before(self.until) if self.until else None
        is_earlier = recorded_before(self.since) if self.since else None
        for row in rows:
            if row.position <= self.head and (counts is None or counts(row)):
                yield row, is_earlier is None or not is_earlier(row)


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


def everything(ledger: Ledger) -> Selection:
    """The whole ledger as it is now."""
    return Selection(ledger.head())


def rows(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Row]:
    """The stored rows that are asked for, in ledger order; of a span it remembers ids of streams, else nothing."""
    for row, is_asked_for in selection.told(_in_order(ledger, selection, on_progress)):
        if is_asked_for:
            yield row


def _in_order(ledger: Ledger, selection: Selection, on_progress: Progress) -> Iterator[Row]:
    every: Iterable[Row] = ledger.scan()
    if selection.ids is not None:
        every = sorted(ledger.rows_of(sorted(selection.ids)), key=lambda row: row.position)
    for done, row in enumerate(every, start=1):
        if row.position > selection.head:
            return
        yield row
        if done % STRIDE == 0:
            on_progress(done)


def facts(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Recorded]:
    """The facts that are asked for, in ledger order."""
    for row in rows(ledger, selection, on_progress):
        yield decode(*row)


def lives(ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None) -> Iterator[Life]:
    """Complaints with at least one fact that is asked for, in order of id, each as a whole; raises BrokenHistory."""
    done = 0
    for _, of_one in _by_complaint(ledger, selection):
        told = list(selection.told(of_one))
        chosen = {row.version for row, is_asked_for in told if is_asked_for}
        if chosen:
            history = History(contiguous(decode(*row) for row, _ in told))
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
