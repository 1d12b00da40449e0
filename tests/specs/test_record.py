"""The record has two levels of completeness, so that nobody is asked for more than is needed (S001-4.3, C18)."""

from typing import Any

import pytest
from pydantic import ValidationError

from events.envelope import Entry
from events.reception import Customer
from events.understanding import UnderstandingConfirmed
from events.vocabulary import Medium
from policy.contacting.customer_notices import reach
from policy.handling.record import Level, RecordRules, missing
from services.intake.submission import InvalidSubmission, parse
from tests import controls
from tests.bdd import Given, given
from tests.controls import in_the_morning

NOW = in_the_morning()
RULES = controls.policy().document.record


def lacking(story: Given, level: Level = Level.VERIFICATION) -> tuple[str, ...]:
    return missing(story.complaint, RULES, level)


def sorted_(*signals: str, **received: Any) -> Given:
    return given(controls.received(**received), controls.classified(NOW, signals=signals))


@pytest.mark.clause("S001-4.1", "S001-16.2", "S000-1.4", "S001-1.4", "S002-1.4")
def test_who_what_and_wanted_are_the_minimum() -> None:
    assert (RULES.intake_minimum, RULES.verification_minimum) == (("who", "what"), ("who", "what", "wanted"))
    assert lacking(sorted_("praise")) == ("wanted",)


@pytest.mark.clause("S001-16.2")
@pytest.mark.parametrize("signal", ["demand_refund", "demand_apology", "grievance", "suggestion"])
def test_whoever_complains_or_asks_wants_something(signal: str) -> None:
    assert lacking(sorted_(signal)) == ()


@pytest.mark.clause("S001-16.2", "S004-1.11")
def test_a_listed_demand_or_a_confirmed_summary_says_what_is_wanted() -> None:
    assert lacking(sorted_("praise", demands=("退款",))) == ()
    confirmed, not_yet = (UnderstandingConfirmed(number=1, summary="道歉", confirmed=is_so) for is_so in (True, False))
    assert lacking(sorted_("praise").and_then(Entry(confirmed, NOW, controls.person()))) == ()
    assert lacking(sorted_("praise").and_then(Entry(not_yet, NOW, controls.person()))) == ("wanted",)


@pytest.mark.clause("S001-4.3")
def test_words_nobody_read_for_it_are_not_held_against_the_customer() -> None:
    assert lacking(given(controls.received())) == ()
    assert lacking(sorted_()) == ()


@pytest.mark.clause("S004-1.8", "S004-1.9", "S004-1.10", "S001-4.3")
def test_the_file_shows_what_it_lacks_and_stops_nobody() -> None:
    bare = sorted_("grievance", customer=Customer(name="张三"))
    assert lacking(bare, Level.FILE) == ("demands", "contact", "order", "product", "scene", "expectation")
    full = sorted_("grievance", demands=("退款",), order_ref="O-1", product="充电器", scene="收货后2小时")
    assert lacking(full, Level.FILE) == ("expectation",)


@pytest.mark.clause("S000-5.4", "S001-4.1")
@pytest.mark.parametrize("who", [{"name": "张三"}, {"contacts": [{"medium": "phone", "address": "138"}]}])
def test_a_name_or_a_contact_is_enough_to_be_taken_in(who: dict[str, Any]) -> None:
    taken = parse(controls.body(customer=who), NOW)
    story = given(controls.received(customer=Customer.model_validate(taken.customer, from_attributes=True)))
    assert lacking(story, Level.INTAKE) == ()


@pytest.mark.clause("S000-5.4", "S000-1.4")
@pytest.mark.parametrize("change", [{"customer": {}}, {"text": " "}, {"text": ...}])
def test_a_complaint_without_anybody_or_without_words_is_not_taken_in(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSubmission):
        parse(controls.body(**change), NOW)


@pytest.mark.clause("S000-5.4")
def test_somebody_without_a_contact_is_reached_by_their_channel() -> None:
    story = given(controls.received(customer=Customer(name="张三")))
    assert reach(story.complaint) == (Medium.CHANNEL, "web:W-20260302-0001")


def test_a_policy_that_asks_for_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="shoe_size"):
        RecordRules.model_validate({**RULES.model_dump(), "file": ("shoe_size",)})
