"""Where a history ends: of each stream the beginning that was recorded by an instant, never with a gap.

`recorded_at` may go back between two rows: writers have clocks of their own, and clocks are set (ADR 14, 18). A fact
was known only together with all before it, so a stream ends before the first fact that was recorded later.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import takewhile

from events.catalogue import recorded_at
from events.envelope import BrokenHistory, History, Recorded, StreamId, instant
from events.stores import Row

Within = Callable[[Row], bool]
"""Asked of rows in order, of one stream or of many that interleave; remembers the streams that have ended."""


def as_known(history: Iterable[Recorded], moment: datetime) -> History:
    """What the ledger held of a stream at that moment, whatever time its facts tell of."""
    return History(takewhile(lambda recorded: recorded.recorded_at <= moment, history))


def recorded_by(moment: datetime) -> Within:
    """The same for stored rows, which are not decoded; asking raises BrokenHistory for a row that does not tell."""
    last = instant(moment)
    return _within(lambda at: at <= last)


def recorded_before(moment: datetime) -> Within:
    """The same, without what was recorded at that very moment."""
    end = instant(moment)
    return _within(lambda at: at < end)


def _within(is_early: Callable[[str], bool]) -> Within:
    ended: set[StreamId] = set()

    def holds(row: Row) -> bool:
        if row.stream in ended:
            return False
        if is_early(recorded_at(row.state, row.position)):
            return True
        ended.add(row.stream)
        return False

    return holds


def latest(rows: Iterable[Row]) -> datetime | None:
    """When the last of them was recorded, wherever it stands; None for none."""
    found, text = None, ""
    for row in rows:
        with suppress(BrokenHistory, ValueError):  # what was altered need not tell
            at = recorded_at(row.state, row.position)
            if at > text and at.endswith("Z"):
                found, text = datetime.fromisoformat(at), at
    return found
