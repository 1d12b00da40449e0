"""`amends export` as a user has it: whole files or none, what was asked for, nothing personal (ADR 0018)."""

import csv
import hashlib
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from events.catalogue import wire
from events.envelope import BrokenHistory
from events.ledger import Ledger
from events.sentences import sentence
from events.stores import SQLiteStore
from policy.registry import ORGANISATION, POLICIES
from services.compliance.destination import Occupied, new_file, opened
from services.compliance.exports import csv as csv_export
from services.compliance.exports import jsonl, ocel, xes, xlsx
from services.compliance.exports.attributes import hidden
from services.compliance.exports.selection import Selection, facts, lives
from tests import controls
from tests.commands import Run
from tests.controls import C1
from tests.exported import all_of, filled, personal_texts, with_every_fact

ZONE = ZoneInfo("Asia/Shanghai")
FORMATS = ("ocel.json", "ocel.sqlite", "xes", "csv", "complaints.csv", "xlsx", "jsonl")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped installation with many complaints."""
    directory = tmp_path / "amends-data"
    directory.mkdir()
    filled(SQLiteStore(directory / "ledger.db")).close()
    return directory


def write(kind: str, ledger: Ledger, file: Path) -> bytes:
    """One export of everything; XLSX and SQLite unpacked into what they say."""
    selection = all_of(ledger)
    if kind.startswith("ocel"):
        ocel.write(file, "json" if kind.endswith("json") else "sqlite", ledger, selection)
        return _dump(file) if kind.endswith("sqlite") else file.read_bytes()
    if kind == "xlsx":
        xlsx.write(file, ledger, selection, ("zh", ZONE))
        return file.read_bytes()
    out = BytesIO()
    if kind == "jsonl":
        jsonl.write(out, ledger, selection)
    elif kind == "xes":
        xes.write(out, ledger, selection)
    elif kind == "csv":
        csv_export.write_events(out, ledger, selection, ("zh", ZONE))
    else:
        csv_export.write_complaints(out, ledger, selection, ("zh", ZONE))
    return out.getvalue()


def _dump(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as database:
        return "\n".join(database.iterdump()).encode()


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "plain"])
@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "xlsx"])
def test_no_personal_text_and_no_token_leaves_in_any_format(kind: str, sealed: bool, tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db", sealed=sealed)) as ledger:
        # A text that also stands in the published policy or organisation proves nothing.
        company = b"".join(row.state for row in ledger.rows_of([POLICIES, ORGANISATION]))
        every = {text.encode() for recorded in ledger.load(C1) for text in personal_texts(recorded.fact)}
        personal = {text for text in every if text not in company}
        written = write(kind, ledger, tmp_path / "out")
    assert len(personal) > 20
    if kind == "jsonl":  # the ledger as it is, for another ledger: sealed where the ledger is
        assert not sealed or not [text for text in personal if text in written]
    else:
        assert not [text.decode() for text in personal if text in written]
        assert b"~1~" not in written


@pytest.mark.parametrize("fact", list(controls.every_fact()), ids=str)
def test_no_audit_sentence_of_a_fact_holds_a_personal_text(fact: str) -> None:
    example = controls.every_fact()[fact]
    [recorded] = controls.recorded([controls.received()._replace(fact=hidden(example))])
    told = sentence(recorded, "zh", ZONE) + sentence(recorded, "en", ZONE)
    assert not [text for text in personal_texts(example) if text in told]


@pytest.mark.clause("S001-2.7")
@pytest.mark.parametrize("kind", ["xes", "csv", "complaints.csv", "xlsx", "jsonl"])
def test_the_same_history_gives_the_same_bytes_when_exported_again(kind: str, tmp_path: Path) -> None:
    with closing(filled(SQLiteStore(tmp_path / "ledger.db"))) as ledger:
        first, second = (write(kind, ledger, tmp_path / name) for name in ("1", "2"))
    assert first == second


def test_json_lines_are_the_stored_lines_in_ledger_order(tmp_path: Path) -> None:
    with closing(filled(SQLiteStore(tmp_path / "ledger.db"))) as ledger:
        out = BytesIO()
        count, digest = jsonl.write(out, ledger, all_of(ledger))
        assert out.getvalue() == b"".join(wire(*row) + b"\n" for row in ledger.scan())
    assert (count, digest) == (out.getvalue().count(b"\n"), hashlib.sha256(out.getvalue()).hexdigest())


def test_what_is_recorded_during_an_export_is_left_for_the_next_one(tmp_path: Path) -> None:
    with closing(filled(SQLiteStore(tmp_path / "ledger.db"))) as ledger:
        selection = all_of(ledger)
        before = [r.position for r in facts(ledger, selection)]
        controls.put(ledger, C1, controls.received())
        assert [r.position for r in facts(ledger, selection)] == before
        assert C1 not in {life.history[0].complaint_id for life in lives(ledger, selection)}


def test_exports_of_spans_side_by_side_leave_no_gap_and_no_doubles(tmp_path: Path) -> None:
    with closing(filled(SQLiteStore(tmp_path / "ledger.db"))) as ledger:
        every = list(facts(ledger, all_of(ledger)))
        middle = every[len(every) // 2].recorded_at
        head = ledger.head()
        early = list(facts(ledger, Selection(head, until=middle)))
        late = list(facts(ledger, Selection(head, since=middle)))
        assert early + late == every
        assert all(r.recorded_at < middle for r in early) and late[0].recorded_at == middle
        chosen = [r for life in lives(ledger, Selection(head, since=middle)) for r in life.chosen]
        assert {r.position for r in chosen} == {r.position for r in late if r.fact.TYPE.startswith("complaint.")}


def test_a_complaint_in_a_span_is_told_with_all_that_was_known_of_it_then(tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        history = ledger.load(C1)
        until = history[5].recorded_at
        [life] = lives(ledger, Selection(ledger.head(), since=history[3].recorded_at, until=until))
        assert life.history == history[:5]
        assert life.chosen == history[3:5]
        assert life.last().version == 5


def test_the_columns_of_events_hold_numbers_and_times_as_such(tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        out = BytesIO()
        csv_export.write_events(out, ledger, all_of(ledger), ("en", ZONE))
    assert out.getvalue().startswith(b"\xef\xbb\xbfposition,complaint id,")
    rows = list(csv.DictReader(StringIO(out.getvalue().decode("utf-8-sig"))))
    [paid] = [row for row in rows if row["type"] == "complaint.refund_paid"]
    assert (paid["amount"], paid["currency"], paid["actor"]) == ("40.02", "CNY", "li.na")
    assert paid["occurred at"].endswith("+08:00")
    assert [int(row["position"]) for row in rows] == sorted(int(row["position"]) for row in rows)


def test_headings_are_chinese_unless_english_is_asked_for(tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        out = BytesIO()
        csv_export.write_complaints(out, ledger, all_of(ledger), ("zh", ZONE))
    assert out.getvalue().decode("utf-8-sig").startswith("投诉标识,编号,状态,")


@pytest.mark.parametrize("moment", ["1500-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"])
def test_a_time_no_spreadsheet_knows_is_written_as_text(moment: str, tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        controls.put(ledger, C1, controls.told(datetime.fromisoformat(moment)))
        counts = xlsx.write(tmp_path / "a.xlsx", ledger, all_of(ledger), ("zh", ZoneInfo("America/New_York")))
    assert counts["events"] > 40


def _interrupted(target: Path, failure: BaseException) -> None:
    with opened(str(target), force=False) as file:
        file.write(b"half")
        raise failure


@pytest.mark.parametrize("failure", [OSError("no space"), KeyboardInterrupt()])
def test_an_export_that_fails_leaves_neither_a_half_file_nor_a_trace(failure: BaseException, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with pytest.raises(type(failure)):
        _interrupted(target, failure)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    with pytest.raises(Occupied, match="--force"), opened(str(target), force=False):
        pass
    with opened(str(target), force=True) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert (target.read_bytes(), len(list(tmp_path.iterdir()))) == (b"new", 1)


@pytest.mark.parametrize("kind", ["ocel.json", "ocel.sqlite", "xlsx"])
def test_an_export_of_a_damaged_history_leaves_no_other_file_and_none_open(kind: str, tmp_path: Path) -> None:
    filled(SQLiteStore(tmp_path / "ledger.db")).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database, database:
        database.execute("DELETE FROM stored_events WHERE originator_version = 2")
    (tmp_path / "out").mkdir()
    with closing(Ledger(SQLiteStore(tmp_path / "ledger.db"), controls.Clock())) as ledger:
        with pytest.raises(BrokenHistory):
            write(kind, ledger, tmp_path / "out" / "file")
        opened_ = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert str(tmp_path / "out" / "file") not in opened_
    assert {each.name for each in (tmp_path / "out").iterdir()} <= {"file"}


def _overtaken(target: Path) -> None:
    with new_file(target, force=False) as part:
        part.write_bytes(b"slow")
        target.write_bytes(b"fast")


def test_two_exports_to_one_name_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with pytest.raises(Occupied):
        _overtaken(target)
    assert (target.read_bytes(), len(list(tmp_path.iterdir()))) == (b"fast", 1)


def test_a_device_or_directory_is_never_replaced(tmp_path: Path) -> None:
    for target in (tmp_path, Path(os.devnull)):
        with pytest.raises(Occupied, match="not a regular file"), opened(str(target), force=True):
            pass


def test_an_export_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with opened(str(tmp_path / "out"), force=False) as file:
        file.write(b"x")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


FILES = {
    "a.xes": "xes",
    "a.xes.gz": "xes",
    "a.csv": "csv",
    "a.xlsx": "xlsx",
    "a.jsonl": "jsonl",
    "a.json": "ocel",
    "a.jsonocel": "ocel",
    "a.sqlite": "ocel",
}


@pytest.mark.parametrize(("name", "kind"), FILES.items(), ids=str)
def test_every_format_is_written_by_one_command_and_not_twice(name: str, kind: str, data: Path, run: Run) -> None:
    done = run("export", kind, name, "--json")
    told = orjson.loads(done.out)
    assert (done.code, told["sha256"]) == (0, hashlib.sha256(Path(name).read_bytes()).hexdigest())
    assert told["events"] >= 400
    again = run("export", kind, name)
    assert (again.code, "--force" in again.err) == (2, True)
    assert run("export", kind, name, "--force").code == 0
    assert not list(Path().glob(".*part"))


@pytest.mark.parametrize("kind", ["xes", "csv", "jsonl"])
def test_an_export_to_standard_output_is_the_same_bytes(kind: str, data: Path, run: Run) -> None:
    run("export", kind, "a.out")
    piped = run("export", kind, "-")
    assert (piped.code, piped.out.encode()) == (0, Path("a.out").read_bytes())
    assert "events" in piped.err


WRONG = [("xlsx", "-"), ("ocel", "-"), ("ocel", "a.txt"), ("csv", "a", "--since", "2026-03-02")]


@pytest.mark.parametrize("arguments", WRONG, ids=str)
def test_what_cannot_be_written_is_told_as_bad_input(arguments: tuple[str, ...], data: Path, run: Run) -> None:
    assert run("export", *arguments).code == 2
    assert {each.name for each in Path().iterdir()} == {"amends-data"}


def test_an_unknown_complaint_and_a_missing_directory_are_told(data: Path, run: Run) -> None:
    assert run("export", "csv", "a.csv", "--id", "C-no-such").code == 2
    assert run("export", "csv", "no/such/a.csv").code == 2
    assert run("export", "csv", "a.csv", "--data", "elsewhere").code == 4


def test_the_digest_is_that_of_the_full_export_and_of_what_was_imported(data: Path, run: Run) -> None:
    exported = orjson.loads(run("export", "jsonl", "a.jsonl", "--json").out)
    digest = orjson.loads(run("digest", "--json").out)
    imported = run("import", "a.jsonl", "--digest", exported["ledger_digest"], "--data", "moved", "--json")
    assert {name: digest[name] for name in ("ledger_digest", "state_digest")} == {
        name: exported[name] for name in ("ledger_digest", "state_digest")
    }
    assert orjson.loads(imported.out) == digest == orjson.loads(run("digest", "--data", "moved", "--json").out)
    assert "amends keys export" in imported.err
    again = run("import", "a.jsonl", "--data", "moved")
    assert (again.code, "holds events" in again.err) == (2, True)
    assert run("import", "a.jsonl.schema.json").code == 2


def test_the_schema_stands_beside_the_lines_or_where_it_is_wanted(data: Path, run: Run) -> None:
    assert run("export", "jsonl", "a.jsonl").code == 0
    assert run("export", "jsonl", "b.jsonl", "--schema", "line.json").code == 0
    assert orjson.loads(Path("a.jsonl.schema.json").read_bytes()) == orjson.loads(Path("line.json").read_bytes())
    assert run("export", "jsonl", "c.jsonl", "--schema", "line.json").code == 2
    assert not Path("c.jsonl").exists()


def test_complaints_go_to_a_table_of_their_own(data: Path, run: Run) -> None:
    told: dict[str, Any] = orjson.loads(run("export", "csv", "a.csv", "--objects", "b.csv", "--json", "--en").out)
    rows = list(csv.DictReader(StringIO(Path("b.csv").read_text("utf-8-sig"))))
    assert len(rows) == told["complaints"] > 10
    assert {row["priority"] for row in rows} >= {"red", "yellow"}
