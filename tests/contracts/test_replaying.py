"""The audit history in order: narrowed down by place, time, kind and person, the bytes as stored (S000-6.2)."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.postgres_server import Database
from events.catalogue import decode, wire
from events.ledger import Ledger
from events.stores import Row, SQLiteStore, Store
from services.compliance.replay.digest import ledger_digest
from services.compliance.replay.replaying import UnknownType, Wanted, replayed, type_named
from tests import controls
from tests.pasts import rehearsed, store_of

SECOND = timedelta(seconds=1)


class Counting(Ledger):
    """A ledger that counts how many rows it was asked for."""

    read = 0

    def rows_after(self, position: int, limit: int) -> Any:
        """As a ledger does."""
        rows = super().rows_after(position, limit)
        self.read += len(rows)
        return rows


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counting]:
    """The incident of thirty complaints, in a real store."""
    store: Store
    if request.param == "sqlite":
        store = SQLiteStore(tmp_path / "ledger.db")
    else:
        database: Database = request.getfixturevalue("postgres")
        store = controls.postgres_store(database)
    store_of(store, rehearsed("g10").rows)
    with closing(Counting(store, controls.Clock(), unsafe=True)) as opened:
        yield opened


def every(ledger: Ledger) -> list[Row]:
    return list(ledger.scan())


@pytest.mark.clause("S000-6.2")
def test_the_whole_history_comes_in_order_and_byte_for_byte(ledger: Counting) -> None:
    assert [wire(*row) for row in replayed(ledger, Wanted())] == [wire(*row) for row in every(ledger)]


@pytest.mark.parametrize("seconds", [-1, 0, 1, 600, 100_000])
def test_a_time_is_found_without_reading_everything(ledger: Counting, seconds: int) -> None:
    rows = [decode(*row) for row in every(ledger)]
    moment = rows[0].recorded_at + seconds * SECOND
    expected = [recorded.position for recorded in rows if recorded.recorded_at >= moment]
    ledger.read = 0
    assert ledger.position_before(moment) == (expected[0] - 1 if expected else rows[-1].position)
    assert ledger.read <= len(rows).bit_length() + 1


@pytest.mark.clause("S000-6.2")
def test_every_condition_holds_together_with_the_others(ledger: Counting) -> None:
    rows = [decode(*row) for row in every(ledger)]
    middle = rows[len(rows) // 2]
    wanted = Wanted(
        after=rows[3].position,
        to=rows[-4].position,
        since=rows[0].recorded_at,
        until=middle.recorded_at,
        types=frozenset({type_named("classified"), type_named("Escalated")}),
        by="workflow",
    )
    expected = [
        recorded.position
        for recorded in rows[4:-3]
        if recorded.recorded_at <= middle.recorded_at
        and recorded.name in ("Classified", "Escalated")
        and recorded.actor.id == "workflow"
    ]
    assert expected
    assert [row.position for row in replayed(ledger, wanted)] == expected


def test_one_complaint_is_read_alone(ledger: Counting) -> None:
    stream = next(row.stream for row in every(ledger) if row.topic == "complaint.received")
    ledger.read = 0
    found = list(replayed(ledger, Wanted(stream=stream)))
    assert {row.stream for row in found} == {stream}
    assert ledger.read == 0


def test_a_name_inside_a_text_is_not_who_acted(ledger: Counting) -> None:
    """`"id":"1"` stands in many facts; only the actor's counts."""
    assert list(replayed(ledger, Wanted(by="1"))) == []


def test_until_includes_its_instant(ledger: Counting) -> None:
    first = decode(*every(ledger)[0])
    found = [decode(*row).recorded_at for row in replayed(ledger, Wanted(until=first.recorded_at))]
    assert set(found) == {first.recorded_at}


@pytest.mark.parametrize(("name", "meant"), [("recieved", "complaint.received"), ("Repleid", "complaint.replied")])
def test_an_event_nobody_knows_is_refused_with_the_few_it_may_mean(name: str, meant: str) -> None:
    with pytest.raises(UnknownType, match=meant) as refused:
        type_named(name)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("name", ["", "nothing", "complaint", "complaint."])
def test_what_is_no_event_at_all_is_refused(name: str) -> None:
    with pytest.raises(UnknownType):
        type_named(name)


def test_the_far_future_and_the_far_past_are_empty_questions(ledger: Counting) -> None:
    assert list(replayed(ledger, Wanted(since=datetime(2100, 1, 1, tzinfo=UTC)))) == []
    assert list(replayed(ledger, Wanted(until=datetime(1990, 1, 1, tzinfo=UTC)))) == []


def test_the_lines_are_those_the_ledger_digest_is_made_of(ledger: Counting) -> None:
    lines = b"".join(wire(*row) + b"\n" for row in replayed(ledger, Wanted()))
    assert ledger_digest(ledger.scan()) == (len(every(ledger)), hashlib.sha256(lines).hexdigest())
