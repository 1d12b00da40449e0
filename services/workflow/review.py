"""Learning from it: the review, the actions it leads to, what they changed (S000-6.1, S001-6.3, S004-7.4..7.6)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pydantic import Field

from events.commands import Refusal, refuse
from events.fact import Fact, Name, Value
from events.learning import Action, ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.review import QUESTIONS, must_act
from policy.people.duties import conflict_of_duties
from policy.people.participation import who
from policy.timing.moments import Named, instant_of


class Measure(Value):
    """One thing that keeps it from happening again: what, who, until when (S004-7.5)."""

    what: str = Field(min_length=1, max_length=1_000)
    owner: str
    due: Named


class Review(Value):
    """`review`: six answers, the root cause, the lesson, what is done about it (S004-7.4, S001-6.3)."""

    what: str = ""
    why: str = ""
    when: str = ""
    where: str = ""
    who: str = ""
    how: str = ""
    cause: str = ""
    lesson: str = ""
    actions: tuple[Measure, ...] = Field(default=(), max_length=100)
    no_action: str | None = None
    """Why nothing has to be done, where no action follows."""


class TakeAction(Value):
    """`take_action`: what was planned is done."""

    action: Name
    note: str = Field(default="", max_length=2_000)


class MeasureEffect(Value):
    """`measure_effect`: complaints of that cause for every 1,000 before and after the action (S004-7.6)."""

    action: Name
    before: Decimal = Field(ge=0, allow_inf_nan=False)
    after: Decimal = Field(ge=0, allow_inf_nan=False)
    since: date
    until: date


def review(ask: Ask, data: Review) -> Decided:
    """Once it ended, by somebody who neither checked nor paid; what is ours gets an action (S003-2.4, S003-5.4)."""
    refusal = (
        _not_ended(ask)
        or conflict_of_duties(ask.complaint, ask.by, "review", ask.organisation)
        or _unanswered(data)
        or _no_action(ask, data)
        or _unknown_owner(ask, data)
        or _due_in_the_past(ask, data)
    )
    return refusal or [_reviewed(data), *_planned(ask, data)]


def take_action(ask: Ask, data: TakeAction) -> Decided:
    """Reported by its owner or by a supervisor (S004-7.5)."""
    found = _action(ask, data.action)
    if isinstance(found, Refusal):
        return found
    if found.taken_at is not None:
        return refuse(
            "action_taken",
            "S004-7.5",
            f"措施 {found.action} 已完成",
            f"action {found.action} is done already",
            action=found.action,
        )
    return _not_the_owner(ask, found) or [ActionTaken(action=found.action, note=data.note)]


def measure_effect(ask: Ask, data: MeasureEffect) -> Decided:
    """Before against after, over days that lie after the action (S004-7.6)."""
    found = _action(ask, data.action)
    if isinstance(found, Refusal):
        return found
    return _too_early(ask, found, data) or [
        EffectMeasured(action=found.action, before=data.before, after=data.after, since=data.since, until=data.until)
    ]


def _reviewed(data: Review) -> Reviewed:
    answers = {name: getattr(data, name).strip() for name in QUESTIONS}
    reason = (data.no_action or "").strip() or None
    return Reviewed(**answers, no_action=None if data.actions else reason)


def _planned(ask: Ask, data: Review) -> Iterator[Fact]:
    known = len(ask.complaint.learning.actions)
    for number, measure in enumerate(data.actions, start=known + 1):
        due = instant_of(measure.due, ask.policy.zone)
        yield ActionPlanned(
            action=f"a{number}", what=measure.what, owner=measure.owner, due=due, cause=data.cause.strip()
        )


def _not_ended(ask: Ask) -> Refusal | None:
    ending = ask.complaint.ending
    if ending.is_resolved or ending.closed is not None:
        return None
    return refuse(
        "not_resolved",
        "S000-6.1",
        "投诉办结之后才复盘",
        "a complaint is reviewed after it was resolved",
        status=ask.complaint.status,
    )


def _unanswered(data: Review) -> Refusal | None:
    missing = [name for name in QUESTIONS if not getattr(data, name).strip()]
    if not missing:
        return None
    return refuse(
        "answers_missing",
        "S004-7.4",
        f"复盘须回答：{'、'.join(f'{QUESTIONS[name]}({name})' for name in missing)}",
        f"a review also answers: {', '.join(missing)}",
        missing=", ".join(missing),
    )


def _no_action(ask: Ask, data: Review) -> Refusal | None:
    """Our own fault gets an action always; any other cause an action or a reason for none (S003-5.4, S001-6.3)."""
    if data.actions:
        return None
    ours = must_act(ask.complaint, ask.rules.review)
    if not ours and (data.no_action or "").strip():
        return None
    return refuse(
        "action_missing",
        "S003-5.4" if ours else "S001-6.3",
        "本公司有责任的，须至少安排一项改进措施（actions）"
        if ours
        else "请针对根本原因安排改进措施（actions），或说明无需措施的理由（no_action）",
        "where the company is liable at least one action is planned (actions)"
        if ours
        else "plan an action against the root cause (actions), or say why none is needed (no_action)",
        cause=data.cause,
    )


def _unknown_owner(ask: Ask, data: Review) -> Refusal | None:
    unknown = [measure.owner for measure in data.actions if measure.owner not in ask.organisation.person]
    if not unknown:
        return None
    return refuse(
        "unknown_owner",
        "S004-7.5",
        f"组织架构中没有 {unknown[0]}",
        f"{unknown[0]} is not in the organisation",
        owner=unknown[0],
    )


def _due_in_the_past(ask: Ask, data: Review) -> Refusal | None:
    late = [m for m in data.actions if instant_of(m.due, ask.policy.zone) <= ask.now]
    if not late:
        return None
    return refuse(
        "due_in_the_past",
        "S004-7.5",
        f"措施“{late[0].what}”的期限必须在将来",
        f"action {late[0].what!r} has to fall due in the future",
        due=late[0].due.isoformat(),
    )


def _action(ask: Ask, named: str) -> Action | Refusal:
    actions = ask.complaint.learning.actions
    found = next((a for a in actions if named.strip() in (a.action, a.action[1:])), None)
    listed = ", ".join(a.action for a in actions) or "-"
    return found or refuse(
        "unknown_action",
        "S004-7.5",
        f"没有措施“{named}”；已安排：{listed}",
        f"there is no action {named!r}; planned are: {listed}",
        action=named,
    )


def _not_the_owner(ask: Ask, action: Action) -> Refusal | None:
    if _may_report(ask, action, ask.by):
        return None
    return refuse(
        "not_the_owner",
        "S004-7.5",
        f"措施 {action.action} 由 {action.owner} 或主管报告完成",
        f"action {action.action} is reported by {action.owner} or a supervisor",
        may=who(ask.complaint, ask.organisation, lambda id_: _may_report(ask, action, id_)),
        action=action.action,
    )


def _may_report(ask: Ask, action: Action, person: str) -> bool:
    return person == action.owner or ask.organisation.level_of(person) >= ask.rules.review.level


def _too_early(ask: Ask, action: Action, data: MeasureEffect) -> Refusal | None:
    """What was not done, or lies outside the days after it, shows no effect."""
    today = ask.now.astimezone(ask.policy.zone).date()
    if action.taken_at is None:
        return refuse(
            "action_not_taken",
            "S004-7.6",
            f"措施 {action.action} 尚未完成，不能评估效果",
            f"action {action.action} is not done yet: there is no effect to measure",
            action=action.action,
            owner=action.owner,
        )
    taken = action.taken_at.astimezone(ask.policy.zone).date()
    if taken <= data.since <= data.until <= today:
        return None
    return refuse(
        "period_wrong",
        "S004-7.6",
        f"评估期间须在措施完成（{taken}）之后、今天（{today}）之前",
        f"the days measured lie between the action ({taken}) and today ({today})",
        since=data.since,
        until=data.until,
    )


ACTS: Acts = {
    "review": Act(Review, review, when_closed=True),
    "take_action": Act(TakeAction, take_action, when_closed=True),
    "measure_effect": Act(MeasureEffect, measure_effect, when_closed=True),
}
