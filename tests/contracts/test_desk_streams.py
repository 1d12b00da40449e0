"""The ledger as server-sent events: past and present, resumed, alive while quiet, ended with its reader (design, 7)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn

from events.company import PolicyPublished
from services.desk.desk import Desk
from tests.desk_cases import Company, app_of
from tests.waiting import eventually

EVENT_STREAM = {"accept": "text/event-stream"}


@pytest_asyncio.fixture
async def live(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A real server: only there a stream stays open."""
    config = uvicorn.Config(app_of(desk), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        yield client
    desk.wake.close()
    server.should_exit = True
    await serving


class Sse:
    """Server-sent events as they arrive."""

    def __init__(self, answer: httpx.Response) -> None:
        self.lines = answer.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The next event; comments and the retry line are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    fields[name] = value
                elif not line and fields:
                    return fields
        raise AssertionError("the stream ended")


@pytest.mark.asyncio
async def test_a_stream_gives_the_past_then_what_comes(company: Company, desk: Desk, live: httpx.AsyncClient) -> None:
    await company.submit("W-1")
    async with live.stream("GET", "/api/events?after=0", headers=EVENT_STREAM) as answer:
        stream = Sse(answer)
        past = [await stream.next() for _ in range(3)]
        assert past[0]["event"] == PolicyPublished.TYPE
        second = await company.submit("W-2")
        desk.wake.notify()
        new = await stream.next()
    event = json.loads(new["data"])
    assert (new["event"], event["complaint_id"], new["id"]) == ("complaint.received", second, str(event["position"]))


@pytest.mark.asyncio
async def test_a_stream_goes_on_after_the_last_event_its_reader_saw(company: Company, live: httpx.AsyncClient) -> None:
    for number in range(3):
        await company.submit(f"W-{number}")
    last = company.ledger.head()
    headers = {**EVENT_STREAM, "last-event-id": str(last - 1)}
    async with live.stream("GET", "/api/events?after=0", headers=headers) as answer:
        assert (await Sse(answer).next())["id"] == str(last)
    assert (await live.get("/api/events", headers={**EVENT_STREAM, "last-event-id": "x"})).status_code == 422


@pytest.mark.asyncio
async def test_a_lost_signal_costs_a_moment_and_no_event(
    company: Company, live: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.desk.wake.Awaited.arrival", _soon)
    async with live.stream("GET", f"/api/events?after={company.ledger.head()}", headers=EVENT_STREAM) as answer:
        await company.submit("W-1")
        assert (await Sse(answer).next())["event"] == "complaint.received"


async def _soon(_: object) -> bool:
    await asyncio.sleep(0)
    return False


@pytest.mark.asyncio
async def test_a_quiet_stream_says_that_it_lives(
    live: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.desk.streams.COMMENT_SECONDS", 0.0)
    after = desk.ledger.head()
    async with live.stream("GET", f"/api/events?after={after}", headers=EVENT_STREAM) as answer:
        lines = answer.aiter_lines()
        async with asyncio.timeout(5):
            assert [await anext(lines) for _ in range(3)] == ["retry: 2000", "", ": still here"]


@pytest.mark.asyncio
async def test_a_stream_ends_when_its_reader_goes(desk: Desk, live: httpx.AsyncClient) -> None:
    before = streams()
    async with live.stream("GET", f"/api/events?after={desk.ledger.head()}", headers=EVENT_STREAM) as answer:
        await anext(answer.aiter_lines())
        assert len(streams() - before) == 1
    await eventually(lambda: streams() == before)


def streams() -> set[asyncio.Task[Any]]:
    """The server's tasks that answer a request now."""
    return {task for task in asyncio.all_tasks() if "run_asgi" in repr(task)}


@pytest.mark.asyncio
async def test_the_live_stream_tells_sentences_in_both_languages(
    company: Company, desk: Desk, live: httpx.AsyncClient
) -> None:
    await company.submit("W-1")
    async with live.stream("GET", "/api/live", headers=EVENT_STREAM) as answer:
        stream = Sse(answer)
        assert await anext(stream.lines) == "retry: 2000"
        complaint = await company.submit("W-2")
        desk.wake.notify()
        told = json.loads((await stream.next())["data"])
    number = (await live.get(f"/api/complaints/{complaint}")).json()["number"]
    assert (told["complaint_id"], told["number"]) == (complaint, number)
    assert told["zh"].startswith(f"2026-03-02 10:00:00，渠道 web 受理投诉 {number}")
    assert told["en"].startswith(f"2026-03-02 10:00:00: channel web received complaint {number}")


@pytest.mark.asyncio
async def test_who_watches_far_behind_is_brought_forward(
    company: Company, live: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.desk.streams.BEHIND", 5)
    monkeypatch.setattr("services.desk.streams.ROWS", 3)
    for number in range(6):
        await company.submit(f"W-{number}")
    head = company.ledger.head()
    async with live.stream("GET", "/api/live?after=0", headers=EVENT_STREAM) as answer:
        stream = Sse(answer)
        events = [await stream.next() for _ in range(4)]
    assert [event["event"] for event in events] == ["skipped", "sentence", "sentence", "sentence"]
    assert [int(event["id"]) for event in events] == [head - 3, head - 2, head - 1, head]
