"""The ledger for readers outside: pages of events, and server-sent events that follow it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse

from events.catalogue import BY_TYPE, decode, wire
from events.envelope import as_json
from events.ledger import Ledger, LedgerUnavailable
from events.stores import Row
from services.desk.filters import whole
from services.desk.problems import HEADERS
from services.desk.wake import Wake

ROWS = 100
"""Ledger rows in memory for one reader at a time."""
BYTES = 4_000_000
"""A page of events ends early past this size; the last position says where to go on."""
COMMENT_SECONDS = 15.0
"""A silent stream says that it lives, so that nobody between cuts it."""
BEHIND = 1_000
"""Positions after which a reader that only watches is brought forward."""
LARGEST = 2**62

Frames = Callable[[Sequence[Row]], bytes]
"""Rows as server-sent events; may block."""


def outside(row: Row) -> bytes:
    """The event as outsiders see it (design, section 7), without decoding where it is of the newest version."""
    fact = BY_TYPE.get(row.topic)
    if fact is None or row.state.startswith(b'{"v":%d,' % fact.VERSION):
        return wire(*row)
    return orjson.dumps(as_json(decode(*row)))


Seen = Callable[[Sequence[Row]], Sequence[Row]]
"""Of some rows those a reader may see; may block."""


def events_after(ledger: Ledger, after: int, limit: int, seen: Seen = tuple) -> Iterator[bytes]:
    """The events after a position as JSON, at most so many; of those the reader may see."""
    size = 0
    while limit > 0 and size < BYTES:
        rows = ledger.rows_after(after, min(limit, ROWS))
        if not rows:
            return
        shown = seen(rows)
        for row in shown:
            event = outside(row)
            size += len(event)
            yield event
        after, limit = rows[-1].position, limit - len(shown)


def frame(position: int, name: str, data: bytes) -> bytes:
    """One server-sent event; JSON holds no line break."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), data)


def event_frames(rows: Sequence[Row]) -> bytes:
    """Each row as the event outsiders see, named by its type."""
    return b"".join(frame(row.position, row.topic, outside(row)) for row in rows)


def resumed_after(request: Request, otherwise: int) -> int:
    """Where a stream goes on: what the browser saw last, else `after`, else the position given."""
    for name, value in (
        ("Last-Event-ID", request.headers.get("last-event-id")),
        ("after", request.query_params.get("after")),
    ):
        if value:
            return whole(name, value, 0, LARGEST)
    return otherwise


def event_stream(chunks: AsyncIterator[bytes]) -> StreamingResponse:
    """The answer that stays open; the server cancels it when the client goes."""
    return StreamingResponse(chunks, headers={**HEADERS, "x-accel-buffering": "no"}, media_type="text/event-stream")


async def tail(
    ledger: Ledger, wake: Wake, after: int, frames: Frames, *, may_skip: bool = False
) -> AsyncIterator[bytes]:
    """Every event after a position, and those to come, until the reader goes or the process ends.

    A reader that only watches may skip what it is far behind of; the others are slowed by their own connection.
    """
    loop = asyncio.get_running_loop()
    spoke = loop.time()
    yield b"retry: 2000\n\n"
    while not wake.is_closed:
        awaited = wake.next()
        chunk, after = await asyncio.to_thread(_next_chunk, ledger, after, frames, may_skip)
        if not chunk:
            await awaited.arrival()
            chunk = b": still here\n\n" if loop.time() - spoke >= COMMENT_SECONDS else b""
        if chunk:
            spoke = loop.time()
            yield chunk


def _next_chunk(ledger: Ledger, after: int, frames: Frames, may_skip: bool) -> tuple[bytes, int]:
    """What to send next and the position reached; nothing while the ledger is away."""
    try:
        skipped = b""
        if may_skip and (head := ledger.head()) - after > BEHIND:
            skipped = frame(head - ROWS, "skipped", orjson.dumps({"after": after, "until": head - ROWS}))
            after = head - ROWS
        rows = ledger.rows_after(after, ROWS)
    except LedgerUnavailable:
        return b"", after
    return (skipped + frames(rows), rows[-1].position) if rows else (skipped, after)
