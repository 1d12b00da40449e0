"""A ledger moves from one store to the other and back, byte for byte, or does not move at all (ADR 0018)."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.postgres_server import Database
from events.envelope import StreamId
from events.ledger import Ledger
from events.restoring import restoring
from events.stores import MemoryStore, SQLiteStore, Store
from events.vocabulary import Service
from policy.registry import Policies
from services.compliance.exports import jsonl
from services.compliance.exports.selection import everything
from services.compliance.replay import portability
from services.compliance.replay.digest import Digests, canonical, digests, state_digest
from services.compliance.replay.portability import Imported, NotPortable, import_ledger
from services.intake.intake import Intake
from services.intake.submission import parse
from tests import controls
from tests.controls import C1, put, received, told
from tests.exported import filled, with_company, with_every_fact
from tests.times import SECOND, at, in_the_morning

Make = Callable[[], Store]
LIFE = {"channel": "web", "external_ref": "once", "text": "房间很脏", "customer": {"name": "张三"}}


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Make]:
    """Makes an empty SQLite store, another one each time."""
    made: list[Store] = []

    def make() -> Store:
        made.append(SQLiteStore(tmp_path / f"ledger-{len(made)}.db"))
        made[-1].create()
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, sqlite: Make) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        yield sqlite()
        return
    with closing(controls.postgres_store(request.getfixturevalue("postgres"))) as store:
        yield store


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The lines of a ledger of rehearsed lives."""
    with closing(SQLiteStore(tmp_path_factory.mktemp("source") / "ledger.db")) as store:
        return lines_of(filled(store))


def reading(store: Store) -> Ledger:
    """A ledger over a store."""
    return Ledger(store, controls.Clock(), unsafe=isinstance(store, MemoryStore))


def lines_of(ledger: Ledger) -> bytes:
    """The full export."""
    file = BytesIO()
    jsonl.write(file, ledger, everything(ledger))
    return file.getvalue()


def digests_of(store: Store) -> Digests:
    """Both digests of what a store holds."""
    return digests(lambda: nullcontext(reading(store)))


def taken(lines: bytes, store: Store, **more: Any) -> Imported:
    """The lines imported into the store."""
    return import_ledger(BytesIO(lines), store, **more)


def changed(lines: bytes, number: int, **fields: Any) -> bytes:
    """The lines with fields of one of them replaced, spelled as the ledger spells."""
    every = lines.splitlines(keepends=True)
    every[number] = orjson.dumps({**orjson.loads(every[number]), **fields}) + b"\n"
    return b"".join(every)


@pytest.mark.clause("S001-2.7")
@pytest.mark.parametrize("first", ["sqlite", "postgres"])
def test_a_ledger_keeps_bytes_positions_and_both_digests_from_store_to_store_and_back(
    first: str, sqlite: Make, postgres: Database
) -> None:
    with closing(controls.postgres_store(postgres)) as other:
        a, b = (sqlite(), other) if first == "sqlite" else (other, sqlite())
        lines = lines_of(filled(a))
        taken(lines, b)
        c = sqlite()
        taken(lines_of(reading(b)), c)
        assert lines_of(reading(b)) == lines_of(reading(c)) == lines
        assert digests_of(a) == digests_of(b) == digests_of(c)
        assert digests_of(a).ledger == hashlib.sha256(lines).hexdigest()
        assert (
            digests_of(a).complaints
            == len({line["complaint_id"] for line in map(orjson.loads, lines.splitlines())}) - 2
        )


def test_every_fact_there_is_survives_the_move(sqlite: Make, tmp_path: Path, empty: Store) -> None:
    with closing(with_every_fact(tmp_path / "every.db")) as source:
        lines = lines_of(source)
        taken(lines, empty)
        assert reading(empty).load(C1) == source.load(C1)
        assert digests_of(empty) == digests_of(source.store)


def test_positions_with_gaps_stay_as_they_are_and_appending_goes_on_behind_the_last(
    exported: bytes, empty: Store
) -> None:
    every = exported.splitlines(keepends=True)
    gapped = b"".join(
        re.sub(rb'"position":(\d+)', lambda m: b'"position":%d' % (int(m[1]) * 7), line) for line in every
    )
    done = taken(gapped, empty)
    assert (done.events, done.head) == (len(every), len(every) * 7)
    ledger = reading(empty)
    [recorded] = put(ledger, C1, received())
    assert recorded.position == done.head + 1
    assert lines_of(ledger).startswith(gapped)


@pytest.mark.clause("S004-1.2")
@pytest.mark.asyncio
async def test_services_go_on_after_the_move_and_recognise_what_came_before(sqlite: Make, empty: Store) -> None:
    source = with_company(sqlite())
    before = await intake(source).accept(parse(orjson.dumps(LIFE), in_the_morning()))
    taken(lines_of(source), empty)
    moved = reading(empty)
    again = await intake(moved).accept(parse(orjson.dumps(LIFE), in_the_morning()))
    other = await intake(moved).accept(parse(orjson.dumps({**LIFE, "external_ref": "new"}), in_the_morning()))
    assert (again.duplicate, again.complaint_id, again.number) == (True, before.complaint_id, before.number)
    assert (other.duplicate, other.number == before.number) == (False, False)
    assert moved.load(other.complaint_id)[0].position > source.head()


def intake(ledger: Ledger) -> Intake:
    """The intake service over a ledger."""
    return Intake(ledger.writer(Service.INTAKE), Policies(ledger), controls.Clock())


def test_a_ledger_that_holds_anything_takes_no_history(exported: bytes, empty: Store) -> None:
    put(reading(empty), C1, received())
    before = lines_of(reading(empty))
    with pytest.raises(NotPortable, match="holds events"):
        taken(exported, empty)
    assert lines_of(reading(empty)) == before


def test_the_same_file_is_not_taken_twice(exported: bytes, empty: Store) -> None:
    taken(exported, empty)
    with pytest.raises(NotPortable, match="holds events"):
        taken(exported, empty)
    assert lines_of(reading(empty)) == exported


def moved_up(lines: bytes) -> bytes:
    every = lines.splitlines(keepends=True)
    return b"".join([*every[:9], every[10], every[9], *every[11:]])


def without(lines: bytes, number: int) -> bytes:
    every = lines.splitlines(keepends=True)
    return b"".join([*every[:number], *every[number + 1 :]])


def respelled(lines: bytes, old: bytes, new: bytes, number: int = 20) -> bytes:
    every = lines.splitlines(keepends=True)
    assert old in every[number]
    every[number] = every[number].replace(old, new, 1)
    return b"".join(every)


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty file": (lambda lines: b"", "the file is empty"),
    "cut inside the last line": (lambda lines: lines[:-10], "cut off"),
    "no line break at the end": (lambda lines: lines[:-1], "cut off"),
    "a blank line": (lambda lines: lines + b"\n", "not an event line"),
    "BOM": (lambda lines: b"\xef\xbb\xbf" + lines, "line 1: not an event line"),
    "carriage returns": (lambda lines: lines.replace(b"\n", b"\r\n"), "line 1: not an event line"),
    "a CSV": (lambda lines: b"a,b\n1,2\n", "not an event line"),
    "zip bytes": (lambda lines: b"PK\x03\x04\xff\xfe\n", "not an event line"),
    "another spelling": (lambda lines: respelled(lines, b'{"position":', b'{"position": '), "not an event line"),
    "leading zero": (lambda lines: respelled(lines, b'"position":', b'"position":0'), "not an event line"),
    "other key order": (lambda lines: changed(lines, 20, data=0, **{"v": 1}), "damaged"),
    "a line lost": (lambda lines: without(lines, 3), "version"),
    "a line twice": (lambda lines: lines + lines.splitlines(keepends=True)[-1], "does not rise"),
    "lines exchanged": (moved_up, "does not rise|version"),
    "position back": (lambda lines: changed(lines, 20, position=3), "position 3 does not rise"),
    "position too large": (lambda lines: changed(lines, -1, position=2**63), "too large"),
    "version skipped": (lambda lines: changed(lines, -1, version=99), "found 99"),
    "future type": (lambda lines: changed(lines, 20, type="complaint.beamed"), "newer release"),
    "future version": (lambda lines: changed(lines, 20, v=2), "newer release"),
    "wrong field": (lambda lines: changed(lines, 20, data={"nonsense": 1}), "damaged"),
    "no JSON inside": (lambda lines: respelled(lines, b'"data":', b'"data"='), "damaged"),
    "not UTF-8": (lambda lines: respelled(lines, b'"system"', b'"sys\xff\xfe"'), "damaged"),
    "time without zone": (
        lambda lines: changed(lines, 20, occurred_at="2026-03-02T12:00:00"),
        "damaged|as the ledger writes",
    ),
    "time in another zone": (
        lambda lines: changed(lines, 20, occurred_at="2026-03-02T12:00:00.000000+08:00"),
        "as the ledger writes them",
    ),
    "recorded before the one before": (
        lambda lines: changed(lines, -1, recorded_at="2020-01-01T00:00:00.000000Z"),
        "a clock was set back",
    ),
    "policy never published": (lambda lines: without(lines, 0), "was not published before"),
    "begins in the middle": (lambda lines: b"".join(lines.splitlines(keepends=True)[30:]), "version|was not published"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_refused_with_the_line_and_nothing_of_it_is_kept(
    how: str, exported: bytes, sqlite: Make
) -> None:
    damage, reason = DAMAGE[how]
    store = sqlite()
    with pytest.raises(NotPortable, match=reason) as refused:
        taken(damage(exported), store)
    assert store.head() == 0
    assert re.search("[\u4e00-\u9fff]", str(refused.value)), "in Chinese too"
    assert taken(exported, store).events == exported.count(b"\n")


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    sqlite: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portability, "LONGEST", 10_000)
    with pytest.raises(NotPortable, match="longer than 10000 bytes"):
        taken(b'{"position":1' + b" " * 20_000, sqlite())


def test_lines_cut_off_at_the_end_show_against_the_digest_of_the_export(exported: bytes, empty: Store) -> None:
    cut = exported[: exported.rstrip().rindex(b"\n") + 1]
    with pytest.raises(NotPortable, match="not the ledger digest asked for"):
        taken(cut, empty, wanted=hashlib.sha256(exported).hexdigest())
    assert empty.head() == 0
    assert taken(exported, empty, wanted=hashlib.sha256(exported).hexdigest().upper()).ledger


def test_recorded_times_may_fall_back_by_the_moments_writers_wait_for_each_other(sqlite: Make) -> None:
    now = at("2027-03-01 10:00")
    ledger = Ledger(with_company(sqlite()).store, clock := controls.Clock(now))
    put(ledger, C1, received())
    clock.set(now - portability.LAG)
    put(ledger, C1, told(in_the_morning()))
    assert taken(lines_of(ledger), sqlite()).events == 4
    clock.set(now - portability.LAG - SECOND)
    put(ledger, C1, told(in_the_morning()))
    with pytest.raises(NotPortable, match="a clock was set back"):
        taken(lines_of(ledger), sqlite())
    assert taken(lines_of(ledger), sqlite(), clock_steps=True).events == 5


class Broken(BytesIO):
    """A file that cannot be read to its end."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(self.getvalue()) // 2:
            raise OSError("the disk is gone")
        return super().readline(size)


def test_an_import_that_breaks_off_leaves_nothing_and_can_be_run_again(
    exported: bytes, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portability, "BATCH", 50)
    with pytest.raises(OSError, match="the disk is gone"):
        import_ledger(Broken(exported), empty)
    assert (empty.head(), list(reading(empty).scan())) == (0, [])
    assert taken(exported, empty).head == empty.head()


@pytest.mark.clause("S001-14.1")
def test_an_import_that_is_killed_leaves_nothing_and_can_be_run_again(tmp_path: Path) -> None:
    with closing(SQLiteStore(tmp_path / "ledger.db")) as store:
        lines = lines_of(filled(store, 3_000))
    pipe, data = tmp_path / "pipe.jsonl", tmp_path / "data"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "services.cli.main", "import", str(pipe), "--data", str(data)]
    importing = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pipe.open("wb") as into:
        # A pipe holds 64 kB: once this is written a whole batch was read and put, and more is awaited.
        into.write(lines[: len(lines) - 200_000])
        into.flush()
        importing.send_signal(signal.SIGKILL)
        importing.wait()
    with closing(SQLiteStore(data / "ledger.db")) as store:
        assert store.head() == 0
        assert taken(lines, store).events == lines.count(b"\n")


def test_a_store_that_keeps_nothing_takes_no_history() -> None:
    with pytest.raises(TypeError, match="keeps nothing"), restoring(MemoryStore()):
        pass


def test_the_state_digest_is_of_the_folded_complaints_whatever_the_shares(exported: bytes, sqlite: Make) -> None:
    store = sqlite()
    taken(exported, store)
    ledger = reading(store)
    folded = [ledger.cases.load_many([stream], {})[stream].complaint for stream in sorted(complaints(ledger))]
    wanted = hashlib.sha256(b"".join(hashlib.sha256(canonical(each)).digest() for each in folded)).hexdigest()
    assert state_digest(lambda: nullcontext(ledger), ledger.head()) == (len(folded), wanted)


def complaints(ledger: Ledger) -> set[StreamId]:
    """Every complaint of the ledger."""
    return {row.stream for row in ledger.scan() if row.topic.startswith("complaint.")}


def test_the_state_digest_is_of_that_position_although_the_ledger_grows(exported: bytes, sqlite: Make) -> None:
    store = sqlite()
    taken(exported, store)
    ledger = reading(store)
    before, head = digests_of(store), ledger.head()
    put(ledger, C1, received())
    assert state_digest(lambda: nullcontext(ledger), head) == (before.complaints, before.state)
    assert digests_of(store).state != before.state


def test_canonical_json_has_one_spelling_and_holds_everything_known(tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        complaint = ledger.cases.load_many([C1], {})[C1].complaint
    spelled = orjson.loads(canonical(complaint))
    assert list(spelled) == sorted(complaint._fields)
    assert canonical(complaint) == orjson.dumps(spelled, option=orjson.OPT_SORT_KEYS)
    assert spelled["received_at"] == "2026-03-02T02:00:00.000000Z"
    assert spelled["solution"]["proposals"][0]["fact"]["total"] == "50.00"
