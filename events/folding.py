"""How each fact changes what we know: one short change per fact, grouped by phase of a complaint's life."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from events import ending, execution, learning, links, participation, privacy, solution, understanding, verification
from events.complaint import Attempt, Breach, Case, Complaint, Escalation
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.ending import Reopened
from events.envelope import Folds, History, Recorded
from events.fact import Fact
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.participation import ActRefused, HandedOver, Nudged, OwnerNamed, PolicyMigrated
from events.privacy import Erased, Restricted, RestrictionLifted
from events.reception import Received, Supplemented
from events.solution import CustomerAgreed, CustomerDeclined
from events.understanding import Labelled, UnderstandingConfirmed
from events.vocabulary import ActorKind, Audience, Mode, Outcome


def fold(history: Iterable[Recorded], start: Complaint | None = None) -> Complaint:
    """The complaint its facts tell; raises ValueError for an empty history."""
    facts = iter(history)
    first = start or next((_received(recorded) for recorded in facts), None)
    if first is None:
        raise ValueError("a complaint begins with Received")
    # A draft changed in place until the end: forty fields copied for every fact would be half of a replay's folding.
    draft = SimpleNamespace(**first._asdict())
    for recorded in facts:
        vars(draft).update(_told(draft, recorded))
    return Complaint(**vars(draft))


def case(history: History) -> Case:
    """A history and what it tells."""
    return Case(fold(history), history)


def evolve(complaint: Complaint | None, recorded: Recorded) -> Complaint:
    """The complaint after one more fact; copies and adds, never refuses, computes no deadline."""
    if complaint is None:
        return _received(recorded)
    return complaint._replace(**_told(complaint, recorded))


def _told(known: Any, recorded: Recorded) -> "Changes":
    """What one more fact changes; `known` is the complaint, or its draft with the same fields."""
    changes = _CHANGES[type(recorded.fact)](known, recorded.fact, recorded)
    changes["version"] = recorded.version
    if recorded.actor.kind is ActorKind.PERSON and not isinstance(recorded.fact, _NOT_HANDLING):
        changes["last_human_act"] = recorded.occurred_at
    return changes


_NOT_HANDLING = (PolicyMigrated, Labelled, Restricted, RestrictionLifted, Erased)
"""What people do about the record, not for the customer."""

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
        order_ref=fact.order_ref,
        product=fact.product,
        scene=fact.scene,
        demands=fact.demands,
        accused=fact.accused,
        attachments=fact.attachments,
        contents=frozenset({fact.content_sha256}),
    )


def _supplemented(complaint: Complaint, fact: Supplemented, recorded: Recorded) -> Changes:
    return {
        "demands": _with(complaint.demands, fact.demands),
        "accused": _with(complaint.accused, fact.accused),
        "attachments": complaint.attachments + fact.attachments,
        "contents": complaint.contents | {fact.content_sha256},
        "understanding": understanding.supplied(complaint.understanding, fact, recorded),
    }


def _with(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """What is known and what is new, each once; nothing is copied where nothing is new."""
    new = tuple(each for each in dict.fromkeys(more) if each not in known)
    return known + new if new else known


def _demanded(complaint: Complaint, fact: UnderstandingConfirmed, _: Recorded) -> Changes:
    demands = _with(complaint.demands, fact.demands)
    return {"demands": demands, "mode": Mode.ON_THE_SPOT if fact.on_the_spot else complaint.mode}


def _classified(_: Complaint, fact: Classified, __: Recorded) -> Changes:
    return {
        "category": fact.category,
        "priority": fact.priority,
        "complexity": fact.complexity,
        "nature": fact.nature,
        "mode": fact.mode,
        "flags": fact.flags,
        "sub": fact.sub,
        "signals": fact.signals,
    }


def _assigned(_: Complaint, fact: Assigned, __: Recorded) -> Changes:
    return {"owner": fact.owner, "handler": fact.handler, "department": fact.department}


def _handed_over(_: Complaint, fact: HandedOver, __: Recorded) -> Changes:
    return {"handler": fact.handler, "department": fact.department}


def _owner_named(_: Complaint, fact: OwnerNamed, __: Recorded) -> Changes:
    return {"owner": fact.owner}


def _policy_migrated(_: Complaint, fact: PolicyMigrated, recorded: Recorded) -> Changes:
    return {"policy": fact.to, "migrated_at": recorded.occurred_at}


def _reopened(complaint: Complaint, _: Reopened, recorded: Recorded) -> Changes:
    return {
        "mode": _dispatched(complaint),
        "verification": verification.begun_again(complaint.verification),
        "solution": solution.begun_again(complaint.solution, recorded.version),
        "execution": execution.begun_again(complaint.execution),
    }


def _declined(complaint: Complaint, _: CustomerDeclined, __: Recorded) -> Changes:
    return {"mode": _dispatched(complaint)}


def _agreed(complaint: Complaint, _: CustomerAgreed, __: Recorded) -> Changes:
    return {"execution": execution.begun_again(complaint.execution)}


def _dispatched(complaint: Complaint) -> Mode | None:
    # What the customer does not accept was not solved on the spot, whatever the agent thinks (S002-0.5).
    return complaint.mode and Mode.DISPATCHED


def _escalated(complaint: Complaint, fact: Escalated, recorded: Recorded) -> Changes:
    step = Escalation(recorded.version, fact.to_level, fact.person, fact.cause)
    return {"level": fact.to_level, "escalations": (*complaint.escalations, step)}


def _clock_breached(complaint: Complaint, fact: ClockBreached, _: Recorded) -> Changes:
    return {"breaches": (*complaint.breaches, Breach(fact.clock, fact.due_at, fact.key))}


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
        notice=fact.notice or fact.kind,
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


Change = Callable[[Complaint, Any, Recorded], Changes]


def _within(phase: str, change: Callable[[Any, Any, Recorded], Any]) -> Change:
    """A change of one phase of the complaint's life."""
    return lambda complaint, fact, recorded: {phase: change(getattr(complaint, phase), fact, recorded)}


def _both(first: Change, second: Change) -> Change:
    """Two changes by one fact, of different fields."""
    return lambda complaint, fact, recorded: first(complaint, fact, recorded) | second(complaint, fact, recorded)


_PHASES: Mapping[str, Folds] = {
    "understanding": understanding.CHANGES,
    "participation": participation.CHANGES,
    "links": links.CHANGES,
    "verification": verification.CHANGES,
    "solution": solution.CHANGES,
    "execution": execution.CHANGES,
    "ending": ending.CHANGES,
    "learning": learning.CHANGES,
    "privacy": privacy.CHANGES,
}
_OWN: Mapping[type[Fact], Change] = {
    Supplemented: _supplemented,
    Classified: _classified,
    Assigned: _assigned,
    Escalated: _escalated,
    ClockBreached: _clock_breached,
    ContactStarted: _contact_started,
    Replied: _replied,
    RetryAttempted: _retry_attempted,
    StaffAlerted: _staff_alerted,
    UnderstandingConfirmed: _demanded,
    HandedOver: _handed_over,
    OwnerNamed: _owner_named,
    PolicyMigrated: _policy_migrated,
    ActRefused: lambda *_: {},
    Nudged: lambda *_: {},
    CustomerDeclined: _declined,
    CustomerAgreed: _agreed,
    Reopened: _reopened,
}
"""What a fact changes of the complaint itself, beside its phase."""

_CHANGES: dict[type[Fact], Change] = dict(_OWN)
for _phase, _changes in _PHASES.items():
    for _fact, _change in _changes.items():
        _inner = _within(_phase, _change)
        _CHANGES[_fact] = _both(_CHANGES[_fact], _inner) if _fact in _CHANGES else _inner
