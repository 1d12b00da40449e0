"""Who may act on a complaint at all: known people who are neither accused, nor their line manager, nor recused."""

from events.commands import Refusal, refuse
from events.complaint import Complaint
from policy.organisation import Organisation


def barred(complaint: Complaint, organisation: Organisation) -> frozenset[str]:
    """Who takes no part: the accused, their line managers, and whoever was recused (S002-7.1, S002-7.2)."""
    return organisation.recused(complaint.accused) | frozenset(complaint.participation.recused)


def participation(complaint: Complaint, person: str, organisation: Organisation) -> Refusal | None:
    """Why that person may take no part, or None when they may."""
    if person not in organisation.person:
        return refuse(
            "unknown_person",
            "S002-1.1",
            f"组织架构中没有 {person}",
            f"{person} is not in the organisation",
            person=person,
        )
    out = barred(complaint, organisation)
    if person not in out:
        return None
    return refuse(
        "recused",
        "S002-7.1",
        f"{person} 被投诉、为被投诉人的直接主管或已回避,不得参与处理",
        f"{person} is accused, the accused's line manager or recused, and takes no part",
        may=[id_ for id_ in dict.fromkeys((complaint.owner, complaint.handler)) if id_ and id_ not in out],
        recorded=True,
        person=person,
        recused=", ".join(sorted(out)),
    )
