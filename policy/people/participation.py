"""Who may act on a complaint, and read it: known people, neither accused nor their line manager nor recused."""

from collections.abc import Callable
from datetime import datetime

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.understanding import Label
from policy.people.organisation import COMPLIANCE, Organisation


def barred(complaint: Complaint, organisation: Organisation) -> frozenset[str]:
    """Who takes no part: the accused, their line managers, and whoever was recused (S002-7.1, S002-7.2).

    Whoever is accused in a duplicate is accused here, as long as the link stands. Somebody compliance made an
    exception for takes part again.
    """
    known = complaint.participation
    accused = (*complaint.accused, *complaint.links.accused)
    return (organisation.recused(accused) | frozenset(known.recused)) - frozenset(known.excepted)


def who(complaint: Complaint, organisation: Organisation, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Ids of those who may do it instead: whoever fits and is not barred, sorted (S002-7.1)."""
    out = barred(complaint, organisation)
    return tuple(id_ for id_ in sorted(organisation.person) if id_ not in out and fits(id_))


def superiors(complaint: Complaint, person: str, least: int, organisation: Organisation) -> tuple[str, ...]:
    """Who of that level or above may do it instead: the person's own reporting line, else anybody (S002-7.1)."""
    enough, line = organisation.from_level(least), organisation.managers_of(person)
    above = who(complaint, organisation, lambda id_: id_ in enough and id_ in line)
    return above or who(complaint, organisation, lambda id_: id_ in enough)


def participation(complaint: Complaint, person: str, organisation: Organisation) -> Refusal | None:
    """Why that person may take no part, or None when they may (S002-7.1)."""
    if person not in organisation.person:
        return unknown_person(person)
    out = barred(complaint, organisation)
    if person not in out:
        return None
    return refuse(
        "recused",
        "S002-7.1",
        f"{person} 被投诉、为被投诉人的直接主管或已回避，不得参与处理",
        f"{person} is accused, the accused's line manager or recused, and takes no part",
        may=who_may(complaint, out, organisation),
        recorded=True,
        person=person,
        recused=", ".join(sorted(out)),
    )


def unknown_person(person: str) -> Refusal:
    """The organisation has nobody of that id (S002-1.1)."""
    return refuse(
        "unknown_person",
        "S002-1.1",
        f"组织架构中没有 {person}",
        f"{person} is not in the organisation",
        person=person,
    )


def who_may(complaint: Complaint, out: frozenset[str], organisation: Organisation) -> list[str]:
    """Who may act instead: owner and handler; where both are barred, the deciders who are not, highest level first."""
    involved = [id_ for id_ in dict.fromkeys((complaint.owner, complaint.handler)) if id_ and id_ not in out]
    ladder = sorted(organisation.person, key=lambda id_: (-organisation.level_of(id_), id_))
    return involved or [id_ for id_ in ladder if id_ not in out]


def may_read(complaint: Complaint, reader: str, organisation: Organisation) -> Refusal | None:
    """Why that person may see neither the file nor who complained, or None when they may (S002-7.2, C22)."""
    refusal = participation(complaint, reader, organisation)
    if refusal is None or refusal.code != "recused":
        return refusal
    return refuse(
        "recused",
        "S002-7.2",
        f"{reader} 被投诉、为被投诉人的直接主管或已回避，不得查阅投诉人信息和案卷",
        f"{reader} is accused, the accused's line manager or recused, and may not read the file",
        may=refusal.may,
        person=reader,
    )


def may_read_labels(reader: str | None, organisation: Organisation | None, least_level: int) -> bool:
    """Whether restricted labels are shown to that person: supervisors and above, and compliance (C21, S001-12.1)."""
    if organisation is None or reader not in organisation.person:
        return False
    return organisation.level_of(reader) >= least_level or organisation.person[reader].role == COMPLIANCE


def valid_labels(complaint: Complaint, now: datetime) -> tuple[Label, ...]:
    """Labels that have not expired; the last instant is inside (S001-10.1, C21)."""
    return tuple(label for label in complaint.understanding.labels if now <= label.until)
