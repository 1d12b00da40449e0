"""The case file is complete by itself: whoever holds it needs no other source (S000-6.2, S002-3.4, S003-7.3)."""

import httpx
import pytest

from events.sentences import sentence
from services.desk.case_file import case_file
from services.desk.desk import Desk
from tests import controls, examples
from tests.bdd import given
from tests.desk_cases import Company, app_of
from tests.outcomes import NOW, act, called_back, checked, ended, promised

STORY = [*ended(), checked(), promised(), called_back()]


@pytest.mark.clause("S000-6.2")
def test_the_file_tells_every_fact_in_both_languages() -> None:
    case = given(*STORY, *(act(fact) for fact in examples.HANDLING)).case
    file = case_file(case.complaint, case.history, controls.policy(), NOW)
    assert [entry["version"] for entry in file["timeline"]] == [recorded.version for recorded in case.history]
    zone = controls.policy().zone
    assert [entry["zh"] for entry in file["timeline"]] == [sentence(r, "zh", zone) for r in case.history]
    assert all(entry["en"] and entry["data"] is not None for entry in file["timeline"])


@pytest.mark.clause("S000-6.2", "S002-3.4")
def test_the_file_holds_evidence_decisions_promises_contacts_and_clocks() -> None:
    case = given(*STORY, *(act(fact) for fact in examples.HANDLING)).case
    file = case_file(case.complaint, case.history, controls.policy(), NOW)
    assert [piece["sha256"] for piece in file["evidence"]] == [examples.SHA]
    assert all(file[part] for part in ("findings", "proposals", "approvals", "refund", "clocks", "actions"))
    assert set(file["promises"]) == {"kept", "late", "broken", "pending"}


@pytest.mark.clause("S003-7.3")
def test_the_file_says_under_what_it_is_filed() -> None:
    case = given(*STORY).case
    filed = case_file(case.complaint, case.history, controls.policy(), NOW)["classification"]
    assert (filed["category"], filed["resolution"], filed["cause"]) == ("service", "corrected", "billing.error")


@pytest.mark.clause("S000-6.2", "S002-7.2")
@pytest.mark.asyncio
async def test_the_file_is_read_over_http_by_those_who_take_part(company: Company, desk: Desk) -> None:
    complaint = await company.handled("W-1", accused=["张伟"])
    transport = httpx.ASGITransport(app_of(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        file = await client.get(f"/api/complaints/{complaint}/file", params={"as": "li.na"})
        accused = await client.get(f"/api/complaints/{complaint}/file", params={"as": "zhang.wei"})
    assert file.json()["timeline"][0]["type"] == "complaint.received"
    assert (file.status_code, accused.status_code) == (200, 403)
