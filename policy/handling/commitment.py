"""Promises to the customer: which may be made, and which were kept, late or broken (S003-3.1, S001-18.10, S003-6.2)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from events.complaint import Complaint
from events.execution import Promise
from events.fact import Value
from events.vocabulary import Word
from policy.timing.calendars import Calendar
from policy.timing.durations import Span


class PromiseKind(Word):
    """What a promise is about: promise much about the way, little about the substance (S003-3.1)."""

    PROCESS = "process", "程序性承诺", "about the process"
    SUBSTANTIVE = "substantive", "实质性承诺", "about the substance"


class CommitmentRules(Value):
    """`[commitment]`: what can be promised and by when (S001-18.10, S003-3.1)."""

    source: tuple[str, ...]
    calendar: str
    """A promise is kept in these hours: there must be some of them before it falls due."""
    longest: Span
    """Nobody promises anything further ahead."""
    substantive: tuple[str, ...] = ()
    """Words that promise substance, whatever the promise is called."""


class Register(NamedTuple):
    """The promises of a complaint and what became of them (S003-6.2)."""

    kept: tuple[Promise, ...] = ()
    """In time; exactly at the instant is in time."""
    late: tuple[Promise, ...] = ()
    """Kept after it."""
    broken: tuple[Promise, ...] = ()
    """Not kept although the instant passed."""
    pending: tuple[Promise, ...] = ()
    """Still ahead."""


def register(complaint: Complaint, now: datetime) -> Register:
    """Each promise in its place, at that moment (S003-6.2)."""
    promises = complaint.execution.promises
    kept = tuple(p for p in promises if p.kept_at is not None)
    owed = tuple(p for p in promises if p.kept_at is None)
    return Register(
        kept=tuple(p for p in kept if not p.is_broken(now)),
        late=tuple(p for p in kept if p.is_broken(now)),
        broken=tuple(p for p in owed if p.is_broken(now)),
        pending=tuple(p for p in owed if not p.is_broken(now)),
    )


def is_feasible(by: datetime, now: datetime, calendar: Calendar, rules: CommitmentRules) -> bool:
    """Whether it can be kept: ahead, not too far, and somebody works before it falls due (S001-18.10)."""
    return by <= now + rules.longest and bool(calendar.open_time(now, by))


def kind_of(what: str, amount: Decimal | None, kind: PromiseKind, rules: CommitmentRules) -> PromiseKind:
    """Substantive when it is called so, names money, or says so in its words (S003-3.1, S001-9.3)."""
    words = what.casefold()
    is_substance = amount is not None or any(word in words for word in rules.substantive)
    return PromiseKind.SUBSTANTIVE if is_substance else kind
