"""Nudges: "look at these complaints", many to a message, harmless when lost late doubled or reordered (design, 1)."""

from collections.abc import Iterable, Mapping

from nats.js import JetStreamContext

from events.bus import TIMEOUT_SECONDS
from events.contact import Replied, RetryAttempted
from events.ending import CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import StreamId
from events.execution import CommitmentMade, DeadlineExtended, RefundPaid, RefundVerified, StepCompleted, StepFailed
from events.fact import Fact, Value
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.learning import ActionPlanned, ActionTaken, Reviewed
from events.links import Linked, Unlinked
from events.participation import ActRefused, HandedOver, Nudged, PolicyMigrated, Recused, TaskOpened
from events.reception import Received, Supplemented
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    CustomerAgreed,
    ReplyDrafted,
    SolutionProposed,
)
from events.subjects import Stream, nudges_subject
from events.understanding import InformationRequested, UnderstandingConfirmed
from events.verification import Verified
from events.vocabulary import Service

BUNDLE = 250
"""Complaints in one nudge at the most: one look at them stays far below the consumer's ack wait."""


class Nudge(Value):
    """Complaints that a service should look at; the ledger says what happened to them."""

    complaints: tuple[StreamId, ...]


_WANTED_BY: Mapping[Service, tuple[type[Fact], ...]] = {
    Service.WORKFLOW: (
        *(UnderstandingConfirmed,),
        *(Received, Supplemented, RetryAttempted, Linked, Unlinked, Recused, ActRefused, PolicyMigrated, TaskOpened),
        *(Verified, SolutionProposed, ReplyDrafted, ApprovalRequested, ApprovalGiven, ApprovalRefused),
        *(CustomerAgreed, DeadlineExtended, RefundVerified, CommitmentMade, Resolved, CalledBack, Reopened),
        *(NotAccepted, Withdrawn, ActionPlanned, ActionTaken),
    ),
    Service.NOTIFIER: (
        *(ActRefused,),
        *(Received, Classified, Assigned, HandedOver, Escalated, ClockBreached, RetryAttempted, TaskOpened, Nudged),
        *(InformationRequested, SolutionProposed, ReplyDrafted, ApprovalRequested, ApprovalGiven, ApprovalRefused),
        *(CustomerAgreed, StepFailed, RefundPaid, DeadlineExtended, CommitmentMade, NotAccepted),
        *(Resolved, CalledBack, Reopened, ActionPlanned, Linked, Unlinked, PolicyMigrated),
    ),
    Service.INTAKE: (Received,),
}
"""Facts that start a clock, owe a message or ask for an automatic step; what only stops a clock costs no look: the
timer set before fires and finds nothing."""
_WANTED_OF_PEOPLE: Mapping[Service, tuple[type[Fact], ...]] = {
    Service.WORKFLOW: (Classified, StepCompleted, StepFailed, Reviewed),
    Service.NOTIFIER: (Replied,),
    Service.INTAKE: (Linked, Unlinked),
}
"""The same where only a person's act is news: a machine's is on the way of every complaint, and known to its maker."""
WANTED: Mapping[Service, frozenset[str]] = {
    service: frozenset(fact.TYPE for fact in facts) for service, facts in _WANTED_BY.items()
}
"""Which facts make a service look; its own it has just seen, but for what a person reports: a call that failed owes
an SMS (S002-1.9)."""
_OF_PEOPLE = {service: frozenset(fact.TYPE for fact in facts) for service, facts in _WANTED_OF_PEOPLE.items()}
_BY_A_PERSON = b'"actor":{"kind":"person"'
_HEAD = 200
"""Bytes of a stored fact that surely hold its actor's kind: it follows three fields of fixed width."""


def wants(service: Service, topic: str, state: bytes) -> bool:
    """Whether a stored fact makes that service look."""
    return topic in WANTED[service] or (topic in _OF_PEOPLE.get(service, ()) and _BY_A_PERSON in state[:_HEAD])


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
