"""Looks at one complaint follow each other, so that an older one never overwrites the timer of a newer (I8)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from faststream.nats import NatsBroker

from events.attention import Attention
from events.envelope import StreamId
from events.reconciler import Settled
from events.vocabulary import Service
from tests.controls import HOUR, in_the_morning, some_streams

OURS, OTHER, THIRD = some_streams(3)


class Agenda:
    """Keeps the last entry of each complaint, as the broker does."""

    def __init__(self) -> None:
        self.entries: dict[StreamId, datetime] = {}

    async def schedule(self, looks: Mapping[StreamId, datetime]) -> None:
        """Replace earlier entries."""
        self.entries.update(looks)


async def test_a_slow_look_does_not_overwrite_the_timer_of_a_newer_one() -> None:
    agenda, started, go_on = Agenda(), asyncio.Event(), asyncio.Event()
    later, sooner = in_the_morning() + HOUR, in_the_morning()

    async def look(complaints: Sequence[StreamId]) -> Settled:
        is_first = not started.is_set()
        started.set()
        if is_first:
            await go_on.wait()
        return Settled({}, dict.fromkeys(complaints, later if is_first else sooner), {}, {})

    attention = Attention(Service.WORKFLOW, look, agenda, NatsBroker())
    slow = asyncio.create_task(attention.attend([OURS]))
    await started.wait()
    newer = asyncio.create_task(attention.attend([OTHER, OURS]))
    await attention.attend([THIRD])  # nobody looks at it: it does not wait
    assert set(agenda.entries) == {THIRD}
    go_on.set()
    await asyncio.gather(slow, newer)
    assert agenda.entries == dict.fromkeys((OURS, OTHER, THIRD), sooner)


async def test_a_look_that_fails_or_is_cancelled_frees_its_complaints() -> None:
    agenda, started = Agenda(), asyncio.Event()

    async def look(complaints: Sequence[StreamId]) -> Settled:
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        return Settled({}, dict.fromkeys(complaints, in_the_morning()), {}, {})

    attention = Attention(Service.WORKFLOW, look, agenda, NatsBroker())
    stuck = asyncio.create_task(attention.attend([OURS]))
    await started.wait()
    waiting = asyncio.create_task(attention.attend([OURS]))
    stuck.cancel()
    await asyncio.wait_for(waiting, 5)
    assert set(agenda.entries) == {OURS}
