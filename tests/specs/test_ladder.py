"""Level by level, jumps only by a named rule, never to the accused, never round in circles (S002-4.3, S002-4.4)."""

import pytest
from pydantic import ValidationError

from events.complaint import Complaint
from events.handling import Escalated
from events.links import Link, Links
from events.verification import Finding, Verification, Verified
from events.vocabulary import Liable, Priority, Relation
from policy.people.ladder import Jump, Step, decider, jump, one_level_up
from policy.people.organisation import TOP, Organisation
from tests import controls
from tests.bdd import facts, given, names
from tests.controls import in_the_morning, with_absent

NOW = in_the_morning()
LADDER = controls.policy().document.ladder


def a_complaint(*accused: str, level: int = 1, handler: str = "li.na", colour: Priority = Priority.YELLOW) -> Complaint:
    story = given(controls.received(accused=accused), controls.classified(NOW, colour), controls.assigned(NOW, handler))
    return story.complaint._replace(level=level)


def up(complaint: Complaint, company: Organisation | None = None) -> Step | None:
    return one_level_up(complaint, LADDER, company or controls.company(), NOW, "stalled")


@pytest.mark.clause("S002-4.3")
def test_a_complaint_rises_one_level_to_the_handlers_own_line() -> None:
    assert up(a_complaint()) == Step(1, 2, "wang.fang", "stalled")
    assert up(a_complaint(handler="liu.yang")) == Step(1, 2, "he.jing", "stalled")
    assert up(a_complaint(level=2)) == Step(2, 3, "zhao.lei", "stalled")


@pytest.mark.clause("S002-4.3")
def test_the_top_is_the_end() -> None:
    assert up(a_complaint(level=LADDER.top)) is None
    assert up(a_complaint(level=LADDER.top + 1)) is None


@pytest.mark.clause("S002-4.4", "S001-16.4")
def test_red_goes_to_the_supervisor_at_once_and_once() -> None:
    step = jump(a_complaint(colour=Priority.RED), LADDER, controls.company(), NOW)
    assert step == Step(1, 2, "wang.fang", "priority_red")
    assert jump(a_complaint(colour=Priority.RED, level=2), LADDER, controls.company(), NOW) is None


@pytest.mark.clause("S002-4.4")
@pytest.mark.parametrize("colour", [Priority.YELLOW, Priority.GREEN])
def test_no_other_colour_jumps(colour: Priority) -> None:
    assert jump(a_complaint(colour=colour), LADDER, controls.company(), NOW) is None


@pytest.mark.clause("S002-7.1", "S002-7.2")
@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("accused", sorted(controls.company().person))
def test_nobody_accused_and_no_line_manager_of_theirs_decides(accused: str, level: int) -> None:
    company = controls.company()
    for handler in ("li.na", "liu.yang", "sun.li"):
        found = decider(a_complaint(accused, handler=handler), level, company, NOW)
        assert found not in company.recused([accused])


@pytest.mark.clause("S002-7.2")
def test_past_a_recused_supervisor_the_next_of_the_line_decides() -> None:
    assert up(a_complaint("zhang.wei")) == Step(1, 2, "zhao.lei", "stalled")


@pytest.mark.clause("S001-9.4")
def test_an_absent_supervisors_delegate_decides() -> None:
    step = up(a_complaint(), with_absent(("wang.fang", "he.jing")))
    assert step == Step(1, 2, "he.jing", "stalled")


@pytest.mark.clause("S001-9.4", "S002-7.1")
def test_a_delegate_who_is_accused_does_not_decide() -> None:
    step = up(a_complaint("he.jing"), with_absent(("wang.fang", "he.jing")))
    # The line goes on: he.jing's own manager is recused with her, so somebody of that level elsewhere decides.
    assert step == Step(1, 2, "ma.chao", "stalled")


def test_a_circle_of_delegates_is_passed_over() -> None:
    circle = with_absent(("wang.fang", "he.jing"), ("he.jing", "wang.fang"))
    assert up(a_complaint(), circle) == Step(1, 2, "zhao.lei", "stalled")


@pytest.mark.clause("S002-4.3")
def test_where_nobody_may_decide_the_board_is_named() -> None:
    assert decider(a_complaint("zhao.lei"), 3, controls.company(), NOW) == TOP
    away = with_absent(("zhao.lei", "zhao.lei"))
    assert up(a_complaint(level=2), away) == Step(2, 3, TOP, "stalled")


def test_a_complaint_without_a_handler_still_finds_a_decider() -> None:
    unassigned = given(controls.received(), controls.classified(NOW)).complaint
    assert decider(unassigned, 2, controls.company(), NOW) == "he.jing"


def flagged(*flags: str, level: int = 1) -> Complaint:
    return a_complaint(level=level)._replace(flags=flags)


def jumped(complaint: Complaint) -> Step | None:
    return jump(complaint, LADDER, controls.company(), NOW)


@pytest.mark.clause("S002-4.2", "S002-4.4")
@pytest.mark.parametrize(
    ("flag", "rule"), [("trend", "trend"), ("repeat", "repeat"), ("major", "major"), ("injury", "major")]
)
def test_what_threatens_to_grow_weighs_heavily_or_comes_again_goes_to_the_supervisor(flag: str, rule: str) -> None:
    assert jumped(flagged(flag)) == Step(1, 2, "wang.fang", rule)


@pytest.mark.clause("S002-4.2", "S002-4.3")
def test_each_trigger_raises_once_and_who_has_it_already_is_not_passed_over() -> None:
    assert jumped(flagged("trend", "repeat", "major", level=2)) is None
    assert jumped(flagged("staff", "refund")) is None


@pytest.mark.clause("S002-4.2")
@pytest.mark.parametrize(
    ("relation", "leads", "rule"),
    [(Relation.REPEAT, False, "repeat"), (Relation.REPEAT, True, None), (Relation.INCIDENT, False, None)],
)
def test_the_later_of_two_complaints_about_one_matter_is_raised(
    relation: Relation, leads: bool, rule: str | None
) -> None:
    link = Link(controls.some_streams(1)[0], relation, leads)
    step = jumped(a_complaint()._replace(links=Links((link,))))
    assert (step and step.cause) == rule


@pytest.mark.clause("S003-4.2")
@pytest.mark.parametrize(("own_fault", "rule"), [(True, "self_reported"), (False, None)])
def test_a_fault_somebody_reports_themselves_goes_to_the_supervisor(own_fault: bool, rule: str | None) -> None:
    fact = Verified(facts="漏记一笔", liable=Liable.COMPANY, cause="billing.entry", self_reported=own_fault)
    found = Verification(finding=Finding(fact, "li.na", NOW, 4))
    step = jumped(a_complaint()._replace(verification=found))
    assert (step and step.cause) == rule


@pytest.mark.clause("S002-4.2", "S002-4.3")
def test_a_look_raises_a_repeat_at_once_by_its_rule_and_never_again() -> None:
    story = given(controls.received(text="我已经多次投诉,宽带一直没人修。"))
    looked = story.workflow_looks(NOW)
    raised = [fact for fact in facts(looked) if isinstance(fact, Escalated)]
    assert [(step.from_level, step.to_level, step.cause) for step in raised] == [(1, 2, "repeat")]
    assert "Escalated" not in names(story.and_then(*looked.entries).workflow_looks(NOW))


def test_a_jump_without_a_trigger_is_no_rule() -> None:
    with pytest.raises(ValidationError, match="a jump needs a trigger"):
        Jump(source=("S002-4.2",), to_level=2)


@pytest.mark.clause("S002-4.3")
@pytest.mark.parametrize("level", [1, 2])
def test_no_level_is_skipped_but_by_a_named_rule(level: int) -> None:
    step = up(a_complaint(level=level))
    assert step is not None
    assert step.to_level == level + 1
    assert all(rule.source for rule in LADDER.jump.values())
