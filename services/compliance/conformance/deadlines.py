"""Which deadlines a complaint missed, worked out from the primary facts alone: no recorded breach is believed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from events.complaint import Breach, Complaint
from events.envelope import History, Recorded
from events.handling import ClockBreached
from events.participation import PolicyMigrated
from policy.contacting.staff_notices import keeper
from policy.policy import Policy
from policy.timing.clocks import ClockReading
from services.compliance.conformance.examined import Examined

NOTICED_WITHIN = timedelta(minutes=1)
"""How long the services may take to look once something is due: a timer fires within a tenth of a second, a busy
machine needs seconds; after an outage whatever was owed is late, and is told so."""


def whole(length: timedelta) -> timedelta:
    """A length as people say it: without parts of a second, unless it is no longer than one."""
    return length if length < timedelta(seconds=1) else length - timedelta(microseconds=length.microseconds)


class Missed(NamedTuple):
    """One deadline that passed before what stops its clock had happened."""

    reading: ClockReading
    policy: Policy
    due_at: datetime
    found: bool = True
    """False: only the record says so, and it was right when it was made (a late word does not undo it)."""

    @property
    def breach(self) -> Breach:
        """Its identity, as a recorded breach names it."""
        return Breach(self.reading.clock, self.due_at, self.reading.key)


def readings(of: Examined) -> tuple[ClockReading, ...]:
    """Every deadline of every clock, at the end, under the policy in force then."""
    return of.policy.clocks.readings(of.once(primary), of.complaint, of.until)


def primary(of: Examined) -> History:
    """The history without what was recorded about its deadlines."""
    return _without_breaches(of.history) if of.has(ClockBreached) else of.history


def missed(of: Examined) -> tuple[Missed, ...]:
    """Every deadline missed by `until`, in order of due time; of a complaint moved to another policy by both (M8)."""
    found: dict[Breach, Missed] = {}
    for moved in of.all(PolicyMigrated):
        _add(found, of, of.upto(moved.version - 1), of.before(moved.version), moved.occurred_at)
    _add(found, of, of.history, of.complaint, of.until)
    for recorded in of.all(ClockBreached):
        _stands(found, of, recorded)
    return tuple(sorted(found.values(), key=lambda miss: (miss.due_at, miss.reading.clock)))


def _add(found: dict[Breach, Missed], of: Examined, history: History, known: Complaint, until: datetime) -> None:
    policy = of.company.policy(known.policy)
    history = of.once(primary) if history is of.history else _without_breaches(history)
    # What was missed under the former policy is what we found there, not what was recorded.
    known = known._replace(breaches=tuple(found)) if known.migrated_at is not None else known
    for reading in policy.clocks.breached(history, known, until):
        if reading.due_at is not None:
            miss = Missed(reading, policy, reading.due_at)
            found.setdefault(miss.breach, miss)


def _stands(found: dict[Breach, Missed], of: Examined, recorded: Recorded) -> None:
    """A breach that was true when recorded stands, whatever is told later of an earlier time (policy/timing)."""
    fact = recorded.fact
    if not isinstance(fact, ClockBreached) or Breach(fact.clock, fact.due_at, fact.key) in found:
        return
    if of.before(recorded.version).migrated_at is not None:
        return  # the record alone cannot tell under which policy it was judged
    then = of.before(recorded.version)
    policy = of.company.policy(then.policy)
    for reading in policy.clocks.breached(_without_breaches(of.upto(recorded.version - 1)), then, recorded.recorded_at):
        if reading.due_at is not None and Breach(reading.clock, reading.due_at, reading.key) == Breach(
            fact.clock, fact.due_at, fact.key
        ):
            found[Breach(fact.clock, fact.due_at, fact.key)] = Missed(reading, policy, reading.due_at, found=False)


def _without_breaches(history: History) -> History:
    return History(recorded for recorded in history if not isinstance(recorded.fact, ClockBreached))


def responsible(of: Examined, miss: Missed) -> str | None:
    """Who had it to do when it fell due: who took it on, else the handler, else the owner; nobody for a machine's."""
    if miss.policy.clocks.specs[miss.reading.clock].kept_by == "machine":
        return None
    then = of.at(miss.due_at)
    named = keeper(then, miss.reading.key) if miss.reading.key else None
    return named or then.handler or then.owner
