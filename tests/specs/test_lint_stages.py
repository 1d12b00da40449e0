"""Words at the right stage: the same sentence is refused, advised against or right as the facts stand (C7, C8)."""

from collections.abc import Sequence

import pytest

from events.commands import Refusal
from events.contact import Replied
from events.ending import Reopened
from events.envelope import Entry
from events.fact import Fact
from events.solution import ApprovalGiven, ApprovalRequested, CustomerDeclined, ReplyDrafted
from events.vocabulary import Liable, Medium, ReplyKind
from policy.wording.lint_stages import Level, standing
from policy.wording.phrasing import check, check_all
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.outcomes import SHA, act, proposed, remedy, verified

NOW = controls.in_the_morning()
SORRY = "给您带来不便,我很抱歉。"
LINTER = controls.policy().linter
COMPENSATION = f"{SORRY}我们赔偿您五十元。"
OUR_FAULT = f"{SORRY}这是我们的责任。"
CARRIER = f"{SORRY}这是快递公司的责任。"


def known(*entries: Entry, text: str = controls.OVERCHARGED) -> Given:
    """A complaint handed out, with more facts."""
    return given(*controls.handed_out(text=text, demands=("赔偿损失",)), *entries)


def asked_for_approval() -> Entry:
    """The proposal waits for the supervisor."""
    fact = ApprovalRequested(
        subject="proposal-1", rule="limit", content_sha256=SHA, stages=(("supervisor",),), author="li.na"
    )
    return act(fact)


def approved() -> Entry:
    """The supervisor approved it."""
    fact = ApprovalGiven(subject="proposal-1", content_sha256=SHA, as_role="supervisor")
    return act(fact, "wang.fang")


def levels(complaint: Given, text: str) -> list[Level]:
    return [advice.level for advice in LINTER.lint(text, standing(complaint.case))]


def replied(complaint: Given, text: str, medium: str = "phone", **more: object) -> Sequence[Fact] | Refusal:
    return complaint.when("reply", "li.na", NOW, kind="decision", medium=medium, text=text, **more)


@pytest.mark.clause("S001-15.2", "S003-3.2")
def test_compensation_is_refused_before_verification_advised_against_after_it_and_free_once_offered() -> None:
    offer = proposed(remedy())
    assert levels(known(), COMPENSATION) == [Level.BLOCK]
    assert levels(known(verified()), COMPENSATION) == [Level.ADVISE]
    assert levels(known(verified(), offer), COMPENSATION) == []


@pytest.mark.clause("S001-15.2")
def test_a_proposal_that_waits_for_approval_is_no_offer_yet() -> None:
    waiting = known(verified(), proposed(remedy()), asked_for_approval())
    assert levels(waiting, COMPENSATION) == [Level.ADVISE]
    assert levels(waiting.and_then(approved()), COMPENSATION) == []


@pytest.mark.clause("S001-15.2")
def test_what_was_offered_once_may_be_named_after_a_reopening() -> None:
    reopened = act(Reopened(round=2, reason="客户不满意"))
    assert levels(known(verified(), proposed(remedy()), reopened), COMPENSATION) == []


@pytest.mark.clause("S001-15.1", "S001-18.6", "S003-5.2")
def test_a_fault_is_admitted_only_where_the_company_was_found_liable() -> None:
    assert levels(known(), OUR_FAULT) == [Level.BLOCK]
    assert levels(known(verified(liable=Liable.THIRD_PARTY, party="快递")), OUR_FAULT) == [Level.ADVISE]
    assert levels(known(verified(liable=Liable.COMPANY)), OUR_FAULT) == []


@pytest.mark.clause("S001-15.1", "S000-2.1", "S001-7.1")
def test_the_inconvenience_is_apologised_for_at_any_time() -> None:
    for complaint in (known(), known(verified()), known(verified(), proposed(remedy()))):
        assert levels(complaint, f"{SORRY}我们今天为您处理。") == []


@pytest.mark.clause("S003-5.2")
def test_nobody_is_called_liable_before_the_verification() -> None:
    assert refusal(replied(known(), CARRIER)).requirement == "S003-5.2"
    assert decided(replied(known(verified(liable=Liable.THIRD_PARTY, party="快递")), CARRIER))


@pytest.mark.clause("S003-5.2")
def test_after_a_reopening_liability_is_open_again() -> None:
    reopened = act(Reopened(round=2, reason="客户不满意"))
    assert code(replied(known(verified(), reopened), CARRIER)) == "phrase_lint"


@pytest.mark.clause("S000-2.1")
def test_only_a_person_gives_the_first_reply() -> None:
    receipt = [controls.started(NOW), controls.delivered(NOW)]
    assert standing(known(*receipt).case).is_first
    assert not standing(known(*receipt, controls.told(NOW)).case).is_first


@pytest.mark.clause("S001-15.2", "S003-3.2")
def test_a_refusal_names_the_words_what_to_say_instead_and_the_requirement() -> None:
    answer = refusal(replied(known(), COMPENSATION))
    assert (answer.code, answer.requirement) == ("phrase_lint", "S001-15.2")
    assert answer.facts["phrases"] == "赔偿"
    assert "补救" in answer.facts["instead"]
    assert answer.facts["list"] == "phrases-cn@1"


@pytest.mark.clause("S001-7.3", "S004-8.1", "S004-8.2", "S001-18.5", "S001-6.4", "S003-6.5")
@pytest.mark.parametrize(
    "text", ["这不是我们的责任", "这是小事", "和我们没关系", "一分钱,一分货", "谁让您不看说明", "这是您自己的问题"]
)
def test_forbidden_words_are_refused_whatever_is_known(text: str) -> None:
    assert code(replied(known(verified(), proposed(remedy())), text)) == "phrase_lint"


@pytest.mark.clause("S001-7.3")
def test_words_that_must_stand_are_recorded_with_their_reason() -> None:
    [fact] = decided(replied(known(), COMPENSATION, override="客户要求书面写明赔偿依据"))
    assert isinstance(fact, Replied)
    assert (fact.advice, fact.override) == (("compensation",), "客户要求书面写明赔偿依据")


@pytest.mark.clause("S001-7.3")
def test_a_reason_without_need_is_not_recorded() -> None:
    [fact] = decided(replied(known(), f"{SORRY}我们正在核实。", override="没有必要"))
    assert isinstance(fact, Replied)
    assert (fact.advice, fact.override) == ((), None)


@pytest.mark.clause("S000-1.5", "S001-18.7", "S001-10.6")
def test_advice_refuses_nothing_and_is_recorded() -> None:
    [fact] = decided(replied(known(), "你为什么不早说?但是没关系,改天再联系。"))
    assert isinstance(fact, Replied)
    assert fact.advice == ("vague_promise", "interrogation", "adversative", "missing_apology")


@pytest.mark.clause("S001-15.2", "S003-3.2")
@pytest.mark.parametrize("words", ["「赔偿损失」", "“多收了我话费”", "> 要求退款"])
def test_the_customer_is_quoted_at_any_stage(words: str) -> None:
    assert decided(replied(known(), f"{SORRY}您提到:\n{words}\n我们正在核实。"))


@pytest.mark.clause("S001-15.2")
def test_what_the_customer_said_to_a_proposal_is_theirs_too() -> None:
    declined = act(CustomerDeclined(proposal=1, medium=Medium.PHONE, words="赔钱太少"))
    assert levels(known(declined), f"{SORRY}您说「赔钱太少」。") == []
    assert levels(known(), f"{SORRY}「赔钱太少」。") == [Level.BLOCK]


@pytest.mark.clause("S001-15.2")
@pytest.mark.parametrize(
    "words",
    [
        "您说“要求赔偿”",
        "您在电话里提到:「赔钱太少」",
        "客户要求“赔偿五百元”",
        "您說「要求賠償」",
        'you told us "we want compensation"',
    ],
)
def test_what_the_draft_says_to_be_the_customers_words_is_a_quotation_though_only_spoken(words: str) -> None:
    assert levels(known(), f"{SORRY}{words}。") == []


@pytest.mark.clause("S001-15.2")
@pytest.mark.parametrize("words", ["您放心,我们说“赔偿五百元”", "我们告诉您“赔偿五百元”", "我们“赔偿五百元”"])
def test_our_own_words_are_no_quotation_whatever_marks_they_stand_in(words: str) -> None:
    assert levels(known(), f"{SORRY}{words}。") == [Level.BLOCK]


@pytest.mark.clause("S001-7.3", "S001-15.2")
def test_a_letter_is_linted_when_it_is_drafted() -> None:
    assert code(replied(known(), COMPENSATION, medium="letter")) == "phrase_lint"
    draft = decided(replied(known(), COMPENSATION, medium="letter", override="引用判决原文"))[0]
    assert isinstance(draft, ReplyDrafted)
    assert (draft.advice, draft.override) == (("compensation",), "引用判决原文")


@pytest.mark.clause("S001-18.3")
def test_a_run_of_questions_is_advised_against_in_a_chat_alone() -> None:
    text = f"{SORRY}哪天?哪里?谁?多少?"
    in_chat, by_phone = (check(LINTER, known().case, text, medium) for medium in (Medium.CHAT, Medium.PHONE))
    assert in_chat.advice == ("questions_in_a_row",)
    assert by_phone.advice == ()


@pytest.mark.clause("S003-5.2", "S001-7.3")
def test_reasons_and_alternatives_are_words_to_the_customer_too() -> None:
    case = known().case
    said = ["需要进一步核实", "这不是我们的责任"]
    assert check_all(LINTER, case, said[:1]).refusal is None
    assert code(check_all(LINTER, case, said).refusal) == "phrase_lint"
    kept = check_all(LINTER, case, said, override="引用原文")
    assert (kept.refusal, kept.override) == (None, "引用原文")


@pytest.mark.clause("S001-4.8")
def test_guidance_that_was_used_is_recorded_and_must_exist() -> None:
    used = ["script.not_quite_clear", "checklist.conversation.listen_first", "knowledge.compare_bill"]
    [fact] = decided(replied(known(), "正在核实", used=used))
    assert isinstance(fact, Replied)
    assert fact.used == tuple(used)
    answer = refusal(replied(known(), "正在核实", used=["script.smile"]))
    assert (answer.code, answer.facts["used"]) == ("unknown_guidance", "script.smile")


def test_a_reply_that_was_sent_for_a_person_is_a_reply() -> None:
    sent = Replied(kind=ReplyKind.DECISION, medium=Medium.LETTER, contact="reply-4#1", approved=True)
    told = Entry(sent, NOW, controls.machine("notifier"), policy=controls.POLICY_ID)
    assert not standing(known(told).case).is_first
