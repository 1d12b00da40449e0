"""More time is granted by a supervisor, announced, a few times, so far and no further (S003-2.5, C3, S002-1.7)."""

from datetime import datetime

import pytest

from events.envelope import Entry
from events.execution import DeadlineExtended
from events.vocabulary import Complexity, Priority
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import SECOND
from tests.outcomes import DAY, NOW, act

DUE = NOW + DAY
"""A simple complaint's solution: 24 hours after it was received."""


def asked(until: datetime = DUE + DAY, **changes: str) -> dict[str, str]:
    """Data of an extension."""
    return {"clock": "solution", "until": until.isoformat(), "reason": "等待检测报告", **changes}


def extended(until: datetime) -> Entry:
    """It was granted."""
    return act(DeadlineExtended(clock="solution", until=until, reason="等待检测报告"), "wang.fang")


def due_of(story: Given, clock: str = "solution") -> datetime | None:
    """When that clock falls due."""
    readings = controls.policy().clocks.readings(story.case.history, story.complaint, NOW)
    return next((reading.due_at for reading in readings if reading.clock == clock), None)


@pytest.mark.clause("S001-17.6", "S001-17.7", "S002-1.7")
def test_the_limit_of_a_solution_depends_on_the_complexity() -> None:
    at_once = [controls.received(), controls.classified(NOW)]
    long = [controls.received(), controls.classified(NOW, Priority.YELLOW, complexity=Complexity.COMPLEX)]
    assert (due_of(given(*at_once)), due_of(given(*long))) == (DUE, controls.at("2026-03-09 18:00"))


@pytest.mark.clause("S003-2.5", "S002-1.7")
def test_a_supervisor_grants_more_time_with_a_reason_and_the_clock_falls_due_later() -> None:
    story = given(*controls.handed_out())
    assert story.when("extend", "wang.fang", NOW, **asked()) == [
        DeadlineExtended(clock="solution", until=DUE + DAY, reason="等待检测报告")
    ]
    assert due_of(story.and_then(extended(DUE + DAY))) == DUE + DAY


@pytest.mark.clause("S003-2.5")
def test_an_agent_is_sent_to_their_supervisor_and_compliance_sees_it() -> None:
    refused = refusal(given(*controls.handed_out()).when("extend", "li.na", NOW, **asked()))
    assert (refused.code, refused.may, refused.recorded) == ("needs_supervisor", ("wang.fang", "zhao.lei"), True)


@pytest.mark.clause("S003-2.5")
@pytest.mark.parametrize("person", ["chen.jie", "hu.mei", "wu.hao"])
def test_people_outside_the_ladder_grant_no_time(person: str) -> None:
    assert code(given(*controls.handed_out()).when("extend", person, NOW, **asked())) == "needs_supervisor"


@pytest.mark.clause("S003-2.5")
@pytest.mark.parametrize(("until", "granted"), [(DUE, False), (DUE - SECOND, False), (DUE + SECOND, True)])
def test_the_new_time_lies_after_the_deadline_as_it_stands(until: datetime, granted: bool) -> None:
    answer = given(*controls.handed_out()).when("extend", "wang.fang", NOW, **asked(until))
    assert bool(decided(answer)) if granted else code(answer) == "extension_out_of_range"


@pytest.mark.clause("S003-2.5")
@pytest.mark.parametrize(("extra", "granted"), [(0 * SECOND, True), (SECOND, False)])
def test_one_extension_goes_so_far_and_no_further(extra: object, granted: bool) -> None:
    until = DUE + controls.policy().document.extension.longest + extra  # type: ignore[operator]
    answer = given(*controls.handed_out()).when("extend", "wang.fang", NOW, **asked(until))
    assert bool(decided(answer)) if granted else code(answer) == "extension_out_of_range"


@pytest.mark.clause("S003-2.5")
def test_a_missed_deadline_is_extended_into_the_future_only() -> None:
    missed = given(*controls.handed_out())
    later = DUE + 2 * DAY
    assert code(missed.when("extend", "wang.fang", later, **asked(DUE + DAY))) == "extension_out_of_range"
    assert decided(missed.when("extend", "wang.fang", later, **asked(later + DAY)))


@pytest.mark.clause("S003-2.5")
def test_a_clock_is_extended_a_few_times_at_the_most() -> None:
    once = given(*controls.handed_out(), extended(DUE + DAY))
    assert decided(once.when("extend", "wang.fang", NOW, **asked(DUE + 2 * DAY)))
    twice = once.and_then(extended(DUE + 2 * DAY))
    refused = refusal(twice.when("extend", "wang.fang", NOW, **asked(DUE + 3 * DAY)))
    assert (refused.code, refused.facts["times"]) == ("extended_too_often", "2")


@pytest.mark.clause("S003-2.5")
@pytest.mark.parametrize(
    ("clock", "told"),
    [("first_human", "clock_not_extendable"), ("callback", "clock_not_extendable"), ("x", "unknown_clock")],
)
def test_what_the_customer_must_not_wait_for_is_never_extended(clock: str, told: str) -> None:
    assert code(given(*controls.handed_out()).when("extend", "wang.fang", NOW, **asked(clock=clock))) == told


@pytest.mark.clause("S003-2.5")
def test_a_clock_that_does_not_run_is_not_extended() -> None:
    assert code(given(*controls.handed_out()).when("extend", "wang.fang", NOW, **asked(clock="execution"))) == (
        "clock_not_running"
    )


@pytest.mark.clause("S003-2.5")
def test_every_clock_the_policy_extends_is_a_clock_that_can_be_extended() -> None:
    document = controls.policy().document
    assert {document.clock[name].extend for name in document.extension.clocks} == {"DeadlineExtended"}
