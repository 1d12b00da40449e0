"""One altered row: its complaint is named in people's words, every other one stays readable, nothing fails inside."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from services.cli.place import Place
from services.wiring.sealing import store_of
from tests import controls
from tests.commands import Run
from tests.times import in_the_morning

STREAMS = controls.some_streams(3)
POSITION = 4
"""Of the second complaint's first fact: the company's two come before."""
ALTERATIONS = {
    "the state is text": "CAST(state AS TEXT)",
    "the state is a number": "7",
    "the state is no JSON": "CAST('{not json' AS BLOB)",
    "the state is no event": "CAST('{\"v\":1}' AS BLOB)",
    "the state is empty": "CAST('' AS BLOB)",
    "the state is another spelling": "CAST('[1]' AS BLOB)",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped installation with three complaints."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number, stream in enumerate(STREAMS):
        with Place(folder).writing() as (ledger, _):
            controls.put(ledger, stream, controls.received(in_the_morning(), number=f"C{number}"))
    return folder


def alter(data: Path, column: str, value: str) -> None:
    connection = sqlite3.connect(data / "ledger.db")
    connection.execute(f"UPDATE stored_events SET {column} = {value} WHERE rowid = {POSITION}")
    connection.commit()
    connection.close()


@pytest.mark.clause("S000-6.2")
@pytest.mark.parametrize("value", ALTERATIONS.values(), ids=ALTERATIONS)
def test_an_altered_event_is_named_by_its_position_and_harms_no_other_complaint(
    run: Run, data: Path, value: str
) -> None:
    alter(data, "state", value)
    for words in (("show", STREAMS[1]), ("history", STREAMS[1]), ("digest",), ("export", "csv", "x.csv")):
        ran = run(*words, "--data", data)
        assert (ran.code, f"位置 {POSITION} 的事件无法读取" in ran.err) == (1, True), ran.err
        assert "amends verify" in ran.err
    for whole in ("C0", STREAMS[2]):
        assert run("show", whole, "--data", data).code == 0
        assert run("history", whole, "--data", data).code == 0


@pytest.mark.clause("S004-1.3")
@pytest.mark.parametrize("value", ALTERATIONS.values(), ids=ALTERATIONS)
def test_the_check_names_the_complaint_that_cannot_be_read_in_peoples_words(run: Run, data: Path, value: str) -> None:
    alter(data, "state", value)
    *found, summed = map(json.loads, run("check", "--data", data, "--json").out.splitlines())
    [broken] = [each for each in found if each["check"] == "unreadable"]
    assert (broken["complaint_id"], f"position {POSITION} cannot be read" in broken["en"]) == (STREAMS[1], True)
    assert "Error" not in broken["zh"] and "BrokenHistory" not in broken["zh"]
    assert summed["complaints"] == 3


def test_the_replay_passes_over_an_altered_event_and_tells_it(run: Run, data: Path) -> None:
    alter(data, "state", "'text'")
    ran = run("replay", "--data", data, "--json")
    assert (ran.code, len(ran.out.splitlines())) == (1, 4)
    assert f"位置 {POSITION} 的事件无法读取" in ran.err


def test_the_last_event_altered_still_leaves_a_check(run: Run, data: Path) -> None:
    alter(data, "rowid", "99")
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("UPDATE stored_events SET state = 'x' WHERE rowid = 99")
    ran = run("check", "--data", data, "--json")
    assert (ran.code, "位置 99 的事件无法读取" in ran.out) == (1, True)


@pytest.mark.clause("S000-6.2")
def test_a_history_moved_with_its_seal_fits_a_checkpoint_kept_before_and_is_sealed_on(
    run: Run, data: Path, tmp_path: Path
) -> None:
    moved, kept = tmp_path / "moved", tmp_path / "kept.txt"
    shutil.copytree(data / "seal", moved / "seal")
    shutil.copytree(data / "seal-keys", moved / "seal-keys")
    kept.write_bytes((data / "seal" / "checkpoint").read_bytes())
    assert run("export", "jsonl", "h.jsonl", "--data", data).code == 0
    imported = run("import", "h.jsonl", "--data", moved)
    assert (imported.code, "seal-keys" in imported.err) == (0, False)
    with Place(moved).writing() as (ledger, _):
        controls.put(ledger, controls.some_streams(4)[3], controls.received(in_the_morning(), number="C3"))
    verified = run("verify", "--data", moved, "--checkpoint", kept)
    assert (verified.code, "6 个事件" in verified.out) == (0, True)


def test_an_imported_history_without_its_seal_begins_no_new_log_by_itself(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("export", "jsonl", "h.jsonl", "--data", data).code == 0
    moved = tmp_path / "moved"
    assert "seal-keys" in run("import", "h.jsonl", "--data", moved).err
    with Place(moved).writing() as (ledger, _):
        controls.put(ledger, controls.some_streams(4)[3], controls.received(in_the_morning(), number="C3"))
    assert run("bundle", STREAMS[0], "b.zip", "--data", moved).code == 4
    assert store_of(Place(moved).settings).read("checkpoint") is None
    assert run("seal", "--data", moved).code == 0
    assert run("verify", "--data", moved).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("bundle", STREAMS[0], "nodir/x.zip"),
        ("export", "csv", "nodir/x.csv"),
        ("export", "jsonl", "nodir/x.jsonl"),
        ("check", "--format", "json", "-o", "nodir/x.json"),
        ("prove", "00000", "--out", "nodir/x"),
    ],
)
def test_a_missing_folder_is_told_with_the_path_as_it_was_typed(run: Run, data: Path, words: tuple[str, ...]) -> None:
    ran = run(*words, "--data", data)
    assert (ran.code, "文件夹不存在" in ran.err, "folder does not exist: nodir" in ran.err) == (2, True, True), ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("bundle", STREAMS[0], "there"),
        ("export", "csv", "there"),
        ("check", "--format", "json", "-o", "there"),
        ("prove", "00000", "--out", "there"),
        ("whatif", "default-cn@1", "--html", "there"),
    ],
    ids=lambda words: words[0],
)
def test_no_command_replaces_a_file_unasked(run: Run, data: Path, words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    ran = run(*words, "--data", data)
    assert (ran.code, "--force" in ran.err, (tmp_path / "there").read_text()) == (2, True, "mine")
    assert "--force" not in run(*words, "--force", "--data", data).err


@pytest.mark.parametrize("words", [("export", "csv", "x.csv"), ("replay",), ("whatif", "default-cn@1")], ids=" ".join)
def test_a_spell_does_not_end_before_it_begins(run: Run, data: Path, words: tuple[str, ...]) -> None:
    late, early = "2026-03-02T00:00:00+08:00", "2026-03-01T00:00:00+08:00"
    ran = run(*words, "--since", late, "--until", early, "--data", data)
    assert (ran.code, "later than" in ran.err) == (2, True)


def test_whom_a_rule_keeps_from_reading_ends_with_the_code_of_refusals(run: Run, data: Path) -> None:
    for command in ("show", "history"):
        ran = run(command, STREAMS[0], "--as", "a.stranger", "--data", data)
        assert (ran.code, "is not in the organisation" in ran.err) == (3, True)


def test_nothing_is_missed_in_the_future(run: Run, data: Path) -> None:
    ran = run("check", "--until", "2099-01-01T00:00:00Z", "--data", data)
    assert (ran.code, "lies in the future" in ran.err) == (2, True)


def test_a_file_is_no_installation(run: Run, data: Path) -> None:
    ran = run("list", "--data", data / "ledger.db")
    assert (ran.code, "不是文件夹" in ran.err) == (2, True)


@pytest.mark.parametrize("more", [("--as", "li.na"), ("--reason", "court"), ()])
def test_personal_texts_need_a_name_and_a_reason(run: Run, data: Path, more: tuple[str, ...]) -> None:
    ran = run("bundle", STREAMS[0], "b.zip", "--unmask", *more, "--data", data)
    assert (ran.code, "--reason" in ran.err) == (2, True)


def test_what_is_asked_wrongly_is_told_rightly(run: Run, data: Path, tmp_path: Path) -> None:
    binary = tmp_path / "p.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "不是 UTF-8 文本" in run("whatif", binary, "--data", data).err
    binary.write_text("= no")
    assert "不是 TOML" in run("whatif", binary, "--data", data).err
    assert "没有编号为 wrong" in run("knew", "wrong", "--data", data).err
    assert "没有编号为 wrong" in run("export", "jsonl", "h.jsonl", "--id", "wrong", "--data", data).err
    nobody = run("replay", "--by", "nobody", "--data", data)
    assert (nobody.code, "没有符合条件的事件" in nobody.err) == (0, True)
