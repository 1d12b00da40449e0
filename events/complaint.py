"""What we know of a complaint, the questions one may ask of it, and how each fact changes it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.envelope import History, Recorded, StreamId
from events.fact import Fact
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.reception import Customer, Received, Supplemented
from events.vocabulary import ActorKind, Audience, Category, Complexity, Medium, Outcome, Priority, ReplyKind


class Attempt(NamedTuple):
    """One outward message and how it ended."""

    key: str
    notice: str
    kind: ReplyKind
    audience: Audience
    medium: Medium
    recipient: str
    started_at: datetime
    ended_at: datetime | None = None
    succeeded: bool = False
    outcome: Outcome | None = None
    """Why it failed; None while it runs or when it succeeded."""
    counted: bool = False


class Escalation(NamedTuple):
    """One step up, and the version that recorded it."""

    version: int
    to_level: int
    person: str
    cause: str


class Breach(NamedTuple):
    """One missed deadline; the pair is its identity."""

    clock: str
    due_at: datetime


class Complaint(NamedTuple):
    """One complaint as its facts tell it. Immutable; `evolve` gives the next."""

    complaint_id: StreamId
    version: int
    policy: str
    number: str
    channel: str
    external_ref: str
    received_at: datetime
    text: str
    customer: Customer
    product: str | None
    scene: str | None
    demands: tuple[str, ...]
    accused: tuple[str, ...]
    contents: frozenset[str]
    """Digests of every content the channel sent."""
    category: Category | None = None
    priority: Priority | None = None
    complexity: Complexity | None = None
    flags: tuple[str, ...] = ()
    owner: str | None = None
    handler: str | None = None
    department: str | None = None
    level: int = 1
    escalations: tuple[Escalation, ...] = ()
    breaches: tuple[Breach, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    last_human_act: datetime | None = None

    @property
    def status(self) -> str:
        """One word for lists: received, classified, assigned, answered."""
        if self.is_answered:
            return "answered"
        if self.handler is not None:
            return "assigned"
        return "received" if self.category is None else "classified"

    @property
    def is_answered(self) -> bool:
        """A person has acted on it."""
        return self.last_human_act is not None

    @property
    def is_exhausted(self) -> bool:
        """The customer could not be reached within the window (S002-1.10)."""
        return any(attempt.outcome is Outcome.EXHAUSTED for attempt in self.attempts)

    def was_breached(self, clock: str, due_at: datetime) -> bool:
        """That missed deadline is recorded already."""
        return Breach(clock, due_at) in self.breaches

    def attempts_of(self, notice: str) -> tuple[Attempt, ...]:
        """All attempts at one message, first to last."""
        return tuple(attempt for attempt in self.attempts if attempt.notice == notice)


class Case(NamedTuple):
    """A complaint with the history it was folded from: what every decision looks at."""

    complaint: Complaint
    history: History


def fold(history: Iterable[Recorded], start: Complaint | None = None) -> Complaint:
    """The complaint its facts tell; raises ValueError for an empty history."""
    complaint = start
    for recorded in history:
        complaint = evolve(complaint, recorded)
    if complaint is None:
        raise ValueError("a complaint begins with Received")
    return complaint


def case(history: History) -> Case:
    """A history and what it tells."""
    return Case(fold(history), history)


def evolve(complaint: Complaint | None, recorded: Recorded) -> Complaint:
    """The complaint after one more fact; copies and adds, never refuses, computes no deadline."""
    if complaint is None:
        return _received(recorded)
    changes = _CHANGES[type(recorded.fact)](complaint, recorded.fact, recorded)
    changes["version"] = recorded.version
    if recorded.actor.kind is ActorKind.PERSON:
        changes["last_human_act"] = recorded.occurred_at
    return complaint._replace(**changes)


Changes = dict[str, Any]


def _received(recorded: Recorded) -> Complaint:
    fact = recorded.fact
    if not isinstance(fact, Received):
        raise ValueError(f"a complaint begins with Received, not {recorded.name}")
    return Complaint(
        complaint_id=recorded.complaint_id,
        version=recorded.version,
        policy=recorded.policy or "",
        number=fact.number,
        channel=fact.channel,
        external_ref=fact.external_ref,
        received_at=recorded.occurred_at,
        text=fact.text,
        customer=fact.customer,
        product=fact.product,
        scene=fact.scene,
        demands=fact.demands,
        accused=fact.accused,
        contents=frozenset({fact.content_sha256}),
    )


def _supplemented(complaint: Complaint, fact: Supplemented, _: Recorded) -> Changes:
    return {
        "demands": tuple(dict.fromkeys(complaint.demands + fact.demands)),
        "contents": complaint.contents | {fact.content_sha256},
    }


def _classified(_: Complaint, fact: Classified, __: Recorded) -> Changes:
    return {
        "category": fact.category,
        "priority": fact.priority,
        "complexity": fact.complexity,
        "flags": fact.flags,
    }


def _assigned(_: Complaint, fact: Assigned, __: Recorded) -> Changes:
    return {"owner": fact.owner, "handler": fact.handler, "department": fact.department}


def _escalated(complaint: Complaint, fact: Escalated, recorded: Recorded) -> Changes:
    step = Escalation(recorded.version, fact.to_level, fact.person, fact.cause)
    return {"level": fact.to_level, "escalations": (*complaint.escalations, step)}


def _clock_breached(complaint: Complaint, fact: ClockBreached, _: Recorded) -> Changes:
    return {"breaches": (*complaint.breaches, Breach(fact.clock, fact.due_at))}


def _contact_started(complaint: Complaint, fact: ContactStarted, recorded: Recorded) -> Changes:
    attempt = Attempt(
        key=fact.key,
        notice=fact.notice,
        kind=fact.kind,
        audience=fact.audience,
        medium=fact.medium,
        recipient=fact.recipient,
        started_at=recorded.occurred_at,
    )
    return {"attempts": (*complaint.attempts, attempt)}


def _replied(complaint: Complaint, fact: Replied, recorded: Recorded) -> Changes:
    return _ended(complaint, fact.contact, recorded, succeeded=True)


def _staff_alerted(complaint: Complaint, fact: StaffAlerted, recorded: Recorded) -> Changes:
    outcome = None if fact.delivered else Outcome.FAILED
    return _ended(complaint, fact.contact, recorded, succeeded=fact.delivered, outcome=outcome)


def _retry_attempted(complaint: Complaint, fact: RetryAttempted, recorded: Recorded) -> Changes:
    if fact.contact is not None:
        return _ended(complaint, fact.contact, recorded, outcome=fact.outcome, counted=fact.counted)
    tried = Attempt(
        key=f"version-{recorded.version}",
        notice=fact.kind,
        kind=fact.kind,
        audience=Audience.CUSTOMER,
        medium=fact.medium,
        recipient="",
        started_at=recorded.occurred_at,
        ended_at=recorded.occurred_at,
        outcome=fact.outcome,
        counted=fact.counted,
    )
    return {"attempts": (*complaint.attempts, tried)}


def _ended(complaint: Complaint, key: str | None, recorded: Recorded, **how: Any) -> Changes:
    """The attempts with the one of that key ended; a late truth overwrites an earlier `unknown`."""
    return {
        "attempts": tuple(
            attempt._replace(ended_at=recorded.occurred_at, **{"outcome": None, **how})
            if attempt.key == key
            else attempt
            for attempt in complaint.attempts
        )
    }


_CHANGES: dict[type[Fact], Callable[[Complaint, Any, Recorded], Changes]] = {
    Supplemented: _supplemented,
    Classified: _classified,
    Assigned: _assigned,
    Escalated: _escalated,
    ClockBreached: _clock_breached,
    ContactStarted: _contact_started,
    Replied: _replied,
    RetryAttempted: _retry_attempted,
    StaffAlerted: _staff_alerted,
}
