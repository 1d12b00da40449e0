"""Who owns and who handles a complaint: a table of mandates, never the accused (S004-2.7, S002-1.1, S002-7.1)."""

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Category
from policy.people.organisation import Organisation
from policy.people.participation import barred

RECUSAL = "recusal"
"""Why somebody else owns or handles it now (S002-7.1)."""


class Routing(Value):
    """`[routing]`: which department receives, and which is answerable for each category."""

    source: tuple[str, ...]
    receiving: str
    """The department that first receives: its people own complaints from machine channels (S002-1.1)."""
    department: dict[Category, str]
    first_level: int = Field(ge=1)
    """The ladder level at which a complaint starts."""


class Assignment(NamedTuple):
    """Who owns, who handles, where, and why these."""

    owner: str
    handler: str
    department: str
    reason: str


def assignment(complaint: Complaint, routing: Routing, organisation: Organisation, now: datetime) -> Assignment:
    """Owner and handler of a classified complaint; deterministic, spread evenly by the complaint's id.

    Where everybody of the department is recused or away, the reporting line of the department is climbed; where that
    ends as well, the receiving department takes it.
    """
    department = routing.department[complaint.category or Category.OTHER]
    out = barred(complaint, organisation)
    owner = _one_of(routing.receiving, complaint, routing, organisation, now, out)
    handler = owner if department == routing.receiving else None
    handler = handler or _one_of(department, complaint, routing, organisation, now, out) or owner
    if owner is None or handler is None:
        anybody = _anybody(complaint, organisation, now, out)
        owner, handler = owner or anybody, handler or anybody
    return Assignment(owner, handler, organisation.person[handler].department, f"routing.{complaint.category}")


def replacement(complaint: Complaint, routing: Routing, organisation: Organisation, now: datetime) -> Assignment | None:
    """Who owns and handles instead, where one of them may no longer take part (S002-7.1); None where nobody must go.

    Whoever may stay stays. Nobody barred is named: where nobody else is left, that one part stays as it was.
    """
    out = barred(complaint, organisation)
    owner, handler = complaint.owner, complaint.handler
    if owner is None or handler is None or not {owner, handler} & out:
        return None
    if owner in out:
        owner = free_person(routing.receiving, complaint, routing, organisation, now) or owner
    if handler in out:
        place = complaint.department or routing.receiving
        handler = free_person(place, complaint, routing, organisation, now) or handler
    if (owner, handler) == (complaint.owner, complaint.handler):
        return None
    return Assignment(owner, handler, organisation.person[handler].department, RECUSAL)


def free_person(
    department: str, complaint: Complaint, routing: Routing, organisation: Organisation, now: datetime
) -> str | None:
    """Somebody of the department who may act and is there, else of the receiving one, else anybody of the ladder."""
    out = barred(complaint, organisation)
    for place in (department, routing.receiving):
        if (found := _one_of(place, complaint, routing, organisation, now, out)) is not None:
            return found
        if free := _free(organisation.of_department(place), organisation, now, out):
            return free[0]
    found = _anybody(complaint, organisation, now, out)
    return None if found in out else found


def _one_of(
    department: str,
    complaint: Complaint,
    routing: Routing,
    organisation: Organisation,
    now: datetime,
    out: frozenset[str],
) -> str | None:
    top = max(map(organisation.level_of, organisation.person), default=0)
    for level in range(routing.first_level, top + 1):
        if free := _free(organisation.people(department, level), organisation, now, out):
            return free[zlib.crc32(complaint.complaint_id.encode()) % len(free)]
    return None


def _free(people: Iterable[str], organisation: Organisation, now: datetime, out: frozenset[str]) -> list[str]:
    """Those who are there and may act."""
    return [id_ for id_ in people if organisation.standing_in(id_, now, out) == id_]


def _anybody(complaint: Complaint, organisation: Organisation, now: datetime, out: frozenset[str]) -> str:
    """Somebody who may act, highest level first; the last resort keeps the complaint from lying with nobody."""
    ladder = sorted(organisation.person, key=lambda id_: (-organisation.level_of(id_), id_))
    free = _free(ladder, organisation, now, out)
    return (free or [id_ for id_ in ladder if id_ not in organisation.known(complaint.accused)] or ladder)[0]
