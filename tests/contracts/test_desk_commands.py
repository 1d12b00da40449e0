"""What HTTP makes of a command before and after a service decides on it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from events.answering import FAILED, TOO_LARGE
from events.commands import Command
from services.desk.commands import commanding
from services.desk.desk import Desk
from tests.desk_cases import Company

REPLY = {"by": "li.na", "data": {"kind": "progress", "medium": "phone", "text": "您好"}}


class Service:
    """A service behind the broker that answers as told."""

    def __init__(self) -> None:
        self.answer: Mapping[str, Any] = {"events": []}
        self.asked: list[Command] = []

    async def ask(self, command: Command) -> Mapping[str, Any]:
        """As told."""
        self.asked.append(command)
        return self.answer


@pytest.fixture
def service() -> Service:
    return Service()


@pytest_asyncio.fixture
async def address(tmp_path: Path, service: Service) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    company = Company(tmp_path)
    complaint = await company.handled("W-1")
    desk: Desk = company.desk()
    app = FastAPI()
    app.include_router(commanding(desk, service.ask, ("reply",)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        yield client, f"/api/complaints/{complaint}/commands/reply"
    company.close()


Address = tuple[httpx.AsyncClient, str]


@pytest.mark.parametrize(("answer", "status"), [({"events": []}, 200), (FAILED, 500), (TOO_LARGE, 413)])
async def test_the_status_tells_whose_fault_it_was(
    address: Address, service: Service, answer: Mapping[str, Any], status: int
) -> None:
    service.answer = answer
    client, path = address
    assert (await client.post(path, json=REPLY)).status_code == status


@pytest.mark.parametrize("version", ["abc", "9" * 5_000, '"-1"'])
async def test_a_version_that_is_none_is_told_and_nobody_is_asked(
    address: Address, service: Service, version: str
) -> None:
    client, path = address
    answer = await client.post(path, json=REPLY, headers={"if-match": version})
    assert (answer.status_code, answer.json()["field"]) == (422, "If-Match")
    assert service.asked == []


async def test_a_text_the_store_cannot_hold_is_told_by_its_field(address: Address, service: Service) -> None:
    client, path = address
    body = b'{"by": "li.na", "data": {"kind": "progress", "medium": "phone", "text": "\\ud800"}}'
    answer = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "text: control character U+D800" in answer.text
    assert service.asked == []
