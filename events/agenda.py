"""Time is one more message: a service's next look at a complaint, kept by the broker until it is due (design, 1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from nats.js import JetStreamContext

from events.bus import BATCH_MESSAGES, Message, publish_batch
from events.envelope import StreamId
from events.subjects import Stream, agenda_subject, due_subject
from events.vocabulary import Service


class Agenda(Protocol):
    """Where a service writes down when to look again."""

    async def schedule(self, looks: Mapping[StreamId, datetime]) -> None:
        """Look at each complaint again at its instant; an earlier entry for it is replaced."""


class BrokerAgenda:
    """The agenda as NATS message schedules; a past instant fires at once."""

    def __init__(self, js: JetStreamContext, service: Service) -> None:
        self._js = js
        self._service = service.value

    async def schedule(self, looks: Mapping[StreamId, datetime]) -> None:
        """Raises a NATS error or TimeoutError when the broker did not take them: then look again later."""
        every = iter(looks.items())
        while some := list(islice(every, BATCH_MESSAGES)):
            await publish_batch(self._js, Stream.AGENDA, [self._message(*look) for look in some])

    def _message(self, complaint: StreamId, at: datetime) -> Message:
        when = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        headers = {"Nats-Schedule": f"@at {when}", "Nats-Schedule-Target": due_subject(self._service, complaint)}
        return Message(agenda_subject(self._service, complaint), b"", headers)
