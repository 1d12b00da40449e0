"""Work of several hands on one complaint, one owner: open_task, close_task, nudge (S001-6.6, S001-16.5, S002-4.5)."""

from pydantic import Field

from events.commands import Refusal, refuse
from events.fact import Value
from events.participation import Nudged, Task, TaskClosed, TaskOpened
from policy.asking import Act, Acts, Ask, Decided
from policy.people.authority import is_supervisor
from policy.people.ladder import decider
from policy.people.routing import free_person
from policy.people.tasks import find_task, next_task
from policy.timing.moments import Instant
from services.workflow.handling import may_take_on


class OpenTask(Value):
    """`open_task`: ask a department, a colleague or a third party for its part (S004-3.2, S000-3.5)."""

    what: str = Field(min_length=1, max_length=2_000)
    department: str | None = None
    person: str | None = None
    """Who answers for it inside, also where a third party does it."""
    party: str | None = Field(default=None, min_length=1, max_length=200)
    """The third party concerned, a carrier."""
    due: Instant | None = None


class CloseTask(Value):
    """`close_task`: the part is done, or cannot be (S001-16.5)."""

    task: str
    result: str = Field(min_length=1, max_length=5_000)


class Nudge(Value):
    """`nudge`: the coordinating supervisor urges the handler on (S002-4.5)."""

    text: str = Field(min_length=1, max_length=2_000)


def open_task(ask: Ask, data: OpenTask) -> Decided:
    """One more part under the same complaint; owner and handler stay (C12, S001-6.6)."""
    department = _department(ask, data)
    person = data.person or free_person(department, ask.complaint, ask.rules.routing, ask.organisation, ask.now)
    if (refusal := _department_is_known(ask, department) or _somebody(ask, person) or _in_time(ask, data)) is not None:
        return refusal
    return [
        TaskOpened(
            task=next_task(ask.complaint),
            department=department,
            person=person or "",
            party=data.party,
            what=data.what,
            due=data.due or ask.rules.task.due(ask.now),
        )
    ]


def _department(ask: Ask, data: OpenTask) -> str:
    """The department asked for, else the person's, else the one that handles."""
    if data.department is not None:
        return data.department
    if data.person is not None and data.person in ask.organisation.person:
        return ask.organisation.person[data.person].department
    return ask.complaint.department or ask.rules.routing.receiving


def _department_is_known(ask: Ask, department: str) -> Refusal | None:
    if department in ask.organisation.department:
        return None
    every = ", ".join(sorted(ask.organisation.department))
    return refuse(
        "unknown_department",
        "S003-2.3",
        f"没有部门 {department}；可选：{every}",
        f"there is no department {department}; there are {every}",
        department=department,
    )


def _somebody(ask: Ask, person: str | None) -> Refusal | None:
    if person is not None:
        return may_take_on(ask, person)
    return refuse(
        "nobody_free",
        "S001-6.6",
        "没有可以承办的人员，请指定一位",
        "nobody is free to take it on: name somebody",
    )


def _in_time(ask: Ask, data: OpenTask) -> Refusal | None:
    if data.due is None or data.due > ask.now:
        return None
    return refuse(
        "due_in_the_past", "S001-16.5", "完成时限须晚于现在", "the part must fall due after now", due=data.due
    )


def close_task(ask: Ask, data: CloseTask) -> Decided:
    """The answer to one part, once (S001-16.5)."""
    task = find_task(ask.complaint, data.task)
    if task is None or not task.is_open:
        return _no_open_task(ask, data.task, task)
    return [TaskClosed(task=data.task, result=data.result)]


def _no_open_task(ask: Ask, name: str, task: Task | None) -> Refusal:
    waiting = ", ".join(each.task for each in ask.complaint.participation.open_tasks)
    return refuse(
        "no_such_task" if task is None else "task_closed",
        "S001-16.5",
        f"任务 {name} 不存在或已答复；待办任务：{waiting or '无'}",
        f"there is no open task {name}; open: {waiting or 'none'}",
        task=name,
    )


def nudge(ask: Ask, data: Nudge) -> Decided:
    """A supervisor urges the handler on, visibly (S002-4.5)."""
    if (refusal := _may_nudge(ask)) is not None:
        return refusal
    handler = ask.complaint.handler
    if handler is None:
        return refuse(
            "no_handler", "S002-4.5", "投诉尚未派单，请先派单（assign）", "nobody handles it yet: assign it first"
        )
    return [Nudged(person=handler, text=data.text)]


def _may_nudge(ask: Ask) -> Refusal | None:
    authority, company = ask.rules.authority, ask.organisation
    if is_supervisor(ask.by, authority, company):
        return None
    return refuse(
        "not_supervisor",
        "S002-4.5",
        "督促由主管负责",
        "the coordinating supervisor urges people on",
        may=[decider(ask.complaint, authority.supervisor_level, company, ask.now)],
        person=ask.by,
    )


ACTS: Acts = {
    "open_task": Act(OpenTask, open_task),
    "close_task": Act(CloseTask, close_task, when_closed=True),  # a customer's suggestion is answered after the end too
    "nudge": Act(Nudge, nudge),
}
