"""Which messages are owed, to whom, by what means, in which words (S004-1.5, S002-1.9, S004-2.8, S002-4.4)."""

import pytest

from events.envelope import Entry
from events.reception import Customer
from events.vocabulary import Audience, Language, Medium, Outcome, Priority, ReplyKind
from policy.contacting.contact import Next
from policy.contacting.notices import Notice, letter, notices, owed
from policy.contacting.templates import Letter, language_of, spoken
from policy.people.organisation import Organisation
from tests import controls
from tests.bdd import Given, given
from tests.controls import HOUR, at, customer, in_the_morning, with_absent

NOW = in_the_morning()
POLICY = controls.policy()


def all_of(story: Given) -> list[Notice]:
    return list(notices(story.case, POLICY, story.company, NOW))


def acknowledgement(who: Customer = controls.BY_PHONE) -> Notice:
    """The receipt a complaint of that kind is owed."""
    return all_of(given(controls.received(customer=who)))[0]


def words(story: Given, number: int = 0) -> Letter:
    return letter(all_of(story)[number], story.case, POLICY)


def alerts(*entries: Entry, company: Organisation | None = None) -> list[tuple[ReplyKind, str, Medium]]:
    """Which colleagues are told what, by what."""
    story = given(*entries, company=company)
    return [(n.kind, n.recipient, n.medium) for n in all_of(story) if n.audience is Audience.STAFF]


@pytest.mark.clause("S004-1.5", "S001-17.2")
@pytest.mark.parametrize(
    "received_at", ["08:59:59", "09:00", "20:50", "20:59:59", "21:00", "2026-02-16 22:00", "2025-10-01 03:00"]
)
@pytest.mark.parametrize("text", [controls.ORDINARY, controls.ENGLISH])
def test_the_acknowledgement_promises_what_the_clocks_will_judge(received_at: str, text: str) -> None:
    story = given(controls.received(at(received_at), text=text))
    said, language = words(story).text, language_of(text)
    for clock in ("first_human", "first_substantive"):
        assert spoken(POLICY.clocks.due_at(clock, at(received_at)), language, POLICY.zone) in said


@pytest.mark.clause("S004-1.4", "S004-1.6")
@pytest.mark.parametrize(
    ("received_at", "template"),
    [
        ("08:59:59", "acknowledgement_out_of_hours"),
        ("09:00:00", "acknowledgement"),
        ("20:59:59", "acknowledgement"),
        ("21:00:00", "acknowledgement_out_of_hours"),
    ],
)
def test_out_of_hours_the_customer_is_told_when_the_desk_opens(received_at: str, template: str) -> None:
    story = given(controls.received(at(received_at)))
    assert all_of(story)[0].template == template
    assert ("恢复工作" in words(story).text) is (template == "acknowledgement_out_of_hours")


@pytest.mark.clause("S004-1.7")
def test_at_nine_in_the_evening_the_promise_is_ten_the_next_morning() -> None:
    said = words(given(controls.received(controls.at_closing()))).text
    assert "将于3月3日 09:00恢复工作" in said
    assert "最迟于3月3日 10:00与您联系" in said


@pytest.mark.parametrize(
    ("text", "language"), [(controls.ORDINARY, "zh"), (controls.ENGLISH, "en"), ("wifi坏了", "zh"), ("12345", "en")]
)
def test_the_customer_is_answered_in_the_language_they_wrote(text: str, language: Language) -> None:
    assert words(given(controls.received(text=text))).language == language


def test_the_customers_own_words_are_put_in_and_never_interpreted() -> None:
    hostile = "{number} {0.__class__} %s {{}}"
    story = given(controls.received(customer=customer((Medium.PHONE, controls.PHONE), name=hostile)))
    assert hostile in words(story).text


def test_a_customer_without_a_name_is_still_addressed() -> None:
    story = given(controls.received(customer=customer((Medium.PHONE, controls.PHONE), name=None)))
    assert words(story).text.startswith("客户，您好")


@pytest.mark.clause("S002-1.12")
def test_the_contact_the_customer_prefers_is_used() -> None:
    both = ((Medium.EMAIL, "z@example.com"), (Medium.WECHAT, "zhangsan"))
    preferring = acknowledgement(customer(*both, preferred=Medium.WECHAT))
    assert (preferring.medium, preferring.recipient) == (Medium.WECHAT, "zhangsan")
    indifferent = acknowledgement(customer(*both))
    assert (indifferent.medium, indifferent.recipient) == (Medium.EMAIL, "z@example.com")
    elsewhere = acknowledgement(customer(*both, preferred=Medium.LETTER))
    assert elsewhere.medium is Medium.EMAIL


def test_a_machine_writes_to_a_telephone_it_does_not_call() -> None:
    assert acknowledgement().medium is Medium.SMS
    assert acknowledgement().recipient == controls.PHONE


def test_without_any_contact_the_message_goes_back_through_the_channel() -> None:
    found = acknowledgement(customer())
    assert (found.medium, found.recipient) == (Medium.CHANNEL, "web:W-20260302-0001")


def test_an_acknowledgement_that_arrived_is_not_owed_again() -> None:
    sent = given(controls.received(), controls.started(NOW), controls.delivered(NOW))
    assert owed(sent.case, POLICY, sent.company, NOW + 100 * HOUR) == []


@pytest.mark.clause("S002-1.9")
def test_after_the_first_failed_call_an_sms_follows_once() -> None:
    once = given(*controls.handed_out(), controls.not_reached(NOW))
    twice = once.and_then(controls.not_reached(NOW + HOUR, Outcome.OFF))
    for story in (once, twice):
        found = [n for n in all_of(story) if n.kind is ReplyKind.UNREACHABLE]
        assert [(n.name, n.medium, n.recipient) for n in found] == [("unreachable", Medium.SMS, controls.PHONE)]


def test_an_attempt_of_unknown_outcome_is_not_followed_by_the_sms() -> None:
    who = customer((Medium.WECHAT, "zhangsan"), (Medium.PHONE, controls.PHONE))
    tried = given(controls.received(customer=who), controls.started(NOW, medium=Medium.WECHAT))
    unknown = tried.and_then(controls.failed(NOW, outcome=Outcome.UNKNOWN, medium=Medium.WECHAT))
    assert "unreachable" not in [n.name for n in all_of(unknown)]
    known = tried.and_then(controls.failed(NOW, medium=Medium.WECHAT))
    assert "unreachable" in [n.name for n in all_of(known)]


@pytest.mark.clause("S002-1.9")
def test_a_failed_sms_is_not_followed_by_another_and_no_number_means_no_sms() -> None:
    failed_sms = given(controls.received(), controls.started(NOW), controls.failed(NOW))
    assert "unreachable" not in [n.name for n in all_of(failed_sms)]
    by_mail = customer((Medium.EMAIL, "z@example.com"))
    no_number = given(controls.received(customer=by_mail), controls.not_reached(NOW))
    assert "unreachable" not in [n.name for n in all_of(no_number)]


def test_calls_since_the_customer_was_last_reached_are_given_up_at_the_end_of_their_window() -> None:
    story = given(*controls.handed_out(), controls.not_reached(NOW), controls.not_reached(NOW + HOUR))

    def given_up(story: Given) -> list[Next]:
        return [o.next for o in owed(story.case, POLICY, story.company, NOW) if o.notice.kind is ReplyKind.PROGRESS]

    assert given_up(story) == [Next("exhaust", NOW + 48 * HOUR)]
    told = story.and_then(controls.told(NOW + 2 * HOUR))
    assert given_up(told) == []
    assert given_up(told.and_then(controls.not_reached(NOW + 3 * HOUR))) == [Next("exhaust", NOW + 51 * HOUR)]


@pytest.mark.clause("S001-16.4")
def test_the_handler_of_a_red_complaint_is_alerted_and_of_others_finds_it_in_the_queue() -> None:
    assert alerts(*controls.handed_out(priority=Priority.RED)) == [(ReplyKind.ASSIGNMENT, "li.na", Medium.APP)]
    assert alerts(*controls.handed_out(priority=Priority.YELLOW)) == []


@pytest.mark.clause("S002-4.4", "S002-4.5")
def test_whoever_decides_next_is_alerted_of_an_escalation() -> None:
    assert (ReplyKind.ESCALATION, "xu.tao", Medium.APP) in alerts(*controls.red())


@pytest.mark.clause("S004-2.8")
def test_an_untouched_complaint_reminds_its_handler_by_sms() -> None:
    story = [*controls.handed_out(), controls.breached(NOW + 8 * HOUR, "activity", NOW + 8 * HOUR)]
    assert alerts(*story) == [(ReplyKind.BREACH, "li.na", Medium.SMS)]


@pytest.mark.clause("S002-1.2")
def test_a_missed_first_reply_alerts_handler_and_supervisor() -> None:
    story = [*controls.handed_out(), controls.breached(NOW + 48 * HOUR, "first_substantive", NOW + 48 * HOUR)]
    assert [(kind, who) for kind, who, _ in alerts(*story)] == [
        (ReplyKind.BREACH, "li.na"),
        (ReplyKind.BREACH, "wang.fang"),
    ]


def test_each_breach_and_each_escalation_is_alerted_once_under_a_name_of_its_own() -> None:
    story = given(
        *controls.red(),
        controls.breached(NOW + HOUR, "first_human", NOW),
        controls.breached(NOW + 2 * HOUR, "activity", NOW),
        controls.escalated(NOW + 4 * HOUR, 3, "zhao.lei"),
    )
    found = [n.name for n in all_of(story)]
    assert found == [
        "acknowledgement", "assignment-3-handler", "escalation-4-xu.tao", "breach-5-handler", "breach-6-handler",
        "escalation-7-zhao.lei",
    ]  # fmt: skip


def test_a_breach_no_rule_answers_alerts_nobody() -> None:
    assert alerts(*controls.handed_out(), controls.breached(NOW, "ack", NOW)) == []


@pytest.mark.clause("S001-9.4")
def test_an_absent_colleagues_delegate_is_alerted() -> None:
    story = [*controls.handed_out(priority=Priority.RED)]
    assert alerts(*story, company=with_absent(("li.na", "zhang.wei"))) == [
        (ReplyKind.ASSIGNMENT, "zhang.wei", Medium.APP)
    ]


@pytest.mark.clause("S002-7.1")
def test_a_recused_supervisor_is_told_nothing_and_the_next_of_the_line_is() -> None:
    story = [
        *controls.handed_out(accused=("zhang.wei",)),
        controls.breached(NOW + 48 * HOUR, "first_substantive", NOW + 48 * HOUR),
    ]
    assert [who for _, who, _ in alerts(*story)] == ["li.na", "zhao.lei"]


def test_where_the_delegates_go_in_a_circle_the_line_manager_is_alerted() -> None:
    circle = with_absent(("li.na", "zhang.wei"), ("zhang.wei", "li.na"))
    assert [who for _, who, _ in alerts(*controls.handed_out(priority=Priority.RED), company=circle)] == ["wang.fang"]


@pytest.mark.clause("S002-4.3")
def test_what_goes_to_the_board_is_told_to_the_owner_and_to_compliance() -> None:
    told = alerts(*controls.handed_out(), controls.escalated(NOW, 2, "board"))
    assert [(kind, who) for kind, who, _ in told] == [
        (ReplyKind.ESCALATION, "li.na"),
        (ReplyKind.ESCALATION, "wu.hao"),
    ]


def test_an_alert_names_the_complaint_the_deadline_and_the_handler_in_chinese() -> None:
    missed = controls.breached(NOW + HOUR, "first_human", at("10:15"))
    story = given(*controls.handed_out(text=controls.ENGLISH), missed)
    said = words(story, 1)
    assert said.language == "zh"
    assert said.subject == "投诉 C260302-PVM6M-MRJP1 超时：首次响应（人工）"
    assert "应于3月2日 10:15前完成" in said.text
    assert "处理人 li.na" in said.text


@pytest.mark.parametrize(("tries", "step"), [(1, "attempt"), (2, "attempt"), (3, "done")])
def test_an_alert_that_does_not_arrive_is_tried_three_times(tries: int, step: str) -> None:
    story = given(*controls.red())
    for number in range(1, tries + 1):
        key = f"escalation-4-xu.tao#{number}"
        story = story.and_then(
            controls.started(NOW, "escalation-4-xu.tao", number, audience=Audience.STAFF, medium=Medium.APP),
            controls.alerted(NOW, key, arrived=False),
        )
    found = {o.notice.name: o.next.step for o in owed(story.case, POLICY, story.company, NOW + HOUR)}
    assert found.get("escalation-4-xu.tao", "done") == step
