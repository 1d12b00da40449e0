"""Cases a process has just seen: a look decodes and folds only what is new since."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from threading import Lock

import structlog

from events.catalogue import OF_COMPLAINTS, decode
from events.complaint import Case
from events.envelope import History, Recorded, StreamId, contiguous
from events.folding import fold
from events.privacy import CLOSED_BY, OPENED_BY
from events.stores import Row

log = structlog.get_logger()

_READ_ANEW = CLOSED_BY | OPENED_BY
"""After these the personal texts of the whole history read otherwise."""
KNOWN = 4_000
"""Cases kept, the least lately seen go first; about 10 KB each."""


class Cases:
    """Complaints as the ledger has them now.

    The rows are asked for every time, so nothing here can be stale: what is kept is only what a fact of that
    position and version means, and a fact never changes. It spares three decodes in four (docs/bench.md).
    """

    def __init__(
        self,
        rows: Callable[[Iterable[StreamId]], Sequence[Row]],
        opened: Callable[[Sequence[Row]], Sequence[Row]] = list,
    ) -> None:
        self._rows = rows
        self._opened = opened
        self._known: dict[StreamId, Case] = {}
        self._lock = Lock()

    def load_many(self, streams: Iterable[StreamId], failed: dict[StreamId, Exception]) -> dict[StreamId, Case]:
        """Many complaints in one query; what is none is left out. Blocks; may run in any thread.

        A complaint that cannot be read goes into `failed` and does not hold up the others (I9).
        """
        cases: dict[StreamId, Case] = {}
        for stream, group in groupby(self._rows(streams), key=lambda row: row.stream):
            rows = list(group)
            if rows[0].topic not in OF_COMPLAINTS:
                continue
            try:
                cases[stream] = self._case(stream, rows)
            except Exception as failure:  # catch-all: whatever is wrong with one complaint is its own matter
                log.exception("complaint cannot be read", complaint=stream)
                failed[stream] = failure
        return cases

    def remember(self, case: Case) -> None:
        """Keep a case, as far as the ledger has it."""
        with self._lock:
            self._known.pop(case.complaint.complaint_id, None)
            self._known[case.complaint.complaint_id] = case
            if len(self._known) > KNOWN:
                del self._known[next(iter(self._known))]

    def _case(self, stream: StreamId, rows: list[Row]) -> Case:
        known = self._known.get(stream)
        if known is not None and len(rows) == len(known.history) and _begin_with(rows, known.history[-1]):
            return known
        new = rows[len(known.history) :] if known is not None else rows
        if known is None or not _begin_with(rows, known.history[-1]) or any(row.topic in _READ_ANEW for row in new):
            history = History(contiguous(decode(*row) for row in self._opened(rows)))
            case = Case(fold(history), history)
        else:
            case = grown(known, contiguous((decode(*row) for row in self._opened(new)), known.history.version))
        self.remember(case)
        return case


def grown(case: Case, facts: Iterable[Recorded]) -> Case:
    """The case after more facts."""
    new = tuple(facts)
    return Case(fold(new, case.complaint), History((*case.history, *new)))


def _begin_with(rows: Sequence[Row], last: Recorded) -> bool:
    """Whether the rows are the known ones and perhaps more; not so where another ledger was put in place."""
    if len(rows) < last.version:
        return False
    row = rows[last.version - 1]
    return row.position == last.position and row.version == last.version
