"""What an OCEL 2.0 log is made of: the types of events and objects with their attributes, one event, one object."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from events.catalogue import FACTS, OF_COMPLAINTS
from events.company import OrganisationPublished, PolicyPublished
from events.complaint import Complaint
from services.compliance.exports.attributes import Kind, Plain, attributes_of


class ObjectType(StrEnum):
    """The kinds of things events touch."""

    COMPLAINT = "complaint"
    CUSTOMER = "customer"
    ORDER = "order"
    PERSON = "person"
    DEPARTMENT = "department"
    CHANNEL = "channel"
    POLICY = "policy"


class Object(NamedTuple):
    """One thing of the log."""

    type: ObjectType
    id: str


Shape = Mapping[str, Kind]
"""Names and kinds of attributes."""

ENVELOPE: Final[Shape] = {
    "recorded_at": Kind.TIME,
    "version": Kind.INTEGER,
    "actor_kind": Kind.STRING,
    "fact_version": Kind.INTEGER,
}
"""What every event has besides its own fields."""
EVENT_TYPES: Final[Mapping[str, Shape]] = {
    fact.__name__: {**ENVELOPE, **{a.name: a.kind for a in attributes_of(fact) if a.name not in ENVELOPE}}
    for fact in FACTS
    if fact.TYPE in OF_COMPLAINTS or fact in (PolicyPublished, OrganisationPublished)
}
"""The events' names in the policy's language; facts about the data of a customer belong to no process."""

COMPLAINT: Final[Mapping[str, tuple[Kind, Callable[[Complaint], Plain | None]]]] = {
    "number": (Kind.STRING, lambda c: c.number),
    "status": (Kind.STRING, lambda c: c.status),
    "category": (Kind.STRING, lambda c: c.category),
    "priority": (Kind.STRING, lambda c: c.priority),
    "complexity": (Kind.STRING, lambda c: c.complexity),
    "nature": (Kind.STRING, lambda c: c.nature),
    "mode": (Kind.STRING, lambda c: c.mode),
    "level": (Kind.INTEGER, lambda c: c.level),
    "owner": (Kind.STRING, lambda c: c.owner),
    "handler": (Kind.STRING, lambda c: c.handler),
    "department": (Kind.STRING, lambda c: c.department),
    "policy": (Kind.STRING, lambda c: c.policy),
    "round": (Kind.INTEGER, lambda c: c.ending.round),
    "missed_deadlines": (Kind.INTEGER, lambda c: len(c.breaches)),
}
OBJECT_TYPES: Final[Mapping[ObjectType, Shape]] = {
    ObjectType.COMPLAINT: {name: kind for name, (kind, _) in COMPLAINT.items()},
    ObjectType.CUSTOMER: {},
    ObjectType.ORDER: {},
    ObjectType.PERSON: {"department": Kind.STRING, "role": Kind.STRING, "level": Kind.INTEGER, "manager": Kind.STRING},
    ObjectType.DEPARTMENT: {"zh": Kind.STRING, "en": Kind.STRING},
    ObjectType.CHANNEL: {},
    ObjectType.POLICY: {"sha256": Kind.STRING},
}
"""The attributes objects may have; all of them may change over time."""


class Event(NamedTuple):
    """One event of the log."""

    id: str
    type: str
    time: datetime
    attributes: dict[str, Plain]
    relations: tuple[tuple[Object, str], ...]
    """Objects and how the event touches them, each pair once."""


class Counts(NamedTuple):
    """What a log holds."""

    events: int
    objects: int
    relations: int
