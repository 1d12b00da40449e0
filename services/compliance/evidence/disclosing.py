"""Who may have the personal texts of a complaint put into evidence: known officers who take no part in it (M16)."""

from collections.abc import Sequence

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.reception import Customer
from policy.people.naming import names_customer
from policy.people.organisation import Organisation
from policy.people.participation import may_read, who
from services.compliance.privacy import OFFICERS


def may_disclose(
    complaint: Complaint, person: str, reason: str, organisation: Organisation, customers: Sequence[Customer] = ()
) -> Refusal | None:
    """Why that person may not have them unmasked, or None when they may (S002-7.2, M16)."""
    if (refusal := may_read(complaint, person, organisation)) is not None:
        return refusal
    if organisation.person[person].role not in OFFICERS:
        return refuse(
            "not_an_officer",
            "M16",
            f"{person} 不得将客户个人信息写入证据包，须由合规或法务人员办理",
            f"{person} may not put personal data into evidence: compliance or legal must",
            may=list(who(complaint, organisation, lambda id_: organisation.person[id_].role in OFFICERS)),
            person=person,
        )
    if not complaint.privacy.is_readable:
        return refuse(
            "nothing_readable",
            "M16",
            "客户个人信息已删除或限制处理，没有可供出具的原文",
            "the customer's texts were erased or restricted: there is nothing to put in",
        )
    if not reason.strip():
        return refuse(
            "reason_missing",
            "M16",
            "须写明用途（--reason）",
            "say what it is for (--reason)",
            person=person,
        )
    return names_customer(customers, {"reason": reason}, organisation.person)
