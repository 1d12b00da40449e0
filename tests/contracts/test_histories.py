"""Complaints one after the other, and the same work in several processes: nothing twice, nothing left out."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from deploy.postgres_server import Database
from events.catalogue import wire
from events.complaint import Complaint
from events.envelope import Entry, StreamId
from events.folding import fold
from events.ledger import Append, Ledger
from events.stores import MemoryStore, SQLiteStore, Store
from policy.registry import POLICIES
from services.compliance.replay import histories
from services.compliance.replay.digest import canonical
from services.compliance.replay.folding_all import fold_all
from services.compliance.replay.histories import BEGIN, END, ShareFailed, in_shares, ranges
from services.compliance.verification.verifier import entry_hash, leaf_hash, root_of
from tests import controls
from tests.controls import C1, in_the_morning, put, received, some_streams, told
from tests.openers import postgres_ledger, sqlite_ledger

COMPLAINTS = 60


@pytest.fixture(params=["sqlite", "postgres"])
def opener(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractContextManager[Ledger]]:
    """Opens a ledger of some complaints, which counts as a large one."""
    monkeypatch.setattr(histories, "SMALL", 10)
    if request.param == "sqlite":
        store: Any = SQLiteStore(tmp_path / "ledger.db")
        store.create()
        opens = partial(sqlite_ledger, tmp_path / "ledger.db")
    else:
        database: Database = request.getfixturevalue("postgres")
        store = controls.postgres_store(database)
        opens = partial(postgres_ledger, controls.connection(database))
    with closing(Ledger(store, controls.Clock())) as ledger:
        write(ledger)
        with suppress(IntegrityError):  # PostgreSQL skips a position for what it refused
            store.insert([StoredEvent(POLICIES, 1, controls.published().TYPE, b"{}")])
        put(ledger, C1, received())
    return opens


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Ledger]]:
    """Opens a ledger with nothing in it, which counts as a large one."""
    monkeypatch.setattr(histories, "SMALL", 0)
    with closing(SQLiteStore(tmp_path / "ledger.db")) as store:
        store.create()
    return partial(sqlite_ledger, tmp_path / "ledger.db")


def write(ledger: Ledger) -> None:
    """Complaints of one to three facts each, and the company's policy."""
    for index, stream in enumerate(some_streams(COMPLAINTS)):
        ledger.commit([Append(stream, 0, (received(), *[told(in_the_morning())] * (index % 3)))])
    put(ledger, POLICIES, Entry(controls.published(), in_the_morning(), controls.machine()))


def told_of(ledger: Ledger, first: StreamId, end: StreamId) -> list[tuple[StreamId, int]]:
    """Each complaint of a share and how many facts it has."""
    return [(stream, len(rows)) for stream, rows in histories.histories(ledger, first, end)]


def refusing(_: Ledger, first: StreamId, __: StreamId) -> None:
    """Work that fails in one of its shares, with an error that says where."""
    if first == "80000000":
        raise ValueError(f"wrong at {first}")


class Stubborn(Exception):
    """An error that does not survive the way between two processes."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def stubborn(_: Ledger, __: StreamId, ___: StreamId) -> None:
    """Work whose error cannot be sent."""
    raise Stubborn("cannot", "travel")


def test_a_history_is_a_complaint_whole_and_the_companys_own_streams_stand_apart() -> None:
    ledger = Ledger(MemoryStore(), controls.Clock(), unsafe=True)
    write(ledger)
    found = dict(histories.histories(ledger))
    assert list(found) == sorted(some_streams(COMPLAINTS))
    assert {stream: [row.version for row in rows] for stream, rows in found.items()} == {
        stream: list(range(1, 2 + index % 3)) for index, stream in enumerate(some_streams(COMPLAINTS))
    }
    assert [stream for stream, _ in histories.company_histories(ledger)] == [POLICIES]


def test_a_stream_that_begins_with_a_fact_nobody_knows_is_given_too() -> None:
    store = MemoryStore()
    with closing(Ledger(store, controls.Clock(), unsafe=True)) as ledger:
        write(ledger)
        store.insert([StoredEvent(C1, 1, "complaint.dreamt", b"{}")])
        found = dict(histories.histories(ledger))
    assert (len(found), [row.topic for row in found[C1]]) == (COMPLAINTS + 1, ["complaint.dreamt"])


def test_shares_in_several_processes_give_together_what_one_gives(
    opener: Callable[[], AbstractContextManager[Ledger]],
) -> None:
    with opener() as ledger:
        alone = told_of(ledger, BEGIN, END)
    parts = in_shares(told_of, opener, shares=5, cores=2)
    assert [each for part in parts for each in part] == alone
    assert len(parts) == 5


def test_an_error_in_one_share_is_raised_where_the_work_was_asked_for(
    small: Callable[[], AbstractContextManager[Ledger]],
) -> None:
    with pytest.raises(ValueError, match="wrong at 80000000"):
        in_shares(refusing, small, shares=4, cores=2)


def test_an_error_that_cannot_be_sent_between_processes_is_told_in_words(
    small: Callable[[], AbstractContextManager[Ledger]],
) -> None:
    with pytest.raises(ShareFailed, match="Stubborn: cannot travel"):
        in_shares(stubborn, small, shares=2, cores=2)


def test_a_ledger_in_memory_is_worked_through_in_this_process() -> None:
    ledger = Ledger(MemoryStore(), controls.Clock(), unsafe=True)
    write(ledger)

    @contextmanager
    def here() -> Iterator[Ledger]:
        yield ledger

    assert in_shares(told_of, here, cores=2) == [told_of(ledger, BEGIN, END)]


@pytest.mark.parametrize("shares", [1, 2, 3, 7, 64])
def test_ranges_lie_side_by_side_and_leave_no_id_out(shares: int) -> None:
    spans = ranges(shares)
    assert [first for first, _ in spans[1:]] == [end for _, end in spans[:-1]]
    for stream in ["00000000-0000-5000-8000-000000000000", *some_streams(200), "ffffffff-ffff-5fff-bfff-ffffffffffff"]:
        assert sum(first <= stream < end for first, end in spans) == 1


def state_of(complaint: Complaint) -> bytes:
    """What is kept of a folded complaint."""
    return canonical(complaint)


def test_the_whole_ledger_is_folded_and_hashed_to_the_root_that_a_checkpoint_signs(
    opener: Callable[[], AbstractContextManager[Ledger]],
) -> None:
    whole = fold_all(opener, state_of, cores=2)
    assert whole == fold_all(opener, state_of, cores=1)
    with opener() as ledger:
        rows = list(ledger.scan())
        every = {stream: fold(ledger.load(stream)) for stream, _ in histories.histories(ledger)}
    assert whole.root == root_of(leaf_hash(entry_hash(wire(*row))) for row in rows)
    assert whole[:2] == (len(rows), COMPLAINTS + 1)
    states = b"".join(canonical(complaint) for _, complaint in sorted(every.items()))
    assert whole.state == sha256(states).hexdigest()


def test_both_stores_fold_to_the_same_state(tmp_path: Path, postgres: Database) -> None:
    wholes = []
    for store in (SQLiteStore(tmp_path / "other.db"), controls.postgres_store(postgres)):
        store.create()

        @contextmanager
        def here(store: Store = store) -> Iterator[Ledger]:
            yield Ledger(store, controls.Clock())

        with here() as ledger:
            write(ledger)
        wholes.append(fold_all(here, state_of))
        store.close()
    assert wholes[0] == wholes[1]


def killed(_: Ledger, first: StreamId, __: StreamId) -> None:
    """Work whose process ends without a word, as one the system kills for its memory."""
    if first != BEGIN:
        os._exit(9)


def test_a_process_that_is_killed_is_told_and_nobody_waits_for_it(
    small: Callable[[], AbstractContextManager[Ledger]],
) -> None:
    with pytest.raises(ShareFailed, match="killed"):
        in_shares(killed, small, shares=4, cores=2)
