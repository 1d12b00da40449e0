"""One complaint lived again in virtual time: inputs as they came, our decisions made anew by a policy (ADR 0017)."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple

from pydantic import ValidationError

from events.commands import Command, Refusal
from events.complaint import Case, Complaint
from events.contact import ContactStarted
from events.envelope import Entry, History, Recorded, StreamId
from events.fact import Fact
from events.folding import evolve
from events.nudges import wants
from events.participation import PolicyMigrated
from events.reconciler import Decision
from events.vocabulary import Service
from policy.asking import Ask, decide
from policy.people.organisation import Organisation
from policy.policy import Policy
from services.compliance.whatif.difference import SAME_MOMENT
from services.notifier.reconcile import reconcile as due_messages
from services.notifier.senders.port import Sent
from services.wiring.asked import ACTS, Asked, asked
from services.wiring.past import Input, Past, way_of
from services.wiring.renumbering import Renumbered
from services.workflow.reconcile import JUST_AFTER
from services.workflow.reconcile import reconcile as due_steps

ROUNDS = 6
"""Messages one look sends one after the other, as the notifier does."""
LOOKS = 50_000
"""Looks at one complaint, beyond which a rule must be chasing itself."""
NEEDLESS = frozenset({"nothing_to_approve", "already_approved"})
"""Refusals that say nobody has to do this under this policy: the act falls away, nothing is wrong with it."""

Kin = Callable[[Case, datetime, Sequence[StreamId]], Case]
"""A case with the complaints it is linked to, as they were recorded at an instant."""
_BY_PERSON = b'"actor":{"kind":"person"'


class Company(NamedTuple):
    """Who decides and by which rules, at any instant of the past."""

    policy: Callable[[str], Policy]
    """The policy a complaint is pinned to."""
    organisation: Callable[[datetime], Organisation]
    published: Callable[[datetime], Sequence[str]]
    """Ids of the policies published by then."""
    kin: Kin


class RefusedAct(NamedTuple):
    """An act of a person that this policy would not have allowed; it is kept all the same (ADR 0017)."""

    at: datetime
    person: str
    command: str
    code: str
    requirement: str


class Rerun(NamedTuple):
    """What became of one complaint."""

    history: History
    complaint: Complaint
    refused: tuple[RefusedAct, ...] = ()
    needless: int = 0
    """Acts nobody would have had to do, approvals above all."""
    kept: int = 0
    """Acts whose command cannot be told from their facts: taken over as recorded."""
    moves: int = 0
    """Moves to another policy that were left out, because the whole life is under one."""
    silent_since: datetime | None = None
    """Here our services would have acted, and the record says nothing any more: they had stopped."""


class NeverEnds(RuntimeError):
    """A re-run looked at one complaint again and again without an end."""


Acts = Mapping[int, Asked]
"""Place among the inputs -> the command that surely led to it."""


def relive_as_it_was(past: Past, company: Company, until: datetime, acts: Acts) -> Rerun:
    """The complaint under the policies it had; it ends early where the record falls silent although we had to act."""
    last = max(recorded.recorded_at for recorded in past.history)  # clocks may have been set back since
    return _lived(_Life(past, company, None, last + SAME_MOMENT), past, until, acts)


def relive_under(policy: str, past: Past, company: Company, until: datetime, acts: Acts) -> Rerun:
    """The complaint all its life under that policy, up to and including `until`.

    `acts` are the commands to decide anew, from `commands_of`; the others are taken over as recorded.
    """
    return _lived(_Life(past, company, policy, None), past, until, acts)


def _lived(life: "_Life", past: Past, until: datetime, acts: Acts) -> Rerun:
    for number, given in enumerate(past.inputs):
        if given.at > until:
            break
        life.pass_time(given.at)
        life.take(given, acts.get(number))
    life.pass_time(until)
    return life.outcome()


def commands_of(past: Past, company: Company) -> Acts:
    """The acts of people whose command is certain: decided again on the very same history, it gives the same facts."""
    found: dict[int, Asked] = {}
    complaint: Complaint | None = None
    done = 0
    for number, given in enumerate(past.inputs):
        before = given.facts[0].version - 1
        if given.by_person is None or before < 1:
            continue
        told = asked(given.facts)
        if told is None:
            continue
        for recorded in past.history[done:before]:
            complaint = evolve(complaint, recorded)
        done = max(done, before)
        assert complaint is not None
        case = Case(complaint, History(past.history[:before]))
        decided = decided_again(case, told, given, company, complaint.policy)
        if not isinstance(decided, Refusal) and _worded(decided) == _worded([each.fact for each in given.facts]):
            found[number] = told
    return found


def _worded(facts: Sequence[Fact]) -> list[Fact]:
    """The facts but for their digests, which also tell in which zone the decision named its times."""
    return [
        fact.model_copy(update={"content_sha256": ""}) if hasattr(fact, "content_sha256") else fact for fact in facts
    ]


def decided_again(case: Case, told: Asked, given: Input, company: Company, policy: str) -> Sequence[Fact] | Refusal:
    """What that policy answers to a command on that case."""
    act, at = ACTS[told.name], given.facts[0].occurred_at
    if act.needs_kin:
        case = company.kin(case, given.at, ())
    command = Command(complaint=case.complaint.complaint_id, name=told.name, by=given.by_person or "", data=told.data)
    ask = Ask(case, command, company.policy(policy), company.organisation(given.at), at, company.published(given.at))
    return decide(act, ask)


class _Life:
    """The complaint while it is lived again."""

    def __init__(self, past: Past, company: Company, pinned: str | None, silence: datetime | None) -> None:
        self._past, self._company, self._pinned = past, company, pinned
        self._silence = silence
        self._silent_since: datetime | None = None
        self._facts: list[Recorded] = []
        self._complaint: Complaint | None = None
        self._agenda: list[tuple[datetime, int, Service]] = []
        self._due: dict[Service, datetime] = {}
        self._order = count()
        self._seen = self._looks = 0
        self._ways: Counter[object] = Counter()
        self._numbers = Renumbered()
        self._refused: list[RefusedAct] = []
        self._needless = self._kept = self._moves = 0

    def outcome(self) -> Rerun:
        """Everything up to here."""
        assert self._complaint is not None
        told = (tuple(self._refused), self._needless, self._kept, self._moves, self._silent_since)
        return Rerun(History(self._facts), self._complaint, *told)

    def pass_time(self, until: datetime) -> None:
        """Every look due by then, each at its instant."""
        while self._agenda and self._agenda[0][0] <= until and self._silent_since is None:
            at, _, service = heapq.heappop(self._agenda)
            if self._due.get(service) == at:  # else it was replaced
                del self._due[service]
                self._look(service, at)
                self._settle(at)

    def take(self, given: Input, told: Asked | None) -> None:
        """One input: decided anew where its command is known, else as recorded."""
        if self._pinned is not None and isinstance(given.facts[0].fact, PolicyMigrated):
            self._moves += 1
            return
        if told is None:
            self._kept += given.by_person is not None
            self._as_recorded(given)
        else:
            self._anew(given, told)
        self._settle(given.at)

    def _anew(self, given: Input, told: Asked) -> None:
        case = self._case()
        told = self._numbers.asked(told, case.complaint)
        try:
            decided = decided_again(case, told, given, self._company, case.complaint.policy)
        except ValidationError:  # its words fit another release's command only: they stand as they are
            self._kept += 1
            return self._as_recorded(given)
        if not isinstance(decided, Refusal):
            first = given.facts[0]
            self._numbers.note(given, len(self._facts))
            return self._append([Entry(fact, first.occurred_at, first.actor) for fact in decided], given.at)
        if decided.code in NEEDLESS:
            self._needless += 1
            return None
        self._refused.append(RefusedAct(given.at, given.by_person or "", told.name, decided.code, decided.requirement))
        return self._as_recorded(given)

    def _as_recorded(self, given: Input) -> None:
        self._numbers.note(given, len(self._facts))
        entries = [
            Entry(self._numbers.fact(each.fact), each.occurred_at, each.actor, each.causation, each.policy)
            for each in given.facts
        ]
        self._append(entries, given.at, given.facts)

    def _case(self) -> Case:
        assert self._complaint is not None
        return Case(self._complaint, History(self._facts))

    def _append(self, entries: Sequence[Entry], at: datetime, of: Sequence[Recorded] = ()) -> None:
        for number, entry in enumerate(entries):
            policy = self._pinned or entry.policy or (self._complaint and self._complaint.policy)
            recorded = Recorded(
                of[number].position if of else 0,
                self._past.history[0].complaint_id,
                len(self._facts) + 1,
                entry.fact,
                entry.occurred_at,
                at,
                entry.actor,
                entry.causation,
                policy,
            )
            self._facts.append(recorded)
            self._complaint = evolve(self._complaint, recorded)

    def _settle(self, now: datetime) -> None:
        """Nudge the services as the relay would, until none of them has anything to add."""
        while self._seen < len(self._facts):
            new = self._facts[self._seen :]
            self._seen = len(self._facts)
            for service in (Service.WORKFLOW, Service.NOTIFIER):
                if any(_wants(service, recorded) for recorded in new):
                    self._look(service, now)

    def _look(self, service: Service, now: datetime) -> None:
        self._looks += 1
        if self._looks > LOOKS:
            raise NeverEnds(f"{self._past.history[0].complaint_id}: {LOOKS} looks")
        look_at = self._steps(now) if service is Service.WORKFLOW else self._messages(now)
        if look_at is not None:
            # No look comes back to its own instant.
            at = max(look_at, now + JUST_AFTER)
            self._due[service] = at
            heapq.heappush(self._agenda, (at, next(self._order), service))

    def _steps(self, now: datetime) -> datetime | None:
        case = self._case()
        policy = self._company.policy(case.complaint.policy)
        return self._decided(due_steps(case, policy, self._company.organisation(now), now), now)

    def _messages(self, now: datetime) -> datetime | None:
        """Start what is due; each message ends in the moment it starts."""
        ended: dict[str, Sent] = {}
        look_at = None
        for _ in range(ROUNDS + 1):
            case, before = self._case(), len(self._facts)
            policy = self._company.policy(case.complaint.policy)
            look_at = self._decided(due_messages(case, policy, self._company.organisation(now), now, ended), now)
            started = [each.fact for each in self._facts[before:] if isinstance(each.fact, ContactStarted)]
            ended = {fact.key: self._end(fact, now) for fact in started}
            if not ended:
                break
        return look_at

    def _end(self, fact: ContactStarted, now: datetime) -> Sent:
        way = way_of(fact)
        number = self._ways[way]
        self._ways[way] += 1
        return self._past.ends.of(fact, number, now)

    def _decided(self, decision: Decision, now: datetime) -> datetime | None:
        if decision.entries and self._silence is not None and now > self._silence:
            # So long after the last recorded fact an act of ours that is not recorded means nobody was there to act.
            self._silent_since = now
            return None
        self._append(decision.entries, now)
        return decision.look_at


def _wants(service: Service, recorded: Recorded) -> bool:
    return wants(service, recorded.fact.TYPE, _BY_PERSON if recorded.actor.kind == "person" else b"")
