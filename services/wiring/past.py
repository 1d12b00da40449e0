"""A recorded history as the inputs of a re-run: what people, customers and channels did, and how messages ended.

What our services decided is left out: the re-run decides it anew (ADR 0017).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.envelope import History, Recorded
from events.execution import RefundPaid, StepCompleted
from events.fact import Fact
from events.handling import Assigned, Classified, Escalated
from events.learning import ActionPlanned
from events.links import Linked, Unlinked
from events.participation import ActRefused, HandedOver
from events.reception import Received
from events.solution import ApprovalRequested, ApprovalWithdrawn
from events.tokens import customer_of
from events.vocabulary import ActorKind, Audience, Medium, Outcome, Service
from services.notifier.senders.port import Delivered, Refused, Sent, Unknown

OURS = frozenset({Service.WORKFLOW.value, Service.NOTIFIER.value})
"""Services whose decisions are made anew."""


class Input(NamedTuple):
    """Facts that came in at one moment by one act; our services look only after all of them."""

    facts: tuple[Recorded, ...]

    @property
    def at(self) -> datetime:
        """When the ledger had it: before, nobody of us could know."""
        return self.facts[0].recorded_at

    @property
    def by_person(self) -> str | None:
        """Who acted, where a person did."""
        actor = self.facts[0].actor
        return actor.id if actor.kind is ActorKind.PERSON else None


class Past(NamedTuple):
    """One complaint as it was, made ready to be lived again."""

    history: History
    inputs: tuple[Input, ...]
    ends: "Ends"
    is_readable: bool
    """False where its customer's key is gone: then it keeps the classification it had."""


def past_of(history: History) -> Past:
    """The inputs of a recorded history."""
    first = history[0].fact
    is_readable = not (isinstance(first, Received) and customer_of(first.text))
    kept = [recorded for recorded in history if not is_ours(recorded)]
    if not is_readable:
        kept[1:1] = _first_classification(history)
    return Past(history, tuple(_inputs(kept)), Ends(history), is_readable)


def is_ours(recorded: Recorded) -> bool:
    """One of our services decided it at a look of its own; a refused try is somebody else's act."""
    actor = recorded.actor
    return actor.kind is ActorKind.SYSTEM and actor.id in OURS and not isinstance(recorded.fact, ActRefused)


def _first_classification(history: History) -> list[Recorded]:
    """As if it came with the complaint: nobody can read the words any more and decide anew."""
    sorted_ = (recorded for recorded in history if isinstance(recorded.fact, Classified) and is_ours(recorded))
    return [recorded._replace(recorded_at=history[0].recorded_at) for recorded in sorted_][:1]


def _inputs(kept: Sequence[Recorded]) -> Iterator[Input]:
    facts: list[Recorded] = []
    for recorded in kept:
        if facts and not _goes_with(recorded, facts[-1]):
            yield Input(tuple(facts))
            facts = []
        facts.append(recorded)
    if facts:
        yield Input(tuple(facts))


def _goes_with(recorded: Recorded, last: Recorded) -> bool:
    """Of the same act, or a link that a rule made before any of us looked."""
    if recorded.recorded_at != last.recorded_at:
        return False
    if isinstance(recorded.fact, Classified) and is_ours(recorded):
        return True
    if recorded.version != last.version + 1:
        return False
    by_rule = recorded.actor.kind is ActorKind.SYSTEM and isinstance(recorded.fact, Linked | Unlinked)
    of_one_act = recorded.actor == last.actor and recorded.causation == last.causation
    return by_rule or (of_one_act and recorded.occurred_at == last.occurred_at and not _begins(recorded, last))


def _begins(recorded: Recorded, last: Recorded) -> bool:
    """Two commands of one person in one moment, without ids of their own: what never comes first goes on."""
    if recorded.causation is not None or isinstance(recorded.fact, _NEVER_FIRST):
        return False
    return not any(isinstance(last.fact, before) and isinstance(recorded.fact, then) for before, then in _LEADS_ON)


_NEVER_FIRST = (ApprovalWithdrawn, ApprovalRequested, ActionPlanned)
_LEADS_ON: tuple[tuple[tuple[type[Fact], ...], type[Fact]], ...] = (
    ((Assigned, HandedOver), Escalated),
    ((RefundPaid, StepCompleted), StepCompleted),
)
"""Facts by which one command may end that begin another one elsewhere."""


Way = tuple[Audience, str, Medium, str]
"""To whom a message went: the same way, first to last, the same ends."""


class Ends:
    """How messages ended in the past, asked in the order they start: the next one of the same way and kind.

    A message nobody sent then ends as the last one before it did by that medium to that audience; where there was
    none, it arrives.
    """

    def __init__(self, history: History) -> None:
        ended = _ended(history)
        self._by_way: dict[Way, list[Sent]] = {}
        self._by_medium: dict[tuple[Audience, Medium], list[tuple[datetime, Sent]]] = {}
        for recorded in history:
            fact = recorded.fact
            if isinstance(fact, ContactStarted):
                sent = ended.get(fact.key) or Unknown("no end is recorded")
                self._by_way.setdefault(way_of(fact), []).append(sent)
                behaved = self._by_medium.setdefault((fact.audience, fact.medium), [])
                behaved.append((recorded.occurred_at, sent))

    def of(self, fact: ContactStarted, number: int, now: datetime) -> Sent:
        """How that message ends, the `number`th of its way, from 0."""
        known = self._by_way.get(way_of(fact), [])
        if number < len(known):
            return known[number]
        behaved = self._by_medium.get((fact.audience, fact.medium), [])
        before = [sent for at, sent in behaved if at <= now]
        return before[-1] if before else Delivered("whatif")


def way_of(fact: ContactStarted) -> Way:
    """Its way: notices carry versions in their names, which differ from run to run, so their kind counts."""
    return fact.audience, fact.kind.value, fact.medium, fact.recipient


def _ended(history: History) -> Mapping[str, Sent]:
    """The last word on each message."""
    ends: dict[str, Sent] = {}
    for recorded in history:
        fact = recorded.fact
        if isinstance(fact, Replied | StaffAlerted | RetryAttempted) and fact.contact is not None:
            ends[fact.contact] = _sent(fact)
    return ends


def _sent(fact: Replied | StaffAlerted | RetryAttempted) -> Sent:
    if isinstance(fact, RetryAttempted):
        return Unknown(fact.note) if fact.outcome is Outcome.UNKNOWN else Refused(fact.note, passing=False)
    if isinstance(fact, StaffAlerted) and not fact.delivered:
        return Refused(fact.note, passing=False)
    return Delivered(fact.receipt or "")
