"""The policies for other regimes, which differ from the default one by data alone: telecom in China, FCA DISP."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from policy.checking.check import check
from policy.composition import SHIPPED, read_policy
from policy.contacting.letters import letter
from policy.contacting.notices import notices
from policy.policy import SAMPLE_ORGANISATION, Policy, publication, sample_organisation
from services.wiring.rehearsal import rehearse
from tests import controls

Line = Mapping[str, Any]
OTHERS = ("telecom-cn", "fca-disp")
PAYMENT = "An unauthorised transaction was taken from my payment account."
ORDINARY = "Your adviser was rude and nobody answers my letters."
PAYMENTS = frozenset({"flag:payments"})


@cache
def text_of(name: str) -> str:
    return read_policy(SHIPPED / f"{name}.toml")


@cache
def policy(name: str) -> Policy:
    return Policy(publication(text_of(name)))


async def rehearsed(name: str, *lines: Line) -> list[Line]:
    return list(await rehearse(lines, text_of(name), SAMPLE_ORGANISATION.read_text()))


def submitted(at: str, text: str) -> Line:
    return {"at": at, "submit": controls.submission(text=text), "as": "c1"}


def breaches(output: Iterable[Line], clock: str) -> list[str]:
    """When that clock fell due and was missed, in London or Shanghai as the script writes it."""
    missed = (line["data"] for line in output if line.get("type") == "complaint.clock_breached")
    return [each["due_at"] for each in missed if each["clock"] == clock]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", OTHERS)
def test_every_shipped_policy_is_sound(name: str) -> None:
    assert check(text_of(name), sample_organisation()) == ()


async def test_under_disp_a_final_response_is_missed_after_eight_weeks_and_not_a_moment_sooner() -> None:
    received, due = "2026-03-02T10:00:00+00:00", "2026-04-27T10:00:00+00:00"
    exactly = await rehearsed("fca-disp", submitted(received, ORDINARY), {"until": due})
    later = await rehearsed("fca-disp", submitted(received, ORDINARY), {"until": "2026-04-27T10:00:01+00:00"})
    assert breaches(exactly, "final_response") == []
    assert [instant(at) for at in breaches(later, "final_response")] == [instant(due)]


async def test_under_disp_a_payment_complaint_is_missed_at_the_close_of_the_fifteenth_business_day() -> None:
    script = submitted("2026-03-02T10:00:00+00:00", PAYMENT), {"until": "2026-03-24T09:00:00+00:00"}
    output = await rehearsed("fca-disp", *script)
    assert [instant(at) for at in breaches(output, "final_response")] == [instant("2026-03-23T17:00:00+00:00")]


HOLDING = {"clock": "final_response", "until": "2026-04-20T17:00:00+01:00", "reason": "the bank's records are awaited"}


async def test_under_disp_a_holding_response_leads_to_35_business_days_and_no_further() -> None:
    output = await rehearsed(
        "fca-disp",
        submitted("2026-03-02T10:00:00+00:00", PAYMENT),
        {"at": "2026-03-20T10:00:00+00:00", "do": "extend", "on": "c1", "by": "wang.fang", "data": HOLDING},
        {"until": "2026-04-30T09:00:00+01:00"},
    )
    assert [line for line in output if "refused" in line] == []
    assert [instant(at) for at in breaches(output, "final_response")] == [instant("2026-04-20T17:00:00+01:00")]
    latest = breaches(output, "final_response_at_the_latest")
    assert [instant(at) for at in latest] == [instant("2026-04-22T17:00:00+01:00")]


async def test_under_disp_only_payment_complaints_have_the_35_business_days() -> None:
    script = submitted("2026-03-02T10:00:00+00:00", ORDINARY), {"until": "2026-06-01T09:00:00+01:00"}
    assert breaches(await rehearsed("fca-disp", *script), "final_response_at_the_latest") == []


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-05T16:59:59+00:00", "2026-03-10T17:00:00+00:00"),  # Thursday: Friday, Monday, Tuesday
        ("2026-03-05T17:00:00+00:00", "2026-03-11T17:00:00+00:00"),  # after the close: as on Friday
        ("2026-03-07T10:00:00+00:00", "2026-03-12T17:00:00+00:00"),  # Saturday: as on Monday
        ("2026-04-02T10:00:00+01:00", "2026-04-09T17:00:00+01:00"),  # Good Friday and Easter Monday do not count
    ],
)
def test_under_disp_what_comes_outside_business_time_counts_as_received_when_business_opens(
    received: str, due: str
) -> None:
    assert policy("fca-disp").clocks.due_at("summary_resolution", instant(received)) == instant(due)


@pytest.mark.parametrize(("text", "deadline"), [(PAYMENT, "23 March 17:00"), (ORDINARY, "27 April 11:00")])
async def test_under_disp_the_acknowledgement_states_the_deadline_that_applies(text: str, deadline: str) -> None:
    output = await rehearsed("fca-disp", submitted("2026-03-02T10:00:00+00:00", text))
    [sent] = [line["data"]["text"] for line in output if line.get("type") == "complaint.contact_started"]
    assert f"our final response by {deadline}" in sent


@pytest.mark.parametrize("sorted_already", [True, False])
def test_the_deadline_is_the_right_one_also_where_the_receipt_is_written_before_the_complaint_is_sorted(
    sorted_already: bool,
) -> None:
    marked = controls.classified(controls.in_the_morning(), flags=("payments",))
    entries = [controls.received(controls.at("20:00"), text=PAYMENT), *([marked] if sorted_already else [])]
    case = controls.a_case(*entries)
    [first, *_] = notices(case, policy("fca-disp"), controls.company(), controls.at("20:00"))
    assert "23 March 17:00" in letter(first, case, policy("fca-disp")).text


def test_under_disp_amounts_are_pounds_and_nothing_is_doubled() -> None:
    rules = policy("fca-disp").document
    assert f"{rules.offer.currency} {rules.refund.factor}" == "GBP 1"


ANSWERED = {"kind": "progress", "medium": "phone", "text": "正在核实,最迟明天给您答复。"}


@pytest.mark.clause("S002-1.2")
async def test_a_telecom_user_is_owed_an_answer_within_fifteen_days_whatever_news_there_was() -> None:
    received, due = "2026-03-02T10:00:00+08:00", "2026-03-17T10:00:00+08:00"
    told = {"at": "2026-03-03T10:00:00+08:00", "do": "reply", "on": "c1", "by": "li.na", "data": ANSWERED}
    exactly = await rehearsed("telecom-cn", submitted(received, controls.ORDINARY), told, {"until": due})
    later = {"until": "2026-03-17T10:00:01+08:00"}
    after = await rehearsed("telecom-cn", submitted(received, controls.ORDINARY), told, later)
    assert breaches(exactly, "answer_to_user") == []
    assert [instant(at) for at in breaches(after, "answer_to_user")] == [instant(due)]
    assert breaches(after, "first_substantive") == []


@pytest.mark.clause("S002-1.2")
async def test_a_telecom_user_is_owed_a_first_reply_within_48_hours() -> None:
    script = submitted("2026-03-02T10:00:00+08:00", controls.ORDINARY), {"until": "2026-03-04T10:00:01+08:00"}
    missed = breaches(await rehearsed("telecom-cn", *script), "first_substantive")
    assert [instant(at) for at in missed] == [instant("2026-03-04T10:00:00+08:00")]


@pytest.mark.clause("S002-6.1", "S002-1.14")
def test_telecom_keeps_the_double_refund_and_the_approvals_of_written_replies() -> None:
    ours, default = policy("telecom-cn").document, controls.policy().document
    assert ours.refund == default.refund
    assert ours.approval == default.approval


@pytest.mark.parametrize(
    ("marks", "days"), [(frozenset[str](), "2026-04-27T11:00:00+01:00"), (PAYMENTS, "2026-03-23T17:00:00+00:00")]
)
def test_a_length_may_depend_on_what_a_complaint_is_about(marks: frozenset[str], days: str) -> None:
    due = policy("fca-disp").clocks.due_at("final_response", instant("2026-03-02T10:00:00+00:00"), marks=marks)
    assert due == instant(days)
