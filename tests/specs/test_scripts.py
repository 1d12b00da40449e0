"""Scripts, checklists, knowledge and the account of what we did: at hand under the right condition (S001-9.1)."""

import pytest

from events.contact import Replied, RetryAttempted
from events.ending import CalledBack
from events.envelope import Entry
from events.execution import StepFailed
from events.understanding import UnderstandingConfirmed
from events.verification import EvidenceAdded
from events.vocabulary import Category, EvidenceKind, Medium, Outcome, Priority, ReplyKind
from policy.contacting.account import paragraph, steps_so_far
from policy.document import InvalidPolicy, parse
from policy.policy import DEFAULT_POLICY
from policy.wording.lint_stages import Level, Standing
from policy.wording.scripts import Concern, KnowledgeKind, checklists_for, knowledge_for, place_of, scripts_for
from tests import controls
from tests.bdd import given
from tests.outcomes import SHA, act, ended, verified

NOW = controls.in_the_morning()
RULES = controls.policy().document


def heard(emotion: int | None = None) -> Entry:
    """The customer confirmed our summary."""
    return act(UnderstandingConfirmed(number=1, summary="多收费", confirmed=True, emotion=emotion))


STAGES: dict[str, list[Entry]] = {"listening": [], "checking": [heard()], "solving": [heard(), verified()]}


def at_hand(channel: str, *entries: Entry) -> list[str]:
    """Ids of the scripts and checklist items, in order."""
    complaint = given(*controls.handed_out(channel=channel), *entries).complaint
    place = place_of(complaint, RULES.guidance)
    lists = checklists_for(RULES.checklist, place).values()
    return [*scripts_for(RULES.script, place), *(item.id for checklist in lists for item in checklist.item)]


@pytest.mark.clause(
    "S000-1.1", "S001-1.2", "S001-1.3", "S001-1.6", "S001-7.5", "S001-1.1", "S000-1.6", "S000-1.7", "S001-18.4",
    "S003-6.1", "S001-7.1",
)  # fmt: skip
@pytest.mark.parametrize(
    "id_",
    ["listen_first", "take_your_time", "do_not_interrupt", "in_your_place", "i_hear_you", "stay_calm",
     "not_quite_clear", "i_understand_now", "pause", "listen_seven_say_three", "sorry_for_the_trouble"],
)  # fmt: skip
def test_a_call_begins_with_listening(id_: str) -> None:
    assert id_ in at_hand("phone")


@pytest.mark.clause("S000-1.1")
@pytest.mark.parametrize(("channel", "shown"), [("phone", True), ("visit", True), ("web", False), ("email", False)])
def test_listening_first_is_the_first_step_of_a_call_and_a_visit(channel: str, shown: bool) -> None:
    items = at_hand(channel)
    assert ("listen_first" in items) is shown
    conversation = RULES.checklist["conversation"].item
    assert conversation[0].id == "listen_first"


@pytest.mark.clause("S000-1.2")
@pytest.mark.parametrize("channel", ["visit", "phone", "web", "chat", "email"])
def test_body_language_is_a_card_for_visits_alone(channel: str) -> None:
    assert ("body_language" in at_hand(channel)) is (channel == "visit")


@pytest.mark.clause("S001-18.4")
def test_the_pause_belongs_to_calls() -> None:
    assert "pause" not in at_hand("visit")


@pytest.mark.clause("S001-1.1", "S004-8.4")
def test_who_cannot_stay_calm_hands_over_with_one_click() -> None:
    calm = next(item for item in RULES.checklist["conversation"].item if item.id == "stay_calm")
    assert calm.command == "hand_over"


@pytest.mark.clause("S001-1.1", "S000-1.3")
@pytest.mark.parametrize(("emotion", "shown"), [(None, False), (2, False), (3, True), (5, True)])
def test_an_upset_customer_gets_calming_words(emotion: int | None, shown: bool) -> None:
    assert ("calm_down_yourself" in at_hand("web", heard(emotion))) is shown


@pytest.mark.clause("S001-9.1", "S002-0.7")
@pytest.mark.parametrize("channel", ["phone", "visit", "web"])
@pytest.mark.parametrize("stage", STAGES)
def test_feelings_come_before_the_matter_everywhere(channel: str, stage: str) -> None:
    place = place_of(given(*controls.handed_out(channel=channel), *STAGES[stage]).complaint, RULES.guidance)
    lists = [[item.concern for item in each.item] for each in checklists_for(RULES.checklist, place).values()]
    for concerns in ([script.concern for script in scripts_for(RULES.script, place).values()], *lists):
        assert concerns == sorted(concerns, key=list(Concern).index)


@pytest.mark.clause("S002-0.7", "S001-9.1")
def test_soothing_stands_before_what_solves_the_problem() -> None:
    items = at_hand("web")
    assert items.index("soothe_first") < items.index("what_solves_it")


@pytest.mark.clause("S002-2.2", "S003-4.1")
@pytest.mark.parametrize("stage", STAGES)
def test_facing_and_solving_the_problem_is_asked_at_every_stage(stage: str) -> None:
    assert {"what_solves_it", "face_the_problem"} <= set(at_hand("web", *STAGES[stage]))


@pytest.mark.clause("S000-1.6", "S001-1.2")
def test_words_for_listening_are_gone_once_the_facts_are_known() -> None:
    assert not {"not_quite_clear", "take_your_time"} & set(at_hand("phone", heard(), verified()))


@pytest.mark.clause("S002-5.2", "S002-0.2")
def test_an_explanation_comes_with_the_apology_first_and_after_the_verification() -> None:
    assert "sorry_then_explain" not in at_hand("phone", heard())
    assert "sorry_then_explain" in at_hand("phone", heard(), verified())
    text = RULES.script["sorry_then_explain"].zh
    assert "apology_first" not in [advice.rule for advice in controls.policy().linter.lint(text, Standing())]


@pytest.mark.clause("S001-15.5")
def test_the_last_words_thank_and_apologise_and_do_one_thing_more() -> None:
    assert "more_than_expected" not in at_hand("web", verified())
    closing = place_of(given(*ended()).complaint, RULES.guidance)
    assert "more_than_expected" in scripts_for(RULES.script, closing)


@pytest.mark.clause("S000-1.5", "S001-7.4", "S001-18.15")
@pytest.mark.parametrize("name", RULES.script)
def test_every_script_passes_the_lint(name: str) -> None:
    linter, script = controls.policy().linter, RULES.script[name]
    advice = [a for text in (script.zh, script.en) for a in linter.lint(text, Standing(), Medium.CHAT)]
    assert not [each.rule for each in advice if each.level is Level.BLOCK or each.rule == "interrogation"]


@pytest.mark.clause("S001-4.8")
@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_knowledge_of_its_own_and_of_no_other(category: Category) -> None:
    found = knowledge_for(RULES.knowledge, category)
    assert found
    assert all(category in entry.category for entry in found.values())


@pytest.mark.clause("S001-4.8")
def test_facts_solutions_and_law_are_in_the_knowledge_base() -> None:
    assert {entry.kind for entry in RULES.knowledge.values()} == set(KnowledgeKind)
    assert knowledge_for(RULES.knowledge, None) == {}


def so_far(*entries: Entry) -> list[str]:
    return list(steps_so_far(RULES.account, given(*entries).case.history, "zh", RULES.zone))


@pytest.mark.clause("S000-4.3")
def test_what_we_did_so_far_tells_real_steps_with_their_time() -> None:
    assert so_far(*controls.handed_out(), controls.told(NOW + controls.HOUR)) == [
        "3月2日 10:00收到您的投诉并登记",
        "3月2日 10:00安排专人负责",
        "3月2日 11:00与您联系",
    ]


@pytest.mark.clause("S000-4.3")
def test_nothing_is_told_that_did_not_happen_or_is_no_business_of_the_customer() -> None:
    unchecked = EvidenceAdded(name="照片", media_type="image/png", sha256=SHA, kind=EvidenceKind.PHOTO)
    unconfirmed = UnderstandingConfirmed(number=1, summary="多收费", confirmed=False)
    inside = [
        controls.classified(NOW, Priority.RED),
        controls.escalated(NOW),
        controls.breached(NOW, "activity", NOW),
        controls.delivered(NOW),
        controls.failed(NOW),
        act(unchecked),
        act(unconfirmed),
        act(StepFailed(step="1.refund")),
    ]
    assert so_far(controls.received(), *inside) == ["3月2日 10:00收到您的投诉并登记"]


@pytest.mark.clause("S000-4.3")
def test_the_same_step_in_the_same_minute_is_told_once() -> None:
    call = RetryAttempted(kind=ReplyKind.PROGRESS, medium=Medium.PHONE, outcome=Outcome.NO_ANSWER, counted=False)
    assert len(so_far(controls.received(), act(call), act(call))) == 2
    assert len(so_far(controls.received(), act(call), act(call, moment=NOW + controls.MINUTE))) == 3


@pytest.mark.clause("S000-4.3")
def test_the_paragraph_is_ready_for_a_reply_in_both_languages() -> None:
    called = CalledBack(solved=True, satisfied=True, medium=Medium.PHONE)
    history = given(*ended(), act(called, moment=NOW + controls.HOUR)).case.history
    zh = paragraph(RULES.account, history, "zh", RULES.zone)
    en = paragraph(RULES.account, history, "en", RULES.zone)
    assert zh.startswith("到目前为止，我们已经：3月2日 10:00收到您的投诉并登记；")
    assert zh.endswith("3月2日 11:00回访了您。")
    assert en.endswith("; 2 March 11:00 called you back.")
    assert not controls.policy().linter.lint(zh, Standing(is_verified=True))


@pytest.mark.clause("S000-4.3")
def test_a_message_of_the_machine_is_no_conversation() -> None:
    machine = Replied(kind=ReplyKind.PROGRESS, medium=Medium.SMS, contact="progress#1")
    entry = Entry(machine, NOW, controls.machine("notifier"), policy=controls.POLICY_ID)
    assert len(so_far(controls.received(), entry)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('zh = "{when}完成核实"', 'zh = "完成核实"'),
        ('on = "Verified"\nzh', 'on = "Verified["\nzh'),
        ('kind = "law"\ncategory = ["logistics"]', 'kind = "law"\ncategory = []'),
        ('moments = ["closing"] }\nzh', 'moments = ["one day"] }\nzh'),
    ],
)
def test_wrong_guidance_is_refused_with_its_place(old: str, new: str) -> None:
    text = DEFAULT_POLICY.read_text()
    assert text.count(old) == 1
    with pytest.raises(InvalidPolicy, match=r"account|knowledge|script"):
        parse(text.replace(old, new))
