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
    member_id="M4200",
)


def by(name: str | None = None, phone: str | None = None) -> Customer:
    contacts = () if phone is None else (Contact(medium=Medium.PHONE, address=phone),)
    return Customer(name=name, contacts=contacts)


def is_named(text: str | None, customer: Customer = ZHANG) -> bool:
    return names_customer([customer], {"reason": text}, ["li.na"]) is not None


@pytest.mark.parametrize(
    "text",
    [
        "张三要求删除",
        "张 三要求删除",
        "13800138000 来电要求删除",
        "来电 138 0013 8000",
        "138–0013·8000",
        "申请 13800138000 2026-11-22",
        "13800138000 (2 次来电)",
        "两个号码 13900139000 13800138000",
        "+8613800138000",
        "0086 138 0013 8000",
        "mail of zhang.san@example.com",
        "会员m4200申请",
        "会员Ｍ４２００申请",
    ],
)
def test_a_name_an_address_and_a_member_id_are_found_however_they_are_written(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        (by("张三先生"), "张三来函"),
        (by("李 四"), "李四来函"),
        (by("阿卜杜·拉赫曼"), "阿卜杜•拉赫曼来函"),
        (by("Quentin  Zanzibar"), "asked by Mr Zanzibar"),
        (by("Quentin Zanzibar"), "Zanzibar,\nQuentin"),
        (by("Li Na"), "asked by Li Na"),
        (by("O’Neil"), "O'Neil's letter"),
        (by("José"), "letter of Jose"),
        (by(phone="(010) 8888 6666"), "来电 88886666"),
        (by(phone="010-88886666"), "(010)88886666"),
        (by(phone="13900139000"), "0086 139 0013 9000"),
    ],
)
def test_other_spellings_of_a_name_or_a_number_are_the_same(customer: Customer, text: str) -> None:
    assert is_named(text, customer)


@pytest.mark.parametrize(
    "text", [None, "", "客户书面申请", "按 2026-03-02 第 12 号函办理", "订单 M42001 退款", "案件 13800138001", "张女士"]
)
def test_other_words_and_numbers_are_taken(text: str | None) -> None:
    assert not is_named(text)


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        (by("Li"), "the company is liable"),
        (by("An"), "an answer in May"),
        (by("Li Na"), "told by li.na"),
        (by("客户"), "客户书面申请"),
        (by("匿名"), "匿名投诉"),
        (by("Customer"), "the customer asked"),
        (by("N/A"), "n/a"),
        (by("--"), "a -- b"),
        (Customer(member_id="12"), "按第 12 号函"),
        (by(phone="13800138000"), "编号 00138000"),
    ],
)
def test_what_stands_in_any_text_tells_nobody(customer: Customer, text: str) -> None:
    assert not is_named(text, customer)


def test_a_single_letter_and_what_is_hidden_tell_nobody() -> None:
    hidden = token(CustomerId("Zk0-5n7yVbq1hCw3Xr9_Ta"), "A" * 30)
    for name in ("王", HIDDEN, hidden, None):
        assert not is_named(f"王先生 {HIDDEN} {hidden}", Customer(name=name))


def test_the_refusal_names_the_field_and_repeats_nothing() -> None:
    refusal = names_customer([by("Li"), ZHANG], {"lesson": "张三的套餐", "no_action": None})
    assert refusal is not None
    assert (refusal.code, refusal.requirement) == ("names_customer", "M16")
    assert dict(refusal.facts)["field"] == "lesson"
    assert "张三" not in f"{refusal.zh}{refusal.en}"
