"""Many complaints on one product are one incident: all red, each answered by itself (S004-2.3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from events.complaint import Complaint
from events.envelope import Entry, StreamId, complaint_id
from events.folding import fold
from events.handling import Classified
from events.ledger import Ledger
from events.links import Linked
from events.stores import MemoryStore
from events.vocabulary import Priority, Relation
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from policy.sorting.links import batch, product_key
from services.intake.kinship import MOST, Found, Kinship
from services.intake.linking import Linking
from services.wiring.rehearsal import rehearse
from tests import controls, examples
from tests.bdd import Company, facts, given
from tests.controls import HOUR, MINUTE, SECOND, received
from tests.times import at

NOW = at("2026-03-02 10:00")
DAY = 24 * HOUR
PRODUCT = "充电器 KJ-20 批次 0301"
WORDS = (
    "外壳开裂了,要求换货。",
    "插上没有反应,请处理。",
    "接口松动,用不了。",
    "充不满,续航很差。",
    "颜色和图片不一样,想退。",
)

pytestmark = pytest.mark.clause("S004-2.3")


async def submit(company: Company, number: int, product: str | None = PRODUCT, phone: int | None = None) -> StreamId:
    """One complaint by a customer of its own, looked at by nobody."""
    contact = {"medium": "phone", "address": f"139{number if phone is None else phone:08}"}
    receipt = await company.submit(
        external_ref=f"W-{number}", text=WORDS[number % len(WORDS)], customer={"contacts": [contact]}, product=product
    )
    return receipt.complaint_id


async def batch_of(company: Company, number: int, **changes: Any) -> list[StreamId]:
    return [await submit(company, index, **changes) for index in range(number)]


def complaint(company: Company, stream: StreamId) -> Complaint:
    return fold(company.ledger.load(stream))


def members(company: Company, head: StreamId) -> set[StreamId]:
    return {
        link.to for link in complaint(company, head).links.every if link.relation is Relation.INCIDENT and link.leads
    }


def heads(company: Company, streams: list[StreamId]) -> set[StreamId]:
    found = (complaint(company, stream).links.every for stream in streams)
    return {link.to for links in found for link in links if link.relation is Relation.INCIDENT and not link.leads}


@pytest.mark.parametrize(("number", "incidents"), [(4, 0), (5, 1)])
async def test_five_complaints_on_one_product_are_an_incident_and_four_are_none(number: int, incidents: int) -> None:
    company = Company(NOW)
    streams = await batch_of(company, number)
    await company.look(*streams)
    assert len(heads(company, streams)) == incidents
    red = [complaint(company, stream).priority is Priority.RED for stream in streams]
    assert red == [bool(incidents)] * number


@pytest.mark.parametrize(("between", "incidents"), [(6 * HOUR, 1), (6 * HOUR + SECOND, 0)])
async def test_the_fifth_exactly_24_hours_after_the_first_still_makes_them_one(
    between: timedelta, incidents: int
) -> None:
    company = Company(NOW)
    streams = []
    for index in range(5):
        company.clock.set(NOW + index * between)
        streams.append(await submit(company, index))
    await company.linking.look(streams)
    assert len(heads(company, streams)) == incidents


async def test_one_customer_complaining_five_times_is_no_incident() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5, phone=7)
    await company.linking.look(streams)
    assert heads(company, streams) == set()


async def test_complaints_without_a_product_or_on_others_are_no_incident() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5, product=None)
    streams += [await submit(company, index, product=f"型号 {index}") for index in range(10, 15)]
    await company.linking.look(streams)
    assert heads(company, streams) == set()


def test_one_product_is_the_same_however_people_write_it() -> None:
    assert product_key("充电器 KJ-20") == product_key("充电器kj20") == product_key("充电器 KJ-20 ")
    assert product_key(" - ") is None


async def test_the_first_of_them_leads_and_every_further_one_joins() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5)
    await company.linking.look(streams[4:])
    company.clock.set(NOW + 20 * HOUR)
    further = await submit(company, 5)
    await company.linking.look([further])
    assert heads(company, [*streams, further]) == {streams[0]}
    assert members(company, streams[0]) == {*streams[1:], further}


async def test_after_a_day_without_complaints_the_incident_is_over() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5)
    company.clock.set(NOW + DAY + SECOND)
    later = await submit(company, 5)
    await company.linking.look([*streams, later])
    assert heads(company, [later]) == set()


async def test_in_whatever_order_they_are_looked_at_the_incident_is_the_same() -> None:
    ends = set()
    for order in list(permutations(range(5)))[::7]:
        company = Company(NOW)
        streams = await batch_of(company, 5)
        for place in order:
            await company.linking.look([streams[place]])
        ends.add((frozenset(heads(company, streams)), frozenset(members(company, streams[0]))))
    assert ends == {(frozenset(streams[:1]), frozenset(streams[1:]))}


async def test_who_brought_it_about_may_die_before_the_others_know() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5)
    controls.put(company.ledger, streams[4], an_incident(streams[0]))
    await Linking(company.linking._writer, company.policies, company.clock).look([streams[4]])
    assert members(company, streams[0]) == set(streams[1:])


def an_incident(head: StreamId, *, leads: bool = False) -> Entry:
    fact = Linked(to=head, relation=Relation.INCIDENT, reason="triage.red.batch", leads=leads)
    return Entry(fact, NOW, controls.machine("intake"), policy=controls.POLICY_ID)


async def test_a_member_a_person_took_out_stays_out_and_stays_red() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5)
    await company.look(*streams)
    await company.command("unlink", "li.na", streams[3], data={"to": streams[0], "reason": "另有原因"})
    await company.look(*streams)
    await company.look(*streams)
    assert members(company, streams[0]) == {streams[1], streams[2], streams[4]}
    assert complaint(company, streams[3]).priority is Priority.RED


async def test_all_are_classified_red_once_by_the_rule_of_the_batch() -> None:
    company = Company(NOW)
    streams = await batch_of(company, 5)
    await company.workflow.look(streams)
    for _ in range(2):
        await company.look(*streams)
    for stream in streams:
        facts = [recorded.fact for recorded in company.ledger.load(stream)]
        reasons = [fact.rules[0] for fact in facts if isinstance(fact, Classified)]
        assert reasons.count("red:batch") == 1
        assert len(reasons) == 2


async def test_a_heads_own_history_stays_short_in_a_flood() -> None:
    company = Company(NOW)
    most = controls.policy().document.links.mirrored
    streams = await batch_of(company, most + 5)
    await company.linking.look(streams)
    assert len(members(company, streams[0])) == most
    assert heads(company, streams) == {streams[0]}


SCAM = "有人冒充你们客服,骗我在 http://tui-kuan.example/p1 转了钱,客服说与你们无关。"
OTHER_SCAM = "我被骗了,对方让我往账号 6222020200112233 转账,自称是你们的人。"


@pytest.mark.clause("S003-7.2")
@pytest.mark.parametrize(
    ("texts", "incidents"),
    [
        ((SCAM, f"上当受骗!{SCAM}", f"{SCAM}请你们核实。"), 1),
        ((SCAM, f"上当受骗!{SCAM}", OTHER_SCAM), 0),
        (("请问 http://tui-kuan.example/p1 是你们的网页吗?",) * 3, 0),
    ],
)
async def test_three_customers_cheated_by_the_same_page_are_a_cluster(texts: tuple[str, ...], incidents: int) -> None:
    company = Company(NOW)
    streams = []
    for index, text in enumerate(texts):
        contact = {"medium": "phone", "address": f"139{index:08}"}
        receipt = await company.submit(external_ref=f"F-{index}", text=text, customer={"contacts": [contact]})
        streams.append(receipt.complaint_id)
    await company.look(*streams)
    assert len(heads(company, streams)) == incidents
    assert all(complaint(company, stream).priority is Priority.RED for stream in streams) is bool(incidents)


@pytest.mark.clause("S004-1.2", "S003-7.1")
async def test_thirty_complaints_on_one_batch_are_one_incident_and_thirty_answers() -> None:
    output = await rehearse([*thirty(), {"until": "2026-03-02T12:00:00+08:00"}], *company_texts())
    lead = [e["data"] for e in output if e["type"] == "complaint.linked" and not e["data"]["leads"]]
    assert [(link["to"], link["relation"]) for link in lead] == [("c1", "incident")] * 29
    last = {e["complaint_id"]: e["data"]["priority"] for e in output if e["type"] == "complaint.classified"}
    assert last == {f"c{number}": "red" for number in range(1, 31)}
    told = [e for e in output if e["type"] == "complaint.replied" and e["data"]["kind"] == "acknowledgement"]
    started = {
        (e["complaint_id"], e["data"]["recipient"])
        for e in output
        if e["type"] == "complaint.contact_started" and e["data"]["kind"] == "acknowledgement"
    }
    assert len({e["complaint_id"] for e in told}) == len(told) == 30
    assert len({recipient for _, recipient in started}) == 30


def thirty() -> list[Mapping[str, Any]]:
    """G10: one every two minutes, by thirty customers."""
    return [
        {
            "at": (NOW + 2 * number * MINUTE).isoformat(),
            "as": f"c{number + 1}",
            "submit": {
                "channel": "web",
                "text": WORDS[number % len(WORDS)],
                "product": PRODUCT,
                "customer": {"name": f"客户{number}", "contacts": [{"medium": "phone", "address": f"139{number:08}"}]},
            },
        }
        for number in range(30)
    ]


def company_texts() -> tuple[str, str]:
    return DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text()


@pytest.mark.clause("S004-2.3")
def test_a_member_known_as_such_before_it_is_sorted_is_red_at_once_and_sorted_once() -> None:
    member = Linked(to=examples.OTHER, relation=Relation.INCIDENT, reason="same_product")
    story = given(received(NOW), Entry(member, NOW, controls.machine("intake"), policy=controls.POLICY_ID))
    sorted_ = [fact for fact in facts(story.workflow_looks(NOW)) if isinstance(fact, Classified)]
    assert [(fact.priority, fact.rules[0]) for fact in sorted_] == [(Priority.RED, "red:batch")]


def test_the_figure_stands_in_the_policy_alone() -> None:
    found = batch(controls.policy().document.triage.red)
    assert found is not None
    assert (found.at_least, found.window) == (5, DAY)


def a_ledger(*moments: datetime) -> Ledger:
    """One complaint of one customer at each of these moments, each recorded when received."""
    ledger = Company(moments[0]).ledger
    for number, moment in enumerate(moments):
        ledger._clock = controls.Clock(moment)
        entry = received(moment, external_ref=f"W-{number:05}")
        controls.put(ledger, complaint_id("web", f"W-{number:05}"), entry)
    return ledger


def kinship(ledger: Ledger, now: datetime) -> Kinship:
    return Kinship(ledger, Company(now).policies, controls.Clock(now))


def test_the_index_begins_inside_its_window_and_answers_as_if_it_had_read_all() -> None:
    moments = [NOW + index * DAY for index in range(100)]
    ledger, streams = a_ledger(*moments), controls.some_streams(100)
    fresh, old = kinship(ledger, moments[-1]), kinship(ledger, moments[0])
    assert fresh.beside(streams[-1:]) == old.beside(streams[-1:]) == {streams[-1]: Found(tuple(streams[54:-1][-45:]))}
    assert len(fresh) == len(old) == 46


def test_an_answer_is_as_of_the_complaints_own_place_in_the_ledger() -> None:
    ledger, streams = a_ledger(*[NOW + index * MINUTE for index in range(4)]), controls.some_streams(4)
    index = kinship(ledger, NOW + HOUR)
    assert {stream: found.earlier for stream, found in index.beside(streams).items()} == {
        stream: tuple(streams[:place]) for place, stream in enumerate(streams)
    }


class Counted(list[Any]):
    """A list that counts what it hands out."""

    given = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        self.given += len(found) if isinstance(at, slice) else 1
        return found


def test_of_a_customer_who_complained_a_thousand_times_only_the_latest_are_looked_at() -> None:
    ledger, streams = a_ledger(*[NOW + number * SECOND for number in range(1000)]), controls.some_streams(1000)
    index = kinship(ledger, NOW + HOUR)
    index.beside([])
    [(key, held)] = index._of_customer.items()
    counted = index._of_customer[key] = Counted(held)
    assert index.beside(streams[-1:]) == {streams[-1]: Found(tuple(streams[-MOST - 1 : -1]))}
    assert counted.given <= MOST + 10  # and a few halvings


def test_what_is_appended_meanwhile_is_seen_at_the_next_question() -> None:
    ledger, streams = a_ledger(NOW), controls.some_streams(2)
    index = kinship(ledger, NOW)
    assert index.beside(streams) == {streams[0]: Found()}
    controls.put(ledger, streams[1], received(NOW, external_ref="W-00001"))
    assert index.beside(streams[1:]) == {streams[1]: Found((streams[0],))}


def test_an_empty_ledger_and_an_unknown_complaint_have_no_kin() -> None:
    assert kinship(Ledger(MemoryStore(), controls.Clock(NOW), unsafe=True), NOW).beside(controls.some_streams(1)) == {}
