"""Who checks whom where money moves: whoever verified does not pay, and neither reviews (S003-2.4, S002-6.2)."""

from collections.abc import Callable
from typing import Literal

from events.commands import Refusal, refuse
from events.complaint import Complaint
from policy.people.organisation import Organisation
from policy.people.participation import who

Duty = Literal["verify_refund", "pay_refund", "review"]
_DUTY_ZH: dict[Duty, str] = {"verify_refund": "核实退费", "pay_refund": "付款", "review": "复盘"}


def who_verified(complaint: Complaint) -> frozenset[str]:
    """Who established the facts or the amount of the refund, in this round."""
    finding, refund = complaint.verification.finding, complaint.execution.refund
    found = {finding.by} if finding else set[str]()
    return frozenset(found | ({refund.verified_by} if refund else set()))


def who_paid(complaint: Complaint) -> frozenset[str]:
    """Who paid the refund."""
    refund = complaint.execution.refund
    return frozenset({refund.paid_by} if refund and refund.paid_by else ())


def kept_from(complaint: Complaint, duty: Duty) -> frozenset[str]:
    """People whose earlier part keeps them from that duty; where no refund moves, nothing has to be balanced."""
    reviewers = frozenset({complaint.learning.reviewed_by} if complaint.learning.reviewed_by else ())
    if duty == "verify_refund":
        return who_paid(complaint) | reviewers
    if duty == "pay_refund":
        return who_verified(complaint) | reviewers
    return who_verified(complaint) | who_paid(complaint) if complaint.execution.refund else frozenset()


def conflict_of_duties(
    complaint: Complaint,
    person: str,
    duty: Duty,
    organisation: Organisation,
    fits: Callable[[str], bool] = lambda _: True,
) -> Refusal | None:
    """Why that person may not take on the duty: verifier, payer and reviewer are three people (S002-6.2, S003-2.4).

    `fits` says who has the office for it, so that only those are named who may do it instead.
    """
    conflicted = kept_from(complaint, duty)
    if person not in conflicted:
        return None
    return refuse(
        "four_eyes",
        "S002-6.2" if duty == "pay_refund" else "S003-2.4",
        f"{person} 已参与本投诉的核实、付款或复盘，不得再{_DUTY_ZH[duty]}，请由他人办理",
        f"{person} verified, paid or reviewed this complaint and may not {duty} as well: ask a colleague",
        may=who(complaint, organisation, lambda id_: id_ not in conflicted and fits(id_)),
        recorded=True,
        duty=duty,
        taken_part=", ".join(sorted(conflicted)),
    )
