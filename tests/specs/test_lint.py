"""The phrase lint: one sentence for each requirement that must be hit, one that must not; quotations; limits."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given as every
from hypothesis import settings
from hypothesis import strategies as st

from events.vocabulary import Medium
from policy.document import Document, InvalidPolicy, parse
from policy.policy import DEFAULT_POLICY
from policy.wording.lint import Advice
from policy.wording.lint_rules import Kind
from policy.wording.lint_stages import Level, Standing
from tests import controls

LINTER = controls.policy().linter
SAID = "我三月一日在你们店里买的充电器用了两天就坏了,我要求赔偿两百元"
UNVERIFIED = Standing(said=(SAID, "赔偿"))
FIRST = UNVERIFIED._replace(is_first=True)
OURS = Standing(is_verified=True, is_liable=True, is_offered=True, said=(SAID,))
NOT_OURS = Standing(is_verified=True, said=(SAID,))
LONG = (
    "我们已经联系了当地仓库请他们查看当天的监控和交接记录并且核对了快递公司的扫描时间"
    "和签收底单随后又向送货的同事了解情况目前还在等待他们书面说明当天交接的全部经过"
)
QUESTIONS = "是哪天买的呢?在哪家店买的呢?型号是什么呢?"

CASES: Sequence[tuple[str, Standing, Medium | None, str, str]] = (
    ("S000-1.5", UNVERIFIED, None, "你为什么现在才说?", "方便的话,请您告诉我当时的情况,好吗?"),
    ("S000-2.1", FIRST, None, "您好,我们正在核实。", "给您带来不便,我很抱歉。我们正在核实。"),
    ("S001-4.7", UNVERIFIED, None, LONG + "。", LONG[:30] + "。" + LONG[30:60] + "。"),
    ("S001-6.4", UNVERIFIED, None, "谁让您不看说明书", "我再为您说明一次怎么用"),
    ("S001-7.1", FIRST, None, "您的投诉已经交给专人。", "对不起,给您添麻烦了,您的投诉已经交给专人。"),
    ("S001-7.3", UNVERIFIED, None, "这不是我们的责任", "我们正在核实是不是我们的责任"),
    ("S001-7.4", UNVERIFIED, None, "这个我们也没办法", "我们会尽快为您解决这个问题"),
    ("S001-10.5", UNVERIFIED, None, "公司规定就是这样", "根据公司规定,七天内可以退货"),
    ("S001-10.6", UNVERIFIED, None, "改天再和你联络", "我明天 12 点前与您联系"),
    ("S001-15.1", UNVERIFIED, None, "由于我们的失误给您带来不便", "给您带来不便,我很抱歉"),
    ("S001-15.2", UNVERIFIED, None, "我们会赔偿您", "我们会和您商量补救办法"),
    ("S001-15.3", UNVERIFIED, None, f"您说{SAID}。", "您的充电器坏了,我们今天为您检测。"),
    ("S001-18.3", UNVERIFIED, Medium.CHAT, f"{QUESTIONS}什么颜色呢?", QUESTIONS),
    ("S001-18.5", UNVERIFIED, None, "一分钱,一分货嘛", "我先了解您遇到的问题"),
    ("S001-18.6", UNVERIFIED, None, "对不起,是我们的工作失误", "我很抱歉让您有不好的体验"),
    ("S001-18.7", UNVERIFIED, None, "我们理解您,但是时间已经过了", "我们理解您。同时,我们为您想办法"),
    ("S001-18.14", UNVERIFIED, None, "这个问题我需要与他人协商", "请您稍候,我为您确认,今天 18 点前答复您"),
    ("S001-18.15", UNVERIFIED, None, "不好意思让您久等了", "非常感谢您的耐心等候"),
    ("S002-0.2", UNVERIFIED, None, "因为暴雨路断了,抱歉给您带来不便", "抱歉给您带来不便,因为暴雨路断了"),
    ("S003-3.2", UNVERIFIED, None, "可以給您一些補償", "可以給您一些補救"),
    ("S003-3.3", UNVERIFIED, None, "百分之百会给您退", "我会尽力为您办理"),
    ("S003-6.5", UNVERIFIED, None, "这是您自己的问题", "我们一起看看问题出在哪里"),
    ("S004-8.1", UNVERIFIED, None, "别生气,这是小事", "我明白这件事给您添了麻烦"),
    ("S004-8.2", UNVERIFIED, None, "這是物流的問題,和我們沒關係", "由我来联系物流,并跟进到底"),
    ("S004-8.3", UNVERIFIED, None, "需要等待系统同步", "资料更新好我会马上告诉您"),
)  # fmt: skip
"""Requirement, stage, medium, a sentence that is hit, and one that is not."""


def lint(text: str, now: Standing = UNVERIFIED, medium: Medium | None = None) -> tuple[Advice, ...]:
    return LINTER.lint(text, now, medium)


def rules(text: str, now: Standing = UNVERIFIED, medium: Medium | None = None) -> list[str]:
    return [advice.rule for advice in lint(text, now, medium)]


def cited(advice: Sequence[Advice]) -> set[str]:
    return {id_ for each in advice for id_ in each.source}


@pytest.mark.clause(
    "S000-1.5", "S000-2.1", "S001-4.7", "S001-6.4", "S001-7.1", "S001-7.3", "S001-7.4", "S001-10.5", "S001-10.6",
    "S001-15.1", "S001-15.2", "S001-15.3", "S001-18.3", "S001-18.5", "S001-18.6", "S001-18.7", "S001-18.14",
    "S001-18.15", "S002-0.2", "S003-3.2", "S003-3.3", "S003-6.5", "S004-8.1", "S004-8.2", "S004-8.3",
)  # fmt: skip
@pytest.mark.parametrize(("id_", "now", "medium", "wrong", "right"), CASES, ids=[case[0] for case in CASES])
def test_each_requirement_hits_what_it_forbids_and_lets_pass_what_it_recommends(
    id_: str, now: Standing, medium: Medium | None, wrong: str, right: str
) -> None:
    assert id_ in cited(lint(wrong, now, medium))
    assert id_ not in cited(lint(right, now, medium))


@pytest.mark.clause("S001-10.5")
def test_the_list_has_a_name_and_a_version() -> None:
    assert LINTER.rules.list_id == "phrases-cn@1"


@pytest.mark.clause("S001-7.3", "S001-7.4", "S001-18.15")
@pytest.mark.parametrize("name", LINTER.rules.rule)
def test_every_rule_says_why_and_what_to_say_instead_and_its_own_words_pass(name: str) -> None:
    rule = LINTER.rules.rule[name]
    for language in ("zh", "en"):
        assert rule.why[language]
        assert not [advice.rule for advice in lint(rule.say[language]) if advice.level is Level.BLOCK]


def test_advice_names_the_words_where_they_stand_in_the_draft() -> None:
    text = "您好!我们会 賠 償 您的。"
    [advice] = lint(text)
    [hit] = advice.found
    assert (advice.level, hit.words, text[hit.start : hit.end]) == (Level.BLOCK, "賠 償", "賠 償")
    assert "补救" in advice.say["zh"]


@pytest.mark.parametrize("text", ["赔偿", "賠償", "赔 偿", "赔\u200b偿", "賠(péi)偿"])
def test_script_width_and_gaps_hide_no_word(text: str) -> None:
    assert rules(f"我们会{text}您") == ["compensation"]


@pytest.mark.parametrize(
    "text",
    [
        "We will COMPENSATE you",
        "We will compensate you",
        "compensation is on its way",
        "It is our fault.",
        "It's not our problem",
        "the courier’s fault",
    ],
)
def test_english_is_read_too(text: str) -> None:
    assert [advice.level for advice in lint(text)] == [Level.BLOCK]


@pytest.mark.parametrize(
    "text", ["We serve breakfast buttered", "our default offer", "the refund is 100 CNY", "ticketing"]
)
def test_a_word_inside_another_is_no_hit(text: str) -> None:
    assert rules(text) == []


@pytest.mark.parametrize(
    "text", ["您好", "您好,我们正在核实,明天18点前给您答复", "正在核实", "全额退款", "您好,正在核对账单。", "已核实"]
)
def test_ordinary_polite_words_are_let_pass(text: str) -> None:
    assert not [advice for advice in lint(text, FIRST) if advice.level is Level.BLOCK]
    assert rules(text) == []


@pytest.mark.clause("S003-5.2", "S001-15.1")
@pytest.mark.parametrize(
    "text",
    [
        "如果核实是我们的责任,我们负责到底",
        "我们正在核实是否是质量问题",
        "责任归属正在核实",
        "If it is our fault we put it right",
    ],
)
def test_what_is_open_still_is_no_statement_of_liability(text: str) -> None:
    assert rules(text) == []


@pytest.mark.clause("S003-5.2", "S001-15.1")
def test_a_condition_in_another_sentence_excuses_nothing() -> None:
    assert rules("如果方便请来电。这是我们的责任。") == ["fault_admission"]


def test_one_more_question_than_three_in_a_row_is_too_many_in_a_chat_and_nowhere_else() -> None:
    four = QUESTIONS + "颜色呢?"
    assert rules(QUESTIONS, medium=Medium.CHAT) == []
    assert rules(four, medium=Medium.CHAT) == ["questions_in_a_row"]
    assert rules(four, medium=Medium.PHONE) == []
    assert rules(QUESTIONS + "谢谢您。颜色呢?", medium=Medium.CHAT) == []


@pytest.mark.clause("S001-4.7")
def test_a_sentence_of_seventy_characters_is_long_enough() -> None:
    assert rules("好" * 70 + "。" + "好" * 70) == []
    assert rules("好" * 71) == ["long_sentence"]
    assert rules("word " * 35 + ".") == []
    assert rules("word " * 36 + ".") == ["long_sentence"]


@pytest.mark.clause("S001-4.7", "S004-8.3")
def test_jargon_is_answered_with_the_everyday_word() -> None:
    [advice] = lint("您的工单已闭环")
    assert advice.say["zh"] == "您反映的问题; 全部办完"
    assert [hit.words for hit in advice.found] == ["工单", "闭环"]


QUOTED = [f"「{SAID}」", f"『{SAID}』", f"“{SAID}”", f"‘{SAID}’", f'"{SAID}"', f"'{SAID}'", f"《{SAID}》", f"> {SAID}"]


@pytest.mark.clause("S001-15.2", "S003-3.2")
@pytest.mark.parametrize("quotation", QUOTED)
def test_the_customers_own_words_may_be_quoted_at_any_time(quotation: str) -> None:
    assert rules(f"您写道:\n{quotation}\n我们正在核实。") == []


@pytest.mark.clause("S001-15.2", "S003-3.2")
@pytest.mark.parametrize(
    "text", ["您要求赔偿", "「我们会赔偿您」", f"「我们赔偿」{SAID}", "您写道「坏了」,我们赔偿「两百元」"]
)
def test_quotation_marks_excuse_only_what_the_customer_said(text: str) -> None:
    assert "compensation" in rules(text)


@pytest.mark.clause("S001-15.2")
def test_a_quotation_in_the_other_script_is_still_a_quotation() -> None:
    assert rules("您提到「我要求賠償兩百元」,我们已记录。") == []


@pytest.mark.clause("S001-15.3")
def test_a_short_repetition_and_a_quotation_are_no_echo() -> None:
    assert "echo" not in rules(SAID[:20])
    assert "echo" not in rules(f"「{SAID}」我们今天就检测。")
    assert "echo" in rules(SAID.replace("我要求赔偿两百元", "请问是这样吗"))


@pytest.mark.clause("S000-2.1")
def test_only_the_first_reply_is_asked_for_an_apology() -> None:
    assert rules("我们正在核实。", FIRST) == ["missing_apology"]
    assert rules("我们正在核实。", UNVERIFIED) == []


def test_a_text_of_twenty_thousand_characters_is_read_at_once() -> None:
    worst = [
        "赔偿" * 10_000,
        "「赔偿」" * 5_000,
        "如果" * 10_000,
        "「" * 20_000,
        "你好?" * 6_666,
        " " * 20_000,
        SAID * 600,
        "a" * 20_000,
    ]
    now = UNVERIFIED._replace(said=(SAID * 600,))
    started = time.process_time()
    for text in worst:
        lint(text, now, Medium.CHAT)
    assert time.process_time() - started < len(worst) * 2


WORDS = st.lists(
    st.sampled_from(
        [
            "赔偿",
            "賠",
            "偿",
            "「",
            "」",
            '"',
            "'",
            ">",
            "\n",
            "?",
            "。",
            ".",
            "是我们的错",
            "but",
            "don't",
            "compensat",
            "抱歉",
            "因为",
            " ",
            "\0",
            "İ",
            "㍿",
            SAID,
        ]
    )
    | st.text(max_size=5)
).map("".join)
STANDINGS = st.builds(
    Standing, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.lists(WORDS, max_size=2).map(tuple)
)


@settings(deadline=None)
@every(WORDS, STANDINGS, st.sampled_from([None, *Medium]))
def test_no_text_makes_it_fail_and_every_place_lies_inside_the_text(
    text: str, now: Standing, medium: Medium | None
) -> None:
    for advice in lint(text, now, medium):
        for hit in advice.found:
            assert 0 <= hit.start < hit.end <= len(text)
            assert hit.words == text[hit.start : hit.end]


@settings(deadline=None)
@every(WORDS, STANDINGS, st.sampled_from(["「」", "“”", '""']))
def test_adding_a_quotation_of_the_customer_adds_no_advice(text: str, now: Standing, marks: str) -> None:
    now = now._replace(said=(*now.said, SAID))
    assert set(rules(text + marks[0] + SAID + marks[1], now, Medium.CHAT)) <= set(rules(text, now, Medium.CHAT))


@pytest.mark.clause("S001-15.1", "S001-15.2", "S001-10.5")
@pytest.mark.parametrize("name", controls.policy().document.template)
def test_no_message_of_our_own_says_what_nobody_may_say(name: str) -> None:
    template = controls.policy().document.template[name]
    advice = [each for words in (template.zh, template.en) for each in lint(words.text, Standing())]
    assert not [each.rule for each in advice if each.level is Level.BLOCK]


def changed(old: str, new: str) -> Document:
    text = DEFAULT_POLICY.read_text()
    assert text.count(old) == 1
    return parse(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('\nmost = 70 ', '\nspan = 70 '),
        ('cited = ">"', 'cited = ">"\nsecret = true'),
        ('quotes = ["「」"', 'quotes = ["「"'),
        ('media = ["chat", "wechat", "app"]', 'media = ["pigeon"]'),
        ('words = ["难道", ', 'words = ["", '),
        ('advise = ["first_reply"]', "advise = []"),
    ],
)  # fmt: skip
def test_a_wrong_list_is_refused(old: str, new: str) -> None:
    with pytest.raises(InvalidPolicy, match="lint"):
        changed(old, new)


def test_every_kind_of_advice_is_used() -> None:
    assert {rule.kind for rule in LINTER.rules.rule.values()} == set(Kind)
