"""The customer's card and what the file tells a colleague, over HTTP (S001-9.2, S004-8.5, S001-4.4)."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from events.ending import Archived, CalledBack, Resolved
from events.envelope import Actor, StreamId
from events.fact import Fact
from events.understanding import UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import ActorKind, EvidenceKind, Liable, Medium, Resolution, Service
from tests.desk_cases import Company

LI_NA = Actor(kind=ActorKind.PERSON, id="li.na")
PHONE = "138 0000-0000"
SHA = "e" * 64


async def get(api: httpx.AsyncClient, path: str, **params: str) -> Any:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def who(address: str = PHONE, **more: Any) -> dict[str, Any]:
    return {"name": "张三", "contacts": [{"medium": "phone", "address": address}], **more}


def happened(company: Company, complaint: StreamId, *facts: Fact, service: Service = Service.WORKFLOW) -> None:
    company.append(service, complaint, facts, LI_NA)


def ended(company: Company, complaint: StreamId, *, satisfied: bool) -> None:
    called_back = CalledBack(solved=True, satisfied=satisfied, medium=Medium.PHONE)
    happened(company, complaint, Resolved(outcome=Resolution.CORRECTED), called_back, Archived(ground="called_back"))


@pytest.mark.clause("S001-9.2", "S004-8.5", "S001-4.4", "S001-16.1")
@pytest.mark.parametrize(
    "asked",
    [
        {"contact": "13800000000"},
        {"contact": "138-0000-0000"},
        {"contact": "+86 138-0000-0000"},
        {"contact": "0086 (138) 0000 0000"},
        {"contact": "１３８００００００００"},
        {"member": "m-1"},
        {"order": "o 1"},
    ],
)
async def test_a_customer_is_found_by_contact_member_number_or_order(
    company: Company, api: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    mine = await company.handled("W-1", customer=who(member_id="M-1"), order_ref="O-1")
    await company.handled("W-2", customer=who("13900000000"))
    card = await get(api, "/api/customers", **asked)
    assert [each["complaint_id"] for each in card["complaints"]] == [mine]
    assert (card["names"], card["members"], card["orders"], card["repeat"]) == (["张三"], ["M-1"], ["O-1"], False)


@pytest.mark.clause("S001-4.4", "S004-1.2")
async def test_a_number_given_with_its_country_is_found_without_it_and_leads_on(
    company: Company, api: httpx.AsyncClient
) -> None:
    abroad = await company.handled("W-1", customer=who("+86 138-0000-0000", member_id="M-1"))
    at_home = await company.handled("W-2", customer=who("13800000000"))
    by_member = await company.handled("W-3", customer={"name": "张三", "member_id": "Ｍ-1"})
    card = await get(api, "/api/customers", contact="13800000000")
    assert {each["complaint_id"] for each in card["complaints"]} == {abroad, at_home, by_member}


@pytest.mark.clause("S001-9.2", "S004-8.5")
async def test_one_key_leads_to_all_complaints_of_the_same_customer(company: Company, api: httpx.AsyncClient) -> None:
    by_phone = await company.handled("W-1", customer=who())
    by_both = await company.handled("W-2", customer=who(member_id="M-1"))
    by_member = await company.handled("W-3", customer={"name": "张三", "member_id": "M-1"}, order_ref="O-3")
    card = await get(api, "/api/customers", order="O-3")
    assert {each["complaint_id"] for each in card["complaints"]} == {by_phone, by_both, by_member}
    assert (card["repeat"], card["open"]) == (True, 3)


@pytest.mark.clause("S001-9.2", "S004-6.5")
async def test_open_cases_come_first_and_past_outcomes_follow_with_the_satisfied_tag(
    company: Company, api: httpx.AsyncClient
) -> None:
    first = await company.handled("W-1", customer=who())
    company.pass_time(days=1)
    second = await company.handled("W-2", customer=who())
    ended(company, second, satisfied=True)
    card = await get(api, "/api/customers", contact=PHONE)
    assert [each["complaint_id"] for each in card["complaints"]] == [first, second]
    assert (card["satisfied"], card["open"]) == (True, 1)
    past = card["complaints"][1]
    assert (past["open"], past["outcome"], past["satisfied"]) == (False, "corrected", True)


@pytest.mark.clause("S004-6.5")
async def test_the_last_callback_counts(company: Company, api: httpx.AsyncClient) -> None:
    for number, satisfied in ((1, True), (2, False)):
        ended(company, await company.handled(f"W-{number}", customer=who()), satisfied=satisfied)
        company.pass_time(days=1)
    assert (await get(api, "/api/customers", contact=PHONE))["satisfied"] is False


@pytest.mark.clause("S004-8.5")
async def test_who_says_they_complained_before_is_a_repeat_customer(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", "多次投诉没人处理", customer=who())
    assert (await get(api, "/api/customers", contact=PHONE))["repeat"] is True


async def test_nobody_is_a_customer_without_complaints(api: httpx.AsyncClient) -> None:
    card = await get(api, "/api/customers", contact="13700000000")
    assert (card["complaints"], card["open"], card["repeat"], card["satisfied"]) == ([], 0, False, None)


@pytest.mark.parametrize("asked", [{}, {"contact": "1", "order": "2"}, {"name": "张三"}, {"contact": " "}])
async def test_a_question_that_names_no_customer_is_refused(api: httpx.AsyncClient, asked: dict[str, str]) -> None:
    answer = await api.get("/api/customers", params=asked)
    assert answer.status_code == 422
    assert answer.json()["zh"]
    assert answer.json()["en"]


@pytest.mark.clause("S002-7.1", "S002-7.2")
async def test_the_accused_see_nothing_of_who_complained_of_them(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", customer=who(), accused=["zhang.wei"])
    card = await get(api, "/api/customers", contact=PHONE, **{"as": "zhang.wei"})
    assert (card["complaints"], card["names"], card["contacts"]) == ([], [], [])
    assert (await get(api, "/api/customers", contact=PHONE, **{"as": "li.na"}))["names"] == ["张三"]


async def test_the_list_on_disk_holds_none_of_the_customers_words(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", customer=who(member_id="MEMBER-77"), order_ref="ORDER-77")
    await get(api, "/api/customers", contact=PHONE)
    stored = b"".join(path.read_bytes() for path in company.views.parent.glob("views.db*"))
    assert not [word for word in (b"13800000000", b"138 0000", b"MEMBER-77", b"ORDER-77") if word in stored]


@pytest.mark.clause("S001-4.3", "S004-1.8")
async def test_the_file_says_what_it_lacks(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", order_ref="O-1")
    found = await get(api, f"/api/complaints/{complaint}")
    assert found["missing"]["verification"] == []
    assert found["missing"]["file"] == ["demands", "contact", "product", "scene", "expectation"]


@pytest.mark.clause("S003-6.6", "S001-10.2", "S002-1.16")
async def test_a_threat_to_go_public_brings_the_playbook_and_the_evidence_to_collect(
    company: Company, api: httpx.AsyncClient
) -> None:
    complaint = await company.handled("W-1", "再不处理我就找记者曝光你们")
    found = await get(api, f"/api/complaints/{complaint}")
    assert [book["name"] for book in found["playbooks"]] == ["spread_risk"]
    assert found["playbooks"][0]["steps"][0]["zh"]
    assert [each["collected"] for each in found["evidence_checklist"]] == [False, False, False]
    photo = EvidenceAdded(name="照片", media_type="image/png", sha256=SHA, kind=EvidenceKind.PHOTO)
    happened(company, complaint, photo, service=Service.INTAKE)
    again = await get(api, f"/api/complaints/{complaint}")
    assert [each["kind"] for each in again["evidence_checklist"] if each["collected"]] == ["photo"]


@pytest.mark.clause("S004-3.6", "S000-3.3", "S000-3.4")
async def test_the_report_names_facts_evidence_liability_and_who_answers(
    company: Company, api: httpx.AsyncClient
) -> None:
    complaint = await company.handled("W-1", "物流丢件,要求赔偿")
    assert (await get(api, f"/api/complaints/{complaint}"))["report"] is None
    trace = EvidenceAdded(name="轨迹", media_type="text/plain", sha256=SHA, kind=EvidenceKind.DOCUMENT, authentic=True)
    happened(company, complaint, trace, service=Service.INTAKE)
    happened(
        company,
        complaint,
        UnderstandingConfirmed(number=1, summary="丢件", confirmed=True, requested=Decimal(300)),
        Verified(
            facts="承运商遗失",
            liable=Liable.THIRD_PARTY,
            party="顺达快运",
            cause="承运商原因",
            evidence=(SHA,),
            loss=Decimal(200),
        ),
    )
    found = await get(api, f"/api/complaints/{complaint}")
    report = found["report"]
    assert (report["liable"], report["party"], report["answerable"]) == ("third_party", "顺达快运", "company")
    assert (report["facts"], report["evidence"][0]["name"], report["by"]) == ("承运商遗失", "轨迹", "li.na")
    assert found["amounts"] == {"requested": "300.00", "offered": None, "loss": "200.00"}
