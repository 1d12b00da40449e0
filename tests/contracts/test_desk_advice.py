"""Advice on drafts and guidance for whoever handles a complaint, as a stranger uses them over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from events.envelope import StreamId
from services.desk.problems import HANDLERS
from tests.desk_cases import Company, app_of


@pytest_asyncio.fixture
async def api(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(company.desk())
    app.exception_handlers.update(HANDLERS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client
    company.close()


async def advised(api: httpx.AsyncClient, complaint: StreamId, text: str, status: int = 200, **more: Any) -> Any:
    answer = await api.post(f"/api/complaints/{complaint}/advice", json={"text": text, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


async def guided(api: httpx.AsyncClient, complaint: StreamId, status: int = 200, query: str = "") -> Any:
    answer = await api.get(f"/api/complaints/{complaint}/guidance{query}")
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.clause("S001-15.2", "S003-3.2", "S001-7.4")
async def test_a_draft_is_advised_on_and_nothing_is_recorded(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    before = company.ledger.load(complaint).version
    found = await advised(api, complaint, "很抱歉,我们会赔偿您", medium="phone")
    [advice] = found["advice"]
    assert (found["blocked"], found["list"]) == (True, "phrases-cn@1")
    assert (advice["rule"], advice["level"], advice["found"]) == (
        "compensation",
        "block",
        [{"words": "赔偿", "start": 7, "end": 9}],
    )
    assert "S001-15.2" in advice["source"]
    assert advice["say"]["zh"].startswith("补救")
    assert company.ledger.load(complaint).version == before


async def test_good_words_get_no_advice(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    found = await advised(api, complaint, "给您带来不便,我很抱歉。我们正在核实。")
    assert (found["blocked"], found["advice"]) == (False, [])


@pytest.mark.clause("S001-15.2")
async def test_the_customers_words_are_known_at_the_desk(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", text="东西坏了,要求赔偿")
    found = await advised(api, complaint, "很抱歉。您写的「要求赔偿」我们已记录。")
    assert found["advice"] == []


@pytest.mark.clause("S000-2.1")
async def test_advice_follows_the_stage(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    assert [a["rule"] for a in (await advised(api, complaint, "正在核实"))["advice"]] == ["missing_apology"]
    company.reply(complaint)
    assert (await advised(api, complaint, "正在核实"))["advice"] == []


@pytest.mark.parametrize(
    "body",
    [{"text": ""}, {"text": "好", "medium": "pigeon"}, {"text": "好", "kind": "progress"}, {"text": "好" * 20_001}, {}],
)
async def test_a_draft_that_cannot_be_meant_is_refused(company: Company, api: httpx.AsyncClient, body: Any) -> None:
    complaint = await company.handled("W-1")
    answer = await api.post(f"/api/complaints/{complaint}/advice", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_what_is_no_complaint_has_neither_advice_nor_guidance(api: httpx.AsyncClient) -> None:
    unknown = StreamId("0b6f1a3e-8f0c-5d7a-9b1e-2f3a4b5c6d7f")
    assert (await advised(api, unknown, "好", 404))["error"] == "no_such_complaint"
    assert (await guided(api, unknown, 404))["error"] == "no_such_complaint"


@pytest.mark.clause("S000-1.1", "S000-1.2", "S000-1.6", "S001-4.8", "S000-4.3")
async def test_guidance_brings_words_steps_knowledge_and_what_we_did(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("V-1", channel="visit")
    found = await guided(api, complaint)
    items = [item["id"] for checklist in found["checklists"] for item in checklist["items"]]
    assert found["moment"] == "listening"
    assert items[0] == "checklist.conversation.listen_first"
    assert "checklist.conversation.body_language" in items
    assert "script.not_quite_clear" in [script["id"] for script in found["scripts"]]
    assert {entry["id"] for entry in found["knowledge"]} >= {"knowledge.seven_days"}
    assert found["so_far"]["zh"]["steps"][0] == "3月2日 10:00收到您的投诉并登记"
    assert found["drafts"]["progress"]["zh"]["missing"] == ["procedure", "reason"]
    assert "{procedure}" in found["drafts"]["progress"]["zh"]["text"]
    assert found["so_far"]["en"]["paragraph"].startswith("So far we have taken these steps: ")


@pytest.mark.clause("S000-1.2")
async def test_no_card_for_visits_where_nobody_is_seen(company: Company, api: httpx.AsyncClient) -> None:
    found = await guided(api, await company.handled("W-1"))
    items = [item["id"] for checklist in found["checklists"] for item in checklist["items"]]
    assert items
    assert "checklist.conversation.body_language" not in items


@pytest.mark.clause("S002-7.2")
async def test_the_accused_gets_neither(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", accused=["zhang.wei"])
    assert (await guided(api, complaint, 403, "?as=zhang.wei"))["error"] == "recused"
    answer = await api.post(f"/api/complaints/{complaint}/advice?as=zhang.wei", json={"text": "好"})
    assert answer.status_code == 403
