"""The sealer over real ledgers and storages: it goes on after any crash, never forks, refuses what disagrees."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from obstore.store import MemoryStore

from deploy.postgres_server import Database
from events.ledger import Ledger
from events.stores import PostgresStore, Row, SQLiteStore
from services.compliance.seal.proofs import SealedTree
from services.compliance.seal.resuming import LedgerDisagrees
from services.compliance.seal.seal_store import (
    DirectoryStore,
    ObjectsStore,
    OtherContent,
    Overtaken,
    SealStore,
    seal_store,
)
from services.compliance.seal.sealing import Sealer
from services.compliance.seal.signing_keys import SigningKeys
from services.compliance.verification.ledger_reading import Ledger as VerifiedLedger
from services.compliance.verification.ledger_reading import PostgresLedger, SqliteLedger
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Kind
from services.compliance.verification.verifier import check_consistency, parse_checkpoint, root_of
from services.compliance.verification.verify_ledger import verify
from tests import controls
from tests.sealed import House, history
from tests.times import SECOND, in_the_morning


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three hundred events, nothing sealed."""
    return House(tmp_path / "house", history(300, chance=random.Random(1)))


def sizes(house: House) -> list[int]:
    return [parse_checkpoint(note).size for note in house.notes()]


def test_no_two_checkpoints_are_more_than_256_events_apart(tmp_path: Path) -> None:
    house = House(tmp_path, history(1_000, chance=random.Random(2)))
    house.seal()
    assert sizes(house) == [256, 512, 768, 1_000]
    assert house.verified(*house.notes()).findings == ()


def test_growing_tiles_are_removed_once_the_full_one_is_there(house: House) -> None:
    house.seal_in_steps(10, 100, 255, 257, 300)
    tiles = house.store.names("tile/")
    assert [name for name in tiles if name.startswith("tile/0/")] == [
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/0/001.p/44",
    ]
    assert house.verified().findings == ()


class Crash(BaseException):
    """The process is gone."""


class CrashingStore(DirectoryStore):
    """Ends the process at its n-th write: before it, after it, or with half of it on disk."""

    def __init__(self, directory: Path, at: int, how: str) -> None:
        super().__init__(directory)
        self.left = at
        self._how = how

    def _put(self, path: str, content: bytes) -> None:
        self._perhaps("before")
        if self._is_now("half"):
            file = self.directory / f"{path}.new"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content[: len(content) // 2])
            raise Crash
        super()._put(path, content)
        self._count("after")

    def append(self, path: str, content: bytes) -> None:
        self._perhaps("before")
        if self._is_now("half"):
            super().append(path, content[: len(content) // 2])
            raise Crash
        super().append(path, content)
        self._count("after")

    def remove_all(self, under: str) -> None:
        self._perhaps("before")
        if self._is_now("half"):
            raise Crash
        super().remove_all(under)
        self._count("after")

    def _is_now(self, how: str) -> bool:
        return self.left == 1 and self._how == how

    def _perhaps(self, how: str) -> None:
        if self._is_now(how):
            raise Crash

    def _count(self, how: str) -> None:
        if self._is_now(how):
            raise Crash
        self.left -= 1


@pytest.mark.parametrize("how", ["before", "half", "after"])
def test_after_a_crash_at_any_write_the_sealer_goes_on_and_nothing_it_signed_is_contradicted(
    tmp_path: Path, how: str
) -> None:
    rows = history(300, chance=random.Random(5))
    crashes = 0
    for at in range(1, 60):
        house = House(tmp_path / f"{how}-{at}", rows, store=CrashingStore(tmp_path / f"{how}-{at}" / "seal", at, how))
        try:
            house.seal_in_steps(250, 290)
            house.keys.begin_rotation()
            house.seal_in_steps(300)
        except Crash:
            crashes += 1
        signed = house.notes()
        house.store = DirectoryStore(house.directory / "seal")
        house.seal()
        report = house.verified(*signed, *house.notes())
        assert report.findings == (), (how, at, report.findings)
        assert report.sealed == 300
        if crashes < at:  # it went through to the end
            break
    assert crashes > 20


def test_two_sealers_in_one_directory_are_one_too_many(house: House) -> None:
    first, second = house.sealer(), house.sealer(house.directory / "seal")
    first.open()
    with pytest.raises(Overtaken):
        second.open()
    first.close()
    second.open()
    second.close()


def test_two_sealers_on_object_storage_take_turns_and_never_fork(tmp_path: Path) -> None:
    storage = MemoryStore()
    rows = history(600, chance=random.Random(8))
    house = House(tmp_path, rows, store=ObjectsStore(storage))
    there: list[Row] = []
    sealers = [Sealer(rows_of(there), ObjectsStore(storage), house.keys, house.clock) for _ in range(2)]
    chance = random.Random(21)
    overtaken = 0
    for size in [*sorted(chance.sample(range(1, 600), 80)), 600]:
        there += rows[len(there) : size]
        for sealer in chance.sample(sealers, chance.choice((1, 2))):
            try:
                sealer.seal()
            except Overtaken:
                overtaken += 1
    last = Sealer(rows_of(rows), ObjectsStore(storage), house.keys, house.clock)
    assert last.seal() is None
    heads = [parse_checkpoint(note) for note in house.notes()]
    roots: dict[int, bytes] = {}
    assert all(roots.setdefault(head.size, head.root) == head.root for head in heads)
    assert overtaken > 5
    assert heads[-1].size == 600


def test_a_second_history_cannot_be_sealed_over_the_first(house: House) -> None:
    storage = MemoryStore()
    honest = Sealer(rows_of(house.rows), ObjectsStore(storage), house.keys, house.clock)
    honest.seal()
    changed = [*house.rows[:299], house.rows[299]._replace(state=b"{}")]
    other = Sealer(rows_of(changed), ObjectsStore(storage), house.keys, house.clock)
    with pytest.raises(LedgerDisagrees):
        other.seal()
    # Also when it takes nothing up: the tiles of the first are there.
    fresh = ObjectsStore(storage)
    with pytest.raises(OtherContent):
        fresh.write("tile/0/000", bytes(32))


def rows_of(rows: list[Row]) -> Callable[[int, int], list[Row]]:
    """What a sealer reads of these rows."""
    return lambda position, limit: [row for row in rows if row.position > position][:limit]


@pytest.mark.parametrize("kind", ["directory", "objects"])
def test_both_storages_keep_the_same_promises(tmp_path: Path, kind: str) -> None:
    store: SealStore = DirectoryStore(tmp_path / "s") if kind == "directory" else ObjectsStore(MemoryStore())
    assert store.read("checkpoint") is None
    store.write("tile/0/000", b"a")
    store.write("tile/0/000", b"a")
    with pytest.raises(OtherContent):
        store.write("tile/0/000", b"b")
    store.replace("checkpoint", b"1", None)
    with pytest.raises(Overtaken):
        store.replace("checkpoint", b"2", None)
    store.replace("checkpoint", b"2", b"1")
    with pytest.raises(Overtaken):
        store.replace("checkpoint", b"3", b"1")
    store.append("checkpoints/x.txt", b"1")
    store.append("checkpoints/x.txt", b"2")
    assert store.read("checkpoints/x.txt") == b"12"
    assert store.read("checkpoint") == b"2"
    assert store.names("tile/") == ["tile/0/000"]
    store.write("tile/0/001.p/3", b"c")
    store.remove_all("tile/0/001.p/")
    store.remove_all("tile/0/001.p/")
    assert store.names("tile/") == ["tile/0/000"]


def test_an_address_that_names_no_storage_is_refused() -> None:
    for url in ("ftp://somewhere", "s3://", "https://example.org"):
        with pytest.raises(ValueError, match="AMENDS_SEAL__STORE"):
            seal_store(url)


@pytest.mark.parametrize("what", ["edited", "cut", "replaced"])
def test_the_sealer_refuses_to_go_on_over_a_ledger_that_no_longer_agrees(house: House, what: str) -> None:
    house.seal()
    house.connection.execute(
        {
            "edited": "UPDATE stored_events SET state = state || ' ' WHERE rowid = 300",
            "cut": "DELETE FROM stored_events WHERE rowid > 298",
            "replaced": "UPDATE stored_events SET rowid = 400 WHERE rowid = 300",
        }[what]
    )
    sealer = house.sealer()
    with pytest.raises(LedgerDisagrees):
        sealer.seal()
    sealer.close()


def test_the_patrol_finds_an_old_event_that_was_altered(house: House) -> None:
    house.seal()
    sealer = house.sealer()
    sealer.open()
    for _ in range(5):
        sealer.patrol(100)
    house.connection.execute("UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 17")
    sealer.patrol(300 - 200)
    with pytest.raises(LedgerDisagrees, match="event 17"):
        sealer.patrol(100)
    sealer.close()


def appended(ledger: Ledger) -> None:
    """Forty complaints of three events."""
    moment = in_the_morning()
    for number, stream in enumerate(controls.some_streams(40)):
        controls.put(
            ledger,
            stream,
            controls.received(moment, number=f"C{number:04}"),
            controls.assigned(moment),
            controls.escalated(moment),
        )


def test_the_ledgers_own_store_and_the_verifiers_reading_agree_on_sqlite(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    assert_sealed_and_found(tmp_path, Ledger(store, controls.Clock()), SqliteLedger(tmp_path / "ledger.db"))


def test_the_ledgers_own_store_and_the_verifiers_reading_agree_on_postgresql(
    tmp_path: Path, postgres: Database
) -> None:
    store: PostgresStore = controls.postgres_store(postgres)
    assert_sealed_and_found(tmp_path, Ledger(store, controls.Clock()), PostgresLedger(postgres.uri))


def assert_sealed_and_found(tmp_path: Path, ledger: Ledger, verified: VerifiedLedger) -> None:
    """Sealed and sound; then one event is altered by plain SQL and named."""
    appended(ledger)
    keys, store = SigningKeys(tmp_path / "keys"), DirectoryStore(tmp_path / "seal")
    sealer = Sealer(ledger.rows_after, store, keys, controls.Clock())
    assert sealer.seal() is not None
    assert sealer.seal() is None
    seal = PublishedSeal(str(tmp_path / "seal"))
    report = verify(verified, seal)
    assert (report.findings, report.sealed) == ((), 120)
    victim = list(ledger.scan())[70]
    with verified.open() as reading:
        assert [reading.before(0), reading.before(71)] == [reading.extent().first - 1, victim.position]
        assert reading.starts(50) == [row.position for row in list(ledger.scan())[::50]]
    ledger.close()
    alter(verified, victim)
    [finding] = verify(verified, seal).findings
    assert (finding.kind, finding.event, finding.position) == (Kind.EDITED, 71, victim.position)
    assert (finding.complaint_id, finding.version, finding.type) == victim[1:4]
    assert finding.number == "C0023"
    sealer.close()


def alter(ledger: VerifiedLedger, victim: Row) -> None:
    """Another byte in one event, as whoever administers the database may write it."""
    with_flaw = victim.state.replace(b"2026", b"2027", 1)
    if isinstance(ledger, SqliteLedger):
        connection = sqlite3.connect(ledger.path)
        connection.execute("UPDATE stored_events SET state = ? WHERE rowid = ?", (with_flaw, victim.position))
        connection.commit()
        connection.close()
        return
    assert isinstance(ledger, PostgresLedger)
    with psycopg.connect(ledger.conninfo) as server:
        server.execute("UPDATE stored_events SET state = %s WHERE notification_id = %s", (with_flaw, victim.position))


def test_several_processes_come_to_the_same_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.compliance.verification.recomputing.SHARE", 512)
    monkeypatch.setattr("services.compliance.verification.recomputing.PAYS", 1)
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, controls.Clock())
    moment = in_the_morning()
    for number, stream in enumerate(controls.some_streams(1_300)):
        controls.put(ledger, stream, controls.received(moment + number * SECOND, number=f"C{number:04}"))
    Sealer(
        ledger.rows_after, DirectoryStore(tmp_path / "seal"), SigningKeys(tmp_path / "keys"), controls.Clock()
    ).seal()
    ledger.close()
    seal, verified = PublishedSeal(str(tmp_path / "seal")), SqliteLedger(tmp_path / "ledger.db")
    alone, together = verify(verified, seal), verify(verified, seal, processes=2)
    assert alone == together
    assert alone.is_sound


def test_consistency_from_every_signed_checkpoint_to_the_last(house: House) -> None:
    house.seal_in_steps(3, 64, 200, 256, 300)
    heads = [parse_checkpoint(note) for note in house.notes()]
    tree = SealedTree(house.store, heads[-1].size)
    for earlier in heads:
        proof = tree.consistency(earlier.size)
        assert check_consistency(earlier.size, earlier.root, heads[-1].size, heads[-1].root, proof)
        assert earlier.root == root_of([tree.leaf(index) for index in range(earlier.size)])
