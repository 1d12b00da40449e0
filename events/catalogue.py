"""Wire name and version <-> class; upcasters; the bytes the ledger stores; JSON Schema."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from events.company import OrganisationPublished, PolicyPublished
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.customers import (
    Disclosed,
    ErasureRequested,
    HoldPlaced,
    HoldReleased,
    HoldReleaseRequested,
    KeyDestroyed,
    UseAllowed,
    UseRestricted,
)
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Actor, Entry, Recorded, StreamId, instant, unreadable
from events.execution import (
    CommitmentKept,
    CommitmentMade,
    DeadlineExtended,
    RefundPaid,
    RefundVerified,
    StepCompleted,
    StepFailed,
)
from events.fact import Fact, Value, personal_paths
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.links import Linked, Unlinked
from events.participation import (
    ActRefused,
    AuthorityDelegated,
    HandedOver,
    Nudged,
    OwnerNamed,
    PolicyMigrated,
    Recused,
    TaskClosed,
    TaskOpened,
)
from events.privacy import Erased, Restricted, RestrictionLifted
from events.reception import Received, Supplemented
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
    CustomerAgreed,
    CustomerDeclined,
    ReplyDrafted,
    SolutionProposed,
)
from events.understanding import InformationRequested, Labelled, UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import Service

FACTS: tuple[type[Fact], ...] = (
    Received,
    Supplemented,
    EvidenceAdded,
    Linked,
    Unlinked,
    Classified,
    Assigned,
    HandedOver,
    OwnerNamed,
    Recused,
    ActRefused,
    AuthorityDelegated,
    TaskOpened,
    TaskClosed,
    Nudged,
    Escalated,
    ClockBreached,
    DeadlineExtended,
    PolicyMigrated,
    ContactStarted,
    Replied,
    RetryAttempted,
    StaffAlerted,
    UnderstandingConfirmed,
    InformationRequested,
    Labelled,
    NotAccepted,
    Withdrawn,
    Verified,
    SolutionProposed,
    ReplyDrafted,
    ApprovalRequested,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalWithdrawn,
    CustomerAgreed,
    CustomerDeclined,
    StepCompleted,
    StepFailed,
    RefundVerified,
    RefundPaid,
    CommitmentMade,
    CommitmentKept,
    Resolved,
    CalledBack,
    Reopened,
    Archived,
    Reviewed,
    ActionPlanned,
    ActionTaken,
    EffectMeasured,
    Restricted,
    RestrictionLifted,
    Erased,
    Disclosed,
    HoldPlaced,
    HoldReleaseRequested,
    HoldReleased,
    UseRestricted,
    UseAllowed,
    ErasureRequested,
    KeyDestroyed,
    PolicyPublished,
    OrganisationPublished,
)
"""Every fact there is, in the order a complaint lives."""

BY_TYPE: dict[str, type[Fact]] = {fact.TYPE: fact for fact in FACTS}
PERSONAL = frozenset(fact.TYPE for fact in FACTS if any(personal_paths(fact)))
"""Facts that hold texts of a customer."""
OF_COMPLAINTS = frozenset(fact.TYPE for fact in FACTS if fact.TYPE.startswith("complaint."))
"""Facts of complaints; the others stand in streams of the company and of customers."""
OF_OTHERS = BY_TYPE.keys() - OF_COMPLAINTS

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(wire name, from version) -> payload of the next version; one hop a function (style, section 4)."""

F = TypeVar("F", bound=Fact)


class UnknownFact(Exception):
    """A stored event has a type or version this release does not know: install the newer release."""


class _Stored(Value, Generic[F]):
    """The shape of a stored event's state; `v` comes first so that the version is read without decoding."""

    v: int
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    causation: str | None
    policy: str | None
    data: F


# pydantic-core's own validators, bound once: a replay decodes 1.5 times as fast as through model_validate_json.
_VALIDATE_JSON = {fact.TYPE: _Stored[fact].__pydantic_validator__.validate_json for fact in FACTS}  # type: ignore[valid-type]
_VALIDATE = {fact.TYPE: _Stored[fact].__pydantic_validator__.validate_python for fact in FACTS}  # type: ignore[valid-type]
_CURRENT = {fact.TYPE: b'{"v":%d,' % fact.VERSION for fact in FACTS}


def encode(entry: Entry, recorded_at: datetime, seal: Callable[[str], str] | None = None) -> bytes:
    """The bytes stored for an entry: JSON whose fields follow the outside event after `type`.

    With a seal personal texts are stored as tokens (ADR 0019).
    """
    fact, actor = entry.fact, entry.actor
    head = orjson.dumps(
        {
            "v": fact.VERSION,
            "occurred_at": instant(entry.occurred_at),
            "recorded_at": instant(recorded_at),
            "actor": {"kind": actor.kind.value, "id": actor.id},
            "causation": entry.causation,
            "policy": entry.policy,
        }
    )
    return b'%b,"data":%b}' % (head[:-1], fact.__pydantic_serializer__.to_json(fact, context=seal))


def decode(position: int, complaint_id: StreamId, version: int, topic: str, state: bytes) -> Recorded:
    """A stored row as a recorded fact, upcast to the newest version.

    Raises UnknownFact for a type or version of a later release, BrokenHistory for what is no event.
    """
    current = _CURRENT.get(topic)
    if current is None:
        if not topic:
            raise unreadable(position)
        raise UnknownFact(f"{topic} at position {position}: no such event in this release")
    try:
        if state.startswith(current):
            stored = _VALIDATE_JSON[topic](state)
        else:
            stored = _VALIDATE[topic](upcast(topic, orjson.loads(state)))
    except (ValueError, KeyError, TypeError, AttributeError) as damaged:
        raise unreadable(position) from damaged
    return Recorded(
        position,
        complaint_id,
        version,
        stored.data,
        stored.occurred_at,
        stored.recorded_at,
        stored.actor,
        stored.causation,
        stored.policy,
    )


def upcast(topic: str, stored: Payload) -> Payload:
    """The stored object with its data brought to the newest version, hop by hop."""
    wanted = BY_TYPE[topic].VERSION
    version, data = stored["v"], stored["data"]
    while version < wanted:
        data = UPCASTERS[topic, version](data)
        version += 1
    if version > wanted:
        raise UnknownFact(f"{topic} v{version}: this release knows v{wanted}")
    return {**stored, "v": version, "data": data}


def wire(position: int, complaint_id: StreamId, version: int, topic: str, state: bytes) -> bytes:
    """The outside event as JSON bytes, spliced from the stored bytes: the relay decodes nothing.

    Raises BrokenHistory for bytes that are no stored event: its first byte is not in the line, so it is looked at here.
    """
    if state[:1] != b"{":
        raise unreadable(position)
    head = f'{{"position":{position},"complaint_id":"{complaint_id}","version":{version},"type":"{topic}",'
    return head.encode() + state[1:]


def occurred_at(state: bytes, position: int) -> str:
    """When a stored event occurred, read from its bytes: instants have a fixed width and this one comes first.

    Raises BrokenHistory for bytes without one.
    """
    return _instant_after(_OCCURRED_AT, state, position)


def recorded_at(state: bytes, position: int) -> str:
    """When the ledger took a stored event, read from its bytes in the same way; it may go back (events/horizon.py)."""
    return _instant_after(_RECORDED_AT, state, position)


_OCCURRED_AT = b'"occurred_at":"'
_RECORDED_AT = b'"recorded_at":"'


def _instant_after(mark: bytes, state: bytes, position: int) -> str:
    start = state.find(mark) + len(mark)
    found = state[start : start + len("2026-03-02T12:50:00.000000Z")]
    if start < len(mark) or not found.isascii():
        raise unreadable(position)
    return found.decode()


def from_json(event: Payload) -> Recorded:
    """The outside event (a line of `replay --json`) as a recorded fact."""
    stored = {k: event[k] for k in ("v", "occurred_at", "recorded_at", "actor", "causation", "policy", "data")}
    return decode(
        event["position"], StreamId(event["complaint_id"]), event["version"], event["type"], orjson.dumps(stored)
    )


def topics_of(writer: Service) -> frozenset[str]:
    """The wire names a service may append."""
    return _TOPICS_OF[writer]


_TOPICS_OF = {
    writer: frozenset(fact.TYPE for fact in FACTS if writer is fact.WRITER or writer in fact.ALSO) for writer in Service
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each fact's data, by `<type>.v<version>`."""
    return {f"{fact.TYPE}.v{fact.VERSION}": fact.model_json_schema() for fact in FACTS}
