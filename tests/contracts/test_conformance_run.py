"""`amends check` over real ledgers: formats tell the same, broken complaints are findings, shares change nothing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from eventsourcing.persistence import StoredEvent

from deploy.postgres_server import Database
from events.catalogue import encode
from events.envelope import Entry, Recorded, StreamId, complaint_id
from events.handling import ClockBreached
from events.ledger import Ledger
from events.stores import SQLiteStore, Store
from policy.registry import ORGANISATION, POLICIES
from services.compliance.conformance.report import findings
from services.compliance.conformance.run import UNREADABLE, Found, Question, check_all, check_one, last_recorded
from services.compliance.replay import histories
from tests import controls
from tests.commands import Run
from tests.examining import scenario
from tests.openers import postgres_ledger, sqlite_ledger

Opener = Callable[[], AbstractContextManager[Ledger]]
LONG_AGO = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
BROKEN = controls.some_streams(4)
LINE = "=HYPERLINK(1)"


def put(store: Store, stream: StreamId, version: int, entry: Entry, recorded_at: datetime, topic: str = "") -> None:
    """Store one fact as it is, whatever the ledger's own rules say."""
    store.insert([StoredEvent(stream, version, topic or entry.fact.TYPE, encode(entry, recorded_at))])


def write(store: Store, lived: Iterable[Recorded]) -> None:
    """The company as published, and what was lived, in ledger order."""
    setup = controls.machine("setup")
    put(store, POLICIES, 1, Entry(controls.published(), LONG_AGO, setup), LONG_AGO)
    put(store, ORGANISATION, 1, Entry(controls.organisation_published(), LONG_AGO, setup), LONG_AGO)
    for r in sorted(lived, key=lambda recorded: recorded.position):
        entry = Entry(r.fact, r.occurred_at, r.actor, r.causation, r.policy)
        put(store, r.complaint_id, r.version, entry, r.recorded_at)


def damage(store: Store, at: datetime) -> None:
    """Complaints that cannot be read: a version lost, a later release's fact, a policy nobody has, no beginning."""
    first = controls.received(at, text="我的电话是13800000000")
    put(store, BROKEN[0], 1, first, at)
    put(store, BROKEN[0], 3, controls.told(at), at)
    put(store, BROKEN[1], 1, first, at, topic="complaint.dreamt")
    put(store, BROKEN[2], 1, first._replace(policy="nobody@1"), at)
    put(store, BROKEN[3], 1, controls.told(at), at)


async def lived() -> list[Recorded]:
    """Six complaints of the golden scenario G1, eight deadlines missed, two of them in the last minute."""
    return [recorded for of in await scenario("g1") for recorded in of.history]


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A stopped installation with these complaints."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = SQLiteStore(folder / "ledger.db")
    store.create()
    write(store, await lived())
    store.close()
    return folder


@pytest.fixture(params=["sqlite", "postgres"])
async def opener(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Opens a ledger with these complaints and four broken ones; it counts as a large one."""
    monkeypatch.setattr(histories, "SMALL", 10)
    every = await lived()
    opens: Opener
    if request.param == "sqlite":
        store: Store = SQLiteStore(tmp_path / "ledger.db")
        store.create()
        opens = partial(sqlite_ledger, tmp_path / "ledger.db")
    else:
        database: Database = request.getfixturevalue("postgres")
        store = controls.postgres_store(database)
        opens = partial(postgres_ledger, controls.connection(database))
    write(store, every)
    damage(store, max(recorded.recorded_at for recorded in every))
    store.close()
    return opens


def question(opener: Opener, **more: Any) -> Question:
    with opener() as ledger:
        last = last_recorded(ledger)
    assert last is not None
    return Question(last, **more)


def told(found: Found) -> list[tuple[str, str, str]]:
    return [(str(f["check"]), str(f["requirement"]), str(f["complaint_id"])) for f in findings(found)]


@pytest.mark.clause("S004-1.3")
async def test_a_ledger_is_examined_to_its_end_and_broken_complaints_are_findings(
    opener: Opener, tmp_path: Path
) -> None:
    found = check_all(question(opener), opener, tmp_path, cores=1)
    every = told(found)
    assert (found.complaints, found.total) == (6 + len(BROKEN), len(every))
    assert sorted(stream for check, _, stream in every if check == UNREADABLE) == sorted(BROKEN)
    assert sum(check == "every_clock_is_met" for check, _, _ in every) == 6
    assert [stream for _, _, stream in every] == sorted(stream for _, _, stream in every)
    reasons = " ".join(str(f["zh"]) for f in findings(found) if f["check"] == UNREADABLE)
    assert "13800000000" not in reasons and "缺少版本 2" in reasons and "nobody@1" in reasons
    assert "Error" not in reasons and "BrokenHistory" not in reasons


async def test_shares_on_several_cores_find_the_same_in_the_same_order(opener: Opener, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    many.mkdir()
    alone = check_all(question(opener), opener, one, cores=1)
    shared = check_all(question(opener), opener, many, cores=2)
    assert list(findings(shared)) == list(findings(alone))
    assert shared[:4] == alone[:4] and len(shared.files) > len(alone.files)


async def test_one_complaint_and_one_requirement_are_what_they_are_in_the_whole(opener: Opener, tmp_path: Path) -> None:
    whole = check_all(question(opener), opener, tmp_path, cores=1)
    stream = next(s for check, _, s in told(whole) if check != UNREADABLE)
    one = tmp_path / "one"
    one.mkdir()
    with opener() as ledger:
        alone = check_one(question(opener), ledger, StreamId(stream), one)
    assert told(alone) == [each for each in told(whole) if each[2] == stream]
    only = tmp_path / "only"
    only.mkdir()
    narrow = check_all(question(opener, requirement="S004-1.7"), opener, only, cores=1)
    assert {requirement for _, requirement, _ in told(narrow)} == {"S004-1.3"}
    assert all("S004-1.7" in f["also"] for f in findings(narrow))


async def test_facts_recorded_later_are_not_looked_at(opener: Opener, tmp_path: Path) -> None:
    last = question(opener).until
    early = Question(last - timedelta(days=400))
    assert check_all(early, opener, tmp_path, cores=1).complaints == 0
    later = tmp_path / "later"
    later.mkdir()
    assert check_all(Question(last), opener, later, cores=1).complaints == 6 + len(BROKEN)


@pytest.mark.clause("S004-1.3")
def test_json_html_and_workbook_tell_of_the_same_findings(run: Run, data: Path, tmp_path: Path) -> None:
    page, book = tmp_path / "r.html", tmp_path / "r.xlsx"
    lines = run("check", "--data", data, "--json")
    *every, summed = [json.loads(line) for line in lines.out.splitlines()]
    assert lines.code == 1 and len(every) == summed["findings"] == 6
    assert run("check", "--data", data, "--format", "html", "-o", page).code == 1
    assert run("check", "--data", data, "--format", "xlsx", "-o", book, "--en").code == 1
    html = page.read_text()
    assert all(finding["zh"] in html for finding in every) and "<script" not in html
    with ZipFile(book) as parts:
        sheets = "".join(parts.read(name).decode() for name in parts.namelist() if "sheet" in name)
    assert all(finding["en"] in sheets for finding in every) and "<f>" not in sheets


def test_people_read_table_and_sum_on_stdout_and_machines_the_sum_as_an_object(run: Run, data: Path) -> None:
    ran = run("check", "--data", data, "--en")
    assert (ran.code, "S004-1.3" in ran.out, "6 complaints" in ran.out, ran.err) == (1, True, True, "")
    nothing = run("check", "--data", data, "--requirement", "S002-6.1")
    assert (nothing.code, "未发现违规" in nothing.out) == (0, True)
    silent = run("check", "--data", data, "--requirement", "S002-6.1", "--json")
    assert (silent.code, "未发现违规" in silent.err) == (0, True)
    summed = json.loads(silent.out)
    assert (summed["complaints"], summed["findings"]) == (6, 0)
    assert sorted(summed) == ["complaints", "events", "findings", "not_compared", "until"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--requirement", "S009-1.1"), 2, "S009-1.1"),
        (("--format", "html"), 2, "-o"),
        (("-o", "x.txt"), 2, "--format"),
        (("--until", "yesterday"), 2, "yesterday"),
        (("--id", "C000000-00000-00000"), 2, ""),
        (("--id", "00000000-0000-0000-0000-000000000000"), 2, ""),
        (("--requirement", "S004-8.10"), 0, ""),
    ],
)
def test_bad_input_is_a_clear_sentence(run: Run, data: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = run("check", "--data", data, *arguments)
    assert ran.code == code and words in ran.err


def test_an_empty_place_is_no_traceback(run: Run, tmp_path: Path) -> None:
    assert run("check", "--data", tmp_path / "nowhere").code == 4


def test_text_in_a_finding_is_never_a_formula_nor_markup(run: Run, data: Path, tmp_path: Path) -> None:
    store = SQLiteStore(data / "ledger.db")
    breach = ClockBreached(clock=LINE + "<b>", due_at=LONG_AGO, noticed_at=LONG_AGO)
    entry = Entry(breach, LONG_AGO, controls.machine(), policy=controls.POLICY_ID)
    stream = complaint_id("web", "last_second")
    with sqlite_ledger(data / "ledger.db") as ledger:
        history = ledger.load(stream)
    put(store, stream, history.version + 1, entry, history[-1].recorded_at)
    store.close()
    page, book = tmp_path / "r.html", tmp_path / "r.xlsx"
    assert run("check", "--data", data, "--format", "html", "-o", page).code == 1
    assert run("check", "--data", data, "--format", "xlsx", "-o", book).code == 1
    assert LINE in page.read_text() and "<b>" not in page.read_text()
    with ZipFile(book) as parts:
        sheets = "".join(parts.read(name).decode() for name in parts.namelist() if "sheet" in name)
    assert LINE in sheets and "<f>" not in sheets


def test_a_reader_who_turns_away_changes_no_verdict(data: Path) -> None:
    amends = f"{Path(sys.executable).parent / 'amends'} check --json --data {data}"
    shell = subprocess.run(["/bin/bash", "-c", f"set -o pipefail; {amends} | true"], capture_output=True, check=False)
    assert (shell.returncode, b"Traceback" in shell.stderr) == (1, False)
