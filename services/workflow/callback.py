"""Calling the customer back, and what follows by itself: a new round, an answer to a suggestion (S004-6.1..6.7)."""

from datetime import datetime

from pydantic import Field

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.ending import CalledBack, Reopened
from events.envelope import Recorded
from events.fact import Value
from events.participation import TaskOpened
from events.reconciler import Draft
from events.vocabulary import Medium
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.ending import may_call_back_by
from policy.people.organisation import Organisation
from policy.people.routing import free_person
from policy.people.tasks import next_task
from policy.policy import Policy


class CallBack(Value):
    """`call_back`: is it solved, is the customer satisfied, what do they suggest (S004-6.4)."""

    solved: bool
    satisfied: bool
    suggestion: str | None = Field(default=None, max_length=2_000)
    medium: Medium


def call_back(ask: Ask, data: CallBack) -> Decided:
    """After the resolution; red or agitated customers by phone unless they asked for other means (S004-6.3, C16)."""
    refusal = _not_resolved(ask.complaint) or _done_already(ask.complaint) or _by_phone(ask, data.medium)
    if refusal is not None:
        return refusal
    suggestion = (data.suggestion or "").strip() or None
    return [CalledBack(solved=data.solved, satisfied=data.satisfied, suggestion=suggestion, medium=data.medium)]


def after_callback(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """A customer who is not satisfied is dealt with anew; each suggestion goes to the department, once."""
    ending = draft.case.complaint.ending
    if not ending.is_called_back and ending.round == 1:
        return
    for recorded in tuple(draft.case.history):
        if isinstance(recorded.fact, CalledBack) and recorded.fact.suggestion:
            _ask_the_department(draft, recorded, policy, organisation, now)
    if ending.is_called_back and not ending.satisfied and ending.closed is None:
        draft.add(Reopened(round=ending.round + 1, reason=_why_again(draft)))


def _why_again(draft: Draft) -> str:
    """`callback.unsolved` or `callback.dissatisfied`, from the last callback (S004-6.6)."""
    last = next(r.fact for r in reversed(draft.case.history) if isinstance(r.fact, CalledBack))
    return "callback.dissatisfied" if last.solved else "callback.unsolved"


def _ask_the_department(
    draft: Draft, recorded: Recorded, policy: Policy, organisation: Organisation, now: datetime
) -> None:
    """The department answerable for the complaint owes an answer to what the customer suggested (S004-6.7)."""
    complaint = draft.case.complaint
    what = suggestion_task(recorded.version)
    if any(task.what == what for task in complaint.participation.tasks):
        return
    routing = policy.document.routing
    department = complaint.department or routing.receiving
    person = free_person(department, complaint, routing, organisation, now)
    if person is None:
        return
    draft.add(
        TaskOpened(
            task=next_task(complaint),
            department=organisation.person[person].department,
            person=person,
            what=what,
            due=recorded.occurred_at + policy.document.callback.feedback_within,
        )
    )


def suggestion_task(version: int) -> str:
    """What the department is asked for; the customer's own words stay in the callback of that version."""
    return f"答复客户建议(回访记录第 {version} 项)/ answer the customer's suggestion (callback, entry {version})"


def _not_resolved(complaint: Complaint) -> Refusal | None:
    if complaint.ending.is_resolved:
        return None
    return refuse(
        "not_resolved",
        "S004-6.1",
        "投诉办结（resolve）之后才回访",
        "the customer is called back after the complaint is resolved (resolve)",
        status=complaint.status,
    )


def _done_already(complaint: Complaint) -> Refusal | None:
    if not complaint.ending.is_called_back:
        return None
    return refuse(
        "already_called_back",
        "S004-6.1",
        "本轮已回访：满意的请归档，客户另有不满的请重新处理（reopen）",
        "the customer was called back in this round: archive it, or reopen it if they are not satisfied after all",
        satisfied=complaint.ending.satisfied,
    )


def _by_phone(ask: Ask, medium: Medium) -> Refusal | None:
    rules = ask.rules.callback
    if may_call_back_by(medium, ask.complaint, rules, ask.rules.retry):
        return None
    return refuse(
        "callback_by_phone",
        "S004-6.3",
        f"高优先级或情绪激动的客户须以{rules.medium.zh}回访（客户指定其他方式的除外）",
        f"red or agitated customers are called back by {rules.medium.en}, unless they asked for other means",
        medium=medium.value,
        priority=ask.complaint.priority,
        emotion=ask.complaint.understanding.emotion,
    )


ACTS: Acts = {"call_back": Act(CallBack, call_back)}
