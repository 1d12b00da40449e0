"""The list and the clocks as they were: what the desk showed then is shown again, whatever happened since."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.desk import as_of as past_list
from tests.desk_cases import Company

Seen = dict[datetime, list[dict[str, Any]]]


async def listed(api: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/api/complaints?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["complaints"])


def at(moment: datetime) -> str:
    return f"as_of={quote(moment.isoformat())}"


async def lived(company: Company, api: httpx.AsyncClient) -> Seen:
    """Some hours of a company; what the list showed at the end of each step."""
    seen: Seen = {}

    async def look() -> None:
        seen[company.now] = await listed(api)
        company.pass_time(minutes=7)

    first = await company.handled("W-1")
    await look()
    second = await company.submit("W-2", "餐厅食物中毒", accused=["li.na"])
    await look()
    await company.look(second)
    await look()
    company.reply(first)
    await look()
    company.pass_time(hours=30)
    await company.look(first, second)
    await look()
    await company.handled("App-3", channel="app")
    await look()
    return seen


@pytest.mark.clause("S000-6.2")
@pytest.mark.asyncio
async def test_the_list_as_it_was_is_the_list_as_it_was_shown(company: Company, api: httpx.AsyncClient) -> None:
    seen = await lived(company, api)
    company.pass_time(hours=300)
    for moment, shown in seen.items():
        assert await listed(api, at(moment)) == shown


@pytest.mark.asyncio
async def test_filters_ask_for_what_held_then(company: Company, api: httpx.AsyncClient) -> None:
    seen = await lived(company, api)
    first, later = sorted(seen)[1], sorted(seen)[2]
    assert [line["external_ref"] for line in await listed(api, f"status=received&{at(first)}")] == ["W-2"]
    assert await listed(api, f"status=received&{at(later)}") == []
    assert [line["external_ref"] for line in await listed(api, f"channel=app&{at(sorted(seen)[-1])}")] == ["App-3"]
    assert await listed(api, f"channel=app&{at(first)}") == []


@pytest.mark.clause("S004-1.3")
@pytest.mark.asyncio
async def test_overdue_is_told_as_of_the_instant_and_not_of_today(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    due = datetime.fromisoformat((await listed(api))[0]["next_due"])
    company.now = due
    company.pass_time(hours=5)
    just_after = due.replace(microsecond=due.microsecond + 1)
    assert await listed(api, f"overdue=true&{at(due)}") == []
    assert [line["complaint_id"] for line in await listed(api, f"overdue=true&{at(just_after)}")] == [complaint]


@pytest.mark.clause("S004-1.3")
@pytest.mark.asyncio
async def test_a_clock_as_it_was_is_running_before_its_deadline_and_breached_after(
    company: Company, api: httpx.AsyncClient
) -> None:
    complaint = await company.handled("W-1")
    due = datetime.fromisoformat((await listed(api))[0]["next_due"])
    company.pass_time(hours=2)
    company.reply(complaint)
    states = []
    for moment in (due, due.replace(microsecond=due.microsecond + 1), company.now):
        clocks = (await api.get(f"/api/complaints/{complaint}/clocks?{at(moment)}")).json()["clocks"]
        states += [(c["state"], c["late_seconds"] > 0) for c in clocks if c["clock"] == "first_human"]
    assert states == [("running", False), ("breached", True), ("stopped", True)]


@pytest.mark.asyncio
async def test_pages_lead_through_the_list_of_then(
    company: Company, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_list, "AT_ONCE", 2)
    for number in range(5):
        await company.submit(f"W-{number}")
        company.pass_time(minutes=1)
    moment = company.now
    company.pass_time(minutes=1)
    await company.submit("W-late")
    found, after = [], ""
    while True:
        page = (await api.get(f"/api/complaints?limit=2&{at(moment)}{after}")).json()
        found += [line["external_ref"] for line in page["complaints"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ["W-4", "W-3", "W-2", "W-1", "W-0"]


@pytest.mark.asyncio
async def test_a_question_that_few_fit_looks_at_so_many_and_leads_on(
    company: Company, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_list, "EXAMINED", 2)
    await company.handled("W-0")
    for number in range(1, 5):
        company.pass_time(minutes=1)
        await company.submit(f"W-{number}")
    pages, after = [], ""
    while after is not None:
        query = f"status=assigned&{at(company.now)}" + (f"&after={after}" if after else "")
        page = (await api.get(f"/api/complaints?{query}")).json()
        pages.append([line["external_ref"] for line in page["complaints"]])
        after = page["next"]
    assert pages == [[], [], ["W-0"]]


@pytest.mark.clause("S002-7.2")
@pytest.mark.asyncio
async def test_the_accused_are_shown_nothing_of_the_past_either(company: Company, api: httpx.AsyncClient) -> None:
    seen = await lived(company, api)
    last = sorted(seen)[-1]
    shown = {line["external_ref"] for line in await listed(api, f"as=li.na&{at(last)}")}
    assert shown == {"W-1", "App-3"}


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-02T10:00:00", ""])
@pytest.mark.asyncio
async def test_an_instant_without_a_zone_is_refused(api: httpx.AsyncClient, moment: str) -> None:
    answer = await api.get(f"/api/complaints?as_of={moment}")
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_value")


@pytest.mark.asyncio
async def test_before_the_first_complaint_the_list_is_empty(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1")
    assert await listed(api, "as_of=2020-01-01T00:00:00Z") == []
