"""Several hands, one owner: parts of others, and a supervisor who urges on (S001-6.6, S001-16.5, S002-4.5)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from events.envelope import Entry
from events.fact import Fact
from events.participation import Nudged, TaskClosed, TaskOpened
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import SECOND, in_the_morning, with_absent

NOW = in_the_morning()
WITHIN = controls.policy().document.task.answer_within


def act(fact: Fact, by: str = "li.na") -> Entry:
    return Entry(fact, NOW, controls.person(by), policy=controls.POLICY_ID)


def asked(story: Given | None = None, **data: Any) -> TaskOpened:
    story = story or given(*controls.handed_out())
    [fact] = decided(story.when("open_task", "li.na", NOW, **{"what": "核对签收", **data}))
    assert isinstance(fact, TaskOpened)
    return fact


@pytest.mark.clause("S001-6.6", "S001-16.5")
def test_departments_are_asked_for_their_parts_at_the_same_time_under_one_owner() -> None:
    story = given(*controls.handed_out())
    for department in ("logistics", "billing", "legal"):
        story = story.and_then(act(asked(story, department=department)))
    tasks = [(task.task, task.department, task.person) for task in story.complaint.participation.open_tasks]
    assert tasks == [("t1", "logistics", "sun.li"), ("t2", "billing", "liu.yang"), ("t3", "legal", "chen.jie")]
    assert (story.complaint.owner, story.complaint.handler) == ("li.na", "li.na")


@pytest.mark.clause("S001-16.5")
def test_a_part_is_due_as_the_policy_says_unless_a_time_is_named() -> None:
    assert asked(department="billing").due == NOW + WITHIN
    named = NOW + timedelta(hours=2)
    assert asked(department="billing", due=named.isoformat()).due == named


@pytest.mark.clause("S001-16.5")
@pytest.mark.parametrize(("due", "allowed"), [(NOW, False), (NOW + SECOND, True)])
def test_a_part_falls_due_after_now(due: datetime, allowed: bool) -> None:
    answer = given(*controls.handed_out()).when("open_task", "li.na", NOW, what="核对", due=due.isoformat())
    assert (code(answer) == "due_in_the_past") if not allowed else decided(answer)


@pytest.mark.clause("S000-3.5")
def test_a_third_partys_part_has_a_colleague_who_answers_for_it() -> None:
    fact = asked(department="logistics", party="顺达快递")
    assert (fact.party, fact.person) == ("顺达快递", "sun.li")


@pytest.mark.clause("S001-6.6")
def test_a_person_brings_their_department_and_without_either_the_handling_one_is_asked() -> None:
    assert asked(person="xu.tao").department == "product"
    assert asked().department == "service"


@pytest.mark.clause("S002-7.1", "S001-6.6")
def test_nobody_barred_or_away_gets_a_part() -> None:
    story = given(*controls.handed_out(accused=("sun.li",)), company=with_absent(("liu.yang", "he.jing")))
    assert code(story.when("open_task", "li.na", NOW, what="x", person="sun.li")) == "recused"
    assert code(story.when("open_task", "li.na", NOW, what="x", person="liu.yang")) == "away"
    assert code(story.when("open_task", "li.na", NOW, what="x", person="ghost")) == "unknown_person"
    # All of logistics is accused or above the accused: the department that received it takes the part.
    assert asked(story, department="logistics").person in ("li.na", "zhang.wei")


@pytest.mark.clause("S003-2.3")
def test_there_are_only_the_companys_departments() -> None:
    answer = refusal(given(*controls.handed_out()).when("open_task", "li.na", NOW, what="x", department="moon"))
    assert answer.code == "unknown_department"
    assert "logistics" in answer.en


@pytest.mark.clause("S001-16.5", "S001-6.6")
def test_a_part_is_answered_once() -> None:
    story = given(*controls.handed_out(), act(asked(department="logistics")))
    closed = decided(story.when("close_task", "sun.li", NOW, task="t1", result="签收人不是客户"))
    assert closed == [TaskClosed(task="t1", result="签收人不是客户")]
    after = story.and_then(act(closed[0], "sun.li"))
    assert after.complaint.participation.open_tasks == ()
    assert code(after.when("close_task", "sun.li", NOW, task="t1", result="x")) == "task_closed"
    assert code(after.when("close_task", "sun.li", NOW, task="t2", result="x")) == "no_such_task"


@pytest.mark.clause("S002-4.5")
@pytest.mark.parametrize("by", ["wang.fang", "he.jing", "zhao.lei"])
def test_a_supervisor_urges_the_handler_on_visibly(by: str) -> None:
    answer = given(*controls.handed_out()).when("nudge", by, NOW, text="请今日答复")
    assert decided(answer) == [Nudged(person="li.na", text="请今日答复")]


@pytest.mark.clause("S002-4.5")
@pytest.mark.parametrize("by", ["zhang.wei", "hu.mei", "wu.hao"])
def test_nobody_else_does_and_it_is_said_who_may(by: str) -> None:
    answer = refusal(given(*controls.handed_out()).when("nudge", by, NOW, text="x"))
    assert (answer.code, answer.may) == ("not_supervisor", ("wang.fang",))


@pytest.mark.clause("S002-4.5")
def test_before_anybody_handles_it_there_is_nobody_to_urge() -> None:
    assert code(given(controls.received()).when("nudge", "wang.fang", NOW, text="x")) == "no_handler"
