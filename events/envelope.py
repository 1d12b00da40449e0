"""A recorded fact: where it stands, when it happened, who did it, what caused it, under which policy."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any, NamedTuple, NewType
from uuid import NAMESPACE_URL, uuid5

from events.fact import Fact, Value
from events.vocabulary import ActorKind

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:amends").bytes

StreamId = NewType("StreamId", str)
"""The id of one stream, a UUID as text: of a complaint, or of a company stream."""


class Actor(Value):
    """Who acted: a service, a person of the organisation, the customer, a channel."""

    kind: ActorKind
    id: str


class Entry(NamedTuple):
    """A fact about to be appended; the ledger adds position, version and recorded_at."""

    fact: Fact
    occurred_at: datetime
    """What the caller saw, aware, stored in UTC."""
    actor: Actor
    causation: str | None = None
    """Id of the message or command that caused it; the same id twice changes nothing."""
    policy: str | None = None
    """The policy version the complaint is pinned to, `default-cn@1`."""


class Recorded(NamedTuple):
    """A fact the ledger holds."""

    position: int
    """Place in the whole ledger; rises, may skip."""
    complaint_id: StreamId
    version: int
    """Place in its own stream, 1..n without gaps."""
    fact: Fact
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    causation: str | None
    policy: str | None

    @property
    def name(self) -> str:
        """The event's name in the policy's language, `RetryAttempted`."""
        return type(self.fact).__name__


Folds = Mapping[type[Fact], Callable[[Any, Any, Recorded], Any]]
"""Fact -> one phase's state after it, from the state before, the fact and its record."""


class History(tuple[Recorded, ...]):
    """All recorded facts of one complaint, version 1 first."""

    __slots__ = ()

    @property
    def version(self) -> int:
        """The last version, 0 for nothing yet."""
        return self[-1].version if self else 0


class BrokenHistory(Exception):
    """What is stored is not the history it was: an event cannot be read, or one is missing."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


def unreadable(position: int) -> BrokenHistory:
    """What stands at that position is no event: it was altered there."""
    return BrokenHistory(
        f"位置 {position} 的事件无法读取，请运行 amends verify",
        f"the event at position {position} cannot be read: run `amends verify`",
    )


def contiguous(history: Iterable[Recorded], after: int = 0) -> Iterator[Recorded]:
    """The same facts, which follow that version; raises BrokenHistory where one is missing (I3)."""
    for wanted, recorded in enumerate(history, start=after + 1):
        if recorded.version != wanted:
            raise BrokenHistory(
                f"{recorded.complaint_id} 在位置 {recorded.position} 之前缺少版本 {wanted}，请运行 amends verify",
                f"{recorded.complaint_id}: version {wanted} is missing before position {recorded.position}: "
                "run `amends verify`",
            )
        yield recorded


def complaint_id(channel: str, external_ref: str) -> StreamId:
    """The id of a complaint, from the channel and the channel's own message id: a repeat collides (S004-1.2)."""
    return _uuid5(f"complaint/{channel}/{external_ref}")


def company_stream(name: str) -> StreamId:
    """The id of a company stream: `policies` or `organisation`."""
    return named_stream(f"company/{name}")


def named_stream(name: str) -> StreamId:
    """The id of the stream of that name; complaints have their own, above."""
    return _uuid5(name)


def _uuid5(name: str) -> StreamId:
    """str(uuid.uuid5(our namespace, name)) spelled out: a third of its cost, and every submission asks twice."""
    digest = bytearray(sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return StreamId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def as_json(recorded: Recorded, *, complaint: str | None = None) -> Mapping[str, Any]:
    """The event as outsiders see it (design, section 7); `complaint` replaces the id in rehearsals."""
    return {
        "position": recorded.position,
        "complaint_id": complaint or recorded.complaint_id,
        "version": recorded.version,
        "type": recorded.fact.TYPE,
        "v": recorded.fact.VERSION,
        "occurred_at": instant(recorded.occurred_at),
        "recorded_at": instant(recorded.recorded_at),
        "actor": {"kind": str(recorded.actor.kind), "id": recorded.actor.id},
        "causation": recorded.causation,
        "policy": recorded.policy,
        "data": recorded.fact.model_dump(mode="json"),
    }


def instant(moment: datetime) -> str:
    """An aware instant as UTC text, `2026-03-02T12:50:00.000000Z`: fixed width, so text order is time order.

    Raises ValueError for a time without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
