"""The installation customers get merges what came by two channels, and parts it again when a colleague says so."""

import httpx
import pytest

from tests.flows.harness import Up, submission
from tests.waiting import eventually


@pytest.mark.clause("S004-1.2")
async def test_one_matter_by_two_channels_becomes_one_case_and_two_again(up: Up) -> None:
    await up.start()
    async with httpx.AsyncClient(base_url=up.http, timeout=30.0) as client:
        first = submission("web", "live-1")
        later = {**submission("app", "live-2"), "customer": first["customer"]}
        one, two = [(await client.post("/api/complaints", json=body)).json()["complaint_id"] for body in (first, later)]

        async def status() -> str:
            return str((await client.get(f"/api/complaints/{two}")).json()["status"])

        async def is_merged() -> bool:
            return await status() == "merged"

        async def stands_alone() -> bool:
            return await status() != "merged"

        await eventually(is_merged, within_seconds=20, despite=(KeyError,))
        part = {"by": "li.na", "data": {"to": one, "reason": "另一只"}}
        answer = await client.post(f"/api/complaints/{two}/commands/unlink", json=part)
        assert answer.status_code == 200, answer.text
        await eventually(stands_alone, within_seconds=20)
