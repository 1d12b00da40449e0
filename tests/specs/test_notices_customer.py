"""What the system tells the customer by itself, when, in which words, by what means (S000-5.5, S004-5.1)."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from events.contact import RetryAttempted
from events.ending import NotAccepted, Reopened, Resolved
from events.envelope import Actor, Entry
from events.execution import CommitmentMade, DeadlineExtended, RefundPaid, RefundVerified, StepFailed
from events.fact import Fact
from events.handling import ClockBreached
from events.participation import HandedOver
from events.reception import Contact, Customer, Received
from events.solution import CustomerAgreed
from events.understanding import InformationRequested
from events.vocabulary import (
    ActorKind,
    Audience,
    Ground,
    Medium,
    Outcome,
    RefundMethod,
    ReplyKind,
    Resolution,
)
from policy.contacting.contact import Next, personal_series
from policy.contacting.customer_notices import reach
from policy.contacting.notices import Notice, letter, notices, owed
from policy.contacting.templates import Template, compose, spoken
from tests import controls, examples
from tests.bdd import Company, Given, given
from tests.controls import HOUR, at, in_the_morning

NOW = in_the_morning()
DAY = timedelta(days=1)
POLICY = controls.policy()
AGENT = controls.person()
PAID = RefundPaid(amount=Decimal("40.02"), currency="CNY", method=RefundMethod.ADJUSTMENT, reference="ADJ-1")
PROPOSED = examples.PROPOSED.model_copy(
    update={"remedies": (examples.REMEDY.model_copy(update={"due": at("2026-03-05 18:00")}),)}
)
AGREED = CustomerAgreed(proposal=1, medium=Medium.PHONE, words="可以")
PROMISED = CommitmentMade(promise="p1", what="24小时内上门取件", by=NOW + DAY, person="li.na")
BROKEN = ClockBreached(clock="commitment", due_at=NOW + DAY, noticed_at=NOW + DAY, key="p1")

EXAMPLES: dict[str, tuple[Fact, ...]] = {
    "confirmation": (PROPOSED, AGREED),
    "information_request": (InformationRequested(what="购买凭证", reason="核对批次"),),
    "extension": (DeadlineExtended(clock="solution", until=NOW + 3 * DAY, reason="等待检测报告"),),
    "change_handler": (HandedOver(giver="li.na", handler="zhang.wei", department="service", reason="交班"),),
    "change_plan": (PROPOSED, AGREED, StepFailed(step="1.pay")),
    "refund": (examples.VERIFIED_REFUND, PAID),
    "not_accepted": (NotAccepted(ground=Ground.DECIDED, proof="（2026）京01民终1号"),),
    "reopening": (Resolved(outcome=Resolution.CORRECTED), Reopened(round=2, reason="回访不满意")),
    "broken_promise": (PROMISED, BROKEN),
}
"""Facts after which the customer is told, by template."""
SAID = {
    "confirmation": "3月5日 18:00",
    "information_request": "感谢您的配合",
    "extension": "3月5日 10:00",
    "change_handler": "张伟（工号 zhang.wei）",
    "change_plan": "退款",
    "refund": "40.02 CNY 已通过调账",
    "not_accepted": "12315",
    "reopening": "最迟于3月4日 10:00",
    "broken_promise": "24小时内上门取件",
}
"""Words that must be there."""


def fact(moment: datetime, what: Fact, by: Actor = AGENT) -> Entry:
    return Entry(what, moment, by, policy=controls.POLICY_ID)


def after(
    *facts: Fact, moment: datetime = NOW, text: str = controls.ORDINARY, customer: Customer | None = None
) -> Given:
    """A complaint in which these facts followed."""
    begun = controls.handed_out(text=text, customer=customer or controls.BY_PHONE)
    return given(*begun, *(fact(moment, each) for each in facts))


def told(story: Given) -> list[Notice]:
    every = notices(story.case, POLICY, story.company, NOW)
    return [n for n in every if n.audience is Audience.CUSTOMER and n.kind is not ReplyKind.ACKNOWLEDGEMENT]


@pytest.mark.clause("S000-5.5", "S004-5.1", "S001-16.6", "S003-2.5", "S002-6.6", "S002-7.7", "S004-6.6", "S003-6.2")
@pytest.mark.parametrize("template", EXAMPLES)
def test_each_of_these_facts_tells_the_customer_once(template: str) -> None:
    (notice,) = [n for n in told(after(*EXAMPLES[template])) if n.template == template]
    assert (notice.medium, notice.recipient) == (Medium.SMS, controls.PHONE)


@pytest.mark.clause("S001-18.8", "S000-5.3", "S000-5.2", "S003-6.4")
@pytest.mark.parametrize("template", EXAMPLES)
def test_each_message_says_what_it_must_and_who_handles_it_by_name_and_staff_number(template: str) -> None:
    story = after(*EXAMPLES[template])
    (notice,) = [n for n in told(story) if n.template == template]
    said = letter(notice, story.case, POLICY, story.company).text
    assert SAID[template] in said
    assert "工号 zhang.wei" in said if template == "change_handler" else "李娜（工号 li.na）" in said


def test_every_rule_about_the_customer_has_an_example_here() -> None:
    assert {rule.template for rule in POLICY.document.notice.values()} == set(EXAMPLES)


@pytest.mark.parametrize("template", EXAMPLES)
def test_an_english_customer_reads_english(template: str) -> None:
    story = after(*EXAMPLES[template], text=controls.ENGLISH)
    (notice,) = [n for n in told(story) if n.template == template]
    said = letter(notice, story.case, POLICY, story.company)
    assert (said.language, "staff number" in said.text) == ("en", True)


@pytest.mark.clause("S002-6.6")
def test_a_refund_is_told_only_after_it_was_paid() -> None:
    verified: RefundVerified = examples.VERIFIED_REFUND
    assert "refund" not in [n.template for n in told(after(verified))]
    assert "refund" in [n.template for n in told(after(verified, PAID))]


def test_the_first_assignment_by_the_machine_is_no_change() -> None:
    assert told(after()) == []
    by_hand = controls.assigned(NOW, "zhang.wei")._replace(actor=AGENT)
    assert [n.template for n in told(after().and_then(by_hand))] == ["change_handler"]


def test_only_a_promise_broken_to_the_customer_is_apologised_for() -> None:
    missed = ClockBreached(clock="solution", due_at=NOW, noticed_at=NOW)
    assert told(after(missed)) == []


@pytest.mark.clause("S004-1.5")
def test_a_notice_is_recorded_as_the_machines_and_stops_no_clock_of_people() -> None:
    story = after(*EXAMPLES["extension"])
    name = told(story)[0].name
    sent = story.and_then(
        controls.started(NOW, name, kind=ReplyKind.EXTENSION), controls.delivered(NOW + HOUR, f"{name}#1")
    )
    assert sent.case.history[-1].actor.kind is ActorKind.SYSTEM
    running = {r.clock for r in POLICY.clocks.readings(sent.case.history, sent.complaint, NOW) if r.stopped_at is None}
    assert {"first_substantive", "progress", "solution"} <= running
    assert name not in [o.notice.name for o in owed(sent.case, POLICY, sent.company, NOW + DAY)]


@pytest.mark.clause("S002-1.13")
@pytest.mark.parametrize(
    ("moment", "sent_at"), [("20:59:59", "20:59:59"), ("21:00", "2026-03-03 09:00"), ("03:00", "09:00")]
)
def test_what_can_wait_wakes_nobody_up_and_what_the_customer_waits_for_is_sent_at_once(
    moment: str, sent_at: str
) -> None:
    night = at(moment)
    broken = after(PROMISED, BROKEN, moment=night)
    assert [
        o.next for o in owed(broken.case, POLICY, broken.company, night) if o.notice.template == "broken_promise"
    ] == [Next("attempt", at(sent_at))]
    agreed = after(PROPOSED, AGREED, moment=night)
    assert [
        o.next for o in owed(agreed.case, POLICY, agreed.company, night) if o.notice.template == "confirmation"
    ] == [Next("attempt", night)]


# By what means.


@pytest.mark.clause("S002-1.13", "S002-1.12")
def test_a_contact_that_costs_the_customer_money_is_spared_where_there_is_another() -> None:
    abroad = Contact(medium=Medium.PHONE, address=controls.PHONE, costly=True)
    mail = Contact(medium=Medium.EMAIL, address="z@example.com")
    spared = after(customer=Customer(name="张三", contacts=(abroad, mail)))
    assert reach(spared.complaint) == (Medium.EMAIL, "z@example.com")
    alone = after(customer=Customer(name="张三", contacts=(abroad,)))
    assert reach(alone.complaint) == (Medium.SMS, controls.PHONE)
    wanted = after(customer=Customer(name="张三", contacts=(abroad, mail), preferred=Medium.PHONE))
    assert reach(wanted.complaint) == (Medium.SMS, controls.PHONE)


@pytest.mark.clause("S002-1.13")
async def test_a_channel_may_say_that_a_contact_costs_the_customer_money() -> None:
    company = Company(NOW)
    contacts = [{"medium": "phone", "address": controls.PHONE, "costly": True}]
    receipt = await company.submit(customer={"name": "张三", "contacts": contacts})
    received = company.ledger.load(receipt.complaint_id)[0].fact
    assert isinstance(received, Received)
    assert [contact.costly for contact in received.customer.contacts] == [True]


# Words with slots.

SLOTS = {"customer": "张三", "number": "C1", "reason": "排班失误", "procedure": "核实后答复", "handler_name": "李娜"}


@pytest.mark.clause("S000-5.2", "S000-5.3", "S002-1.6", "S001-18.8")
def test_news_with_cause_procedure_next_date_and_handler_can_be_sent() -> None:
    due = spoken(NOW + DAY, "zh", POLICY.zone)
    said = compose(POLICY.document.template["progress"], "zh", {**SLOTS, "due": due, "staff_number": "li.na"})
    assert said.missing == ()
    assert all(word in said.letter.text for word in ("排班失误", "核实后答复", "3月3日 10:00", "李娜", "li.na"))


@pytest.mark.clause("S000-5.2", "S002-1.6")
@pytest.mark.parametrize("missing", ["reason", "procedure", "due", "handler_name", "staff_number"])
def test_news_with_an_empty_slot_say_what_is_to_be_filled_in(missing: str) -> None:
    full = {**SLOTS, "due": "3月3日", "staff_number": "li.na"}
    answer = compose(POLICY.document.template["progress"], "zh", {**full, missing: "  "})
    assert answer.missing == (missing,)
    assert f"{{{missing}}}" in answer.letter.text


@pytest.mark.clause("S002-1.5", "S002-1.6")
def test_a_policy_whose_news_name_no_date_is_no_policy() -> None:
    words = {"subject": "进展", "text": "{reason}"}
    with pytest.raises(ValidationError, match="'due' has to be named"):
        Template.model_validate({"source": ["S002-1.6"], "slots": ["reason", "due"], "zh": words, "en": words})
    assert "due" in POLICY.document.template["progress"].slots


@pytest.mark.clause("S000-2.2")
def test_the_acknowledgement_apologises_and_thanks_in_both_languages() -> None:
    for template in ("acknowledgement", "acknowledgement_out_of_hours"):
        words = POLICY.document.template[template]
        assert "歉意" in words.zh.text and "感谢" in words.zh.text
        assert "apologise" in words.en.text and "thank" in words.en.text


# Attempts of people, row after row (C5).


def test_after_the_customer_was_reached_a_new_row_of_attempts_begins_with_an_sms_of_its_own() -> None:
    first = given(*controls.handed_out(), controls.not_reached(NOW))
    again = first.and_then(controls.told(NOW + HOUR), controls.not_reached(NOW + 5 * HOUR))
    assert [a.started_at for a in personal_series(again.case).attempts] == [NOW + 5 * HOUR]
    assert [n.name for n in told(again)] == ["unreachable-5"]


@pytest.mark.clause("S002-1.10", "S002-1.11")
@pytest.mark.parametrize(("hours", "counted"), [(2.99, False), (3, True)])
def test_the_gap_is_measured_within_the_row(hours: float, counted: bool) -> None:
    row = given(*controls.handed_out(), controls.not_reached(NOW), controls.told(NOW + HOUR))
    again = row.and_then(controls.not_reached(NOW + 2 * HOUR))
    answer = again.when("record_attempt", "li.na", NOW + (2 + hours) * HOUR, medium="phone", outcome="off")
    assert [f.counted for f in answer if isinstance(f, RetryAttempted)] == [counted]


@pytest.mark.clause("S002-0.3", "S002-1.10")
def test_calls_in_vain_after_the_resolution_are_the_callbacks_and_end_with_its_window() -> None:
    resolved = given(*controls.handed_out(), fact(NOW, Resolved(outcome=Resolution.CORRECTED)))
    tried = resolved.and_then(controls.not_reached(NOW + DAY, Outcome.OFF))
    (message,) = [o for o in owed(tried.case, POLICY, tried.company, NOW) if o.next.step == "exhaust"]
    assert (message.notice.kind, message.next) == (ReplyKind.CALLBACK, Next("exhaust", NOW + 3 * DAY))
    ended = tried.and_then(*tried.notifier_looks(NOW + 3 * DAY).entries)
    assert not [o for o in owed(ended.case, POLICY, ended.company, NOW + 4 * DAY) if o.next.step == "exhaust"]
    assert "unreachable" not in [step.cause for step in ended.complaint.escalations]
