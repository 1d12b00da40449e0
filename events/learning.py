"""Facts of learning: the review of a complaint, the actions it led to, what they changed (S000-6.1, S004-7.4)."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Lasting, Personal
from events.vocabulary import Service


class Reviewed(Fact):
    """What happened, why, when, where, who, how; its cause and lesson (S004-7.4, S001-6.3)."""

    TYPE: ClassVar = "complaint.reviewed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}完成复盘：根本原因 {cause}；教训：{lesson}。"
    EN: ClassVar = "{time}: {actor} reviewed the complaint: root cause {cause}; lesson: {lesson}."

    what: Personal
    why: Personal
    when: Personal
    where: Personal
    who: Personal
    how: Personal
    cause: Lasting
    lesson: Lasting
    no_action: Lasting | None = None
    """Why nothing needs to be done, where no action follows (S001-6.3)."""


class ActionPlanned(Fact):
    """Something that keeps it from happening again, with an owner and a date (S004-7.5, S003-5.4)."""

    TYPE: ClassVar = "complaint.action_planned"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}安排改进措施 {action}：{what}（{owner}，{due} 前）。"
    EN: ClassVar = "{time}: {actor} planned action {action}: {what} ({owner}, by {due})."

    action: str
    """`a1`, `a2`, in order."""
    what: Lasting
    owner: str
    due: datetime
    cause: Lasting


class ActionTaken(Fact):
    """The planned action was carried out."""

    TYPE: ClassVar = "complaint.action_taken"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}完成改进措施 {action}。"
    EN: ClassVar = "{time}: {actor} carried out action {action}."

    action: str
    note: Personal = ""


class EffectMeasured(Fact):
    """Complaints with that cause before and after the action (S004-7.6)."""

    TYPE: ClassVar = "complaint.effect_measured"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}评估措施 {action} 效果：每千单投诉率由 {before} 变为 {after}（{since} 至 {until}）。"
    EN: ClassVar = (
        "{time}: {actor} measured action {action}: {before} to {after} complaints per 1,000 ({since} to {until})."
    )

    action: str
    before: Decimal
    after: Decimal
    since: date
    until: date


class Action(NamedTuple):
    """Something that keeps it from happening again."""

    action: str
    what: str
    owner: str
    due: datetime
    cause: str
    taken_at: datetime | None = None
    is_measured: bool = False


class Learning(NamedTuple):
    """What was learned."""

    reviewed_by: str | None = None
    cause: str | None = None
    actions: tuple[Action, ...] = ()

    @property
    def is_reviewed(self) -> bool:
        """Somebody reviewed the complaint."""
        return self.reviewed_by is not None

    def find(self, action: str) -> Action | None:
        """The action of that name."""
        return next((each for each in self.actions if each.action == action), None)


def _reviewed(known: Learning, fact: Reviewed, recorded: Recorded) -> Learning:
    return known._replace(reviewed_by=recorded.actor.id, cause=fact.cause)


def _planned(known: Learning, fact: ActionPlanned, _: Recorded) -> Learning:
    action = Action(fact.action, fact.what, fact.owner, fact.due, fact.cause)
    return known._replace(actions=(*known.actions, action))


def _taken(known: Learning, fact: ActionTaken, recorded: Recorded) -> Learning:
    taken = recorded.occurred_at
    return known._replace(
        actions=tuple(a._replace(taken_at=taken) if a.action == fact.action else a for a in known.actions)
    )


def _measured(known: Learning, fact: EffectMeasured, _: Recorded) -> Learning:
    return known._replace(
        actions=tuple(a._replace(is_measured=True) if a.action == fact.action else a for a in known.actions)
    )


CHANGES: Folds = {Reviewed: _reviewed, ActionPlanned: _planned, ActionTaken: _taken, EffectMeasured: _measured}
"""Fact -> what was learned after it."""
