"""Who checks whom where money moves: whoever verified does not pay, and neither reviews (S003-2.4, S002-6.2)."""

from typing import Literal

from events.commands import Refusal, refuse
from events.complaint import Complaint
from policy.people.organisation import Organisation
from policy.people.participation import barred

Duty = Literal["verify_refund", "pay_refund", "review"]
_DUTY_ZH: dict[Duty, str] = {"verify_refund": "核实退费", "pay_refund": "付款", "review": "复盘"}


def verifiers(complaint: Complaint) -> frozenset[str]:
    """Who established the facts or the amount of the refund, in this round."""
    finding, refund = complaint.verification.finding, complaint.execution.refund
    found = {finding.by} if finding else set[str]()
    return frozenset(found | ({refund.verified_by} if refund else set()))


def payers(complaint: Complaint) -> frozenset[str]:
    """Who paid the refund."""
    refund = complaint.execution.refund
    return frozenset({refund.paid_by} if refund and refund.paid_by else ())


def kept_from(complaint: Complaint, duty: Duty) -> frozenset[str]:
    """People whose earlier part keeps them from that duty; where no refund moves, nothing has to be balanced."""
    reviewers = frozenset({complaint.learning.reviewed_by} if complaint.learning.reviewed_by else ())
    if duty == "verify_refund":
        return payers(complaint) | reviewers
    if duty == "pay_refund":
        return verifiers(complaint) | reviewers
    return verifiers(complaint) | payers(complaint) if complaint.execution.refund else frozenset()


def conflict_of_duties(
    complaint: Complaint, person: str, duty: Duty, organisation: Organisation | None = None
) -> Refusal | None:
    """Why that person may not take on the duty: verifier, payer and reviewer are three people (S003-2.4)."""
    conflicted = kept_from(complaint, duty)
    if person not in conflicted:
        return None
    others = _others(complaint, conflicted, organisation) if organisation else ()
    return refuse(
        "conflict_of_duties",
        "S003-2.4",
        f"{person} 已参与本投诉的核实、付款或复盘,不得再{_DUTY_ZH[duty]},请由他人办理",
        f"{person} verified, paid or reviewed this complaint and may not {duty} as well: ask a colleague",
        may=others,
        recorded=True,
        duty=duty,
        taken_part=", ".join(sorted(conflicted)),
    )


def _others(complaint: Complaint, conflicted: frozenset[str], organisation: Organisation) -> tuple[str, ...]:
    out = conflicted | barred(complaint, organisation)
    return tuple(person for person in sorted(organisation.person) if person not in out)
