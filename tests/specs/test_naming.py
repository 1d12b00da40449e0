"""What stays readable after an erasure names no customer (M16)."""

import pytest

from events.reception import Contact, Customer
from events.tokens import HIDDEN, CustomerId, token
from events.vocabulary import Medium
from policy.people.naming import names_customer

ZHANG = Customer(
    name="张三",
    contacts=(
        Contact(medium=Medium.PHONE, address="+86 138-0013-8000"),
        Contact(medium=Medium.EMAIL, address="Zhang.San@example.com"),
    ),
    member_id="M42",
)
LI = Customer(name="Li", contacts=(Contact(medium=Medium.PHONE, address="13900139000"),))


def is_named(text: str | None, customer: Customer = ZHANG) -> bool:
    return names_customer([customer], {"reason": text}) is not None


@pytest.mark.parametrize(
    "text",
    [
        "张三要求删除",
        "13800138000 来电要求删除",
        "来电 138 0013 8000",
        "+8613800138000",
        "mail of zhang.san@example.com",
        "会员m42申请",
        "会员Ｍ４２申请",
    ],
)
def test_a_name_an_address_and_a_member_id_are_found_however_they_are_written(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize(
    "text", [None, "", "客户书面申请", "按 2026-03-02 第 12 号函办理", "订单 M421 退款", "案件 13800138001", "张女士"]
)
def test_other_words_and_numbers_are_taken(text: str | None) -> None:
    assert not is_named(text)


def test_a_short_name_is_no_part_of_a_word() -> None:
    assert is_named("asked by Li", LI)
    assert not is_named("the company is liable", LI)
    assert is_named("0086 139 0013 9000", LI)


def test_a_single_letter_and_what_is_hidden_tell_nobody() -> None:
    hidden = token(CustomerId("Zk0-5n7yVbq1hCw3Xr9_Ta"), "A" * 30)
    for name in ("王", HIDDEN, hidden, None):
        assert not is_named(f"王先生 {HIDDEN} {hidden}", Customer(name=name))


def test_the_refusal_names_the_field_and_repeats_nothing() -> None:
    refusal = names_customer([LI, ZHANG], {"lesson": "张三的套餐", "no_action": None})
    assert refusal is not None
    assert (refusal.code, refusal.requirement) == ("names_customer", "M16")
    assert dict(refusal.facts)["field"] == "lesson"
    assert "张三" not in f"{refusal.zh}{refusal.en}"
