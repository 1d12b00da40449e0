"""The wanted streams and consumers; make, compare, refuse to run on a difference (pitfalls A3, B6, E1)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final, NamedTuple

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    Base,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    ReplayPolicy,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from events import subjects
from events.subjects import DURABLES, STREAMS_USED, Durable, Role, Stream, durables_of

MIB: Final = 1 << 20
GIB: Final = 1 << 30

MAX_DELIVER: Final = -1
"""Unlimited: events.delivery alone decides what is given up, and writes the dead letter.

Deliveries also count while the ledger is away or a worker dies, so any number would in the end strand a submission
that lives here alone. Should somebody set one, DEAD records what it strands (GIVEN_UP_SUBJECTS).
"""


@dataclass(frozen=True)
class StreamSettings:
    """Sizes and replicas; every stream is bounded by bytes (reliability, I10), all reserved on disk."""

    replicas: int = 1
    """1 on one machine, 3 in a cluster."""
    intake_bytes: int = 512 * MIB
    complaints_bytes: int = GIB
    nudges_bytes: int = 256 * MIB
    agenda_bytes: int = GIB
    """About a hundred times what 20,000 open complaints need, for a full AGENDA drops its oldest timers."""
    dead_bytes: int = 256 * MIB
    ack_wait_seconds: float = 30.0
    """Longer than the slowest handler (pitfalls A4)."""
    max_ack_pending: int = 2_000
    """Unacknowledged messages of one consumer: ten pulls of 200."""


class Wanted(NamedTuple):
    """What should be there."""

    streams: tuple[StreamConfig, ...]
    consumers: tuple[tuple[Stream, ConsumerConfig], ...]


class Difference(NamedTuple):
    """One place where the broker is not as wanted."""

    what: str
    """`stream INTAKE`, `consumer NUDGES/workflow`."""
    field: str | None
    """None: the whole thing is missing."""
    wanted: object = None
    actual: object = None

    def __str__(self) -> str:
        if self.field is None:
            return f"{self.what} is missing"
        return f"{self.what}: {self.field} is {self.actual!r}, wanted {self.wanted!r}"


class StreamsDiffer(Exception):
    """The broker's streams or consumers are not as this release wants them: run `amends setup`."""

    def __init__(self, differences: Iterable[Difference], why: str = "") -> None:
        self.differences = tuple(differences)
        lines = [
            self.__doc__ or "",
            *(f"  {difference}" for difference in self.differences),
            why,
        ]
        super().__init__("\n".join(line for line in lines if line))


def wanted(settings: StreamSettings, role: Role = Role.OPERATOR) -> Wanted:
    """All streams and consumers, or those a role uses and may look at."""
    used = STREAMS_USED[role]
    durables = DURABLES if role in (Role.OPERATOR, Role.SETUP) else durables_of(role)
    return Wanted(
        tuple(stream for stream in _streams(settings) if stream.name in used),
        tuple((durable.stream, _consumer(durable, settings)) for durable in durables),
    )


async def differences(js: JetStreamContext, wanted: Wanted) -> list[Difference]:
    """Every place where the broker is not as wanted; empty when it is."""
    found: list[Difference] = []
    for stream in wanted.streams:
        found += await _stream_differences(js, stream)
    for name, consumer in wanted.consumers:
        found += await _consumer_differences(js, name, consumer)
    return found


async def set_up(js: JetStreamContext, settings: StreamSettings) -> list[str]:
    """Bring the broker to what is wanted and tell what was different before; a second call finds nothing.

    Raises StreamsDiffer for what the server will not change, such as a retention policy.
    """
    target = wanted(settings)
    before = await differences(js, target)
    try:
        await _apply(js, target, before)
    except APIError as refused:
        raise StreamsDiffer(before, why=f"the server refused: {refused.description}") from refused
    # Read back: the server adjusts some settings without a word (pitfalls D5).
    await check(js, settings)
    return [str(difference) for difference in before]


async def check(js: JetStreamContext, settings: StreamSettings, role: Role = Role.OPERATOR) -> None:
    """Raise StreamsDiffer unless what the role uses is as wanted; services call it before they run."""
    found = await differences(js, wanted(settings, role))
    if found:
        raise StreamsDiffer(found)


async def fill(js: JetStreamContext, settings: StreamSettings) -> dict[Stream, float]:
    """How full each stream is, 0..1: ask before AGENDA or NUDGES reach their bound."""
    levels: dict[Stream, float] = {}
    for stream in wanted(settings).streams:
        info = await js.stream_info(_name(stream))
        levels[Stream(_name(stream))] = info.state.bytes / (stream.max_bytes or 1)
    return levels


def _streams(settings: StreamSettings) -> tuple[StreamConfig, ...]:
    return (
        _intake(settings),
        _complaints(settings),
        _nudges(settings),
        _agenda(settings),
        _dead(settings),
    )


def _intake(settings: StreamSettings) -> StreamConfig:
    """Discard new: a channel is told that we are full, and nothing accepted is lost."""
    return _stream(
        settings,
        name=Stream.INTAKE.value,
        description="Submissions of channels until the ledger holds them; the only copy, so sync every write",
        subjects=[subjects.INTAKE_SUBJECTS],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=settings.intake_bytes,
        duplicate_window=120.0,
    )


def _complaints(settings: StreamSettings) -> StreamConfig:
    """Discard old, the ledger keeps all; never by age, the relay resumes from the last one (design, 4)."""
    return _stream(
        settings,
        name=Stream.COMPLAINTS.value,
        description="Every event of the ledger in ledger order, written by the relay alone",
        subjects=[subjects.COMPLAINTS_SUBJECTS],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        max_bytes=settings.complaints_bytes,
        allow_atomic=True,
        deny_delete=True,
        deny_purge=True,
    )


def _nudges(settings: StreamSettings) -> StreamConfig:
    """Discard new: a lost nudge is a complaint nobody looks at, so the relay stops and says so."""
    return _stream(
        settings,
        name=Stream.NUDGES.value,
        description="Which complaints a service should look at, many to a message",
        subjects=[subjects.NUDGES_SUBJECTS],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=settings.nudges_bytes,
        allow_atomic=True,
    )


def _agenda(settings: StreamSettings) -> StreamConfig:
    """Timers in a stream of their own (pitfalls D5); the server allows no discard-new with schedules (10052).

    One message a subject: publishing again replaces the timer, and a backlog holds one look a complaint. To
    cancel a timer, replace it with an empty message without schedule and with `Nats-TTL: 1s`; that needs no
    right to purge.
    """
    return _stream(
        settings,
        name=Stream.AGENDA.value,
        description="Timers: agenda.<service>.<complaint> waits, due.<service>.<complaint> has fired",
        subjects=[subjects.AGENDA_SUBJECTS, subjects.DUE_SUBJECTS],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.OLD,
        max_bytes=settings.agenda_bytes,
        max_msgs_per_subject=1,
        allow_msg_schedules=True,
        allow_atomic=True,
        allow_msg_ttl=True,
        # The server switches this on with schedules; named so that the comparison expects it.
        allow_rollup_hdrs=True,
    )


def _dead(settings: StreamSettings) -> StreamConfig:
    """Discard new: no dead letter pushes out another; when DEAD is full, the message stays where it is."""
    return _stream(
        settings,
        name=Stream.DEAD.value,
        description="Messages no retry will cure, with bytes and reason; and what the broker itself gave up",
        subjects=[subjects.DEAD_SUBJECTS, subjects.GIVEN_UP_SUBJECTS],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        max_bytes=settings.dead_bytes,
    )


def _stream(settings: StreamSettings, **ours: Any) -> StreamConfig:
    """What every stream shares, and every default spelled out, so that a changed one is seen."""
    shared: dict[str, Any] = {
        "storage": StorageType.FILE,
        "num_replicas": settings.replicas,
        "max_consumers": -1,
        "max_msgs": -1,
        "max_age": 0.0,
        # Ids cost memory, by default for 2 minutes, and are an optimisation only (reliability, section 2).
        "duplicate_window": 1.0,
        "compression": StoreCompression.NONE,
        "allow_direct": False,
    }
    return StreamConfig(**{**shared, **ours})


def _consumer(durable: Durable, settings: StreamSettings) -> ConsumerConfig:
    return ConsumerConfig(
        name=durable.name,
        durable_name=durable.name,
        description=f"Pulled by {durable.role.value}",
        filter_subject=durable.filter,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        replay_policy=ReplayPolicy.INSTANT,
        ack_wait=settings.ack_wait_seconds,
        max_deliver=MAX_DELIVER,
        max_ack_pending=settings.max_ack_pending,
        max_waiting=512,
    )


async def _apply(js: JetStreamContext, target: Wanted, found: list[Difference]) -> None:
    missing = {difference.what for difference in found if difference.field is None}
    changed = {difference.what for difference in found} - missing
    for stream in target.streams:
        if _stream_title(stream) in missing:
            await js.add_stream(stream)
        elif _stream_title(stream) in changed:
            await js.update_stream(stream)
    for name, consumer in target.consumers:
        # The same call creates and updates (pitfalls B6).
        if _consumer_title(name, consumer) in missing | changed:
            await js.add_consumer(name.value, consumer)


async def _stream_differences(js: JetStreamContext, stream: StreamConfig) -> list[Difference]:
    try:
        info = await js.stream_info(_name(stream))
    except NotFoundError:
        return [Difference(_stream_title(stream), None)]
    return _compare(_stream_title(stream), stream, info.config)


async def _consumer_differences(js: JetStreamContext, stream: Stream, consumer: ConsumerConfig) -> list[Difference]:
    title = _consumer_title(stream, consumer)
    try:
        info = await js.consumer_info(stream.value, _name(consumer))
    except NotFoundError:
        return [Difference(title, None)]
    if info.config is None:
        return [Difference(title, None)]
    return _compare(title, consumer, info.config)


def _compare(what: str, ours: Base, theirs: Base) -> list[Difference]:
    found: list[Difference] = []
    for name in (field.name for field in fields(ours)):
        want, have = _plain(getattr(ours, name)), _plain(getattr(theirs, name))
        if want != have:
            found.append(Difference(what, name, want, have))
    return found


def _plain(value: Any) -> Any:
    """A setting as both sides spell it: plain words, None for whatever is off, no notes of the server."""
    if isinstance(value, Base):
        value = value.as_dict()
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if not key.startswith("_nats.")}
    if isinstance(value, Enum):
        value = value.value
    return value or None


def _name(config: StreamConfig | ConsumerConfig) -> str:
    return config.name or ""


def _stream_title(stream: StreamConfig) -> str:
    return f"stream {stream.name}"


def _consumer_title(stream: Stream, consumer: ConsumerConfig) -> str:
    return f"consumer {stream.value}/{consumer.name}"
