"""A complaint handled by people from the first word to the archived case, over HTTP, through all real services."""

from typing import Any

import httpx
import pytest

from tests.flows.harness import Up, submission
from tests.waiting import eventually


class Desk:
    """What a client of the company does with one complaint."""

    def __init__(self, client: httpx.AsyncClient, complaint: str) -> None:
        self._client = client
        self._path = f"/api/complaints/{complaint}"

    async def does(self, who: str, command: str, /, **data: Any) -> dict[str, Any]:
        """A command that is not refused; the complaint after it."""
        answer = await self._client.post(f"{self._path}/commands/{command}", json={"by": who, "data": data})
        assert answer.status_code == 200, f"{command} by {who}: {answer.text}"
        return await self.shows()

    async def is_refused(self, who: str, command: str, /, **data: Any) -> str:
        """The code of the refusal."""
        answer = await self._client.post(f"{self._path}/commands/{command}", json={"by": who, "data": data})
        assert answer.status_code == 409, f"{command} by {who}: {answer.text}"
        return str(answer.json()["refused"]["code"])

    async def shows(self) -> dict[str, Any]:
        """The complaint as the desk answers."""
        found: dict[str, Any] = (await self._client.get(self._path)).json()
        return found


@pytest.mark.clause("S000-3.1", "S000-4.1", "S002-0.3", "S004-6.6")
async def test_people_handle_a_complaint_to_its_archive_and_the_rules_hold_on_the_way(up: Up) -> None:
    await up.start()
    async with httpx.AsyncClient(base_url=up.http, timeout=30.0) as client:
        told = {"demands": ["退款"], "accused": ["zhang.wei"]}
        body = submission("web", "handled", "收到的充电器是坏的,要求退款") | told
        receipt = (await client.post("/api/complaints", json=body)).json()
        desk = Desk(client, receipt["complaint_id"])
        await eventually(lambda: _has_handler(desk), within_seconds=30)
        finding = {"facts": "没有问题", "liable": "customer", "cause": "误用"}
        assert await desk.is_refused("zhang.wei", "verify", **finding) == "recused"
        assert await desk.is_refused("li.na", "propose_solution", remedies=[], basis="退货规定") == "not_verified"
        await _from_facts_to_the_callback(desk, satisfied=False)
        await eventually(lambda: _is(desk, "reopened"), within_seconds=30)
        await _from_facts_to_the_callback(desk, satisfied=True)
        assert (await desk.does("li.na", "archive"))["status"] == "archived"
        assert await desk.is_refused("li.na", "verify", **finding) == "closed"


async def _from_facts_to_the_callback(desk: Desk, *, satisfied: bool) -> None:
    """Verified, proposed, agreed, carried out, resolved, called back."""
    digest = "ab" * 32
    photo = {"name": "照片.jpg", "media_type": "image/jpeg", "sha256": digest, "kind": "photo", "authentic": True}
    await desk.does("li.na", "add_evidence", **photo)
    await desk.does("li.na", "verify", facts="电芯短路", liable="company", cause="产品缺陷", evidence=[digest])
    remedy = {"kind": "refund", "amount": "50", "currency": "CNY", "responsible": "li.na"}
    answers = {"退款": {"result": "met"}}
    await desk.does("li.na", "propose_solution", remedies=[remedy], answers=answers, basis="退货规定")
    assert await desk.is_refused("li.na", "complete_step", step="1") == "not_agreed"
    agreed = await desk.does("li.na", "agree", medium="phone", words="可以")
    for step in agreed["plan"]:
        await desk.does("li.na", "complete_step", step=step["step"])
    await desk.does("li.na", "reply", kind="decision", medium="phone", text="您好,退款今日办妥,给您带来不便,我很抱歉。")
    assert (await desk.does("li.na", "resolve", outcome="corrected"))["status"] == "resolved"
    assert await desk.is_refused("li.na", "archive") == "not_called_back"
    await desk.does("li.na", "call_back", solved=True, satisfied=satisfied, medium="phone")


async def _has_handler(desk: Desk) -> bool:
    return (await desk.shows())["handler"] is not None


async def _is(desk: Desk, status: str) -> bool:
    return bool((await desk.shows())["status"] == status)
