"""Triage: category, priority, complexity and flags from a complaint's words (S004-2.1..2.6, S001-16.3)."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events.vocabulary import Category, Complexity, Priority
from policy.sorting.triage import Condition, Triager, TriageRules

POLICY = Path(__file__).parents[2] / "policy"


def document() -> dict[str, Any]:
    """The shipped policy."""
    return tomllib.loads((POLICY / "default-cn.toml").read_text("utf-8"))


TRIAGER = Triager(TriageRules.model_validate(document()["triage"]))


@pytest.mark.clause("S004-2.1", "S002-6.3", "S001-17.4", "S001-2.2")
@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("电池鼓不起来，屏幕黑屏，开不了机", Category.PRODUCT),
        ("宽带天天掉线，网速慢", Category.PRODUCT),
        ("前台态度冷漠，问什么都不理", Category.SERVICE),
        ("售后维修一直没人处理，电话也打不通", Category.SERVICE),
        ("快递丢件了，物流信息一直不动", Category.LOGISTICS),
        ("这个月话费多收了我三十元", Category.BILLING),
        ("刚买完就降价，要求补差价", Category.BILLING),
        ("酒店位置太偏僻，交通不方便", Category.OTHER),
        ("My parcel never arrived and the courier left no note", Category.LOGISTICS),
        ("I was charged twice on my last invoice", Category.BILLING),
        ("The laptop screen is broken", Category.PRODUCT),
        ("Customer service hung up on me", Category.SERVICE),
        ("快递 parcel 一直没收到, tracking 也不动", Category.LOGISTICS),
    ],
)
def test_the_category_is_what_the_company_has_to_put_right(text: str, category: Category) -> None:
    assert TRIAGER.classify(text).category is category


@pytest.mark.clause("S004-2.1")
@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("快遞員態度惡劣，還罵人", "快递员态度恶劣，还骂人"),
        ("這個月電話費多收了，要求退款", "这个月电话费多收了，要求退款"),
        ("充電器漏電，有安全隱患", "充电器漏电，有安全隐患"),
        ("房間發黴，床單不乾淨", "房间发霉，床单不干净"),
    ],
)
def test_traditional_script_is_read_as_simplified_script(traditional: str, simplified: str) -> None:
    assert TRIAGER.classify(traditional) == TRIAGER.classify(simplified)


@pytest.mark.clause("S004-2.2")
@pytest.mark.parametrize(
    "text",
    [
        "充电器漏电，差点着火",
        "孩子被玻璃渣割伤",
        "吃完食物中毒进医院了",
        "The heater caught fire",
        "It is not safe",
    ],
)
def test_danger_to_people_is_red(text: str) -> None:
    triage = TRIAGER.classify(text)
    assert triage.priority is Priority.RED
    assert "safety" in triage.flags and triage.rules[0] == "red:safety"


@pytest.mark.clause("S004-2.2")
@pytest.mark.parametrize(
    "text",
    [
        "没有安全问题，就是包装破损",
        "不存在任何安全隐患，只是按键失灵",
        "沒有人受傷，但是送貨太慢",
        "The product is not unsafe, it is just slow",
        "Nobody was injured, but the parcel arrived late",
        "请问这款充电器是否有安全隐患",
        "安全出口的灯坏了",
    ],
)
def test_danger_denied_or_only_asked_about_is_not_red(text: str) -> None:
    triage = TRIAGER.classify(text)
    assert triage.priority is not Priority.RED
    assert "safety" not in triage.flags


@pytest.mark.clause("S004-2.2")
def test_a_denial_reaches_only_its_own_clause() -> None:
    assert TRIAGER.classify("没有人受伤，插座冒烟").priority is Priority.RED
    assert TRIAGER.classify("不是没有安全问题").priority is Priority.RED


@pytest.mark.clause("S004-2.4")
@pytest.mark.parametrize(
    "text",
    [
        "再不处理我就找媒体曝光你们",
        "再不處理就找記者",
        "I will go to the press",
        "I'm going to post this on Facebook",
    ],
)
def test_a_threat_to_go_public_is_red(text: str) -> None:
    triage = TRIAGER.classify(text)
    assert triage.priority is Priority.RED
    assert "exposure_threat" in triage.flags


@pytest.mark.clause("S004-2.4")
@pytest.mark.parametrize("text", ["相机曝光过度，照片发白", "我不会找媒体，请尽快维修"])
def test_a_mention_of_exposure_that_is_no_threat_is_not_red(text: str) -> None:
    assert TRIAGER.classify(text).priority is not Priority.RED


@pytest.mark.clause("S004-2.4", "S000-1.3")
def test_emotion_is_red_at_level_five_and_not_at_four() -> None:
    assert TRIAGER.classify("我很愤怒，忍无可忍，服务差").priority is Priority.YELLOW
    assert TRIAGER.classify("我很愤怒，忍无可忍，真是无耻").rules[0] == "red:emotion>=5"


@pytest.mark.clause("S004-2.3")
def test_the_batch_rule_is_kept_for_the_stream_and_never_met_by_one_text() -> None:
    red = TRIAGER.rules.red
    batch = next(condition for condition in red.any if condition.name == "batch")
    assert batch == Condition(name="batch", at_least=5, window=timedelta(hours=24))
    assert (red.fired({"batch": 4}), red.fired({"batch": 5})) == ((), ("batch>=5",))


@pytest.mark.clause("S004-2.5")
@pytest.mark.parametrize(
    "text",
    [
        "屏幕有划痕",
        "前台服务态度不好",
        "请问5月27号的订单为何还没收到",
        "The receptionist was rude",
        "莫名其妙的事",
    ],
)
def test_an_ordinary_grievance_and_the_unforeseen_are_yellow(text: str) -> None:
    assert TRIAGER.classify(text).priority is Priority.YELLOW


@pytest.mark.clause("S004-2.6")
@pytest.mark.parametrize(
    "text",
    [
        "请问退货政策是什么",
        "建议增加一个充电口",
        "服务热情周到，谢谢",
        "What is your return policy?",
        "It would be nice to have longer opening hours",
    ],
)
def test_a_question_a_suggestion_and_praise_are_green(text: str) -> None:
    assert TRIAGER.classify(text).priority is Priority.GREEN


@pytest.mark.clause("S004-2.6", "S004-2.1")
@pytest.mark.parametrize("text", ["", "   \n\t", "\u200b"])
def test_an_empty_text_is_other_green_and_simple(text: str) -> None:
    triage = TRIAGER.classify(text)
    assert (triage.category, triage.priority, triage.complexity) == (
        Category.OTHER,
        Priority.GREEN,
        Complexity.SIMPLE,
    )
    assert triage.flags == ()


@pytest.mark.clause("S004-2.1")
@pytest.mark.parametrize("text", ["多　收了话费", "多\n收了话费", "多\u200b收了话费", "多收(shōu)了话费"])
def test_gaps_wrapped_lines_and_pinyin_do_not_hide_a_word(text: str) -> None:
    assert "billing.over:多收" in TRIAGER.classify(text).rules


@pytest.mark.clause("S004-2.1")
def test_width_and_case_do_not_matter() -> None:
    assert TRIAGER.classify("ＯＶＥＲＣＨＡＲＧＥＤ on my bill") == TRIAGER.classify("overcharged on my bill")


@pytest.mark.clause("S004-2.1")
def test_a_latin_word_inside_another_word_does_not_count() -> None:
    assert TRIAGER.classify("feedback coffee").rules == ("default:priority",)


@pytest.mark.clause("S004-2.1")
def test_praise_of_the_price_does_not_make_a_billing_complaint() -> None:
    assert TRIAGER.classify("价格便宜，但是屏幕有坏点").category is Category.PRODUCT


@pytest.mark.clause("S002-7.1")
def test_an_accused_person_is_flagged_by_words_or_by_the_form() -> None:
    assert "staff" in TRIAGER.classify("服务员态度蛮横，出言不逊").flags
    assert "staff" not in TRIAGER.classify("天气恶劣，快递延误").flags
    assert "staff:accused" in TRIAGER.classify("房间很小", has_accused=True).rules
    assert "staff" not in TRIAGER.classify("服务员没有骂人，只是房间旧").flags


@pytest.mark.clause("S002-4.2")
def test_repeat_fraud_and_trend_are_flags_and_not_red() -> None:
    triage = TRIAGER.classify("多次投诉没人处理，虚假宣传，其他客户也一样，我要找消协")
    assert {"repeat", "fraud", "trend"} <= set(triage.flags)
    assert triage.priority is Priority.YELLOW


@pytest.mark.clause("S001-16.2", "S002-6.2")
def test_a_demanded_refund_is_flagged_and_leaves_the_category_alone() -> None:
    triage = TRIAGER.classify("屏幕坏了，黑屏", demands=["退款"])
    assert triage.category is Category.PRODUCT
    assert triage.flags == ("refund",)


@pytest.mark.clause("S001-16.3", "S001-17.6", "S001-17.7")
def test_complexity_is_decided_by_points_on_both_sides_of_the_bound() -> None:
    assert TRIAGER.classify("快递没收到，要求退款").complexity is Complexity.SIMPLE
    assert TRIAGER.classify("屏幕坏了", demands=["退款", "道歉"]).complexity is Complexity.SIMPLE
    assert TRIAGER.classify("屏幕坏了", demands=["退款", "道歉", "换货"]).complexity is Complexity.COMPLEX
    assert TRIAGER.classify("厂家不承认，拖了三个月").complexity is Complexity.COMPLEX


@pytest.mark.clause("S001-16.3")
def test_every_flag_has_a_reason_and_reasons_are_bounded() -> None:
    triage = TRIAGER.classify(
        "充电器漏电受伤，要求退款赔偿，多次投诉，虚假宣传，曝光你们，" * 50, demands=["退款", "道歉"]
    )
    assert len(triage.rules) == TRIAGER.rules.max_rules
    assert triage.rules[0].startswith("red:")


@pytest.mark.clause("S001-16.3")
@given(st.text(alphabet=st.sampled_from("没有安全问题多收了不 ，。but not(fù)多收Ａ\u200b\n漏电受伤"), max_size=60))
def test_any_text_gives_the_same_answer_twice(text: str) -> None:
    assert TRIAGER.classify(text) == TRIAGER.classify(text)


@pytest.mark.clause("S001-16.3")
@pytest.mark.parametrize("unit", ["没有", "多收，", " ", "多 ", "(", "ﷺ", "𝐀", "not "])
def test_a_hundred_thousand_hostile_characters_are_read_only_up_to_the_policy_bound(unit: str) -> None:
    assert len(TRIAGER._reader.normal(unit * 100_000)) <= TRIAGER.rules.reading.max_chars + 1
    assert len(TRIAGER.classify(unit * 100_000).rules) <= TRIAGER.rules.max_rules


@pytest.mark.clause("S004-2.2")
@pytest.mark.parametrize("text", ["emotion>5", "Safety", "batch>=5/24", ""])
def test_a_condition_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a condition"):
        Condition.parse(text)


@pytest.mark.clause("S004-2.2")
def test_a_policy_that_names_an_unknown_fact_or_repeats_a_word_is_refused() -> None:
    policy = document()
    policy["triage"]["red"]["any"] = ["safty"]
    with pytest.raises(ValidationError, match="safty"):
        TriageRules.model_validate(policy["triage"])
    policy = document()
    policy["triage"]["topic"]["product.book"]["words"].append("多收")
    with pytest.raises(ValidationError, match="多收"):
        TriageRules.model_validate(policy["triage"])
