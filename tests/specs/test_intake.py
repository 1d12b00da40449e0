"""Nothing a channel sends is lost and nothing is doubled, in whatever number and order it comes (I2, S004-1.2, G11)."""

import asyncio
from datetime import datetime
from itertools import permutations

import pytest

from events.commands import Refusal
from events.envelope import Entry, complaint_id
from events.ledger import LedgerUnavailable
from events.reception import Received, Supplemented
from events.reconciler import TURNS
from events.vocabulary import ActorKind, Service
from services.intake.intake import Intake
from services.intake.receipts import Receipt
from services.intake.submission import InvalidSubmission, parse
from tests import controls
from tests.bdd import Company, given
from tests.controls import C1, HOUR, MINUTE, at, body, in_the_morning, put, received

NOW = in_the_morning()
MOST = controls.policy().document.record.most_supplements


@pytest.mark.clause("S004-1.1", "S004-1.9")
async def test_a_submission_becomes_a_complaint_with_a_number_and_a_promise() -> None:
    company = Company(NOW)
    receipt = await company.submit()
    [received] = company.ledger.load(C1)
    assert isinstance(received.fact, Received)
    assert (receipt.complaint_id, receipt.number, receipt.duplicate) == (C1, received.fact.number, False)
    assert receipt.promise.first_response_due == NOW + 15 * MINUTE
    assert (received.actor.kind, received.actor.id) == (ActorKind.CHANNEL, "web")


@pytest.mark.clause("S004-1.3", "S004-1.7")
@pytest.mark.parametrize(
    ("submitted", "due"),
    [("20:50", "2026-03-03 09:05"), ("21:00", "2026-03-03 10:00"), ("08:59:59", "10:00"), ("09:00", "09:15")],
)
async def test_the_receipt_promises_what_the_clock_will_judge(submitted: str, due: str) -> None:
    receipt = await Company(at(submitted)).submit()
    assert receipt.promise.first_response_due == at(due)


@pytest.mark.clause("S004-1.2")
async def test_the_same_message_again_is_known_and_gets_the_same_receipt() -> None:
    company = Company(NOW)
    first = await company.submit()
    company.clock.set(NOW + 30 * HOUR)
    again = await company.submit()
    assert again == first.model_copy(update={"duplicate": True})
    assert company.names() == ["Received"]


@pytest.mark.clause("S004-1.2")
@pytest.mark.parametrize("number", [2, 10, 300])
async def test_any_number_of_repeats_at_once_make_one_complaint(number: int) -> None:
    company = Company(NOW)
    receipts = await asyncio.gather(*(company.submit() for _ in range(number)))
    assert [receipt.duplicate for receipt in receipts].count(False) == 1
    assert len({receipt.number for receipt in receipts}) == 1
    assert company.names() == ["Received"]


@pytest.mark.clause("S004-1.2")
async def test_repeats_inside_one_batch_make_one_complaint() -> None:
    company = Company(NOW)
    receipts = await company.intake.accept_all([parse(body(), NOW)] * 5)
    assert [isinstance(each, Receipt) and each.duplicate for each in receipts] == [False, True, True, True, True]


@pytest.mark.clause("S004-1.2")
@pytest.mark.parametrize("order", [*permutations(("甲", "乙", "丙"))], ids="".join)
async def test_other_content_is_added_once_in_whatever_order_it_comes(order: tuple[str, ...]) -> None:
    company = Company(NOW)
    for text in (*order, *reversed(order)):
        await company.submit(text=text)
    history = company.ledger.load(C1)
    assert [recorded.name for recorded in history] == ["Received", "Supplemented", "Supplemented"]
    assert [r.fact.text for r in history if isinstance(r.fact, Received | Supplemented)] == list(order)


@pytest.mark.clause("S004-1.2")
async def test_other_content_that_comes_many_times_at_once_is_added_once() -> None:
    company = Company(NOW)
    await company.submit()
    await asyncio.gather(*(company.submit(text=text) for text in ("甲", "乙") * 20))
    assert sorted(company.names()) == ["Received", "Supplemented", "Supplemented"]


def supplemented(number: int) -> list[Entry]:
    return [controls.supplemented(NOW, content=f"{each:064}") for each in range(1, number + 1)]


@pytest.mark.clause("S004-1.2")
@pytest.mark.parametrize(("before", "taken"), [(MOST - 1, True), (MOST, False)])
async def test_one_complaint_is_added_to_so_often_and_then_its_channel_keeps_the_rest(before: int, taken: bool) -> None:
    company = Company(NOW)
    first = await company.submit()
    put(company.ledger, C1, *supplemented(before))
    [answer] = await company.intake.accept_all([parse(body(text="又一次"), NOW)])
    problems = answer.problems if isinstance(answer, InvalidSubmission) else ()
    assert [problem.code for problem in problems] == ([] if taken else ["too_many_supplements"])
    assert company.names().count("Supplemented") == MOST
    assert await company.submit() == first.model_copy(update={"duplicate": True})


@pytest.mark.clause("S004-1.2")
async def test_of_many_submissions_at_once_only_the_one_too_many_is_refused() -> None:
    company = Company(NOW)
    await company.submit()
    put(company.ledger, C1, *supplemented(MOST))
    sent = [parse(body(**changes), NOW) for changes in ({"external_ref": "W-2"}, {"text": "又一次"}, {})]
    answers = await company.intake.accept_all(sent)
    assert [isinstance(answer, Receipt) for answer in answers] == [True, False, True]


@pytest.mark.clause("S004-1.2", "S004-3.5")
@pytest.mark.parametrize(("before", "refused"), [(MOST - 1, False), (MOST, True)])
def test_a_colleague_who_adds_once_too_often_is_told_what_to_do(before: int, refused: bool) -> None:
    answer = given(received(NOW), *supplemented(before)).when("supplement", "li.na", NOW, text="又一次")
    assert (isinstance(answer, Refusal) and answer.code == "too_many_supplements") is refused


async def test_a_supplement_while_others_write_is_not_lost() -> None:
    company = Company(NOW)
    await company.submit()
    await asyncio.gather(company.look(C1), *(company.submit(text=text) for text in ("甲", "乙", "丙")))
    assert company.names().count("Supplemented") == 3
    assert [r.version for r in company.ledger.load(C1)] == list(range(1, len(company.names()) + 1))


async def test_a_supplement_always_overtaken_is_refused_for_now_after_so_many_turns() -> None:
    company = Company(NOW)
    await company.submit()
    asked = 0

    def while_others_write() -> datetime:
        nonlocal asked
        asked += 1
        assert asked <= TURNS + 1
        put(company.ledger, C1, controls.told(NOW))
        return NOW

    intake = Intake(company.ledger.writer(Service.INTAKE), company.policies, while_others_write)
    with pytest.raises(LedgerUnavailable, match="changed 8 times"):
        await intake.accept(parse(body(text="更多"), NOW))


@pytest.mark.clause("S004-1.2")
async def test_the_same_reference_on_another_channel_is_another_complaint() -> None:
    company = Company(NOW)
    first, second = await company.submit(), await company.submit(channel="app")
    assert first.complaint_id != second.complaint_id
    assert first.number != second.number
    assert not second.duplicate


async def test_many_complaints_share_few_commits() -> None:
    company = Company(NOW)
    receipts = await asyncio.gather(*(company.submit(external_ref=f"W-{n}") for n in range(200)))
    assert len({receipt.complaint_id for receipt in receipts}) == 200
    recorded_before = {r.position for r in company.ledger.replay() if r.name == "Received"}
    assert len(recorded_before) == 200


@pytest.mark.clause("S001-4.1")
async def test_clocks_start_when_the_channel_saw_the_customer() -> None:
    company = Company(NOW)
    receipt = await company.submit(occurred_at=(NOW - HOUR).isoformat())
    assert receipt.received_at == NOW - HOUR
    assert receipt.promise.first_response_due == NOW - 45 * MINUTE
    assert company.ledger.load(C1)[0].recorded_at == NOW


def test_the_id_is_made_of_channel_and_reference_and_never_changes() -> None:
    # Written down: an id that changed between releases would take every repeat for a new complaint.
    assert complaint_id("web", "W-20260302-0001") == "e0c198c3-412f-5fbe-8b22-01706be96eec"


async def test_numbers_survive_the_telephone() -> None:
    company = Company(NOW)
    numbers = [(await company.submit(external_ref=f"W-{n}")).number for n in range(50)]
    assert len(set(numbers)) == 50
    assert all(number.startswith("C260302-") and len(number) == 19 for number in numbers)
    assert not set("".join(number[8:] for number in numbers)) & set("ILOU")


async def test_the_complaint_is_pinned_to_the_policy_in_force() -> None:
    company = Company(NOW)
    await company.submit()
    assert company.ledger.load(C1)[0].policy == controls.POLICY_ID
