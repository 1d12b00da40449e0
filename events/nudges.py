"""Nudges: "look at these complaints", many to a message, harmless when lost late doubled or reordered (design, 1)."""

from collections.abc import Iterable, Mapping

from nats.js import JetStreamContext

from events.bus import TIMEOUT_SECONDS
from events.contact import RetryAttempted
from events.envelope import StreamId
from events.fact import Fact, Value
from events.handling import Assigned, ClockBreached, Escalated
from events.reception import Received, Supplemented
from events.subjects import Stream, nudges_subject
from events.vocabulary import Service

BUNDLE = 250
"""Complaints in one nudge at the most: one look at them stays far below the consumer's ack wait."""


class Nudge(Value):
    """Complaints that a service should look at; the ledger says what happened to them."""

    complaints: tuple[StreamId, ...]


_WANTED_BY: Mapping[Service, tuple[type[Fact], ...]] = {
    Service.WORKFLOW: (Received, Supplemented, RetryAttempted),
    Service.NOTIFIER: (Received, Assigned, Escalated, ClockBreached, RetryAttempted),
}
WANTED: Mapping[Service, frozenset[str]] = {
    service: frozenset(fact.TYPE for fact in facts) for service, facts in _WANTED_BY.items()
}
"""Which facts make a service look; its own it has just seen, but for what a person reports: a call that failed owes
an SMS (S002-1.9)."""


async def publish_nudges(js: JetStreamContext, service: Service, complaints: Iterable[StreamId]) -> None:
    """Tell a service to look at these complaints; raises a NATS error or TimeoutError when the broker took none."""
    for nudge in bundled(complaints):
        await js.publish(
            nudges_subject(service),
            nudge.model_dump_json().encode(),
            timeout=TIMEOUT_SECONDS,
            stream=Stream.NUDGES.value,
            headers={"content-type": "application/json"},
        )


def bundled(complaints: Iterable[StreamId]) -> Iterable[Nudge]:
    """The complaints in as few nudges as possible, each named once."""
    every = tuple(dict.fromkeys(complaints))
    for start in range(0, len(every), BUNDLE):
        yield Nudge(complaints=every[start : start + BUNDLE])
