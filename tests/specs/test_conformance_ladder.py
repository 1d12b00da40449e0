"""Checks of routing and the ladder: by the table, level by level, jumps by rule, nothing stalled, no loop."""

import pytest

from events.contact import RetryAttempted
from events.ending import Withdrawn
from events.envelope import Entry
from events.handling import Assigned, ClockBreached, Escalated
from events.vocabulary import Category, Priority
from services.compliance.conformance import ladder
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from tests import controls
from tests.controls import HOUR, MINUTE, SECOND, in_the_morning
from tests.examining import altered, examined, found, said, scenario, version_of, with_more

ROUTED, STEPS, AT_ONCE, GROUND, WHOM = (
    ladder.routed_by_the_table_of_mandates,
    ladder.up_the_ladder_level_by_level,
    ladder.raised_at_once_where_a_rule_demands_it,
    ladder.machines_raise_with_a_ground,
    ladder.raised_to_whoever_decides_there,
)
TEN = in_the_morning()


@pytest.mark.clause("S004-2.7", "S003-2.3")
async def test_whoever_the_table_does_not_name_was_routed_wrongly() -> None:
    [of] = await scenario("g12")
    version = version_of(of, Assigned)
    assert found(of, [ROUTED]) == []
    elsewhere = altered(of, version, said(department="billing", handler="liu.yang"))
    assert [v.requirement for v in found(elsewhere, [ROUTED])] == ["S004-2.7"]
    other = altered(of, version, said(owner="wang.fang"))
    assert [v.requirement for v in found(other, [ROUTED])] == ["S003-2.3"]


@pytest.mark.clause("S002-4.3")
@pytest.mark.parametrize(
    ("first", "last", "cause", "wrong"),
    [(1, 2, "person", False), (1, 3, "person", True), (2, 3, "person", True), (3, 4, "person", True)],
)
def test_each_step_begins_at_the_level_reached_and_ends_one_higher(
    first: int, last: int, cause: str, wrong: bool
) -> None:
    step = Escalated(from_level=first, to_level=last, person="wang.fang", cause=cause)
    of = examined(*controls.handed_out(), Entry(step, TEN + MINUTE, controls.person()))
    assert [v.requirement for v in found(of, [STEPS])] == ["S002-4.3"] * wrong


@pytest.mark.clause("S002-4.3")
def test_nobody_is_raised_above_the_top_nor_in_a_loop() -> None:
    up = [controls.escalated(TEN + MINUTE, 2), controls.escalated(TEN + MINUTE, 3, "zhao.lei")]
    assert found(examined(*controls.handed_out(), *up), [STEPS]) == []
    for again in (controls.escalated(TEN + MINUTE, 4, "zhao.lei"), controls.escalated(TEN + MINUTE, 3, "zhao.lei")):
        assert len(found(examined(*controls.handed_out(), *up, again), [STEPS])) == 1


@pytest.mark.clause("S002-4.4", "S002-4.3")
def test_a_jump_names_a_rule_that_holds_and_its_level() -> None:
    jump = Escalated(from_level=1, to_level=2, person="xu.tao", cause="priority_red")
    assert found(examined(*controls.red()), [STEPS]) == []
    [no_ground] = found(examined(*controls.handed_out(), Entry(jump, TEN, controls.machine())), [STEPS])
    assert "并不成立" in no_ground.zh
    far = jump.model_copy(update={"to_level": 3})
    [too_far] = found(examined(*controls.red()[:-1], Entry(far, TEN, controls.machine())), [STEPS])
    assert "第 2 级" in too_far.zh


@pytest.mark.clause("S002-4.4", "S001-16.4")
def test_a_red_complaint_is_with_its_supervisor_within_a_minute() -> None:
    waiting = controls.red()[:-1]
    limit = TEN + NOTICED_WITHIN
    assert found(examined(*waiting, until=limit), [AT_ONCE]) == []
    [never] = found(examined(*waiting, until=limit + SECOND), [AT_ONCE])
    assert (never.requirement, never.due) == ("S002-4.4", TEN)
    assert found(examined(*waiting, controls.escalated(limit, 2, "xu.tao", "priority_red")), [AT_ONCE]) == []
    late = controls.escalated(limit + SECOND, 2, "xu.tao", "priority_red")
    assert len(found(examined(*waiting, late), [AT_ONCE])) == 1


@pytest.mark.clause("S002-4.2")
@pytest.mark.parametrize("flag", ["major", "injury", "trend", "repeat"])
def test_major_growing_and_repeated_complaints_rise_at_once_too(flag: str) -> None:
    given = [controls.received(), controls.classified(TEN, Priority.YELLOW, flags=(flag,)), controls.assigned(TEN)]
    assert len(found(examined(*given, until=TEN + HOUR), [AT_ONCE])) == 1
    unmarked = [given[0], controls.classified(TEN, Priority.YELLOW), given[2]]
    assert found(examined(*unmarked, until=TEN + HOUR), [AT_ONCE]) == []


@pytest.mark.clause("S002-4.6", "S002-4.3")
async def test_a_stalled_complaint_rises_right_after_its_breach() -> None:
    [of] = await scenario("g12")
    assert found(of, [GROUND, STEPS, AT_ONCE, WHOM]) == []
    breach = next(r for r in of.all(ClockBreached) if r.fact.clock == "stalled")  # type: ignore[attr-defined]
    stuck = Examined(of.upto(breach.version), of.company, of.until)
    assert [violation.requirement for violation in found(stuck, [GROUND])] == ["S002-4.3"]


@pytest.mark.clause("S002-4.6")
async def test_a_stalled_approval_rises_with_its_own_cause() -> None:
    [of] = await scenario("g22")
    assert found(of, [GROUND, STEPS, WHOM]) == []
    version = next(r.version for r in of.all(Escalated) if r.fact.cause == "stalled")  # type: ignore[attr-defined]
    told = found(altered(of, version, said(cause="bored")), [GROUND])
    assert {violation.requirement for violation in told} == {"S002-4.3", "S002-4.6"}


@pytest.mark.clause("S002-4.3")
def test_a_machine_that_raises_for_no_reason_is_found() -> None:
    of = examined(*controls.handed_out(), controls.escalated(TEN + MINUTE))
    assert ["并无此依据" in violation.zh for violation in found(of, [GROUND])] == [True]


@pytest.mark.clause("S002-1.10")
async def test_a_customer_nobody_reached_goes_one_level_up() -> None:
    [of] = await scenario("g3_machine")
    assert found(of, [GROUND]) == []
    given_up = version_of(of, RetryAttempted, len(of.all(RetryAttempted)))
    silent = Examined(of.upto(given_up), of.company, of.until)
    assert [violation.requirement for violation in found(silent, [GROUND])] == ["S002-1.10"]


@pytest.mark.clause("S002-4.3", "S001-9.4")
async def test_it_is_raised_to_whoever_decides_there_or_stands_in() -> None:
    [of] = await scenario("g12")
    for number in (1, 2):
        wrong = altered(of, version_of(of, Escalated, number), said(person="xu.tao" if number == 1 else "wang.fang"))
        assert [violation.requirement for violation in found(wrong, [WHOM])] == ["S002-4.3"]


@pytest.mark.clause("S002-7.1", "S002-4.3")
def test_who_decides_cannot_be_told_where_the_accused_are_known_to_keys_alone() -> None:
    given = controls.red()
    of = examined(controls.received(accused=("~1~" + "a" * 22 + "~" + "b" * 22,)), *given[1:])
    wrong = altered(of, 4, said(person="wang.fang"))
    assert found(wrong, [WHOM, ROUTED]) == []
    plain = altered(examined(*given), 4, said(person="wang.fang"))
    assert len(found(plain, [WHOM])) == 1


@pytest.mark.clause("S002-4.3")
def test_a_complaint_that_has_ended_is_raised_no_more() -> None:
    ended = Entry(Withdrawn(words="不投诉了"), TEN + MINUTE, controls.person())
    of = examined(*controls.handed_out(), ended)
    assert ["已结束" in v.zh for v in found(with_more(of, controls.escalated(TEN + HOUR)), [STEPS])] == [True]


@pytest.mark.clause("S004-2.7")
def test_a_person_may_assign_whom_they_choose() -> None:
    given = [controls.received(), controls.classified(TEN, category=Category.SERVICE)]
    by_hand = Entry(controls.assigned(TEN, "xu.tao", "li.na").fact, TEN, controls.person("wang.fang"))
    assert found(examined(*given, by_hand), [ROUTED]) == []
