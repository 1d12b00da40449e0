"""Links that the rules make: a duplicate, a repeat, an incident, each mirrored on the other complaint (S004-1.2)."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.complaint import Case, Complaint
from events.envelope import Recorded, StreamId
from events.ledger import Clock, Writer
from events.links import Linked, Unlinked
from events.reconciler import Decision, Draft, Settled, settle
from events.vocabulary import ActorKind, Category, Relation, Service
from policy.people.organisation import Organisation
from policy.policy import Policy
from policy.registry import Policies
from policy.sorting.links import followers, is_duplicate, is_repeat
from services.intake.kinship import Found, Kinship

Cases = Mapping[StreamId, Case]


class Linking:
    """One look at many complaints: every link the rules demand, and the mirror of every link there is.

    First each complaint links itself, then those it names answer. A process that dies in between leaves a link
    without its mirror; the next look at the complaint that has it finds and mends that.
    """

    def __init__(self, writer: Writer, policies: Policies, clock: Clock) -> None:
        self._writer = writer
        self._policies = policies
        self._clock = clock
        self._kinship = Kinship(writer.ledger, policies, clock)
        self._asking = asyncio.Lock()

    async def look(self, streams: Iterable[StreamId]) -> Settled:
        """What belongs together among and beside these complaints; raises LedgerUnavailable."""
        wanted = list(dict.fromkeys(streams))
        found = await self._found(wanted)
        beside = await self._with_leads({stream for each in found.values() for stream in _named(each)})
        looked_at: dict[StreamId, Case] = {}

        def decide(case: Case, now: datetime) -> Decision:
            looked_at[case.complaint.complaint_id] = case
            policy = self._policies.get(case.complaint.policy)
            return link(case, found.get(case.complaint.complaint_id, Found()), beside, policy, now)

        first = await settle(self._writer, self._clock, dict.fromkeys([*wanted, *found]), decide)
        return await self._mirrored(first, {**looked_at, **first.cases})

    async def _found(self, streams: Sequence[StreamId]) -> dict[StreamId, Found]:
        # One at a time and in a thread: the first question reads all that the windows hold.
        async with self._asking:
            return await asyncio.to_thread(self._kinship.beside, streams)

    async def _cases(self, streams: set[StreamId]) -> Cases:
        if not streams:
            return {}
        return await asyncio.to_thread(self._writer.ledger.cases.load_many, sorted(streams), {})

    async def _with_leads(self, streams: set[StreamId]) -> Cases:
        """These complaints, and those they are merged into: a rule names who handles the matter (ADR 0013)."""
        known: dict[StreamId, Case] = {}
        while streams:
            new = await self._cases(streams)
            known |= new
            leads = (case.complaint.links.merged_into for case in new.values())
            streams = {lead for lead in leads if lead is not None} - known.keys()
        return known

    async def _mirrored(self, first: Settled, cases: Cases) -> Settled:
        """The same, once every complaint that is named has answered."""
        owed: dict[StreamId, list[Word]] = {}
        for case in cases.values():
            for word in own_words(case):
                owed.setdefault(word.fact.to, []).append(word)
        if not owed:
            return first

        def answer(case: Case, now: datetime) -> Decision:
            policy, organisation = self._policies.get(case.complaint.policy), self._policies.organisation
            return mirror(case, owed[case.complaint.complaint_id], policy, organisation, now)

        second = await settle(self._writer, self._clock, owed, answer)
        # The one that waits for the answer is looked at again: it alone knows what is missing.
        failed = {word.by: failure for stream, failure in second.failed.items() for word in owed[stream]}
        appended = {stream: [*first.appended.get(stream, ()), *new] for stream, new in second.appended.items()}
        return Settled({**first.appended, **appended}, {}, {**first.failed, **failed}, {**first.cases, **second.cases})


def _named(found: Found) -> Iterator[StreamId]:
    yield from found.earlier
    if found.incident is not None:
        yield found.incident.head


def link(case: Case, found: Found, beside: Cases, policy: Policy, now: datetime) -> Decision:
    """The links of one complaint to earlier ones that a rule demands and nobody made or undid (M15)."""
    draft = Draft(case, Service.INTAKE, now)
    earlier = [beside[stream].complaint for stream in found.earlier if stream in beside]
    to_earlier = _to_earlier(case.complaint, earlier, beside, policy)
    for linked in (to_earlier, _to_incident(case.complaint, found, beside)):
        if linked is not None:
            draft.add(linked)
    return draft.decision(None)


def _to_earlier(complaint: Complaint, earlier: Sequence[Complaint], beside: Cases, policy: Policy) -> Linked | None:
    """A duplicate of the first that tells the same; else a repeat of the first about the same (S004-1.2, S002-4.2).

    Where the earlier one is merged itself, the link names the complaint it is handled in.
    """
    links = [link for link in (*complaint.links.every, *complaint.links.undone) if link.relation in _ALONE]
    # Once a person undid such a link, what the complaint belongs to is no matter of rules any more (M15).
    if complaint.ending.closed is not None or any(not link.leads for link in links):
        return None
    rules = policy.document.links
    follow = {complaint.complaint_id, *(link.to for link in links)}
    handled_in = ((other, _lead_of(other, beside)) for other in earlier if other.complaint_id not in follow)
    others = [(other, lead) for other, lead in handled_in if lead is not None and lead.complaint_id not in follow]

    def category(each: Complaint) -> Category:
        return each.category or policy.triager.classify(each.text, demands=each.demands, scene=each.scene).category

    for other, lead in others:
        if lead.ending.closed is None and is_duplicate(complaint, other, rules, policy.triager.normal):
            accused = tuple(dict.fromkeys((*complaint.accused, *other.accused, *lead.accused)))
            return Linked(to=lead.complaint_id, relation=Relation.DUPLICATE, reason="links.duplicate", accused=accused)
    for other, lead in others:
        if is_repeat(complaint, other, rules, category):
            return Linked(to=lead.complaint_id, relation=Relation.REPEAT, reason="links.repeat")
    return None


def _lead_of(complaint: Complaint, beside: Cases) -> Complaint | None:
    """The complaint it is handled in, mostly itself; None where that cannot be told (two merged into each other)."""
    passed = {complaint.complaint_id}
    while (lead := complaint.links.merged_into) is not None:
        if lead in passed or lead not in beside:
            return None
        passed.add(lead)
        complaint = beside[lead].complaint
    return complaint


_ALONE = (Relation.DUPLICATE, Relation.REPEAT)
"""A complaint is one of these once at the most."""


def _to_incident(complaint: Complaint, found: Found, beside: Cases) -> Linked | None:
    """A member names the head, or the head's own head where the incident is older than our memory (S004-2.3)."""
    if found.incident is None or _head_of(complaint) is not None:
        return None
    head = found.incident.head
    if head in beside:
        head = _head_of(beside[head].complaint) or head
    undone = {link.to for link in complaint.links.undone if link.relation is Relation.INCIDENT}
    if head in undone or head == complaint.complaint_id:
        return None
    return Linked(to=head, relation=Relation.INCIDENT, reason=found.incident.reason)


def _head_of(complaint: Complaint) -> StreamId | None:
    """The incident it is a member of; a head is a member of none."""
    every = complaint.links.every
    return next((link.to for link in every if link.relation is Relation.INCIDENT and not link.leads), None)


class Word(NamedTuple):
    """The last thing one complaint says of its link to another, and where in the ledger."""

    by: StreamId
    fact: Linked | Unlinked
    position: int


def own_words(case: Case) -> Iterator[Word]:
    """What the complaint says of its links by itself: a person's word or a rule's, not an answer to the other's."""
    for recorded in _last_words(case).values():
        fact = recorded.fact
        by_rule = isinstance(fact, Linked) and not fact.leads
        if isinstance(fact, Linked | Unlinked) and (by_rule or recorded.actor.kind is ActorKind.PERSON):
            yield Word(case.complaint.complaint_id, fact, recorded.position)


def mirror(case: Case, words: Sequence[Word], policy: Policy, organisation: Organisation, now: datetime) -> Decision:
    """What a complaint answers to those that name it: the same the other way round; the later word holds."""
    draft = Draft(case, Service.INTAKE, now)
    mine = {key: recorded.position for key, recorded in _last_words(case).items()}
    for word in words:
        fact = word.fact
        if mine.get((word.by, fact.relation), 0) > word.position:
            continue
        known = draft.case.complaint
        mine_of_it = [each for each in known.links.every if (each.to, each.relation) == (word.by, fact.relation)]
        if isinstance(fact, Unlinked) and mine_of_it:
            draft.add(fact.model_copy(update={"to": word.by, "leads": mine_of_it[0].leads}))
        elif isinstance(fact, Linked) and not mine_of_it and not _is_full(known, fact, policy, organisation):
            draft.add(fact.model_copy(update={"to": word.by, "leads": not fact.leads}))
    return draft.decision(None)


def _is_full(complaint: Complaint, fact: Linked, policy: Policy, organisation: Organisation) -> bool:
    """Thousands of links would make every look at a head or lead dear; those who follow name it all the same.

    Who follows always learns of it, and so does a lead whose duplicate accuses one more colleague (S002-7.1).
    """
    if fact.leads or followers(complaint, fact.relation) < policy.document.links.mirrored:
        return False
    known = organisation.recused((*complaint.accused, *complaint.links.accused))
    return fact.relation is not Relation.DUPLICATE or organisation.recused(fact.accused) <= known


def _last_words(case: Case) -> dict[tuple[StreamId, Relation], Recorded]:
    return {
        (recorded.fact.to, recorded.fact.relation): recorded
        for recorded in case.history
        if isinstance(recorded.fact, Linked | Unlinked)
    }
