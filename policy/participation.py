"""Who may act on a complaint at all: known people who are not accused nor the accused's line manager (S002-7.1)."""

from events.commands import Refusal
from events.complaint import Complaint
from policy.organisation import Organisation


def participation(complaint: Complaint, person: str, organisation: Organisation) -> Refusal | None:
    """Why that person may take no part, or None when they may."""
    if person not in organisation.person:
        return Refusal(
            code="unknown_person",
            requirement="S002-1.1",
            facts={"person": person},
            zh=f"组织架构中没有 {person}",
            en=f"{person} is not in the organisation",
        )
    recused = organisation.recused(complaint.accused)
    if person in recused:
        return Refusal(
            code="recused",
            requirement="S002-7.1",
            facts={"person": person, "recused": ", ".join(sorted(recused))},
            may=tuple(id_ for id_ in (complaint.owner, complaint.handler) if id_ and id_ not in recused),
            zh=f"{person} 被投诉或为被投诉人的直接主管,须回避,不得参与处理",
            en=f"{person} is accused, or the accused's line manager, and takes no part",
        )
    return None
