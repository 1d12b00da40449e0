"""What the customer said to a proposal: nothing is carried out before they agreed to it (S000-4.1, S002-1.17)."""

from pydantic import Field

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import OneOrMore, Value
from events.solution import CustomerAgreed, CustomerDeclined, Proposal
from events.vocabulary import Medium
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.evidence import consent_missing
from policy.people.authority import who_may_approve


class CustomerSaid(Value):
    """`agree` and `decline`: what the customer said to the proposal, how, and what proves it."""

    medium: Medium
    words: str = Field(min_length=1, max_length=5_000)
    evidence: OneOrMore = ()


def agree(ask: Ask, data: CustomerSaid) -> Decided:
    """The customer agreed to the current proposal: only now it may be carried out (S000-4.1, S002-1.17)."""
    current = ask.complaint.solution.current
    if current is None:
        return _nothing_proposed()
    refusal = _agreed_already(current) or _unapproved(ask, current)
    refusal = refusal or consent_missing(ask.complaint, ask.rules.evidence, data.evidence)
    if refusal is not None:
        return refusal
    return [
        CustomerAgreed(
            proposal=current.fact.number,
            medium=data.medium,
            words=data.words,
            evidence=data.evidence,
            due=max((remedy.due for remedy in current.fact.remedies), default=None),
        )
    ]


def decline(ask: Ask, data: CustomerSaid) -> Decided:
    """The customer declined the current proposal: the next one says what changed (S000-4.2, S004-4.5)."""
    current = ask.complaint.solution.current
    if current is None:
        return _nothing_proposed()
    refusal = _declined_already(current) or _carried_out(ask.complaint, current) or _unapproved(ask, current)
    if refusal is not None:
        return refusal
    return [
        CustomerDeclined(proposal=current.fact.number, medium=data.medium, words=data.words, evidence=data.evidence)
    ]


def _nothing_proposed() -> Refusal:
    return refuse(
        "nothing_proposed",
        "S000-3.1",
        "本轮尚未提出方案，请先提出方案（propose_solution）",
        "nothing was proposed in this round: propose a solution first",
    )


def _agreed_already(current: Proposal) -> Refusal | None:
    return _said_already(current, "already_agreed", "同意", "agreed to") if current.agreed else None


def _declined_already(current: Proposal) -> Refusal | None:
    return _said_already(current, "already_declined", "不同意", "declined") if current.declined else None


def _said_already(current: Proposal, code: str, zh: str, en: str) -> Refusal:
    number = current.fact.number
    return refuse(
        code,
        "S000-4.1",
        f"客户已{zh}第 {number} 号方案",
        f"the customer has {en} proposal {number} already",
        proposal=number,
    )


def _carried_out(complaint: Complaint, current: Proposal) -> Refusal | None:
    if not (current.agreed and complaint.execution.completed):
        return None
    return refuse(
        "carried_out",
        "S004-5.5",
        "方案已开始执行；如客户另有要求，请提出新方案",
        "the plan is being carried out: make a new proposal instead",
    )


def _unapproved(ask: Ask, current: Proposal) -> Refusal | None:
    """The customer is asked only about what everybody approved who has to (S000-3.9)."""
    solution = ask.complaint.solution
    if solution.is_approved(current.subject, current.fact.content_sha256):
        return None
    approval = solution.approval(current.subject)
    if approval is not None and approval.refused_by is not None:
        return refuse(
            "approval_refused",
            "S000-3.9",
            f"{approval.refused_by} 不同意第 {current.fact.number} 号方案，请提出新方案",
            f"{approval.refused_by} refused proposal {current.fact.number}: propose anew",
            subject=current.subject,
        )
    may = who_may_approve(ask.complaint, approval, ask.rules.authority, ask.organisation) if approval else ()
    return refuse(
        "approval_pending",
        "S000-3.9",
        f"第 {current.fact.number} 号方案待批准（{'、'.join(may)}）",
        f"proposal {current.fact.number} waits for approval ({', '.join(may)})",
        may=may,
        subject=current.subject,
    )


ACTS: Acts = {"agree": Act(CustomerSaid, agree), "decline": Act(CustomerSaid, decline)}
"""Name -> act."""
