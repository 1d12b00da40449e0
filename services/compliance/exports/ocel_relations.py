"""Which objects an event touches, and in what part: handler, owner, approver, payer, accused (OCEL 2.0, E2O, O2O)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from events.company import OrganisationPublished, PolicyPublished
from events.complaint import Complaint
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.ending import CalledBack, Withdrawn
from events.envelope import Recorded, StreamId
from events.execution import CommitmentMade, RefundPaid, RefundVerified
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.learning import ActionPlanned, Reviewed
from events.links import Linked, Unlinked
from events.participation import (
    ActRefused,
    AuthorityDelegated,
    HandedOver,
    Nudged,
    OwnerNamed,
    PolicyMigrated,
    Recused,
    TaskOpened,
)
from events.reception import Received, Supplemented
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    CustomerAgreed,
    CustomerDeclined,
    SolutionProposed,
)
from events.tokens import masked
from events.understanding import UnderstandingConfirmed
from events.verification import Verified
from events.vocabulary import ActorKind, Audience
from policy.people.organisation import Organisation, parse_organisation
from services.compliance.exports.attributes import Plain
from services.compliance.exports.ocel_model import Object, ObjectType
from services.compliance.exports.pseudonyms import Pseudonyms
from services.compliance.exports.selection import Life

Described = tuple[Object, datetime, dict[str, Plain]]
"""A thing, and what is known of it since an instant."""
Touched = tuple[Object, str]
"""A thing, and the part it has."""


def complaint(id_: StreamId) -> Object:
    """A complaint goes by its own id."""
    return Object(ObjectType.COMPLAINT, id_)


def named(type_: ObjectType, name: str) -> Object:
    """A thing that has a name among its kind."""
    return Object(type_, f"{type_}:{masked(name)}")


class Company:
    """What the company published so far: its people and departments as objects."""

    def __init__(self) -> None:
        self._organisation: Organisation | None = None
        self._related: dict[tuple[Object, Object, str], None] = {}

    def learned(self, recorded: Recorded) -> Iterator[Described]:
        """What a publication tells of policies, departments and people."""
        if isinstance(recorded.fact, PolicyPublished):
            policy = named(ObjectType.POLICY, recorded.fact.policy_id)
            yield policy, recorded.occurred_at, {"sha256": recorded.fact.sha256}
        elif isinstance(recorded.fact, OrganisationPublished):
            self._organisation = parse_organisation(recorded.fact.text)
            yield from self._members(self._organisation, recorded.occurred_at)

    def _members(self, organisation: Organisation, since: datetime) -> Iterator[Described]:
        for id_, department in sorted(organisation.department.items()):
            yield named(ObjectType.DEPARTMENT, id_), since, {"zh": department.zh, "en": department.en}
        for id_, person in sorted(organisation.person.items()):
            known = {"department": person.department, "role": person.role, "level": person.level}
            known["manager"] = person.manager
            member = named(ObjectType.PERSON, id_)
            yield member, since, {name: value for name, value in known.items() if value is not None}
            self._related[member, named(ObjectType.DEPARTMENT, person.department), "department of person"] = None
            if person.manager is not None:
                self._related[member, named(ObjectType.PERSON, person.manager), "manager"] = None

    def related(self) -> Iterator[tuple[Object, Object, str]]:
        """Who belongs, or once belonged, to which department and under whom."""
        yield from self._related

    def departments(self) -> Iterator[Object]:
        """The departments of the organisation as last published."""
        for id_ in sorted(self._organisation.department) if self._organisation else ():
            yield named(ObjectType.DEPARTMENT, id_)

    def known(self, accused: tuple[str, ...]) -> Iterator[Object]:
        """Accused people who are ours; what else a customer wrote there is not told."""
        if self._organisation is not None:
            for id_ in sorted(self._organisation.known(accused)):
                yield named(ObjectType.PERSON, id_)


class Relations:
    """The objects around one complaint after the other."""

    def __init__(self, pseudonyms: Pseudonyms, company: Company) -> None:
        self._pseudonyms = pseudonyms
        self._company = company
        self._customer: Object | None = None

    def begin(self, life: Life) -> Object:
        """Go on to another complaint; the object it is."""
        first = life.history[0].fact
        name = self._pseudonyms.of(first.customer) if isinstance(first, Received) else None
        self._customer = None if name is None else Object(ObjectType.CUSTOMER, name)
        return complaint(life.history[0].complaint_id)

    def of_event(self, recorded: Recorded) -> Iterator[Touched]:
        """Everything the event touches; the same may come twice."""
        fact = recorded.fact
        if isinstance(fact, PolicyPublished):
            yield named(ObjectType.POLICY, fact.policy_id), "policy"
        elif isinstance(fact, OrganisationPublished):
            yield from ((department, "department") for department in self._company.departments())
        else:
            yield complaint(recorded.complaint_id), "complaint"
        if recorded.actor.kind is ActorKind.PERSON:
            yield named(ObjectType.PERSON, recorded.actor.id), ACTORS.get(type(fact), "actor")
        yield from self._parts(fact)
        if self._customer is not None and _is_about_customer(recorded):
            yield self._customer, "customer"

    def _parts(self, fact: Fact) -> Iterator[Touched]:
        for field, type_, part in PARTS.get(type(fact), ()):
            if (name := getattr(fact, field)) is not None:
                yield named(type_, name), part
        if isinstance(fact, Received) and fact.order_ref:
            yield self._order(fact.order_ref), "order"
        if isinstance(fact, Linked | Unlinked):
            yield complaint(fact.to), str(fact.relation)
        if isinstance(fact, SolutionProposed):
            yield from ((named(ObjectType.PERSON, remedy.responsible), "responsible") for remedy in fact.remedies)
        if isinstance(fact, Received | Supplemented | Linked):
            yield from ((person, "accused") for person in self._company.known(fact.accused))

    def of_complaint(self, life: Life, last: Complaint) -> Iterator[Touched]:
        """Everything the complaint belonged to up to the end of the selection."""
        if self._customer is not None:
            yield self._customer, "customer of complaint"
        yield named(ObjectType.CHANNEL, last.channel), "channel of complaint"
        if last.order_ref:
            yield self._order(last.order_ref), "order of complaint"
        for recorded in life.history:
            yield from self._standing(recorded)
        for link in last.links.every:
            yield complaint(link.to), str(link.relation)

    def _standing(self, recorded: Recorded) -> Iterator[Touched]:
        """What an event makes the complaint belong to from then on."""
        fact = recorded.fact
        if isinstance(fact, Received) and recorded.policy:
            yield named(ObjectType.POLICY, recorded.policy), "policy of complaint"
        if isinstance(fact, PolicyMigrated):
            yield named(ObjectType.POLICY, fact.to), "policy of complaint"
        if isinstance(fact, Assigned | OwnerNamed):
            yield named(ObjectType.PERSON, fact.owner), "owner"
        if isinstance(fact, Assigned | HandedOver):
            yield named(ObjectType.PERSON, fact.handler), "handler"
            yield named(ObjectType.DEPARTMENT, fact.department), "department of complaint"
        if isinstance(fact, Recused) and not fact.lifted:
            yield named(ObjectType.PERSON, fact.person), "recused"
        if isinstance(fact, Received | Supplemented):
            yield from ((person, "accused") for person in self._company.known(fact.accused))

    def _order(self, reference: str) -> Object:
        """An order by its number; by a digest where the ledger holds a token instead."""
        told = reference if masked(reference) == reference else self._pseudonyms.digest(reference)
        return named(ObjectType.ORDER, told)


def _is_about_customer(recorded: Recorded) -> bool:
    """The customer told something, or was told."""
    fact = recorded.fact
    if isinstance(fact, ContactStarted):
        return fact.audience is Audience.CUSTOMER
    return recorded.actor.kind is ActorKind.CUSTOMER or isinstance(fact, _WITH_CUSTOMER)


_WITH_CUSTOMER: Final = (
    Received,
    Supplemented,
    Replied,
    RetryAttempted,
    UnderstandingConfirmed,
    CustomerAgreed,
    CustomerDeclined,
    Withdrawn,
    CalledBack,
)
ACTORS: Final[Mapping[type[Fact], str]] = {
    ApprovalGiven: "approver",
    ApprovalRefused: "approver",
    RefundPaid: "payer",
    RefundVerified: "verifier",
    Verified: "verifier",
    SolutionProposed: "proposer",
    Reviewed: "reviewer",
    CalledBack: "caller",
}
"""The part of the person who acts; `actor` for all other facts."""
PARTS: Final[Mapping[type[Fact], tuple[tuple[str, ObjectType, str], ...]]] = {
    Received: (("channel", ObjectType.CHANNEL, "channel"),),
    Assigned: (
        ("owner", ObjectType.PERSON, "owner"),
        ("handler", ObjectType.PERSON, "handler"),
        ("department", ObjectType.DEPARTMENT, "department"),
    ),
    HandedOver: (
        ("giver", ObjectType.PERSON, "giver"),
        ("handler", ObjectType.PERSON, "handler"),
        ("department", ObjectType.DEPARTMENT, "department"),
    ),
    OwnerNamed: (("former", ObjectType.PERSON, "former owner"), ("owner", ObjectType.PERSON, "owner")),
    Recused: (("person", ObjectType.PERSON, "recused"),),
    ActRefused: (("person", ObjectType.PERSON, "refused"),),
    AuthorityDelegated: (("to", ObjectType.PERSON, "delegate"),),
    TaskOpened: (("person", ObjectType.PERSON, "responsible"), ("department", ObjectType.DEPARTMENT, "department")),
    Nudged: (("person", ObjectType.PERSON, "urged"),),
    Escalated: (("person", ObjectType.PERSON, "decider"),),
    StaffAlerted: (("person", ObjectType.PERSON, "alerted"),),
    PolicyMigrated: (("former", ObjectType.POLICY, "former policy"), ("to", ObjectType.POLICY, "policy")),
    ApprovalRequested: (("author", ObjectType.PERSON, "author"),),
    CommitmentMade: (("person", ObjectType.PERSON, "responsible"),),
    ActionPlanned: (("owner", ObjectType.PERSON, "responsible"),),
}
"""Fields of a fact that name a thing, and the part it has."""
