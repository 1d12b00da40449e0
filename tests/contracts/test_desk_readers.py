"""Who reads what at the desk: the accused see neither file nor complainant, labels are for few (S002-7.2, C21, C22)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from events.envelope import Actor, StreamId
from events.participation import Recused
from events.understanding import Labelled
from events.vocabulary import ActorKind, LabelKind, Service
from tests.desk_cases import MONDAY_AT_TEN, Company

PAGES = ("", "/events", "/clocks")
LABEL = "这位客户声称要索赔"


async def get(api: httpx.AsyncClient, path: str, status: int = 200, *, reader: str | None = None, **asked: Any) -> Any:
    answer = await api.get(path, params={**asked, **({"as": reader} if reader else {})})
    assert answer.status_code == status, answer.text
    return answer.json()


def label(company: Company, complaint: StreamId) -> None:
    until = MONDAY_AT_TEN + timedelta(days=30)
    fact = Labelled(kind=LabelKind.SUSPICIOUS, value=LABEL, reason="多次退货", until=until)
    company.append(Service.WORKFLOW, complaint, [fact], Actor(kind=ActorKind.PERSON, id="wang.fang"))


@pytest.mark.clause("S002-7.1", "S002-7.2")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("reader", "status"), [("zhang.wei", 403), ("wang.fang", 403), ("li.na", 200)])
async def test_the_accused_and_their_line_manager_read_nothing_of_the_case(
    company: Company, api: httpx.AsyncClient, reader: str, status: int, page: str
) -> None:
    complaint = await company.handled("W-1", accused=["张伟"])
    answer = await api.get(f"/api/complaints/{complaint}{page}", params={"as": reader})
    assert answer.status_code == status
    assert ("张三" in answer.text) is (status == 200 and page != "/clocks")


@pytest.mark.clause("S002-7.2")
@pytest.mark.parametrize("reader", ["", " "])
async def test_a_reader_without_a_name_reads_nothing(company: Company, api: httpx.AsyncClient, reader: str) -> None:
    complaint = await company.handled("W-1", accused=["zhang.wei"])
    for path in (f"/api/complaints/{complaint}", "/api/complaints", "/api/events"):
        answer = await api.get(path, params={"as": reader})
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_value")


@pytest.mark.clause("S002-7.2")
async def test_the_refusal_says_why_and_who_may_read_instead(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", accused=["zhang.wei"])
    told = await get(api, f"/api/complaints/{complaint}", 403, reader="zhang.wei")
    assert (told["error"], told["refused"]["requirement"]) == ("recused", "S002-7.2")
    assert told["refused"]["may"] == ["li.na", "zhou.min"]
    assert "不得查阅" in told["zh"]


@pytest.mark.clause("S002-7.2")
async def test_who_was_recused_after_reading_reads_no_more_not_even_the_past(
    company: Company, api: httpx.AsyncClient
) -> None:
    complaint = await company.handled("W-1")
    await get(api, f"/api/complaints/{complaint}", reader="sun.li")
    company.append(
        Service.WORKFLOW,
        complaint,
        [Recused(person="sun.li", reason="亲属")],
        Actor(kind=ActorKind.PERSON, id="wu.hao"),
    )
    past = MONDAY_AT_TEN.isoformat().replace("+00:00", "Z")
    await get(api, f"/api/complaints/{complaint}", 403, reader="sun.li", as_of=past)


@pytest.mark.clause("S002-7.1")
async def test_the_list_hides_what_its_reader_takes_no_part_in(company: Company, api: httpx.AsyncClient) -> None:
    accusing, other = await company.handled("W-1", accused=["zhang.wei"]), await company.handled("W-2")
    listed = {
        reader: {line["complaint_id"] for line in (await get(api, "/api/complaints", reader=reader))["complaints"]}
        for reader in ("zhang.wei", "wang.fang", "li.na")
    }
    assert listed == {"zhang.wei": {other}, "wang.fang": {other}, "li.na": {accusing, other}}


@pytest.mark.clause("S002-7.2")
async def test_the_ledger_and_the_pages_hide_it_as_well(company: Company, api: httpx.AsyncClient) -> None:
    accusing, other = await company.handled("W-1", accused=["zhang.wei"]), await company.handled("W-2")
    events = await get(api, "/api/events", limit=1_000, reader="zhang.wei")
    assert accusing not in {event["complaint_id"] for event in events} >= {other}
    for path in ("/", "/board"):
        told = (await api.get(path, params={"as": "zhang.wei"})).text
        assert accusing not in told
        assert other in told
    page = await api.get(f"/complaints/{accusing}", params={"as": "zhang.wei"})
    assert page.status_code == 403
    assert "张三" not in page.text


async def test_a_page_of_events_is_full_although_some_are_hidden(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", accused=["zhang.wei"])
    other = await company.handled("W-2")
    events = await get(api, "/api/events", limit=4, reader="zhang.wei")
    assert [event["complaint_id"] for event in events][-2:] == [other, other]
    assert len(events) == 4


@pytest.mark.clause("S002-7.2")
async def test_nobody_unknown_reads_a_case_as_a_colleague(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    assert (await get(api, f"/api/complaints/{complaint}", 403, reader="ghost"))["error"] == "unknown_person"


@pytest.mark.clause("S001-12.1", "S001-10.1", "S003-1.5")
@pytest.mark.parametrize(
    ("reader", "shown"),
    [(None, False), ("li.na", False), ("chen.jie", False), ("wang.fang", True), ("zhao.lei", True), ("wu.hao", True)],
)
async def test_restricted_labels_are_for_supervisors_and_compliance(
    company: Company, api: httpx.AsyncClient, reader: str | None, shown: bool
) -> None:
    complaint = await company.handled("W-1")
    label(company, complaint)
    asked = {"as": reader} if reader else {}
    state = await get(api, f"/api/complaints/{complaint}", reader=reader)
    assert [each["value"] for each in state["understanding"]["labels"]] == ([LABEL] if shown else [])
    for path in (f"/api/complaints/{complaint}/events", "/api/events", f"/complaints/{complaint}", "/"):
        told = (await api.get(path, params={"limit": "1000", **asked} if path == "/api/events" else asked)).text
        assert ('"complaint.labelled"' in told or "受限标签" in told) is shown, path


@pytest.mark.clause("S001-10.1", "S001-12.1")
@pytest.mark.parametrize(("after", "shown"), [(timedelta(), True), (timedelta(seconds=1), False)])
async def test_a_label_is_shown_until_its_last_instant_and_no_longer(
    company: Company, api: httpx.AsyncClient, after: timedelta, shown: bool
) -> None:
    complaint = await company.handled("W-1")
    label(company, complaint)
    company.now = MONDAY_AT_TEN + timedelta(days=30) + after
    state = await get(api, f"/api/complaints/{complaint}", reader="wu.hao")
    assert bool(state["understanding"]["labels"]) is shown
