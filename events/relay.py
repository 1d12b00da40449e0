"""Ledger -> JetStream: ledger order, gapless, fenced, no checkpoint of its own; any number may run (pitfalls C4)."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from nats.js import JetStreamContext
from nats.js.errors import APIError

from events.bus import BATCH_MESSAGES, Message, publish_batch
from events.catalogue import occurred_at, wire
from events.delivery import PASSING
from events.ledger import Ledger
from events.nudges import WANTED, publish_nudges, wants
from events.stores import Row
from events.subjects import (
    CE_ID,
    CE_SOURCE,
    CE_SPECVERSION,
    CE_SUBJECT,
    CE_TIME,
    CE_TYPE,
    LEDGER_POSITION,
    Stream,
    complaints_subject,
)

log = structlog.get_logger()

SOMEBODY_ELSE_WROTE = 10071
IDLE_SECONDS = 1.0
"""How long the relay sleeps without a wake-up: it finds what a lost wake-up did not tell."""
PAUSE_SECONDS = 0.5
"""Between tries while ledger or broker are away."""


class LedgerRestored(Exception):
    """The stream holds an event the ledger does not: the ledger was restored from a backup.

    Consumers know facts that are gone. Compare, then make the stream anew: `amends setup --refill`.
    """


class Reached(NamedTuple):
    """How far the stream is: its last sequence, and the ledger position of its last event."""

    sequence: int
    position: int


class Relay:
    """Carries recorded events to COMPLAINTS, one message an event, and nudges to the services."""

    def __init__(self, ledger: Ledger, js: JetStreamContext, source: str = "amends") -> None:
        self._ledger = ledger
        self._js = js
        self._source = source
        self._reached: Reached | None = None
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something new in the ledger."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled; raises LedgerRestored, which needs a person."""
        while True:
            self._wake.clear()
            try:
                while await self.advance():
                    pass
            except (*PASSING, OSError) as failure:
                # Passing: what was sent stays unknown, so the place is read again from the stream.
                log.warning("relay waits", error=str(failure) or type(failure).__name__)
                self._reached = None
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            await self._sleep()

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
        except TimeoutError:
            # Also notices a stream that was wiped while nothing happened.
            self._reached = None

    async def advance(self) -> int:
        """Relay the next batch; how many events went out, 0 when the stream has all."""
        reached = self._reached or await self.read_reached()
        rows = await asyncio.to_thread(self._ledger.rows_after, reached.position, BATCH_MESSAGES)
        if not rows:
            self._reached = reached
            return 0
        # Nudges go first: if this relay dies in between, the events are relayed again and nudge again.
        await self._nudge(rows)
        try:
            ack = await publish_batch(
                self._js, Stream.COMPLAINTS, [self._message(row) for row in rows], after_sequence=reached.sequence
            )
        except APIError as refusal:
            if refusal.err_code != SOMEBODY_ELSE_WROTE:
                raise
            self._reached = None  # another relay was faster: read how far it came
            return len(rows)
        self._reached = Reached(ack.seq, rows[-1].position)
        return len(rows)

    async def read_reached(self) -> Reached:
        """How far the stream is; an empty one starts the ledger from its beginning: that is the refill (I4)."""
        state = (await self._js.stream_info(Stream.COMPLAINTS.value)).state
        if state.messages == 0:
            return Reached(state.last_seq, 0)
        last = await self._js.get_msg(Stream.COMPLAINTS.value, seq=state.last_seq)
        headers = last.headers or {}
        position = int(headers[LEDGER_POSITION])
        await self._compare(position, headers[CE_ID])
        return Reached(state.last_seq, position)

    async def _compare(self, position: int, event_id: str) -> None:
        rows = await asyncio.to_thread(self._ledger.rows_after, position - 1, 1)
        if not rows or rows[0].position != position or _event_id(rows[0]) != event_id:
            raise LedgerRestored(
                f"{Stream.COMPLAINTS} ends with {event_id} at position {position}, the ledger does not"
            )

    async def _nudge(self, rows: Sequence[Row]) -> None:
        wanted = {service: [row.stream for row in rows if wants(service, row.topic, row.state)] for service in WANTED}
        # At the same time: each publish waits for the broker's disk, and a customer waits for the second service.
        await asyncio.gather(*(publish_nudges(self._js, *each) for each in wanted.items()))

    def _message(self, row: Row) -> Message:
        """An event as a CloudEvent in binary mode."""
        headers = {
            LEDGER_POSITION: str(row.position),
            CE_SPECVERSION: "1.0",
            CE_ID: _event_id(row),
            CE_TYPE: row.topic,
            CE_SOURCE: self._source,
            CE_SUBJECT: row.stream,
            CE_TIME: occurred_at(row.state, row.position),
            "content-type": "application/json",
        }
        return Message(complaints_subject(row.topic, row.stream), wire(*row), headers)


def _event_id(row: Row) -> str:
    """Unique and the same after a refill: the stream and the version in it."""
    return f"{row.stream}/{row.version}"
