"""Checks of contact: attempts counted anew, nobody given up too early, quiet hours, media, messages sent once."""

from datetime import datetime, timedelta

import pytest

from events.contact import ContactStarted, Replied, RetryAttempted
from events.envelope import Entry
from events.understanding import UnderstandingConfirmed
from events.vocabulary import Audience, Medium, Mode, Outcome, ReplyKind
from services.compliance.conformance import contact, messages
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from tests import controls
from tests.controls import HOUR, MINUTE, SECOND, at, in_the_morning
from tests.examining import altered, examined, found, said, scenario, version_of, with_more, without

COUNTED, GIVEN_UP = contact.attempts_are_counted_by_the_rule, contact.customers_are_not_given_up_too_early
QUIET, MEDIUM = contact.machines_keep_quiet_hours, contact.machines_use_the_medium_asked_for
WORDS, ONCE = contact.automatic_replies_are_what_they_say, contact.messages_are_neither_doubled_nor_made_up
SENT, UNDONE = messages.every_message_owed_is_started, messages.no_message_is_left_undone
HOUR_0 = in_the_morning()


def cut(of: Examined, version: int, until: datetime) -> Examined:
    """The complaint as if nothing had happened after that version."""
    return Examined(of.upto(version), of.company, until)


def attempts(*later: timedelta, counted: bool = True) -> list[Entry]:
    """A first failed call at ten, then more of them."""
    given = [*controls.handed_out(), controls.not_reached(HOUR_0)]
    return given + [controls.not_reached(HOUR_0 + each, counted=counted) for each in later]


@pytest.mark.clause("S002-1.11")
def test_an_attempt_three_hours_later_counts_and_a_second_earlier_does_not() -> None:
    assert found(examined(*attempts(3 * HOUR)), [COUNTED]) == []
    assert found(examined(*attempts(3 * HOUR - SECOND, counted=False)), [COUNTED]) == []
    [early] = found(examined(*attempts(3 * HOUR - SECOND)), [COUNTED])
    assert (early.requirement, early.due, early.who) == ("S002-1.11", HOUR_0 + 3 * HOUR, "li.na")
    [denied] = found(examined(*attempts(3 * HOUR, counted=False)), [COUNTED])
    assert denied.requirement == "S002-1.10"


@pytest.mark.clause("S002-1.10", "S002-1.13")
def test_an_attempt_in_quiet_hours_never_counts() -> None:
    night, morning = at("21:00") - HOUR_0, at("2026-03-03 09:00") - HOUR_0
    assert [v.requirement for v in found(examined(*attempts(night)), [COUNTED])] == ["S002-1.10"]
    assert found(examined(*attempts(morning)), [COUNTED]) == []


@pytest.mark.clause("S002-1.10")
def test_an_attempt_at_the_end_of_the_window_counts_and_one_after_it_does_not() -> None:
    assert found(examined(*attempts(48 * HOUR)), [COUNTED]) == []
    assert [v.requirement for v in found(examined(*attempts(48 * HOUR + SECOND)), [COUNTED])] == ["S002-1.10"]


@pytest.mark.clause("S002-1.11")
def test_a_gap_is_measured_from_what_counts_not_from_what_was_said_to_count() -> None:
    of = examined(*attempts(1 * HOUR, 4 * HOUR - SECOND))
    assert [violation.events[0].version for violation in found(of, [COUNTED])] == [5]


@pytest.mark.clause("S002-1.10")
async def test_the_golden_attempts_with_one_left_out_are_too_few() -> None:
    [of] = await scenario("g3_person")
    assert found(of, [GIVEN_UP]) == []
    left = without(of, version_of(of, RetryAttempted, 3))
    told = found(left, [GIVEN_UP])
    assert [violation.requirement for violation in told] == ["S002-1.10"]
    assert told[0].who == "li.na"


@pytest.mark.clause("S002-1.10")
def test_giving_up_before_the_window_ends_is_found_and_at_its_end_is_not() -> None:
    given = attempts(3 * HOUR, 6 * HOUR, 9 * HOUR)

    def given_up(after: timedelta) -> Examined:
        fact = RetryAttempted(kind=ReplyKind.PROGRESS, medium=Medium.PHONE, outcome=Outcome.EXHAUSTED, counted=False)
        return examined(*given, Entry(fact, HOUR_0 + after, controls.machine("notifier")))

    assert found(given_up(48 * HOUR), [GIVEN_UP]) == []
    [early] = found(given_up(48 * HOUR - SECOND), [GIVEN_UP])
    assert early.due == HOUR_0 + 48 * HOUR


@pytest.mark.clause("S002-1.10")
def test_giving_up_without_any_attempt_is_found() -> None:
    of = examined(*controls.handed_out(), controls.exhausted(HOUR_0))
    assert ["没有任何联系尝试" in violation.zh for violation in found(of, [GIVEN_UP])] == [True]


@pytest.mark.clause("S002-1.10")
def test_a_window_that_passed_with_too_few_attempts_is_found_though_nobody_gave_up() -> None:
    given = attempts(3 * HOUR, 6 * HOUR)
    assert found(examined(*given, until=HOUR_0 + 48 * HOUR), [GIVEN_UP]) == []
    assert len(found(examined(*given, until=HOUR_0 + 48 * HOUR + SECOND), [GIVEN_UP])) == 1
    reached = [*given, controls.told(HOUR_0 + 47 * HOUR)]
    assert found(examined(*reached, until=HOUR_0 + 49 * HOUR), [GIVEN_UP]) == []


@pytest.mark.clause("S002-1.9")
async def test_the_sms_after_the_first_failure_follows_at_once() -> None:
    [of] = await scenario("g3_person")
    sms = next(r for r in of.all(ContactStarted) if r.fact.kind is ReplyKind.UNREACHABLE)  # type: ignore[attr-defined]
    assert found(of, [SENT]) == []
    just = altered(of, sms.version, lambda r: r._replace(occurred_at=r.occurred_at + NOTICED_WITHIN))
    assert found(just, [SENT]) == []
    late = altered(of, sms.version, lambda r: r._replace(occurred_at=r.occurred_at + NOTICED_WITHIN + SECOND))
    assert [violation.requirement for violation in found(late, [SENT])] == ["S002-1.9"]
    never = cut(of, sms.version - 1, sms.occurred_at + 2 * NOTICED_WITHIN)
    assert "S002-1.9" in {violation.requirement for violation in found(never, [SENT])}


@pytest.mark.clause("S004-2.8", "S001-16.4")
async def test_an_alert_sent_too_late_is_found_with_the_fact_that_owes_it() -> None:
    [of] = await scenario("g12")
    alerts = [r for r in of.all(ContactStarted) if r.fact.audience is Audience.STAFF]  # type: ignore[attr-defined]
    assert len(alerts) > 4
    for alert in alerts:
        late = altered(of, alert.version, lambda r: r._replace(occurred_at=r.occurred_at + NOTICED_WITHIN + SECOND))
        [violation] = found(late, [SENT])
        assert violation.requirement in ("S004-2.8", "S001-16.4") and violation.late == NOTICED_WITHIN + SECOND


@pytest.mark.clause("S004-1.5")
def test_an_acknowledgement_within_a_minute_is_in_time_out_of_hours_too() -> None:
    night = at("23:00")
    given = controls.handed_out(night)
    until = night + 10 * MINUTE
    sent = [controls.started(night + NOTICED_WITHIN), controls.delivered(night + NOTICED_WITHIN)]
    assert found(examined(*given, *sent, until=until), [SENT]) == []
    late = [controls.started(night + 2 * NOTICED_WITHIN), controls.delivered(night + 2 * NOTICED_WITHIN)]
    assert [v.requirement for v in found(examined(*given, *late, until=until), [SENT])] == ["S004-1.5"]
    assert [v.requirement for v in found(examined(*given, until=until), [SENT])] == ["S004-1.5"]


@pytest.mark.clause("S002-1.10")
async def test_a_retry_nobody_made_is_found_once_it_is_a_minute_late() -> None:
    [of] = await scenario("g3_machine")
    first = of.all(RetryAttempted)[0]
    due = first.occurred_at + 3 * HOUR
    before, after = (cut(of, first.version, due + each * NOTICED_WITHIN) for each in (1, 2))
    customers = [v for v in found(after, [UNDONE]) if v.requirement == "S002-1.10"]
    assert found(before, [UNDONE]) == [] and len(customers) == 1


@pytest.mark.clause("S002-1.13", "S002-1.10")
def test_a_machine_that_tries_again_at_night_is_found_and_the_receipt_at_night_is_not() -> None:
    night = at("22:00")
    given = [*controls.handed_out(night), controls.started(night), controls.failed(night)]
    assert found(examined(*given), [QUIET]) == []
    again = controls.started(at("2026-03-03 08:59:59"), number=2)
    assert [v.requirement for v in found(examined(*given, again), [QUIET])] == ["S002-1.13"]
    assert found(examined(*given, controls.started(at("2026-03-03 09:00"), number=2)), [QUIET]) == []


@pytest.mark.clause("S002-1.12")
def test_a_machine_writes_where_the_customer_asked_to_be_written() -> None:
    both = controls.customer((Medium.PHONE, controls.PHONE), (Medium.EMAIL, "a@b.cn"), preferred=Medium.EMAIL)
    given = controls.handed_out(customer=both)
    asked = controls.started(HOUR_0, medium=Medium.EMAIL, recipient="a@b.cn")
    assert found(examined(*given, asked), [MEDIUM]) == []
    [violation] = found(examined(*given, controls.started(HOUR_0)), [MEDIUM])
    assert violation.requirement == "S002-1.12" and controls.PHONE not in violation.zh + violation.en


@pytest.mark.clause("S004-1.5")
async def test_a_machines_message_that_passes_for_a_persons_is_found() -> None:
    [of] = await scenario("g3_person")
    version = next(r.version for r in of.all(Replied) if r.fact.contact)  # type: ignore[attr-defined]
    assert [v.requirement for v in found(altered(of, version, said(approved=True)), [WORDS])] == ["S004-1.5"]


@pytest.mark.clause("S004-1.6", "S004-1.7")
async def test_an_acknowledgement_that_promises_another_time_is_found_where_it_can_be_read() -> None:
    every = await scenario("g1")
    assert [violation for of in every for violation in found(of, [WORDS])] == []
    [closed] = [of for of in every if of.complaint.external_ref == "closed"]
    version = version_of(closed, ContactStarted)
    text = closed.history[version - 1].fact.text  # type: ignore[attr-defined]
    promised = altered(closed, version, said(text=text.replace("10:00", "09:30").replace("10时", "9时")))
    changed = promised.history[version - 1].fact.text != text  # type: ignore[attr-defined]
    assert changed and [v.requirement for v in found(promised, [WORDS])] == ["S004-1.7"]
    sealed = Examined(promised.history, closed.company, closed.until, texts=lambda _: None)
    assert found(sealed, [WORDS]) == []


@pytest.mark.clause("S004-1.2")
def test_a_message_sent_or_ended_twice_or_never_started_is_found() -> None:
    sent = [*controls.handed_out(), controls.started(HOUR_0), controls.delivered(HOUR_0)]
    assert found(examined(*sent), [ONCE]) == []
    assert len(found(examined(*sent, controls.started(HOUR_0)), [ONCE])) == 1
    assert len(found(examined(*sent, controls.delivered(HOUR_0)), [ONCE])) == 1
    assert len(found(examined(*sent, controls.delivered(HOUR_0, "progress#1")), [ONCE])) == 1


@pytest.mark.clause("S004-1.2")
def test_a_delivery_may_correct_an_end_that_was_unknown() -> None:
    unknown = controls.failed(HOUR_0, outcome=Outcome.UNKNOWN)
    given = [*controls.handed_out(), controls.started(HOUR_0), unknown]
    assert found(examined(*given, controls.delivered(HOUR_0 + MINUTE)), [ONCE]) == []
    assert len(found(examined(*given, controls.failed(HOUR_0 + MINUTE)), [ONCE])) == 1


@pytest.mark.clause("S002-1.3")
async def test_on_the_spot_means_that_the_customer_is_there_and_is_answered() -> None:
    check = contact.on_the_spot_means_while_the_customer_is_there
    told = UnderstandingConfirmed(number=1, summary="多收费", confirmed=True, on_the_spot=True)
    there = Entry(told, HOUR_0, controls.person())
    assert found(examined(*controls.handed_out(channel="phone"), there), [check]) == []
    assert [v.requirement for v in found(examined(*controls.handed_out(), there), [check])] == ["S002-1.3"]
    [of] = await scenario("g6")
    assert of.complaint.mode is not Mode.ON_THE_SPOT and found(of, [check]) == []


def test_a_history_that_goes_on_honestly_stays_clean() -> None:
    sent = [*controls.handed_out(), controls.started(HOUR_0), controls.delivered(HOUR_0)]
    of = with_more(examined(*sent), controls.told(HOUR_0 + MINUTE))
    assert found(of, [COUNTED, GIVEN_UP, QUIET, MEDIUM, ONCE, SENT, UNDONE]) == []
