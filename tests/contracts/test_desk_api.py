"""The reading half of the HTTP API as a stranger uses it (design, section 7)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest

from events.envelope import as_json
from events.ledger import LedgerUnavailable
from services.desk.desk import Desk
from tests.desk_cases import Company


async def get(api: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await api.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def refs(api: httpx.AsyncClient, query: str) -> list[str]:
    return [listed["external_ref"] for listed in (await get(api, f"/api/complaints?{query}"))["complaints"]]


@pytest.mark.asyncio
async def test_a_complaint_is_listed_as_soon_as_it_is_in_the_ledger(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    listed = (await get(api, "/api/complaints"))["complaints"][0]
    assert listed["complaint_id"] == complaint
    assert (listed["status"], listed["channel"], listed["next_clock"]) == ("assigned", "web", "first_human")
    assert (listed["overdue"], listed["breaches"], listed["version"]) == (
        False,
        0,
        company.ledger.load(complaint).version,
    )


@pytest.mark.asyncio
async def test_each_filter_finds_its_complaints_alone(company: Company, api: httpx.AsyncClient) -> None:
    await company.submit("W-1")
    second = await company.handled("App-2", channel="app")
    listed = {row["external_ref"]: row for row in (await get(api, "/api/complaints"))["complaints"]}
    for name in ("priority", "category", "status", "channel", "owner", "handler", "department", "number"):
        assert await refs(api, f"{name}={listed['App-2'][name]}") == ["App-2"]
    assert await refs(api, f"level={listed['App-2']['level']}&status=received") == ["W-1"]
    assert await refs(api, "q=pp-2") == ["App-2"]
    assert await refs(api, f"q={listed['W-1']['number'][8:].lower()}") == ["W-1"]
    assert await refs(api, "q=%25") == []
    company.reply(second)
    company.pass_time(hours=1)
    assert await refs(api, "overdue=true") == ["W-1"]
    assert await refs(api, "overdue=false") == ["App-2"]


@pytest.mark.asyncio
async def test_the_list_is_read_page_by_page(company: Company, api: httpx.AsyncClient) -> None:
    for number in range(5):
        await company.submit(f"W-{number}")
        company.pass_time(minutes=1)
    page, seen = await get(api, "/api/complaints?limit=2"), []
    while page["next"]:
        seen += [row["external_ref"] for row in page["complaints"]]
        page = await get(api, f"/api/complaints?limit=2&after={page['next']}")
    assert seen + [row["external_ref"] for row in page["complaints"]] == ["W-4", "W-3", "W-2", "W-1", "W-0"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ("priority=purple", "red, yellow, green"),
        ("category=x", "product, service, logistics, billing, other"),
        ("status=done", "received, classified, assigned, answered"),
        ("overdue=1", "true, false"),
        ("limit=501", "1 to 500"),
        ("limit=0", "1 to 500"),
        ("level=one", "1 to 99"),
        ("after=yesterday", "next"),
        ("q=", "1 to 200"),
        ("q=a&q=b", "once"),
        ("colour=red", "priority, category"),
    ],
)
async def test_a_bad_filter_is_refused_with_what_is_allowed(api: httpx.AsyncClient, query: str, allowed: str) -> None:
    refused = await get(api, f"/api/complaints?{query}", 422)
    assert allowed in refused["en"]
    assert refused["zh"]
    assert refused["error"]


@pytest.mark.asyncio
async def test_a_complaint_is_found_by_id_and_by_number_as_people_write_it(
    company: Company, api: httpx.AsyncClient
) -> None:
    complaint = await company.handled("W-1", customer={"name": "张三"})
    found = await get(api, f"/api/complaints/{complaint}")
    number = found["number"]
    assert found["customer"]["name"] == "张三"
    assert (found["complaint_id"], found["status"], found["next_clock"]) == (complaint, "assigned", "first_human")
    for written in (number, number.lower(), number.replace("0", "O"), complaint.upper()):
        assert (await get(api, f"/api/complaints/{written}"))["complaint_id"] == complaint


@pytest.mark.asyncio
async def test_what_is_no_complaint_is_not_found(company: Company, api: httpx.AsyncClient) -> None:
    company_stream = company.ledger.rows_after(0, 1)[0].stream
    for asked in ("C260302-AAAAA-AAAAA", "0b6f1a3e-8f0c-5d7a-9b1e-2f3a4b5c6d7f", company_stream):
        for path in ("", "/events", "/clocks"):
            refused = await get(api, f"/api/complaints/{asked}{path}", 404)
            assert refused["error"] == "no_such_complaint"
            assert refused["zh"]
            assert refused["en"]


@pytest.mark.asyncio
async def test_as_of_shows_what_the_ledger_knew_then(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.submit("W-1")
    received = company.now
    company.pass_time(minutes=1)
    await company.look(complaint)
    then = quote(received.isoformat())
    assert (await get(api, f"/api/complaints/{complaint}?as_of={then}"))["status"] == "received"
    assert (await get(api, f"/api/complaints/{complaint}"))["status"] == "assigned"
    assert len(await get(api, f"/api/complaints/{complaint}/events?as_of={then}")) == 1
    before = quote((received - timedelta(microseconds=1)).isoformat())
    assert (await get(api, f"/api/complaints/{complaint}?as_of={before}", 404))["error"] == "not_known_yet"


@pytest.mark.asyncio
@pytest.mark.parametrize("as_of", ["2026-03-02T10:00:00", "yesterday", "0001-01-01T00:00:00%2B08:00", ""])
async def test_as_of_needs_an_instant_with_a_zone(company: Company, api: httpx.AsyncClient, as_of: str) -> None:
    complaint = await company.submit("W-1")
    for path in ("", "/events", "/clocks"):
        assert "zone" in (await get(api, f"/api/complaints/{complaint}{path}?as_of={as_of}", 422))["en"]


@pytest.mark.asyncio
async def test_a_plus_lost_in_the_address_is_still_understood(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.submit("W-1")
    found = await get(api, f"/api/complaints/{complaint}?as_of=2026-03-02T10:00:00+08:00")
    assert found["as_of"] == "2026-03-02T02:00:00.000000Z"


@pytest.mark.asyncio
async def test_the_events_are_exactly_the_outside_events(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    company.reply(complaint)
    wanted = [as_json(recorded) for recorded in company.ledger.load(complaint)]
    assert await get(api, f"/api/complaints/{complaint}/events") == wanted
    everything = await get(api, "/api/events?after=0")
    assert [event for event in everything if event["complaint_id"] == complaint] == wanted
    assert everything == [as_json(recorded) for recorded in company.ledger.replay()]


@pytest.mark.asyncio
async def test_every_clock_says_due_state_and_why(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    company.pass_time(minutes=20)
    clocks = {clock["clock"]: clock for clock in (await get(api, f"/api/complaints/{complaint}/clocks"))["clocks"]}
    first = clocks["first_human"]
    assert (first["due_at"], first["state"], first["late_seconds"]) == (
        "2026-03-02T02:15:00.000000Z",
        "breached",
        300.0,
    )
    assert "S004-1.3" in first["requirements"]
    assert "2026-03-02 10:15:00+08:00" in first["explanation"]["zh"][-1]
    assert "2026-03-02 10:15:00+08:00" in first["explanation"]["en"][-1]
    company.reply(complaint)
    earlier = quote(datetime(2026, 3, 2, 2, 10, tzinfo=UTC).isoformat())
    path = f"/api/complaints/{complaint}/clocks"
    states = [
        next(clock["state"] for clock in (await get(api, path + query))["clocks"] if clock["clock"] == "first_human")
        for query in ("", f"?as_of={earlier}")
    ]
    assert states == ["stopped", "running"]


@pytest.mark.asyncio
async def test_the_ledger_is_read_page_by_page_as_list_or_lines(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1")
    whole = await get(api, "/api/events?after=0&limit=1000")
    first = await get(api, "/api/events?limit=2")
    rest = await get(api, f"/api/events?after={first[-1]['position']}")
    assert first + rest == whole
    lines = await api.get("/api/events", headers={"accept": "application/x-ndjson"})
    assert [orjson.loads(line) for line in lines.text.splitlines()] == whole
    assert (await api.get("/api/events?after=-1")).status_code == 422
    assert (await api.get("/api/events?limit=1001")).status_code == 422


@pytest.mark.asyncio
async def test_an_absent_ledger_is_said_so(desk: Desk, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> object:
        raise LedgerUnavailable("restarting")

    monkeypatch.setattr(desk.ledger, "rows_after", away)
    answer = await api.get("/api/complaints")
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "unavailable", "5")
