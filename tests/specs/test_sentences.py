"""Every fact has a sentence in both languages, with the right actor, the right time and the right figures."""

import string
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.catalogue import FACTS
from events.codes import in_plain
from events.company import OrganisationPublished, PolicyPublished, PublicDays
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.envelope import Actor, Recorded, StreamId
from events.execution import CommitmentKept
from events.fact import Fact
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.money import CurrencyCode
from events.participation import Recused
from events.reception import Customer, Received, Supplemented
from events.sentences import sentence
from events.solution import ApprovalGiven
from events.vocabulary import (
    ActorKind,
    Audience,
    Category,
    Complexity,
    Language,
    Medium,
    Outcome,
    Priority,
    ReplyKind,
)
from tests import controls, examples

SHANGHAI = ZoneInfo("Asia/Shanghai")
TEN_PAST_EIGHT = datetime(2026, 3, 2, 0, 10, 5, 999_999, tzinfo=UTC)
LI_NA = Actor(kind=ActorKind.PERSON, id="li.na")
WORKFLOW = Actor(kind=ActorKind.SYSTEM, id="workflow")
WEB = Actor(kind=ActorKind.CHANNEL, id="web")
CUSTOMER = Actor(kind=ActorKind.CUSTOMER, id="13800000000")

RECEIVED = Received(
    number="C260302-7K3FQ-9XZ2M",
    channel="web",
    external_ref="W-1",
    text="坏了",
    customer=Customer(name="张三"),
    content_sha256="0" * 64,
)
CLASSIFIED = Classified(
    category=Category.BILLING,
    priority=Priority.RED,
    complexity=Complexity.COMPLEX,
    rules=("billing.charge", "repeat"),
)
BREACHED = ClockBreached(
    clock="first_human",
    due_at=datetime(2026, 3, 1, 16, 0, 1, tzinfo=UTC),
    noticed_at=datetime(2026, 3, 2, 0, 10, 5, tzinfo=UTC),
)
RETRIED = RetryAttempted(kind=ReplyKind.PROGRESS, medium=Medium.PHONE, outcome=Outcome.NO_ANSWER, counted=True)
SAMPLES: tuple[Fact, ...] = (
    RECEIVED,
    Supplemented(text="再补充", content_sha256="1" * 64),
    CLASSIFIED,
    Assigned(owner="li.na", handler="liu.yang", department="billing", reason="routing.billing"),
    Escalated(from_level=1, to_level=2, person="wang.fang", cause="stalled"),
    BREACHED,
    ContactStarted(
        key="acknowledgement#1",
        notice="acknowledgement",
        audience=Audience.CUSTOMER,
        kind=ReplyKind.ACKNOWLEDGEMENT,
        medium=Medium.SMS,
        recipient="13800000000",
        subject="受理",
        text="您好",
    ),
    Replied(kind=ReplyKind.DECISION, medium=Medium.VISIT, text="已说明"),
    RETRIED,
    StaffAlerted(kind=ReplyKind.BREACH, medium=Medium.APP, person="li.na", delivered=False, contact="breach-4#1"),
    PolicyPublished(
        policy_id="default-cn@1",
        sha256="a" * 64,
        text="…",
        days=(PublicDays(country="cn", year=2026, off=(date(2026, 1, 1),), worked=(), provisional=False),),
    ),
    OrganisationPublished(sha256="b" * 64, text="…"),
    *examples.HANDLING,
    *examples.PRIVACY,
)


def recorded(fact: Fact, actor: Actor = WORKFLOW, at: datetime = TEN_PAST_EIGHT) -> Recorded:
    return Recorded(17, StreamId("x"), 3, fact, at, at, actor, None, "default-cn@1")


def test_there_is_a_sample_of_every_fact() -> None:
    assert {type(sample) for sample in SAMPLES} >= set(FACTS)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("fact", SAMPLES, ids=lambda fact: type(fact).__name__)
def test_every_sentence_tells_when_and_who_and_leaves_nothing_open(fact: Fact, language: Language) -> None:
    told = sentence(recorded(fact, LI_NA), language, SHANGHAI)
    assert told.startswith("2026-03-02 08:10:05")
    assert ("人员 li.na" if language == "zh" else "person li.na") in told
    assert not set("{}\n") & set(told)


@pytest.mark.parametrize("fact", SAMPLES, ids=lambda fact: type(fact).__name__)
def test_both_languages_name_the_same_fields(fact: Fact) -> None:
    told = (fact.told("zh"), fact.told("en"))
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in told]
    assert fields[0] == fields[1] >= {"time", "actor"}


@pytest.mark.parametrize(
    ("fact", "actor", "zh", "en"),
    [
        (
            RECEIVED,
            WEB,
            "2026-03-02 08:10:05，渠道 web 受理投诉 C260302-7K3FQ-9XZ2M，来自渠道 web（渠道编号 W-1）。",
            "2026-03-02 08:10:05: channel web received complaint C260302-7K3FQ-9XZ2M from channel web (reference W-1).",
        ),
        (
            CLASSIFIED,
            WORKFLOW,
            "2026-03-02 08:10:05，系统 workflow 将投诉定为费用类、红色、复杂（依据 billing.charge、repeat）。",
            "2026-03-02 08:10:05: system workflow classified the complaint as billing, red, complex "
            "(rules billing.charge, repeat).",
        ),
        (
            BREACHED,
            WORKFLOW,
            "2026-03-02 08:10:05，系统 workflow 发现时钟 first_human 超时：应于 2026-03-02 00:00:01 前完成，"
            "发现于 2026-03-02 08:10:05。",
            "2026-03-02 08:10:05: system workflow found clock first_human breached: due 2026-03-02 00:00:01, "
            "noticed 2026-03-02 08:10:05.",
        ),
        (
            RETRIED,
            LI_NA,
            "2026-03-02 08:10:05，人员 li.na 通过电话联系客户未果：无人接听（计入次数：是）。",
            "2026-03-02 08:10:05: person li.na tried to reach the customer by phone: no answer (counted: yes).",
        ),
    ],
)
def test_a_sentence_word_by_word(fact: Fact, actor: Actor, zh: str, en: str) -> None:
    assert [sentence(recorded(fact, actor), language, SHANGHAI) for language in ("zh", "en")] == [zh, en]


@pytest.mark.parametrize(
    ("fact", "zh", "en"),
    [
        (examples.HANDLING[5], "决定 li.na 回避", "recused li.na"),
        (Recused(person="li.na", reason="必要", lifted=True), "准许 li.na 例外参与处理", "let li.na take part"),
        (CommitmentKept(promise="p1", late=False), "按时兑现承诺 p1", "kept promise p1 in time"),
        (CommitmentKept(promise="p1", late=True), "逾期兑现承诺 p1", "kept promise p1 late"),
        (ApprovalGiven(subject="proposal-1", content_sha256="0", as_role="supervisor"), "以主管身份", "as supervisor"),
        (Escalated(from_level=1, to_level=2, person="wang.fang", cause="find_decider"), "有权决定的人", "authority"),
        (Escalated(from_level=1, to_level=2, person="wang.fang", cause="shipping_late"), "shipping_late", "shipping"),
        (examples.REQUESTED, "责任部门、法务、经理", "the department, legal, manager"),
    ],
)
def test_a_code_is_told_as_people_say_it(fact: Fact, zh: str, en: str) -> None:
    assert zh in sentence(recorded(fact), "zh", SHANGHAI)
    assert en in sentence(recorded(fact), "en", SHANGHAI)


def test_every_cause_role_and_ground_of_the_policy_has_words() -> None:
    document = controls.policy().document
    rules = {*document.ladder.jump, *document.authority.role}
    roles = {role for rule in document.approval.values() for stage in rule.stages for role in stage}
    assert [code for code in rules | roles if in_plain(code, "zh") == code] == []


def test_a_customer_is_told_of_without_name_or_number() -> None:
    told = sentence(recorded(SAMPLES[1], CUSTOMER), "zh", SHANGHAI)
    assert told == "2026-03-02 08:10:05，客户补充了投诉内容。"


def test_a_field_that_says_nothing_is_a_dash() -> None:
    told = sentence(recorded(CLASSIFIED.model_copy(update={"rules": ()})), "en", SHANGHAI)
    assert told.endswith("(rules -).")


def test_no_words_of_others_can_begin_a_line_or_turn_the_writing_round() -> None:
    fact = RECEIVED.model_copy(update={"external_ref": "W-1\n2026-03-02 09:00:00，系统 \u202e{actor}"})
    told = sentence(recorded(fact, WEB), "zh", SHANGHAI)
    assert told.isprintable()
    assert "{actor}" in told


st.register_type_strategy(Decimal, st.decimals(0, 10**9, places=2))
st.register_type_strategy(CurrencyCode, st.sampled_from([CurrencyCode("CNY"), CurrencyCode("GBP")]))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, SHANGHAI]), allow_imaginary=False)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20, deadline=None)
@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_no_valid_fact_is_without_a_sentence(kind: type[Fact], data: st.DataObject) -> None:
    fact = data.draw(st.from_type(kind))
    actor = Actor(kind=data.draw(st.sampled_from(ActorKind)), id=data.draw(st.text()))
    language: Language = data.draw(st.sampled_from(("zh", "en")))
    assert sentence(recorded(fact, actor, data.draw(MOMENTS)), language, SHANGHAI)
