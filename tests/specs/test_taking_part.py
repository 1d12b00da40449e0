"""Recusal and lent authority: by whom, how far, how long (S002-7.1, S001-9.4, S000-3.9)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from events.envelope import Entry
from events.participation import AuthorityDelegated, Recused
from policy.people.authority import deciding_role, limit
from policy.people.participation import barred
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import HOUR, SECOND, in_the_morning

NOW = in_the_morning()
LATER = NOW + 8 * HOUR
LONGEST = controls.policy().document.delegation.longest
AUTHORITY = controls.policy().document.authority


def recused(person: str, by: str = "wang.fang", **more: Any) -> Entry:
    return Entry(Recused(person=person, reason="亲属", **more), NOW, controls.person(by), policy=controls.POLICY_ID)


def out(story: Given) -> frozenset[str]:
    return barred(story.complaint, controls.company())


@pytest.mark.clause("S002-7.1")
def test_everybody_may_step_aside_themselves() -> None:
    answer = given(*controls.handed_out()).when("recuse", "li.na", NOW, person="li.na", reason="亲属")
    assert answer == [Recused(person="li.na", reason="亲属")]
    assert "li.na" in out(given(*controls.handed_out(), recused("li.na")))


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("by", ["wang.fang", "zhao.lei", "wu.hao"])
def test_a_supervisor_a_manager_or_compliance_recuses_others(by: str) -> None:
    answer = given(*controls.handed_out()).when("recuse", by, NOW, person="li.na", reason="利益相关")
    assert decided(answer) == [Recused(person="li.na", reason="利益相关")]


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("by", ["zhang.wei", "chen.jie", "hu.mei"])
def test_a_colleague_recuses_nobody_else(by: str) -> None:
    answer = refusal(given(*controls.handed_out()).when("recuse", by, NOW, person="li.na", reason="x"))
    assert answer.code == "recuse_others"
    assert set(answer.may) == {"he.jing", "ma.chao", "wang.fang", "wu.hao", "xu.tao", "zhao.lei"}


@pytest.mark.clause("S002-7.1")
def test_nobody_unknown_is_recused_and_every_recusal_has_a_reason() -> None:
    assert code(given(*controls.handed_out()).when("recuse", "wu.hao", NOW, person="ghost", reason="x")) == (
        "unknown_person"
    )
    with pytest.raises(ValidationError, match="reason"):
        given(*controls.handed_out()).when("recuse", "wu.hao", NOW, person="li.na", reason="")


@pytest.mark.clause("S002-7.1")
def test_compliance_alone_makes_an_exception_with_a_reason() -> None:
    story = given(*controls.handed_out(accused=("zhang.wei",)))
    answer = decided(story.when("recuse", "wu.hao", NOW, person="zhang.wei", reason="唯一技术人员", lift=True))
    assert answer == [Recused(person="zhang.wei", reason="唯一技术人员", lifted=True)]
    lifted = given(*controls.handed_out(accused=("zhang.wei",)), recused("zhang.wei", "wu.hao", lifted=True))
    assert out(lifted) == {"wang.fang"}


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("by", ["zhao.lei", "li.na", "chen.jie"])
def test_nobody_else_makes_an_exception(by: str) -> None:
    story = given(*controls.handed_out(accused=("zhang.wei",)))
    answer = refusal(story.when("recuse", by, NOW, person="zhang.wei", reason="x", lift=True))
    assert (answer.code, answer.may, answer.recorded) == ("exception_by_compliance", ("wu.hao",), True)


@pytest.mark.clause("S002-7.1")
def test_compliance_makes_no_exception_for_itself() -> None:
    story = given(*controls.handed_out(), recused("wu.hao"))
    assert code(story.when("recuse", "wu.hao", NOW, person="wu.hao", reason="x", lift=True)) == "recused"


@pytest.mark.clause("S002-7.1")
def test_an_exception_is_for_somebody_recused_and_ends_with_the_next_recusal() -> None:
    story = given(*controls.handed_out())
    assert code(story.when("recuse", "wu.hao", NOW, person="li.na", reason="x", lift=True)) == "not_recused"
    entries = recused("li.na"), recused("li.na", "wu.hao", lifted=True), recused("li.na")
    assert [out(given(*controls.handed_out(), *entries[: n + 1])) for n in range(3)] == [
        {"li.na"}, frozenset(), {"li.na"},
    ]  # fmt: skip


def lent(story: Given, by: str = "wang.fang", now: datetime = NOW, **changes: Any) -> Any:
    data = {"to": "li.na", "limit": "500", "until": LATER.isoformat(), "reason": "主管外出", **changes}
    return story.when("delegate", by, now, **data)


@pytest.mark.clause("S001-9.4")
def test_authority_is_lent_for_a_time_with_a_reason() -> None:
    [fact] = decided(lent(given(*controls.handed_out())))
    assert fact == AuthorityDelegated(
        to="li.na", limit=Decimal("500.00"), currency="CNY", until=LATER, reason="主管外出"
    )


@pytest.mark.clause("S001-9.4", "S000-3.9")
@pytest.mark.parametrize(
    ("by", "amount", "code_"),
    [("wang.fang", "1000", None), ("wang.fang", "1000.01", "authority_exceeded"), ("zhang.wei", "100", None),
     ("zhang.wei", "100.01", "authority_exceeded"), ("zhao.lei", "10000", None),
     ("zhao.lei", "10000.01", "authority_exceeded"), ("chen.jie", "0.01", "authority_exceeded")],
)  # fmt: skip
def test_nobody_lends_more_than_their_own_limit(by: str, amount: str, code_: str | None) -> None:
    answer = lent(given(*controls.handed_out()), by, limit=amount)
    if code_ is None:
        assert len(decided(answer)) == 1
    else:
        assert (refusal(answer).code, refusal(answer).recorded) == (code_, True)


@pytest.mark.clause("S001-9.4")
def test_borrowed_authority_is_not_lent_on() -> None:
    story = given(*controls.handed_out(), delegated("500"))
    assert refusal(lent(story, "li.na", to="zhang.wei", limit="500")).code == "authority_exceeded"


@pytest.mark.clause("S001-9.4")
@pytest.mark.parametrize(
    ("until", "allowed"),
    [(NOW, False), (NOW + SECOND, True), (NOW + LONGEST, True), (NOW + LONGEST + SECOND, False)],
)
def test_it_is_lent_into_the_future_and_not_longer_than_the_policy_allows(until: datetime, allowed: bool) -> None:
    answer = lent(given(*controls.handed_out()), until=until.isoformat())
    assert (answer if isinstance(answer, list) else refusal(answer).code) == (
        decided(answer) if allowed else "delegation_time"
    )


@pytest.mark.clause("S001-9.4", "S002-7.1")
def test_nobody_lends_to_themselves_or_to_somebody_barred() -> None:
    story = given(*controls.handed_out(accused=("sun.li",)))
    assert code(lent(story, to="wang.fang")) == "to_oneself"
    assert code(lent(story, to="sun.li")) == "recused"


def delegated(amount: str, until: datetime = LATER, by: str = "wang.fang") -> Entry:
    fact = AuthorityDelegated(to="li.na", limit=Decimal(amount), currency="CNY", until=until, reason="主管外出")
    return Entry(fact, NOW, controls.person(by), policy=controls.POLICY_ID)


@pytest.mark.clause("S001-9.4")
@pytest.mark.parametrize(
    ("moment", "may"), [(LATER - SECOND, 500), (LATER, 500), (LATER + timedelta(microseconds=1), 100)]
)
def test_lent_authority_lapses_after_its_instant_which_is_inside(moment: datetime, may: int) -> None:
    complaint = given(*controls.handed_out(), delegated("500")).complaint
    assert limit(complaint, "li.na", controls.company(), moment) == may
    assert limit(complaint, "zhang.wei", controls.company(), moment) == 100


@pytest.mark.clause("S001-9.4")
def test_what_a_giver_never_had_is_not_lent_whatever_the_record_says() -> None:
    complaint = given(*controls.handed_out(), delegated("5000", by="wang.fang")).complaint
    assert limit(complaint, "li.na", controls.company(), NOW) == 1000


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(
    ("person", "may"),
    [("li.na", 100), ("liu.yang", 100), ("wang.fang", 1000), ("he.jing", 1000), ("zhao.lei", 10_000),
     ("chen.jie", 0), ("hu.mei", 0), ("wu.hao", 0)],
)  # fmt: skip
def test_each_level_decides_up_to_its_limit_and_staff_off_the_ladder_nothing(person: str, may: int) -> None:
    complaint = given(*controls.handed_out()).complaint
    assert limit(complaint, person, controls.company(), NOW) == may


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(
    ("amount", "role"),
    [("100", "supervisor"), ("100.01", "supervisor"), ("1000", "supervisor"), ("1000.01", "manager"),
     ("10000", "manager"), ("10000.01", None)],
)  # fmt: skip
def test_the_weakest_role_that_may_decide_an_amount_approves_it(amount: str, role: str | None) -> None:
    assert deciding_role(Decimal(amount), AUTHORITY, controls.company()) == role
