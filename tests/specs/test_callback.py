"""The customer is called back: by the right means, and what they say has consequences (S004-6.1..6.7, C5, C16)."""

from datetime import datetime
from typing import Any

import pytest

from events.ending import Archived, CalledBack, Reopened
from events.envelope import Entry
from events.nudges import WANTED
from events.participation import Recused, TaskOpened
from events.understanding import UnderstandingConfirmed
from events.vocabulary import Medium, Priority, ReplyKind, Service
from tests import controls
from tests.bdd import Given, code, decided, facts, given, refusal
from tests.controls import HOUR, PHONE
from tests.outcomes import DAY, NOW, act, called_back, carried_out, done, ended, remedy, resolved, verified
from tests.outcomes import agreed as agreed_
from tests.outcomes import proposed as proposed_

LATER = NOW + DAY
HAPPY = {"solved": True, "satisfied": True, "medium": "phone"}
MAILBOX = controls.customer((Medium.EMAIL, "a@example.com"))


def finished(*more: Entry, **received: Any) -> Given:
    """Resolved; `received` as in the complaint."""
    begun = [*controls.handed_out(**received), verified(), proposed_(remedy(steps=("call",))), agreed_()]
    return given(*begun, *done("1.call"), controls.told(NOW), *more, resolved())


def felt(emotion: int) -> Entry:
    """How agitated the customer was."""
    return act(UnderstandingConfirmed(number=1, summary="多收话费", confirmed=True, emotion=emotion))


def red() -> Entry:
    return controls.classified(NOW, Priority.RED)


@pytest.mark.clause("S004-6.1")
def test_the_customer_is_called_back_after_the_resolution_not_before() -> None:
    refused = refusal(given(*carried_out()).when("call_back", "li.na", NOW, **HAPPY))
    assert (refused.code, refused.requirement) == ("not_resolved", "S004-6.1")
    answer = given(*ended()).when("call_back", "li.na", LATER, **HAPPY)
    assert answer == [CalledBack(solved=True, satisfied=True, medium=Medium.PHONE)]


@pytest.mark.clause("S004-6.4")
@pytest.mark.parametrize("missing", ["solved", "satisfied", "medium"])
def test_the_form_asks_whether_it_is_solved_and_whether_they_are_satisfied(missing: str) -> None:
    asked = {name: value for name, value in HAPPY.items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        given(*ended()).when("call_back", "li.na", LATER, **asked)


@pytest.mark.clause("S004-6.4")
def test_a_round_has_one_callback() -> None:
    assert code(given(*ended(), called_back()).when("call_back", "li.na", LATER, **HAPPY)) == "already_called_back"


@pytest.mark.clause("S004-6.3")
@pytest.mark.parametrize(("medium", "right"), [("phone", True), ("chat", False), ("email", False), ("sms", False)])
def test_red_customers_are_called_by_phone(medium: str, right: bool) -> None:
    answer = finished(red()).when("call_back", "li.na", LATER, **{**HAPPY, "medium": medium})
    assert bool(decided(answer)) if right else code(answer) == "callback_by_phone"


@pytest.mark.clause("S004-6.3")
@pytest.mark.parametrize(("emotion", "right"), [(3, True), (4, False), (5, False)])
def test_agitated_customers_are_called_by_phone(emotion: int, right: bool) -> None:
    answer = finished(felt(emotion)).when("call_back", "li.na", LATER, **{**HAPPY, "medium": "chat"})
    assert bool(decided(answer)) if right else code(answer) == "callback_by_phone"


@pytest.mark.clause("S004-6.3", "S002-1.12")
def test_what_the_customer_asked_for_comes_before_the_phone() -> None:
    wants = controls.customer((Medium.PHONE, PHONE), (Medium.WECHAT, "zs"), preferred=Medium.WECHAT)
    story = finished(red(), customer=wants)
    assert decided(story.when("call_back", "li.na", LATER, **{**HAPPY, "medium": "wechat"}))
    assert decided(story.when("call_back", "li.na", LATER, **HAPPY))
    assert code(story.when("call_back", "li.na", LATER, **{**HAPPY, "medium": "chat"})) == "callback_by_phone"


@pytest.mark.clause("S004-6.3")
def test_a_customer_without_a_telephone_is_not_called_by_phone() -> None:
    story = finished(red(), customer=MAILBOX)
    assert decided(story.when("call_back", "li.na", LATER, **{**HAPPY, "medium": "email"}))


@pytest.mark.clause("S004-6.3")
def test_other_customers_are_called_back_by_any_means() -> None:
    assert decided(given(*ended()).when("call_back", "li.na", LATER, **{**HAPPY, "medium": "chat"}))


@pytest.mark.clause("S004-6.6")
@pytest.mark.parametrize(
    ("solved", "satisfied", "reason"),
    [(True, False, "callback.dissatisfied"), (False, True, "callback.unsolved"), (False, False, "callback.unsolved")],
)
def test_a_customer_who_is_not_satisfied_starts_the_next_round_by_itself(
    solved: bool, satisfied: bool, reason: str
) -> None:
    said = act(CalledBack(solved=solved, satisfied=satisfied, medium=Medium.PHONE), moment=LATER)
    found = [f for f in facts(given(*ended(), said).workflow_looks(LATER)) if isinstance(f, Reopened)]
    assert found == [Reopened(round=2, reason=reason)]


@pytest.mark.clause("S004-6.6")
def test_a_satisfied_customer_starts_nothing() -> None:
    found = facts(given(*ended(), called_back()).workflow_looks(LATER))
    assert not [f for f in found if isinstance(f, Reopened | TaskOpened | Archived)]


@pytest.mark.clause("S004-6.6")
def test_the_workflow_looks_when_somebody_called_back_and_reopens_once() -> None:
    story = given(*ended(), called_back(satisfied=False))
    again = story.and_then(*story.workflow_looks(LATER).entries)
    assert not [f for f in facts(again.workflow_looks(LATER)) if isinstance(f, Reopened)]
    assert CalledBack.TYPE in WANTED[Service.WORKFLOW]


@pytest.mark.clause("S004-6.6", "S004-3.6")
def test_after_a_dissatisfied_callback_everything_is_verified_and_called_back_again() -> None:
    story = given(*ended(), called_back(satisfied=False))
    again = story.and_then(*story.workflow_looks(LATER).entries)
    assert (again.complaint.status, again.complaint.ending.round) == ("reopened", 2)
    second = again.and_then(verified(moment=LATER), controls.told(LATER, kind=ReplyKind.EXPLANATION))
    over = second.and_then(resolved(LATER + HOUR))
    assert code(over.when("archive", "li.na", LATER + HOUR)) == "not_called_back"


def the_callback_is_due(story: Given) -> list[datetime | None]:
    readings = controls.policy().clocks.readings(story.case.history, story.complaint, LATER)
    return [r.due_at for r in readings if r.clock == "callback"]


@pytest.mark.clause("S004-6.1", "S004-6.2", "S001-6.1", "S001-8.2")
def test_the_callback_is_due_after_three_days_for_red_after_one() -> None:
    assert the_callback_is_due(finished()) == [NOW + 3 * DAY]
    assert the_callback_is_due(finished(red())) == [NOW + DAY]


@pytest.mark.clause("S004-6.7", "S001-6.5")
def test_a_suggestion_is_a_task_of_the_department_with_an_answer_due() -> None:
    story = given(*ended(), called_back(suggestion="加快退款"))
    [task] = [f for f in facts(story.workflow_looks(LATER)) if isinstance(f, TaskOpened)]
    assert (task.task, task.department, task.person) == ("t1", "service", "zhang.wei")
    assert task.due == LATER + controls.policy().document.callback.feedback_within


@pytest.mark.clause("S004-6.7", "S002-7.1")
def test_a_suggestion_is_never_the_task_of_somebody_barred() -> None:
    everybody = controls.company().person
    recused = [act(Recused(person=person, reason="亲属"), moment=NOW) for person in everybody]
    story = given(*ended(), called_back(suggestion="加快退款"), *recused)
    assert not [f for f in facts(story.workflow_looks(LATER)) if isinstance(f, TaskOpened)]
    back = story.and_then(act(Recused(person="hu.mei", reason="必要", lifted=True), moment=NOW))
    assert [f.person for f in facts(back.workflow_looks(LATER)) if isinstance(f, TaskOpened)] == ["hu.mei"]


@pytest.mark.clause("S004-6.7")
def test_a_suggestion_is_passed_on_once_and_holds_nothing_up() -> None:
    story = given(*ended(), called_back(suggestion="加快退款"))
    asked = story.and_then(*story.workflow_looks(LATER).entries)
    assert not [f for f in facts(asked.workflow_looks(LATER)) if isinstance(f, TaskOpened)]
    assert decided(asked.when("archive", "li.na", LATER)) == [Archived(ground="called_back")]


@pytest.mark.clause("S004-6.7")
def test_the_customers_own_words_are_not_copied_into_the_task() -> None:
    story = given(*ended(), called_back(suggestion="让李娜加快退款"))
    [task] = [f for f in facts(story.workflow_looks(LATER)) if isinstance(f, TaskOpened)]
    assert "李娜" not in task.what


@pytest.mark.clause("S004-6.6", "S004-6.7")
def test_a_dissatisfied_customers_suggestion_is_passed_on_too_and_does_not_stop_the_next_round() -> None:
    story = given(*ended(), called_back(satisfied=False, suggestion="加快退款"))
    again = story.and_then(*story.workflow_looks(LATER).entries)
    assert {type(f) for f in facts(story.workflow_looks(LATER))} >= {TaskOpened, Reopened}
    second = again.and_then(verified(moment=LATER), controls.told(LATER, kind=ReplyKind.EXPLANATION))
    assert decided(second.when("resolve", "li.na", LATER, outcome="clarified"))


@pytest.mark.clause("S001-6.5")
def test_the_department_answers_the_suggestion_and_its_clock_stops() -> None:
    story = given(*ended(), called_back(suggestion="加快退款"))
    asked = story.and_then(*story.workflow_looks(LATER).entries)
    readings = controls.policy().clocks.readings(asked.case.history, asked.complaint, LATER)
    [clock] = [r for r in readings if r.clock == "task"]
    assert (clock.key, clock.stopped_at) == ("t1", None)
    assert decided(asked.when("close_task", "zhang.wei", LATER + HOUR, task="t1", result="已采纳"))


@pytest.mark.clause("S004-6.7", "S001-6.5")
def test_the_suggestion_is_still_to_be_answered_when_the_file_is_closed() -> None:
    story = given(*ended(), called_back(suggestion="加快退款"))
    filed = story.and_then(*story.workflow_looks(LATER).entries, act(Archived(ground="called_back"), moment=LATER))
    readings = controls.policy().clocks.readings(filed.case.history, filed.complaint, LATER)
    assert [r.stopped_at for r in readings if r.clock == "task"] == [None]
    assert decided(filed.when("close_task", "zhang.wei", LATER + HOUR, task="t1", result="已采纳"))
