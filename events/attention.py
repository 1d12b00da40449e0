"""How a service pays attention: nudges and fired timers make it look, looks schedule the next one (design, 1)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from faststream import Context
from faststream.nats import NatsBroker

from events.agenda import Agenda
from events.bus import TIMEOUT_SECONDS, pull
from events.envelope import StreamId
from events.nudges import BUNDLE, Nudge
from events.reconciler import Settled
from events.subjects import DURABLES, Stream, nudges_subject
from events.vocabulary import Service

log = structlog.get_logger()

Look = Callable[[Sequence[StreamId]], Awaitable[Settled]]
DUE_SECONDS = 0.05
"""How long fired timers are gathered into one look; a deadline is noticed that much later at the most."""


class Attention:
    """One service's looks, whatever causes them.

    Within a process the looks at one complaint follow each other, so that no look with an older history overwrites
    the timer of a newer one. Of two processes one still can: then the complaint is looked at when the older timer
    fires or at its next nudge, whatever comes first.
    """

    def __init__(self, service: Service, look: Look, agenda: Agenda, broker: NatsBroker) -> None:
        self._service = service
        self._look = look
        self._agenda = agenda
        self._broker = broker
        self._looked_at: set[StreamId] = set()
        self._freed = asyncio.Event()

    async def attend(self, complaints: Iterable[StreamId]) -> None:
        """Look at these complaints and schedule the next looks; raises when a lone complaint fails.

        Complaints of a bundle that fail are nudged again one by one, so that the others are done (I9).
        """
        every = list(dict.fromkeys(complaints))
        async with self._alone(frozenset(every)):
            settled = await self._look(every)
            await self._agenda.schedule(settled.looks)
        if len(every) == 1:
            for failure in settled.failed.values():
                raise failure
        for complaint in settled.failed:
            await self.nudge([complaint])

    @asynccontextmanager
    async def _alone(self, complaints: frozenset[StreamId]) -> AsyncIterator[None]:
        """While nobody else here looks at any of them; all are taken at once, so nobody waits in a circle."""
        while not self._looked_at.isdisjoint(complaints):
            await self._freed.wait()
        self._looked_at |= complaints
        try:
            yield
        finally:
            self._looked_at -= complaints
            self._freed.set()
            self._freed = asyncio.Event()

    async def nudge(self, complaints: Sequence[StreamId]) -> None:
        """Have the service look at these soon."""
        await self._broker.publish(
            Nudge(complaints=tuple(complaints)),
            nudges_subject(self._service),
            stream=Stream.NUDGES.value,
            timeout=TIMEOUT_SECONDS,
        )


def pay_attention(attention: Attention, service: Service, broker: NatsBroker) -> None:
    """Subscribe a service to its nudges and its fired timers."""
    nudges = next(d for d in DURABLES if d.stream is Stream.NUDGES and d.name == service)
    due = next(d for d in DURABLES if d.stream is Stream.AGENDA and d.name == f"due-{service}")

    @broker.subscriber(**pull(nudges, batch_size=1), title=f"{service}-nudges")
    async def on_nudge(nudge: Nudge) -> None:
        """Look at these complaints."""
        await attention.attend(nudge.complaints)

    @broker.subscriber(**pull(due, batch_size=BUNDLE, batch_seconds=DUE_SECONDS), title=f"{service}-due")
    async def on_due(_: list[Any], message: Annotated[Any, Context("message")]) -> None:
        """Timers fired: look at their complaints."""
        await attention.attend(StreamId(raw.subject.rpartition(".")[2]) for raw in message.raw_message)
