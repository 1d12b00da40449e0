"""Facts of the end: not accepted, withdrawn, resolved, called back, reopened, archived (S002-0.3, S004-6.6)."""

from datetime import datetime
from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Lasting, Personal
from events.vocabulary import Ground, Medium, Resolution, Service


class NotAccepted(Fact):
    """The complaint is not handled further on one of four grounds, with proof (S002-7.3..7.6)."""

    TYPE: ClassVar = "complaint.not_accepted"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}决定不予受理：{ground}（依据 {proof}）。"
    EN: ClassVar = "{time}: {actor} did not accept the complaint: {ground} (proof {proof})."

    ground: Ground
    proof: Lasting
    """Reference of the document, or digest of the evidence, that proves it."""


class Withdrawn(Fact):
    """The customer took the complaint back, in their own words."""

    TYPE: ClassVar = "complaint.withdrawn"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}记录客户撤回投诉。"
    EN: ClassVar = "{time}: {actor} recorded that the customer withdrew the complaint."

    words: Personal


class Resolved(Fact):
    """The solution is carried out, or the matter clarified; the callback comes next (S002-3.2)."""

    TYPE: ClassVar = "complaint.resolved"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}办结投诉：{outcome}。"
    EN: ClassVar = "{time}: {actor} resolved the complaint: {outcome}."

    outcome: Resolution
    statement: Personal = ""


class CalledBack(Fact):
    """The customer was asked whether it is solved and whether they are satisfied (S004-6.1..6.5)."""

    TYPE: ClassVar = "complaint.called_back"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}通过{medium}回访：已解决 {solved}，满意 {satisfied}。"
    EN: ClassVar = "{time}: {actor} called back by {medium}: solved {solved}, satisfied {satisfied}."

    solved: bool
    satisfied: bool
    suggestion: Personal | None = None
    medium: Medium


class Reopened(Fact):
    """Work begins again, and verification with it (S004-6.6)."""

    TYPE: ClassVar = "complaint.reopened"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}重新处理投诉（第 {round} 轮）：{reason}。"
    EN: ClassVar = "{time}: {actor} reopened the complaint (round {round}): {reason}."

    round: int
    """2 for the first reopening."""
    reason: Personal


class Archived(Fact):
    """The case file is complete and closed (S002-0.3)."""

    TYPE: ClassVar = "complaint.archived"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}归档投诉（{ground}）。"
    EN: ClassVar = "{time}: {actor} archived the complaint ({ground})."

    ground: str
    """Why it may be: `called_back`, `callback_exhausted`, `not_accepted`, `withdrawn`."""


class Ending(NamedTuple):
    """How far the end has come."""

    round: int = 1
    """Higher by one with each reopening."""
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    satisfied: bool | None = None
    """What the last callback said; None before it."""
    called_back_by: str | None = None
    closed: str | None = None
    """archived, not_accepted or withdrawn."""

    @property
    def is_resolved(self) -> bool:
        """Resolved and not reopened since."""
        return self.resolution is not None

    @property
    def is_called_back(self) -> bool:
        """The customer was called back after the resolution."""
        return self.satisfied is not None


def _not_accepted(known: Ending, _: NotAccepted, __: Recorded) -> Ending:
    return known._replace(closed="not_accepted")


def _withdrawn(known: Ending, _: Withdrawn, __: Recorded) -> Ending:
    return known._replace(closed="withdrawn")


def _resolved(known: Ending, fact: Resolved, recorded: Recorded) -> Ending:
    return Ending(known.round, fact.outcome, recorded.occurred_at, recorded.actor.id)


def _called_back(known: Ending, fact: CalledBack, recorded: Recorded) -> Ending:
    return known._replace(satisfied=fact.solved and fact.satisfied, called_back_by=recorded.actor.id)


def _reopened(_: Ending, fact: Reopened, __: Recorded) -> Ending:
    return Ending(fact.round)


def _archived(known: Ending, _: Archived, __: Recorded) -> Ending:
    return known._replace(closed="archived")


CHANGES: Folds = {
    NotAccepted: _not_accepted,
    Withdrawn: _withdrawn,
    Resolved: _resolved,
    CalledBack: _called_back,
    Reopened: _reopened,
    Archived: _archived,
}
"""Fact -> how far the end has come after it."""
