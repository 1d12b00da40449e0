"""The ledger on every store: versions without gaps, conflicts seen, groups shared, refusals explicit (I3)."""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from deploy.postgres_server import Database, PostgresServer
from events import paging, stores
from events.catalogue import FACTS, encode
from events.envelope import BrokenHistory, Entry, StreamId
from events.ledger import Append, Conflict, Ledger, LedgerUnavailable, NotYourFact
from events.reception import Received
from events.stores import MemoryStore, PostgresStore, Row, SQLiteStore, Store, WeakDurability
from events.vocabulary import Service
from services.clock import now
from tests import controls
from tests.controls import C1, in_the_morning, put, received, some_streams, told

Make = Callable[[], Store]


@pytest.fixture(scope="module")
def emptied(postgres_server: PostgresServer) -> Make:
    """One database for all tests here, emptied for each: a server that stops writes every database's files."""
    database = postgres_server.create_database("contract_ledger")

    def make() -> Store:
        store = controls.postgres_store(database)
        with psycopg.connect(database.uri) as operator:
            operator.execute(f"TRUNCATE {stores.TABLE} RESTART IDENTITY")
        return store

    return make


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn, empty, its tables made."""
    if request.param == "postgres":
        made: Store = request.getfixturevalue("emptied")()
    else:
        made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "ledger.db")
    made.create()
    yield made
    made.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """A ledger whose clock is a second further at every commit."""
    return Ledger(store, controls.Clock(), unsafe=isinstance(store, MemoryStore))


def several(number: int) -> tuple[Entry, ...]:
    """A complaint of that many facts."""
    return (received(), *(told(in_the_morning()) for _ in range(number - 1)))


def test_versions_of_a_complaint_are_1_to_n_without_gaps(ledger: Ledger) -> None:
    put(ledger, C1, *several(3))
    put(ledger, C1, *several(2))
    assert [recorded.version for recorded in ledger.load(C1)] == [1, 2, 3, 4, 5]


def test_what_is_loaded_is_what_was_appended(ledger: Ledger) -> None:
    entry = received()._replace(causation="message-1")
    [appended] = put(ledger, C1, entry)
    [loaded] = ledger.load(C1)
    assert loaded == appended
    assert loaded[3:5] == (entry.fact, entry.occurred_at)
    assert loaded[6:] == (entry.actor, "message-1", controls.POLICY_ID)


def test_a_group_larger_than_a_socket_takes_at_a_time_is_committed_whole(ledger: Ledger) -> None:
    long = received(text="长" * 20_000)
    streams = some_streams(100)
    ledger.commit([Append(stream, 0, (long,)) for stream in streams])
    assert ledger.versions(streams) == dict.fromkeys(streams, 1)


def test_positions_rise_over_all_complaints(ledger: Ledger) -> None:
    for stream in some_streams(4) * 2:
        put(ledger, stream, received())
    positions = [recorded.position for recorded in ledger.replay()]
    assert positions == sorted(set(positions))
    assert len(positions) == 8
    assert ledger.head() == positions[-1]


def test_an_empty_ledger_has_no_head_no_versions_and_no_history(ledger: Ledger) -> None:
    assert (ledger.head(), ledger.versions([C1]), ledger.load_many([C1]), list(ledger.replay())) == (0, {}, {}, [])
    assert ledger.load(C1).version == 0


def test_many_complaints_are_loaded_in_one_question(ledger: Ledger) -> None:
    streams = some_streams(700)
    ledger.commit([Append(stream, 0, several(2)) for stream in streams])
    loaded = ledger.load_many([*streams, C1])
    assert set(loaded) == set(streams)
    assert {history.version for history in loaded.values()} == {2}
    assert ledger.versions(streams) == dict.fromkeys(streams, 2)


def test_recorded_at_is_the_ledgers_clock_and_occurred_at_the_callers(ledger: Ledger) -> None:
    [first] = put(ledger, C1, received(controls.at_closing()))
    [second] = put(ledger, C1, told(controls.at_closing()))
    assert first.occurred_at == second.occurred_at == controls.at_closing()
    assert in_the_morning() < first.recorded_at < second.recorded_at
    assert [r.recorded_at for r in ledger.load(C1)] == [first.recorded_at, second.recorded_at]


def test_a_time_without_a_zone_is_refused_before_anything_is_stored(ledger: Ledger) -> None:
    naive = in_the_morning().replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        put(ledger, C1, received(naive))
    assert ledger.head() == 0


def test_a_writer_that_saw_an_old_version_is_told_and_nothing_is_written(ledger: Ledger) -> None:
    put(ledger, C1, *several(2))
    assert ledger.commit([Append(C1, 1, (told(in_the_morning()),))]) == [Conflict(C1, expected=1, found=2)]
    assert ledger.load(C1).version == 2


def test_all_facts_of_one_decision_are_written_or_none(ledger: Ledger) -> None:
    put(ledger, C1, *several(2))
    assert ledger.commit([Append(C1, 0, several(5))]) == [Conflict(C1, expected=0, found=2)]
    assert ledger.load(C1).version == 2


def test_several_appends_to_one_complaint_in_a_batch_see_each_other(ledger: Ledger) -> None:
    first, second, late = (Append(C1, expected, several(1)) for expected in (0, 1, 0))
    outcomes = ledger.commit([first, second, late])
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False, False, True]
    assert outcomes[2] == Conflict(C1, expected=0, found=2)
    assert ledger.load(C1).version == 2


def test_one_conflict_does_not_spoil_the_others_of_a_group(ledger: Ledger) -> None:
    streams = some_streams(5)
    put(ledger, streams[2], received())
    outcomes = ledger.commit([Append(stream, 0, several(2)) for stream in streams])
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False, False, True, False, False]
    assert ledger.versions(streams) == dict(zip(streams, (2, 2, 1, 2, 2), strict=True))


async def test_two_hundred_who_append_at_once_share_a_few_commits(ledger: Ledger) -> None:
    streams = some_streams(200)
    outcomes = await asyncio.gather(*(ledger.append_all([Append(stream, 0, several(2))]) for stream in streams))
    assert [outcome[0][0].complaint_id for outcome in outcomes if isinstance(outcome[0], list)] == streams
    recorded = list(ledger.replay())
    assert len(recorded) == 400
    assert len({one.recorded_at for one in recorded}) <= 5  # the clock is asked once a commit


async def test_everybody_in_a_group_gets_their_own_outcome(ledger: Ledger) -> None:
    first, second = await asyncio.gather(*(ledger.append_all([Append(C1, 0, several(1))]) for _ in range(2)))
    assert not isinstance(first[0], Conflict)
    assert second == [Conflict(C1, expected=0, found=1)]


async def test_a_caller_who_gave_up_does_not_keep_the_others_waiting(ledger: Ledger) -> None:
    streams = some_streams(3)
    waiting = [asyncio.create_task(ledger.append_all([Append(stream, 0, several(1))])) for stream in streams]
    await asyncio.sleep(0)
    waiting[1].cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*waiting)
    await asyncio.gather(waiting[0], waiting[2])
    assert set(ledger.versions(streams)) >= {streams[0], streams[2]}


async def test_readers_are_woken_after_a_commit(ledger: Ledger) -> None:
    seen: list[int] = []
    ledger.on_commit = lambda: seen.append(ledger.head())
    await ledger.append_all([Append(C1, 0, several(3))])
    await asyncio.sleep(0)
    assert seen == [ledger.head()]


def test_a_replay_reads_page_by_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE", 10)
    put(ledger, C1, *several(25))
    replay = ledger.replay()
    early = [next(replay) for _ in range(5)]
    [late] = put(ledger, C1, told(in_the_morning()))
    # What was appended meanwhile is read too: nothing beyond a page was held in memory.
    assert [*early, *replay][-1] == late


def test_a_replay_may_begin_after_any_position(ledger: Ledger) -> None:
    put(ledger, C1, *several(5))
    every = list(ledger.replay())
    assert list(ledger.replay(every[2].position)) == every[3:]
    assert [row.position for row in ledger.rows_after(every[0].position, 2)] == [r.position for r in every[1:3]]


def test_a_history_with_a_hole_is_reported_not_used(ledger: Ledger, store: Store) -> None:
    put(ledger, C1, received())
    state = encode(told(in_the_morning()), in_the_morning())
    store.insert([StoredEvent(C1, 3, "complaint.replied", state)])
    with pytest.raises(BrokenHistory, match="version 2 is missing"):
        ledger.load(C1)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_each_fact_has_the_services_that_may_append_it(fact: type[Any]) -> None:
    ledger = Ledger(MemoryStore(), controls.Clock(), unsafe=True)
    append = Append(C1, 0, (received()._replace(fact=controls.every_fact()[fact.TYPE]),))
    for service in set(Service) - {fact.WRITER} - fact.ALSO:
        with pytest.raises(NotYourFact, match=fact.TYPE):
            ledger.writer(service).commit([append])
    assert ledger.head() == 0
    assert not isinstance(ledger.writer(fact.WRITER).commit([append])[0], Conflict)


async def test_one_foreign_fact_keeps_the_whole_group_out(ledger: Ledger) -> None:
    mine, foreign = Append(C1, 0, (received(),)), Append(some_streams(1)[0], 0, (told(in_the_morning()),))
    with pytest.raises(NotYourFact):
        await ledger.writer(Service.INTAKE).append_all([mine, foreign])
    assert ledger.head() == 0


def test_a_ledger_that_may_only_be_read_refuses_to_write_and_reads_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SQLiteStore(path)) as writing:
        writing.create()
        put(Ledger(writing, now), C1, received())
        with closing(SQLiteStore(path, read_only=True)) as reading:
            ledger = Ledger(reading, now)
            with pytest.raises(LedgerUnavailable, match="readonly"):
                ledger.commit([Append(C1, 1, (told(in_the_morning()),))])
            assert ledger.load(C1).version == 1


def test_a_full_disk_is_refused_reads_go_on_and_space_cures_it(tmp_path: Path) -> None:
    with closing(SQLiteStore(tmp_path / "ledger.db")) as store:
        store.create()
        ledger = Ledger(store, now)
        put(ledger, C1, received())
        allow_pages(store, 1)
        with pytest.raises(LedgerUnavailable, match="full"):
            ledger.commit([Append(C1, 1, (received(text="长" * 20_000),))])
        assert ledger.load(C1).version == 1
        allow_pages(store, 1_000_000)
        assert put(ledger, C1, told(in_the_morning()))[0].version == 2


def allow_pages(store: SQLiteStore, number: int) -> None:
    """The file may grow to that many pages; it never shrinks below what it has."""
    with store.datastore.transaction(commit=True) as cursor:
        cursor.execute(f"PRAGMA max_page_count = {number}")
        cursor.fetchall()


@pytest.fixture
def own_postgres(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL a test may stop; it lies next to the session's, where its own user gets in."""
    with PostgresServer(postgres_server.directory.parent / "own") as server:
        yield server


def test_a_stopped_database_is_unavailable_and_nothing_is_lost_when_it_returns(own_postgres: PostgresServer) -> None:
    with closing(controls.postgres_store(own_postgres.database("postgres"), connect_timeout=2)) as store:
        ledger = Ledger(store, now)
        put(ledger, C1, received())
        own_postgres.crash()
        with pytest.raises(LedgerUnavailable):
            ledger.commit([Append(C1, 1, (told(in_the_morning()),))])
        own_postgres.start()
        for _ in range(10):  # every pooled connection of the old server may still be tried once
            with suppress(LedgerUnavailable):
                ledger.load(C1)
        assert ledger.load(C1).version == 1
        assert put(ledger, C1, told(in_the_morning()))[0].version == 2


async def test_everybody_who_waits_for_a_failed_commit_hears_of_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SQLiteStore(path)) as writing:
        writing.create()
    with closing(SQLiteStore(path, read_only=True)) as store:
        ledger = Ledger(store, now)
        appends = [ledger.append_all([Append(stream, 0, several(1))]) for stream in some_streams(5)]
        outcomes = await asyncio.gather(*appends, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [LedgerUnavailable] * 5


@pytest.mark.parametrize(
    ("pragma", "told_of"),
    [("synchronous = OFF", "synchronous is 0"), ("journal_mode = DELETE", "journal_mode is delete")],
)
def test_a_sqlite_that_could_lose_a_commit_is_refused(tmp_path: Path, pragma: str, told_of: str) -> None:
    with closing(SQLiteStore(tmp_path / "ledger.db")) as store:
        store.create()
        with store.datastore.get_connection(commit=False) as weakened, weakened.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")
            cursor.fetchall()
        with pytest.raises(WeakDurability, match=told_of):
            Ledger(store, now)


def test_a_postgres_that_could_lose_a_commit_is_refused(own_postgres: PostgresServer) -> None:
    with psycopg.connect(own_postgres.uri, autocommit=True) as operator:
        operator.execute("ALTER SYSTEM SET fsync = off")
        operator.execute("ALTER DATABASE postgres SET synchronous_commit = off")
        operator.execute("SELECT pg_reload_conf()")
    own_postgres.stop()
    own_postgres.start()
    with closing(controls.postgres_store(own_postgres.database("postgres"))) as store:
        assert [weak.split(":")[0] for weak in store.weaknesses()] == [
            "PostgreSQL fsync is off",
            "PostgreSQL synchronous_commit is off",
        ]
        with pytest.raises(WeakDurability, match="set fsync = on"):
            Ledger(store, now)


def test_a_ledger_in_memory_is_refused_unless_asked_for() -> None:
    with pytest.raises(WeakDurability, match="in memory"):
        Ledger(MemoryStore(), now)


def write_in_turn(connection: dict[str, Any], name: str, number: int) -> int:
    """In a process of its own: append one fact at a time until `number` are in; how often somebody was faster."""
    conflicts = 0
    with closing(PostgresStore(**connection)) as store:
        ledger = Ledger(store, now)
        for _ in range(number):
            while True:
                entry = told(in_the_morning(), by=name)
                outcome = ledger.commit([Append(C1, ledger.load(C1).version, (entry,))])[0]
                if not isinstance(outcome, Conflict):
                    break
                conflicts += 1
    return conflicts


def test_two_processes_on_one_complaint_lose_nothing_and_share_no_version(postgres: Database) -> None:
    with closing(controls.postgres_store(postgres)) as store:
        ledger = Ledger(store, now)
        put(ledger, C1, received())
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            people = ("li.na", "zhang.wei")
            list(pool.map(write_in_turn, [controls.connection(postgres)] * 2, people, [30] * 2))
        history = ledger.load(C1)
    assert [recorded.version for recorded in history] == list(range(1, 62))
    assert isinstance(history[0].fact, Received)
    assert {name: sum(r.actor.id == name for r in history) for name in people} == dict.fromkeys(people, 30)


def test_closing_waits_for_a_read_that_runs_in_another_thread(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, now)
    entered, left = Event(), Event()
    after = store.after

    def slowly(position: int, limit: int) -> Sequence[Row]:
        entered.set()
        left.wait(5)
        return after(position, limit)

    store.after = slowly  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as threads:
        reading = threads.submit(ledger.rows_after, 0, 1)
        entered.wait(5)
        closing = threads.submit(ledger.close)
        left.set()
        assert reading.result(5) == []
        closing.result(5)
    with pytest.raises(LedgerUnavailable, match="closed"):
        ledger.head()


def test_streams_are_read_one_after_the_other_whatever_order_they_were_written_in(ledger: Ledger) -> None:
    streams = some_streams(5)
    for stream in [*streams, *reversed(streams)]:
        put(ledger, stream, *several(2))
    places = [(row.stream, row.version) for row in ledger.scan_streams(StreamId("0"), StreamId("g"))]
    assert places == [(stream, version) for stream in sorted(streams) for version in (1, 2, 3, 4)]


def test_streams_read_between_two_ids_begin_with_the_first_and_end_before_the_second(ledger: Ledger) -> None:
    first, second, third, fourth = sorted(some_streams(4))
    ledger.commit([Append(stream, 0, several(2)) for stream in (fourth, second, third, first)])
    assert [row.stream for row in ledger.scan_streams(second, fourth)] == [second, second, third, third]
    assert list(ledger.scan_streams(fourth, fourth)) == []


def test_streams_larger_than_a_page_are_read_whole_with_the_rows_as_stored(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE", 3)
    ledger.commit([Append(stream, 0, several(4)) for stream in some_streams(7)])
    read = list(ledger.scan_streams(StreamId("0"), StreamId("g")))
    assert read == sorted(ledger.scan(), key=lambda row: (row.stream, row.version))
    assert len(read) == 28


def test_a_page_of_streams_is_a_walk_along_the_index_without_sorting(tmp_path: Path, postgres: Database) -> None:
    place = (C1, 1, "g", 10)
    with closing(SQLiteStore(tmp_path / "ledger.db")) as small:
        small.create()
        [plan] = [row["detail"] for row in small._rows(f"EXPLAIN QUERY PLAN {small.BY_STREAM}", place)]
    assert "USING INDEX sqlite_autoindex_stored_events_1" in plan
    assert plan.startswith("SEARCH")
    with closing(controls.postgres_store(postgres)) as large:
        large.insert([StoredEvent(stream, 1, "t", b"{}") for stream in some_streams(20_000)])
        with psycopg.connect(postgres.uri) as operator:
            operator.execute(f"ANALYZE {stores.TABLE}")
        steps = " ".join(row["QUERY PLAN"] for row in large._rows(f"EXPLAIN {large.BY_STREAM}", place))
    assert "Index Scan using stored_events_pkey" in steps
    assert "Sort" not in steps
