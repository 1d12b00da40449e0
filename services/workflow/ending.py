"""How a complaint is resolved, and how it begins again (S002-3.2, S004-6.6, S002-7.7)."""

from typing import Annotated

from pydantic import StringConstraints

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.ending import Reopened, Resolved
from events.fact import Value
from events.vocabulary import Resolution
from policy.asking import Act, Acts, Ask, Decided
from services.workflow.resolving import why_not_resolved

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class Resolve(Value):
    """`resolve`: what is wrong is put right, what is not is explained (S002-3.2)."""

    outcome: Resolution
    statement: str = ""
    """What was done, or why nobody could be found liable."""


class Reopen(Value):
    """`reopen`: work begins again, and says why (S004-6.6, S002-7.7)."""

    reason: Text


def resolve(ask: Ask, data: Resolve) -> Decided:
    """Only once facts are clear, a solution was found and all of it is carried out (S000-3.1, S002-3.2)."""
    refusal = already_resolved(ask.complaint) or why_not_resolved(ask, data.outcome, data.statement)
    return refusal or [Resolved(outcome=data.outcome, statement=data.statement.strip())]


def reopen(ask: Ask, data: Reopen) -> Decided:
    """Whatever way it ended it can begin again; everything that was recorded stays (S004-6.6, S002-7.7)."""
    ending = ask.complaint.ending
    if ending.is_resolved or ending.closed is not None:
        return [Reopened(round=ending.round + 1, reason=data.reason)]
    return refuse(
        "still_open",
        "S004-6.6",
        "投诉仍在处理中，无需重新处理",
        "the complaint is still being worked on: there is nothing to reopen",
        status=ask.complaint.status,
    )


def already_resolved(complaint: Complaint) -> Refusal | None:
    """What is resolved is called back, or begun again first."""
    if not complaint.ending.is_resolved:
        return None
    return refuse(
        "already_resolved",
        "S002-3.2",
        "投诉已办结：请回访，或先重新处理（reopen）",
        "the complaint is resolved: call the customer back, or reopen it first",
        status=complaint.status,
    )


ACTS: Acts = {"resolve": Act(Resolve, resolve), "reopen": Act(Reopen, reopen, when_closed=True)}
