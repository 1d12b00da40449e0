"""Learning from a complaint: six answers, an action with owner and date, its effect (S000-6.1, S001-6.3, S004-7.4)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from events.ending import Archived, NotAccepted
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.reception import Customer
from events.vocabulary import Ground, Liable, Priority
from policy.handling.review import QUESTIONS, is_review_required
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import at
from tests.outcomes import (
    DAY,
    NOW,
    act,
    called_back,
    carried_out,
    checked,
    ended,
    paid,
    planned,
    resolved,
    taken,
    verified,
)

ANSWERS = {
    "what": "多收话费",
    "why": "资费配置错误",
    "when": "三月一日",
    "where": "计费系统",
    "who": "计费部",
    "how": "套餐变更未生效",
    "cause": "billing.error",
    "lesson": "变更后核对首月账单",
}
ACTION = {"what": "核对资费配置", "owner": "liu.yang", "due": "2026-03-20"}
FULL: dict[str, Any] = {**ANSWERS, "actions": [ACTION]}
EFFECT = {"action": "a1", "before": "3.2", "after": "0.4", "since": "2026-03-09", "until": "2026-03-15"}


def not_ours() -> Given:
    """Resolved; the customer was liable."""
    return given(*controls.handed_out(), verified(liable=Liable.CUSTOMER), controls.told(NOW), resolved())


@pytest.mark.clause("S000-6.1", "S004-7.4", "S004-7.5")
def test_a_review_records_its_answers_and_an_action_with_owner_and_date() -> None:
    reviewed, action = decided(given(*ended()).when("review", "wang.fang", NOW, **FULL))
    assert reviewed == Reviewed(**ANSWERS)
    assert action == ActionPlanned(
        action="a1", what="核对资费配置", owner="liu.yang", due=at("2026-03-21 00:00"), cause="billing.error"
    )


@pytest.mark.clause("S004-7.4")
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("answer", [None, "  "], ids=["missing", "blank"])
def test_a_review_answers_all_six_questions_and_names_cause_and_lesson(question: str, answer: str | None) -> None:
    data = {name: value for name, value in {**FULL, question: answer}.items() if value is not None}
    refused = refusal(given(*ended()).when("review", "wang.fang", NOW, **data))
    assert (refused.code, refused.facts["missing"]) == ("answers_missing", question)


@pytest.mark.clause("S000-6.1", "S001-14.4")
def test_a_complaint_is_reviewed_after_it_ended() -> None:
    assert code(given(*carried_out()).when("review", "wang.fang", NOW, **FULL)) == "not_resolved"
    filed = given(*ended(), called_back(), act(Archived(ground="called_back")))
    assert decided(filed.when("review", "wang.fang", NOW + 2 * DAY, **FULL))


@pytest.mark.clause("S001-6.3")
def test_a_root_cause_gets_an_action_or_a_reason_for_none() -> None:
    refused = refusal(not_ours().when("review", "wang.fang", NOW, **ANSWERS))
    assert (refused.code, refused.requirement) == ("action_missing", "S001-6.3")
    assert code(not_ours().when("review", "wang.fang", NOW, **ANSWERS, no_action=" ")) == "action_missing"
    [reviewed] = decided(not_ours().when("review", "wang.fang", NOW, **ANSWERS, no_action="客户误解资费"))
    assert isinstance(reviewed, Reviewed)
    assert reviewed.no_action == "客户误解资费"


@pytest.mark.clause("S004-7.6")
def test_what_is_learned_from_it_names_no_customer() -> None:
    told = controls.handed_out(customer=Customer(name="张三"))
    story = given(*told, verified(), controls.told(NOW), resolved())
    named = {**ACTION, "what": "给张三道歉"}
    for data in ({**FULL, "lesson": "张三的首月账单"}, {**ANSWERS, "actions": [ACTION, named]}):
        refused = refusal(story.when("review", "wang.fang", NOW, **data))
        assert (refused.code, refused.requirement) == ("names_customer", "M16")
    assert decided(story.when("review", "wang.fang", NOW, **{**FULL, "what": "给张三多收话费"}))


@pytest.mark.clause("S003-5.4")
def test_our_own_fault_gets_an_action_whatever_the_reason_for_none() -> None:
    refused = refusal(given(*ended()).when("review", "wang.fang", NOW, **ANSWERS, no_action="偶发"))
    assert (refused.code, refused.requirement) == ("action_missing", "S003-5.4")


@pytest.mark.clause("S003-2.4")
@pytest.mark.parametrize(
    ("person", "may"), [("li.na", False), ("liu.yang", False), ("hu.mei", False), ("wang.fang", True)]
)
def test_whoever_verified_or_paid_does_not_review(person: str, may: bool) -> None:
    story = given(*controls.handed_out(), verified("li.na"), checked(by="liu.yang"), paid("hu.mei"), resolved())
    answer = story.when("review", person, NOW, **FULL)
    assert bool(decided(answer)) if may else code(answer) == "four_eyes"


@pytest.mark.clause("S004-7.5")
def test_an_action_has_an_owner_the_company_knows_and_a_date_to_come() -> None:
    story = given(*ended())
    nobody, late = {**ACTION, "owner": "ghost"}, {**ACTION, "due": "2026-03-01"}
    assert code(story.when("review", "wang.fang", NOW, **ANSWERS, actions=[nobody])) == "unknown_owner"
    assert code(story.when("review", "wang.fang", NOW, **ANSWERS, actions=[ACTION, late])) == "due_in_the_past"


@pytest.mark.clause("S004-7.5", "S001-2.4")
def test_each_action_has_a_clock_of_its_own() -> None:
    story = given(*ended(), planned()).case
    readings = controls.policy().clocks.readings(story.history, story.complaint, NOW)
    assert [(r.key, r.due_at) for r in readings if r.clock == "action"] == [("a1", NOW + 7 * DAY)]


@pytest.mark.clause("S000-6.1")
@pytest.mark.parametrize(
    ("priority", "one_in", "required"),
    [(Priority.RED, 0, True), (Priority.YELLOW, 0, False), (Priority.GREEN, 1, True), (Priority.GREEN, 0, False)],
)
def test_red_is_always_reviewed_others_by_sample(priority: Priority, one_in: int, required: bool) -> None:
    rules = controls.policy().document.review.model_copy(update={"one_in": one_in})
    complaint = given(controls.received(), controls.classified(NOW, priority)).complaint
    assert is_review_required(complaint, rules) is required


@pytest.mark.clause("S000-6.1")
def test_what_was_not_accepted_can_be_reviewed_too() -> None:
    over = given(*controls.handed_out(), act(NotAccepted(ground=Ground.LAW, proof="1")))
    assert decided(over.when("review", "wang.fang", NOW, **ANSWERS, no_action="依法不予受理"))


@pytest.mark.clause("S004-7.5")
@pytest.mark.parametrize(
    ("person", "may"), [("liu.yang", True), ("he.jing", True), ("li.na", False), ("hu.mei", False)]
)
def test_an_action_is_reported_by_its_owner_or_a_supervisor(person: str, may: bool) -> None:
    answer = given(*ended(), planned()).when("take_action", person, NOW, action="a1", note="已核对")
    assert answer == [ActionTaken(action="a1", note="已核对")] if may else code(answer) == "not_the_owner"


@pytest.mark.clause("S004-7.5")
def test_only_what_was_planned_is_reported_and_once() -> None:
    story = given(*ended(), planned())
    assert code(story.when("take_action", "liu.yang", NOW, action="a9")) == "unknown_action"
    assert code(story.and_then(taken()).when("take_action", "liu.yang", NOW, action="a1")) == "action_taken"


@pytest.mark.clause("S004-7.6")
def test_the_effect_is_measured_before_against_after_over_named_days() -> None:
    story = given(*ended(), planned(), taken())
    assert story.when("measure_effect", "wang.fang", at("2026-03-16 10:00"), **EFFECT) == [
        EffectMeasured(
            action="a1", before=Decimal("3.2"), after=Decimal("0.4"), since=date(2026, 3, 9), until=date(2026, 3, 15)
        )
    ]


@pytest.mark.clause("S004-7.6")
def test_what_was_not_done_has_no_effect() -> None:
    story = given(*ended(), planned())
    assert code(story.when("measure_effect", "wang.fang", at("2026-03-16 10:00"), **EFFECT)) == "action_not_taken"


@pytest.mark.clause("S004-7.6")
@pytest.mark.parametrize(
    ("since", "until", "right"),
    [
        ("2026-03-02", "2026-03-16", True),
        ("2026-03-01", "2026-03-08", False),
        ("2026-03-09", "2026-03-17", False),
        ("2026-03-09", "2026-03-08", False),
    ],
    ids=["from the action to today", "before the action", "days still to come", "turned round"],
)
def test_the_days_measured_lie_between_the_action_and_today(since: str, until: str, right: bool) -> None:
    data = {**EFFECT, "since": since, "until": until}
    answer = given(*ended(), planned(), taken()).when("measure_effect", "wang.fang", at("2026-03-16 10:00"), **data)
    assert bool(decided(answer)) if right else code(answer) == "period_wrong"
