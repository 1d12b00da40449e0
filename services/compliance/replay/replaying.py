"""The audit history in ledger order, narrowed down by place, time, kind and person (design, section 7)."""

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

import orjson

from events.catalogue import BY_TYPE, recorded_at
from events.envelope import BrokenHistory, StreamId, instant
from events.ledger import Ledger
from events.stores import Row


class Wanted(NamedTuple):
    """Which events; every condition holds together with the others."""

    after: int = 0
    """Position: only later ones."""
    to: int | None = None
    """The last position."""
    stream: StreamId | None = None
    since: datetime | None = None
    """Recorded at that instant or later."""
    until: datetime | None = None
    """Recorded at that instant or earlier."""
    types: frozenset[str] = frozenset()
    """Wire names, `complaint.replied`; empty for all."""
    by: str | None = None
    """Id of who acted: a person, a service, a channel."""


NEAR = 4
"""Events a wrong name is answered with."""


class UnknownType(ValueError):
    """There is no such event; the message names the nearest."""


def type_named(name: str) -> str:
    """The wire name of `replied`, `complaint.replied` or `Replied`; raises UnknownType."""
    for topic, fact in BY_TYPE.items():
        if name in (topic, topic.partition(".")[2], fact.__name__):
            return topic
    short = {topic.partition(".")[2]: topic for topic in BY_TYPE}
    near = get_close_matches(name.lower().rpartition(".")[2], short, n=NEAR, cutoff=0.0)
    nearest = "、".join(short[each] for each in near)
    raise UnknownType(f"没有事件 {name!r}，最接近的是 / there is no such event, the nearest are: {nearest}")


def replayed(ledger: Ledger, wanted: Wanted) -> Iterator[Row]:
    """The stored rows that fit, in ledger order, with bounded memory."""
    for row in _within(ledger, wanted):
        if _fits(row, wanted):
            yield row


def _within(ledger: Ledger, wanted: Wanted) -> Iterator[Row]:
    """Rows between the positions; no time ends the reading, for what comes later may have been recorded earlier."""
    if wanted.stream is not None:
        yield from sorted(ledger.rows_of([wanted.stream]), key=lambda row: row.position)
        return
    for row in ledger.scan(wanted.after):
        if wanted.to is not None and row.position > wanted.to:
            return
        yield row


def _fits(row: Row, wanted: Wanted) -> bool:
    if row.position <= wanted.after or (wanted.to is not None and row.position > wanted.to):
        return False
    if wanted.types and row.topic not in wanted.types:
        return False
    return _in_time(row, wanted) and (wanted.by is None or _acted(row, wanted.by))


def _in_time(row: Row, wanted: Wanted) -> bool:
    if wanted.since is None and wanted.until is None:
        return True
    try:
        at = recorded_at(row.state, row.position)
    except BrokenHistory:
        return True  # it does not tell: whoever reads it hears that it was altered
    after_begin = wanted.since is None or instant(wanted.since) <= at
    return after_begin and (wanted.until is None or at <= instant(wanted.until))


def _acted(row: Row, by: str) -> bool:
    # Most rows are somebody else's: only those that hold the name anywhere are decoded.
    actor = b'"id":' + orjson.dumps(by)
    try:
        return actor in row.state and bool(orjson.loads(row.state)["actor"]["id"] == by)
    except (ValueError, KeyError, TypeError):
        return True  # whoever reads it hears that it was altered
