"""Load, decide, append, and again where somebody else was faster: the loop every service shares."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from events.cases import grown
from events.complaint import Case, Complaint
from events.envelope import Actor, Entry, History, Recorded, StreamId
from events.fact import Fact
from events.folding import evolve
from events.ledger import Append, Clock, Conflict, Writer
from events.vocabulary import ActorKind

log = structlog.get_logger()

TURNS = 8
"""How often one look decides again after conflicts before it leaves the rest to a retry."""


class Decision(NamedTuple):
    """What a look at one complaint led to."""

    entries: tuple[Entry, ...] = ()
    look_at: datetime | None = None
    """When to look again if nothing happens before."""
    after: Complaint | None = None
    """The complaint once the entries are recorded."""


Decide = Callable[[Case, datetime], Decision]


class Settled(NamedTuple):
    """What became of one look at many complaints."""

    appended: Mapping[StreamId, Sequence[Recorded]]
    looks: Mapping[StreamId, datetime]
    failed: Mapping[StreamId, Exception]
    """Complaints whose decision raised, or that stayed contested; the others are done."""
    cases: Mapping[StreamId, Case]
    """The complaints to which something was appended, as the ledger has them now."""


async def settle(
    writer: Writer,
    clock: Clock,
    streams: Iterable[StreamId],
    decide: Decide,
    known: Mapping[StreamId, Case] | None = None,
) -> Settled:
    """Decide on each complaint as the ledger has it and append what was decided, all in few commits.

    Cases `known` from a moment ago are not loaded first: should somebody have been faster, the append conflicts
    and they are. Raises LedgerUnavailable; streams without facts are left out.
    """
    now_known: dict[StreamId, Case] = {}
    appended: dict[StreamId, Sequence[Recorded]] = {}
    looks: dict[StreamId, datetime] = {}
    failed: dict[StreamId, Exception] = {}
    waiting = list(dict.fromkeys(streams))
    for _ in range(TURNS):
        cases = {stream: known[stream] for stream in waiting if stream in known} if known else {}
        if unknown := [stream for stream in waiting if stream not in cases]:
            cases |= await asyncio.to_thread(writer.ledger.cases.load_many, unknown, failed)
        decisions = _decide_all(cases, decide, clock(), looks, failed)
        waiting, known = [], None
        for outcome in await writer.append_all(_appends(cases, decisions)):
            if isinstance(outcome, Conflict):
                waiting.append(outcome.stream)
                continue
            stream = outcome[0].complaint_id
            appended[stream] = outcome
            now_known[stream] = _afterwards(cases[stream], decisions[stream], outcome)
            writer.ledger.cases.remember(now_known[stream])
        if not waiting:
            return Settled(appended, looks, failed, now_known)
    failed.update({stream: Contested(f"{stream} changed {TURNS} times while deciding") for stream in waiting})
    return Settled(appended, looks, failed, now_known)


class Contested(Exception):
    """Others wrote to the complaint at every turn: passing, a retry cures it."""


def _decide_all(
    cases: Mapping[StreamId, Case],
    decide: Decide,
    now: datetime,
    looks: dict[StreamId, datetime],
    failed: dict[StreamId, Exception],
) -> dict[StreamId, Decision]:
    decisions = {}
    for stream, case in cases.items():
        try:
            decision = decide(case, now)
        except Exception as failure:  # catch-all: one complaint's failure must not stop the others (I9)
            log.exception("decision failed", complaint=stream)
            failed[stream] = failure
            continue
        looks.pop(stream, None)
        if decision.look_at is not None:
            looks[stream] = decision.look_at
        decisions[stream] = decision
    return decisions


def _appends(cases: Mapping[StreamId, Case], decisions: Mapping[StreamId, Decision]) -> list[Append]:
    return [
        Append(stream, cases[stream].history.version, decision.entries)
        for stream, decision in decisions.items()
        if decision.entries
    ]


def _afterwards(case: Case, decision: Decision, recorded: Sequence[Recorded]) -> Case:
    """The case with what was decided on it, now that the ledger holds it."""
    if decision.after is None:
        return grown(case, recorded)
    return Case(decision.after, History((*case.history, *recorded)))


class Draft:
    """A case with facts decided but not yet recorded, so that the next rule sees the last one's outcome."""

    def __init__(self, case: Case, service: str, now: datetime) -> None:
        self.case = case
        self.entries: list[Entry] = []
        self._now = now
        self._actor = _system(service)
        self._causation = f"{case.complaint.complaint_id}/{case.complaint.version}"

    def add(self, fact: Fact) -> None:
        """Decide one more fact."""
        entry = Entry(fact, self._now, self._actor, self._causation, self.case.complaint.policy)
        self.entries.append(entry)
        self.case = ahead(self.case, entry)

    def decision(self, look_at: datetime | None) -> Decision:
        """What was decided."""
        return Decision(tuple(self.entries), look_at, self.case.complaint)


def ahead(case: Case, entry: Entry) -> Case:
    """The case as it will be once the entry is recorded."""
    complaint = case.complaint
    recorded = Recorded(0, complaint.complaint_id, complaint.version + 1, *_times(entry))
    return Case(evolve(complaint, recorded), History((*case.history, recorded)))


def _times(entry: Entry) -> tuple[Fact, datetime, datetime, Actor, str | None, str | None]:
    return entry.fact, entry.occurred_at, entry.occurred_at, entry.actor, entry.causation, entry.policy


_SYSTEM: dict[str, Actor] = {}


def _system(service: str) -> Actor:
    return _SYSTEM.setdefault(service, Actor(kind=ActorKind.SYSTEM, id=service))
