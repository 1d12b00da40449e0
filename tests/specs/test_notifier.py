"""Every outward message is recorded before it starts and after it ended, and is sent at most once (I6)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.envelope import Recorded
from events.handling import Escalated
from events.ledger import Append, Conflict, Writer
from events.vocabulary import Audience, Medium, Outcome, ReplyKind, Service
from services.notifier.notifier import Notifier
from services.notifier.reconcile import LEASE, lost
from services.notifier.senders.port import LONGEST_SEND, Delivered, Message, NotSent, Refused, Sent, Unknown
from tests import controls
from tests.bdd import Company, Gateway, facts, given, names
from tests.controls import C1, HOUR, MINUTE, SECOND, in_the_morning

NOW = in_the_morning()
REFUSED, UNKNOWN = Refused("number not in use", passing=False), Unknown("no answer")


async def a_company(**changes: object) -> Company:
    """A company that has just received one complaint."""
    company = Company(NOW)
    await company.submit(**changes)
    return company


async def look(company: Company) -> list[Recorded]:
    """What the notifier adds to the complaint when it looks now."""
    settled = await company.notifier.look([C1])
    assert not settled.failed
    return list(settled.appended.get(C1, ()))


class Dying(Gateway):
    """A gateway whose process dies while the message is on its way."""

    async def send(self, message: Message) -> Sent:
        self.sent.append(message)
        raise asyncio.CancelledError


async def dies_while_sending(company: Company) -> None:
    """The notifier starts a message and never hears how it ended."""
    dying = Dying()
    sender, company.gateway.send = company.gateway.send, dying.send  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await company.notifier.look([C1])
    company.gateway.send = sender  # type: ignore[method-assign]
    company.gateway.sent += dying.sent


@pytest.mark.clause("S004-1.5", "S001-17.2")
async def test_a_message_is_recorded_before_it_goes_out_and_after_it_arrived() -> None:
    company = await a_company()
    seen: list[list[str]] = []
    send = company.gateway.send

    async def send_and_look(message: Message) -> Sent:
        seen.append(company.names())
        return await send(message)

    company.gateway.send = send_and_look  # type: ignore[method-assign]
    started, replied = (recorded.fact for recorded in await look(company))
    assert seen == [["Received", "ContactStarted"]]
    assert isinstance(started, ContactStarted)
    assert replied == Replied(
        kind=ReplyKind.ACKNOWLEDGEMENT, medium=started.medium, contact=started.key, receipt="receipt-1"
    )


async def test_the_sender_gets_the_recorded_words_and_a_key_that_never_changes() -> None:
    company = await a_company()
    started = (await look(company))[0].fact
    assert isinstance(started, ContactStarted)
    [message] = company.gateway.sent
    assert (message.text, message.subject, message.recipient) == (started.text, started.subject, controls.PHONE)
    assert message.key == f"{C1}/acknowledgement#1"


async def test_the_sender_is_told_the_complaints_number() -> None:
    company = await a_company()
    await dies_while_sending(company)
    company.clock.set(NOW + LEASE)
    company.gateway.knows = NotSent()
    await look(company)
    number = (await company.submit()).number
    assert number and [message.complaint_number for message in company.gateway.sent] == [number] * 2


async def test_a_second_look_sends_nothing() -> None:
    company = await a_company()
    await look(company)
    assert await look(company) == []
    assert len(company.gateway.sent) == 1


async def test_two_notifiers_that_look_at_once_send_one_message() -> None:
    company = await a_company()
    await asyncio.gather(*(company.notifier.look([C1]) for _ in range(5)))
    assert len(company.gateway.sent) == 1
    assert company.names() == ["Received", "ContactStarted", "Replied"]


async def test_many_complaints_are_acknowledged_in_one_look() -> None:
    company = Company(NOW)
    receipts = [await company.submit(external_ref=f"W-{number}") for number in range(50)]
    await company.notifier.look([receipt.complaint_id for receipt in receipts])
    assert len({message.key for message in company.gateway.sent}) == 50


@pytest.mark.clause("S004-2.8", "S001-16.4")
async def test_a_colleague_is_alerted_and_the_alert_recorded() -> None:
    company = await a_company(text=controls.DANGEROUS)
    await company.look(C1)
    alerted = [r.fact for r in company.ledger.load(C1) if isinstance(r.fact, StaffAlerted)]
    assert {(alert.kind, alert.person, alert.delivered) for alert in alerted} == {
        (ReplyKind.ASSIGNMENT, "zhou.min", True),
        (ReplyKind.ESCALATION, "xu.tao", True),
    }


@pytest.mark.clause("S002-1.10", "S002-1.11")
async def test_a_refused_message_is_tried_again_three_hours_later_and_then_counts() -> None:
    company = await a_company()
    company.gateway.answer = REFUSED
    settled = await company.notifier.look([C1])
    assert settled.looks[C1] == NOW + 3 * HOUR
    company.clock.set(NOW + 3 * HOUR)
    _, failed = (recorded.fact for recorded in await look(company))
    assert isinstance(failed, RetryAttempted)
    assert (failed.contact, failed.counted, failed.outcome) == ("acknowledgement#2", True, Outcome.FAILED)


@pytest.mark.clause("S002-1.10")
async def test_after_the_window_exhaustion_is_recorded_once_and_the_workflow_raises() -> None:
    company = await a_company()
    company.gateway.answer = REFUSED
    told = {"kind": "progress", "medium": "chat", "text": "正在核实"}
    await company.look(C1)
    await company.command("reply", "li.na", data=told)  # so that nothing else raises it
    for hours in (0, 3, 6, 9, 48, 49):
        company.clock.set(NOW + hours * HOUR)
        await company.look(C1)
    history = company.ledger.load(C1)
    ends = [r for r in history if isinstance(r.fact, RetryAttempted) and r.fact.outcome is Outcome.EXHAUSTED]
    assert [(end.occurred_at, end.fact.contact) for end in ends if isinstance(end.fact, RetryAttempted)] == [
        (NOW + 48 * HOUR, None)
    ]
    acknowledgements = [message.key for message in company.gateway.sent if "acknowledgement" in message.key]
    assert acknowledgements == [f"{C1}/acknowledgement#{number}" for number in (1, 2, 3, 4)]
    assert [r.fact.cause for r in history if isinstance(r.fact, Escalated)] == ["unreachable"]


async def test_an_unknown_outcome_is_recorded_as_such_and_not_repeated_for_three_hours() -> None:
    company = await a_company()
    company.gateway.answer = UNKNOWN
    _, unknown = (recorded.fact for recorded in await look(company))
    assert isinstance(unknown, RetryAttempted)
    assert (unknown.outcome, unknown.counted) == (Outcome.UNKNOWN, False)
    company.clock.set(NOW + 3 * HOUR - SECOND)
    assert await look(company) == []


async def test_a_message_lost_in_between_is_left_alone_while_it_may_still_be_on_its_way() -> None:
    company = await a_company()
    await dies_while_sending(company)
    company.clock.set(NOW + LEASE - SECOND)
    settled = await company.notifier.look([C1])
    assert company.gateway.asked == []
    assert settled.looks[C1] == NOW + LEASE


async def test_a_lost_message_that_the_provider_knows_is_recorded_as_delivered() -> None:
    company = await a_company()
    await dies_while_sending(company)
    company.clock.set(NOW + LEASE)
    company.gateway.knows = Delivered("sms-77")
    [ended] = await look(company)
    assert isinstance(ended.fact, Replied)
    assert (ended.fact.receipt, ended.fact.contact) == ("sms-77", "acknowledgement#1")
    assert company.gateway.asked == [f"{C1}/acknowledgement#1"]
    assert len(company.gateway.sent) == 1


async def test_a_lost_message_that_the_provider_never_had_is_sent_under_the_same_key() -> None:
    company = await a_company()
    await dies_while_sending(company)
    company.clock.set(NOW + LEASE)
    company.gateway.knows = NotSent()
    await look(company)
    assert [message.key for message in company.gateway.sent] == [f"{C1}/acknowledgement#1"] * 2
    assert company.names() == ["Received", "ContactStarted", "Replied"]


async def test_a_lost_message_nobody_can_tell_of_is_unknown_and_never_repeated() -> None:
    company = await a_company()
    await dies_while_sending(company)
    company.clock.set(NOW + LEASE)
    [ended] = await look(company)
    assert isinstance(ended.fact, RetryAttempted)
    assert ended.fact.outcome is Outcome.UNKNOWN
    assert await look(company) == []
    assert len(company.gateway.sent) == 1


async def test_after_a_conflict_a_lost_message_is_asked_after_once(monkeypatch: pytest.MonkeyPatch) -> None:
    company = await a_company(text=controls.DANGEROUS)
    await dies_while_sending(company)
    await company.workflow.look([C1])
    company.clock.set(NOW + LEASE)
    company.gateway.knows = NotSent()
    append_all, calls = Writer.append_all, 0

    async def somebody_was_faster(writer: Writer, appends: Sequence[Append]) -> Sequence[Sequence[Recorded] | Conflict]:
        nonlocal calls
        calls += 1
        if calls == 1:
            return [Conflict(append.stream, append.expected, append.expected + 1) for append in appends]
        return await append_all(writer, appends)

    monkeypatch.setattr(Writer, "append_all", somebody_was_faster)
    await look(company)
    assert calls > 1 and company.gateway.asked == [f"{C1}/acknowledgement#1"]
    assert [message.key for message in company.gateway.sent].count(f"{C1}/acknowledgement#1") == 2


@pytest.mark.parametrize(("late", "sent"), [(-SECOND, 2), (timedelta(0), 1)], ids=["just in time", "too late"])
async def test_a_message_whose_turn_comes_too_late_for_its_lease_is_left_to_the_next_look(
    late: timedelta, sent: int
) -> None:
    company = Company(NOW)
    streams = [(await company.submit(external_ref=f"W-{number}")).complaint_id for number in range(2)]

    class Slow(Gateway):
        at_once = 1

        async def send(self, message: Message) -> Sent:
            company.clock.set(NOW + LEASE - LONGEST_SEND + late)
            return await super().send(message)

    slow = Slow()
    writer = company.ledger.writer(Service.NOTIFIER)
    notifier = Notifier(writer, company.policies, {Medium.SMS: slow}, company.clock)
    settled = await notifier.look(streams)
    assert len(slow.sent) == sent
    assert len(settled.looks) == 2 - sent and set(settled.looks.values()) <= {NOW + LEASE}
    company.clock.set(NOW + LEASE)
    await notifier.look(streams)
    assert len(slow.asked) == 2 - sent


@pytest.mark.parametrize("reached", [False, True])
async def test_a_customer_people_could_not_reach_in_48_hours_is_recorded_and_raised_once(reached: bool) -> None:
    company = await a_company()
    await company.look(C1)
    await company.command("record_attempt", "li.na", data={"medium": "phone", "outcome": "off"})
    settled = await company.notifier.look([C1])
    assert settled.looks[C1] == NOW + 48 * HOUR
    company.clock.set(NOW + HOUR)
    if reached:
        told = {"kind": "progress", "medium": "phone", "text": "正在核实"}
        await company.command("reply", "li.na", data=told)
    for late in (-SECOND, timedelta(0), HOUR, 48 * HOUR):
        company.clock.set(NOW + 48 * HOUR + late)
        await company.notifier.look([C1])
        await company.workflow.look([C1])
    facts_then = [(r.occurred_at, r.fact) for r in company.ledger.load(C1)]
    ends = [(at, f.kind) for at, f in facts_then if isinstance(f, RetryAttempted) and f.outcome is Outcome.EXHAUSTED]
    assert ends == ([] if reached else [(NOW + 48 * HOUR, ReplyKind.PROGRESS)])
    raised = [f.cause for _, f in facts_then if isinstance(f, Escalated)]
    assert raised.count("unreachable") == (0 if reached else 1)


def test_only_messages_whose_lease_ran_out_are_asked_after() -> None:
    story = given(controls.received(), controls.started(NOW), controls.started(NOW + MINUTE, number=2))
    assert [one.started.key for one in lost(story.case, NOW + LEASE)] == ["acknowledgement#1"]
    assert lost(story.and_then(controls.delivered(NOW)).case, NOW + LEASE) == []


def test_delivered_corrects_an_earlier_unknown_and_nothing_else_does() -> None:
    story = given(controls.received(), controls.started(NOW), controls.failed(NOW, outcome=Outcome.UNKNOWN))
    assert names(story.notifier_looks(NOW + MINUTE, acknowledgement_1=Delivered("late"))) == ["Replied"]
    assert names(story.notifier_looks(NOW + MINUTE, acknowledgement_1=REFUSED)) == []
    assert names(story.notifier_looks(NOW + MINUTE, acknowledgement_1=UNKNOWN)) == []


def test_an_end_recorded_already_is_not_recorded_again() -> None:
    story = given(controls.received(), controls.started(NOW), controls.delivered(NOW))
    for again in (Delivered("sms-1"), REFUSED, UNKNOWN):
        assert names(story.notifier_looks(NOW + MINUTE, acknowledgement_1=again)) == []


def test_an_answer_to_a_message_never_started_is_ignored() -> None:
    story = given(controls.received(), controls.started(NOW), controls.delivered(NOW))
    assert names(story.notifier_looks(NOW, nobody_7=Delivered("?"))) == []


@pytest.mark.parametrize(("sent", "delivered"), [(Delivered("app-1"), True), (REFUSED, False), (UNKNOWN, False)])
def test_an_alert_is_recorded_with_whether_it_arrived(sent: Sent, delivered: bool) -> None:
    started = controls.started(NOW, "assignment-3-handler", audience=Audience.STAFF, recipient="zhou.min")
    story = given(*controls.red(), controls.delivered(NOW), started)
    decision = story.notifier_looks(NOW, **{"assignment-3-handler_1": sent})
    [alert] = [fact for fact in facts(decision) if isinstance(fact, StaffAlerted)]
    assert (alert.person, alert.delivered, alert.contact) == ("zhou.min", delivered, "assignment-3-handler#1")


def test_the_lease_is_longer_than_any_senders_patience() -> None:
    from services.notifier.senders.smtp import SmtpSettings
    from services.notifier.senders.webhook import WebhookSettings

    patience = [
        field.default
        for settings in (SmtpSettings, WebhookSettings)
        for name, field in settings.model_fields.items()
        if "seconds" in name or "timeout" in name
    ]
    assert patience
    assert all(timedelta(seconds=float(seconds)) < LEASE for seconds in patience)
