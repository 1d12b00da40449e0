"""The list is what the ledger says: live or rebuilt, after a crash, read twice, by several processes, broken or old."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from events.envelope import Actor, History, StreamId
from events.handling import Assigned
from events.ledger import LedgerUnavailable
from events.vocabulary import ActorKind, Service
from services.desk.filters import Question
from services.desk.view import ListView
from tests.desk_cases import Company

WORKFLOW = Actor(kind=ActorKind.SYSTEM, id="workflow")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    company = Company(tmp_path)
    yield company
    company.close()


def view(company: Company, name: str = "views.db", page: int = 500) -> ListView:
    opened = ListView(company.ledger, company.policies, company.views.with_name(name), page=page)
    company.opened.append(opened)
    return opened


def rows(company: Company, name: str = "views.db") -> list[tuple[Any, ...]]:
    """Everything the list holds, as stored."""
    connection = sqlite3.connect(company.views.with_name(name))
    try:
        return connection.execute("SELECT * FROM complaints ORDER BY complaint_id").fetchall()
    finally:
        connection.close()


async def filled(company: Company, count: int = 6) -> list[StreamId]:
    """Complaints in several states: untouched, assigned, answered, late."""
    complaints = [await company.submit(f"W-{number}") for number in range(count)]
    await company.look(*complaints[1:])
    company.reply(complaints[1])
    company.pass_time(hours=9)
    await company.look(*complaints[2:])
    return complaints


@pytest.mark.asyncio
async def test_a_list_kept_all_along_equals_one_made_later(company: Company) -> None:
    live = view(company)
    complaints = await filled(company)
    live.catch_up()
    company.reply(complaints[3])
    company.pass_time(days=2)
    await company.look(*complaints)
    live.catch_up()
    view(company, "rebuilt.db").catch_up()
    assert len(rows(company)) == len(complaints)
    assert rows(company) == rows(company, "rebuilt.db")


@pytest.mark.asyncio
@pytest.mark.parametrize("page", [1, 2, 7])
async def test_the_size_of_a_page_changes_nothing(company: Company, page: int) -> None:
    await filled(company)
    view(company, "small.db", page).catch_up()
    view(company, "large.db").catch_up()
    assert rows(company, "small.db") == rows(company, "large.db")


@pytest.mark.asyncio
async def test_a_crash_between_pages_and_within_one_loses_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(company)
    first = view(company, page=5)
    assert not first.catch_up(2)
    before = rows(company)
    with monkeypatch.context() as broken:
        broken.setattr("services.desk.view._digest", _power_cut)  # after the rows, before the position
        with pytest.raises(KeyboardInterrupt):
            first.catch_up()
    assert rows(company) == before
    first.close()
    again = view(company, page=5)
    assert again.find(Question(), company.now).position == 10
    assert again.catch_up()
    view(company, "rebuilt.db").catch_up()
    assert rows(company) == rows(company, "rebuilt.db")


def _power_cut(_: object) -> str:
    raise KeyboardInterrupt


@pytest.mark.asyncio
async def test_events_taken_in_twice_change_nothing(company: Company) -> None:
    await filled(company)
    view(company).catch_up()
    before = rows(company)
    connection = sqlite3.connect(company.views, isolation_level=None)
    connection.execute("UPDATE progress SET position = 0, digest = ''")
    connection.close()
    view(company, page=3).catch_up()
    assert rows(company) == before


@pytest.mark.asyncio
async def test_a_complaint_is_read_once_however_many_pages_tell_of_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints = await filled(company)
    read: list[StreamId] = []
    load_many = company.ledger.load_many

    def noted(streams: Iterable[StreamId]) -> dict[StreamId, History]:
        read.extend(streams := list(streams))
        return load_many(streams)

    monkeypatch.setattr(company.ledger, "load_many", noted)
    view(company, page=2).catch_up()
    assert sorted(read) == sorted(complaints)


@pytest.mark.asyncio
async def test_two_processes_may_share_a_file(company: Company) -> None:
    await filled(company)
    one, other = view(company, page=3), view(company, page=4)
    while not (one.catch_up(1) and other.catch_up(1)):
        pass
    view(company, "alone.db").catch_up()
    assert rows(company) == rows(company, "alone.db")


@pytest.mark.asyncio
async def test_a_deleted_file_is_made_anew(company: Company) -> None:
    await filled(company)
    kept = view(company)
    kept.catch_up()
    before = rows(company)
    kept.close()
    company.views.unlink()
    view(company).catch_up()
    assert rows(company) == before


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [b"this is no database at all, but longer than its header" * 9, b""])
async def test_a_file_that_cannot_be_read_is_made_anew(company: Company, content: bytes) -> None:
    await filled(company)
    company.views.write_bytes(content)
    view(company).catch_up()
    assert len(rows(company)) == 6


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "older",
    [
        "UPDATE progress SET made_for = 'an older release'",
        "DROP TABLE progress; CREATE TABLE progress (position INTEGER)",
        "DELETE FROM progress",
        "UPDATE progress SET digest = 'of the ledger before the backup was put back'",
        "UPDATE progress SET position = position + 1000",
    ],
)
async def test_a_list_of_another_release_or_ledger_is_made_anew(company: Company, older: str) -> None:
    await filled(company)
    kept = view(company)
    kept.catch_up()
    before = rows(company)
    kept.close()
    connection = sqlite3.connect(company.views)
    connection.executescript(f"UPDATE complaints SET status = 'wrong', level = 9; {older};")
    connection.close()
    view(company).catch_up()
    assert rows(company) == before


@pytest.mark.asyncio
async def test_a_complaint_that_cannot_be_read_stops_no_other(company: Company) -> None:
    stray = StreamId("6f1c0f6e-9f2b-5d0a-8a60-000000000001")
    fact = Assigned(owner="li.na", handler="li.na", department="service", reason="no Received before it")
    company.append(Service.WORKFLOW, stray, [fact], WORKFLOW)
    await filled(company)
    kept = view(company)
    assert kept.catch_up()
    page = kept.find(Question(), company.now)
    assert (len(page.complaints), page.failures, page.position) == (6, 1, company.ledger.head())


@pytest.mark.asyncio
async def test_while_the_ledger_is_away_the_list_stays_where_it_is(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(company)
    kept = view(company, page=4)
    kept.catch_up(1)
    with monkeypatch.context() as away:
        away.setattr(company.ledger, "load_many", _away)
        with pytest.raises(LedgerUnavailable):
            kept.catch_up()
    assert kept.find(Question(), company.now).position == 4
    assert kept.catch_up()


def _away(_: object) -> dict[StreamId, Any]:
    raise LedgerUnavailable("restarting")


@pytest.mark.asyncio
async def test_the_next_deadline_is_the_earliest_a_person_owes(company: Company) -> None:
    complaint = await company.handled("W-1")
    kept = view(company)
    kept.catch_up()
    row = kept.find(Question(), company.now).complaints[0]
    # The machine's acknowledgement, due after 60 seconds, is no deadline of a person.
    assert (row.next_clock, row.next_due) == ("first_human", "2026-03-02T02:15:00.000000Z")
    company.reply(complaint)
    kept.catch_up()
    row = kept.find(Question(), company.now).complaints[0]
    assert (row.next_clock, row.next_due) == ("solution", "2026-03-03T02:00:00.000000Z")


@pytest.mark.asyncio
async def test_exactly_at_the_limit_is_not_overdue(company: Company) -> None:
    await company.handled("W-1")
    kept = view(company)
    kept.catch_up()

    def overdue(now: datetime) -> int:
        return len(kept.find(Question(overdue=True), now).complaints)

    at = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
    assert [overdue(at), overdue(at.replace(microsecond=1))] == [0, 1]
    assert len(kept.find(Question(overdue=False), at).complaints) == 1


@pytest.mark.asyncio
async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(company: Company) -> None:
    for number in range(7):
        await company.submit(f"W-{number}")
        if number % 3:  # some received at the same instant
            company.pass_time(seconds=1)
    kept = view(company)
    kept.catch_up()
    seen: list[str] = []
    after = None
    while True:
        page = kept.find(Question(limit=3, after=after), company.now)
        seen += [row.complaint_id for row in page.complaints]
        if (after := page.next) is None:
            break
    whole = kept.find(Question(limit=500), company.now).complaints
    assert seen == [row.complaint_id for row in whole]
    assert [row.received_at for row in whole] == sorted((row.received_at for row in whole), reverse=True)


@pytest.mark.asyncio
async def test_the_customers_words_and_name_are_not_in_the_file(company: Company) -> None:
    await company.handled(
        "W-1", "屏幕坏了", customer={"name": "欧阳修", "contacts": [{"medium": "phone", "address": "13912345678"}]}
    )
    kept = view(company)
    kept.catch_up()
    kept.close()
    content = company.views.read_bytes()
    assert not any(word.encode() in content for word in ("屏幕坏了", "欧阳修", "13912345678"))
