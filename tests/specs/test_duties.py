"""Verifier, payer and reviewer are three people wherever money moves (S003-2.4, S002-6.2)."""

from collections.abc import Iterable

import pytest

from events.envelope import Entry
from events.fact import Fact
from policy.people.duties import Duty, conflict_of_duties
from tests import controls, examples
from tests.bdd import given
from tests.controls import in_the_morning

NOW = in_the_morning()
BY_TYPE = {type(fact).__name__: fact for fact in examples.HANDLING}


def did(name: str, by: str) -> Entry:
    fact: Fact = BY_TYPE[name]
    return Entry(fact, NOW, controls.person(by), policy=controls.POLICY_ID)


def refused(entries: Iterable[Entry], person: str, duty: Duty) -> bool:
    found = conflict_of_duties(given(*controls.handed_out(), *entries).complaint, person, duty, controls.company())
    assert found is None or (found.code, found.requirement, found.recorded) == ("four_eyes", _source(duty), True)
    assert found is None or (found.may and person not in found.may)
    return found is not None


def _source(duty: Duty) -> str:
    return "S002-6.2" if duty == "pay_refund" else "S003-2.4"


CHECKED = [did("Verified", "li.na"), did("RefundVerified", "liu.yang")]
PAID = [*CHECKED, did("RefundPaid", "hu.mei")]
REVIEWED = [*PAID, did("Reviewed", "wang.fang")]


@pytest.mark.clause("S003-2.4", "S002-6.2")
@pytest.mark.parametrize(("payer", "no"), [("li.na", True), ("liu.yang", True), ("hu.mei", False)])
def test_whoever_established_facts_or_amount_does_not_pay(payer: str, no: bool) -> None:
    assert refused(CHECKED, payer, "pay_refund") is no


@pytest.mark.clause("S003-2.4")
@pytest.mark.parametrize("reviewer", ["li.na", "liu.yang", "hu.mei"])
def test_neither_verifier_nor_payer_reviews(reviewer: str) -> None:
    assert refused(PAID, reviewer, "review")
    assert not refused(PAID, "wang.fang", "review")


@pytest.mark.clause("S003-2.4")
def test_the_payer_and_the_reviewer_verify_no_further_refund() -> None:
    people = "hu.mei", "wang.fang", "liu.yang", "he.jing"
    assert [refused(REVIEWED, person, "verify_refund") for person in people] == [True, True, False, False]


@pytest.mark.clause("S003-2.4")
def test_the_reviewer_does_not_pay() -> None:
    assert refused([*CHECKED, did("Reviewed", "wang.fang")], "wang.fang", "pay_refund")


@pytest.mark.clause("S003-2.4")
def test_where_no_money_moves_the_handler_may_review() -> None:
    assert not refused([did("Verified", "li.na")], "li.na", "review")
