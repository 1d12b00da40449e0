"""`amends verify` and `amends seal` as people use them: exit codes, the bad event by name, both languages."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.cli import sealing
from services.cli.place import Place
from services.compliance.seal.signing_keys import SigningKeys, published_keys
from services.compliance.verification.verifier import Refused
from services.wiring.sealing import store_of
from tests import controls
from tests.times import in_the_morning

app = typer.Typer()
sealing.register(app)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped installation with three complaints, sealed as they came."""
    for number, stream in enumerate(controls.some_streams(3)):
        with Place(tmp_path).writing() as (ledger, _):
            controls.put(ledger, stream, controls.received(in_the_morning(), number=f"C{number}"))
    return tmp_path


def run(*words: str | Path, exits: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == exits, result.output
    return result.stdout


def told(*words: str | Path, exits: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json", exits=exits))
    return found


def alter(data: Path, statement: str) -> None:
    connection = sqlite3.connect(data / "ledger.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.clause("S000-6.2")
def test_a_sound_history_is_told_in_both_languages_and_ends_with_nought(data: Path) -> None:
    assert "完好：5 个事件" in run("verify", "--data", data)
    assert "sound: 5 events" in run("verify", "--data", data, "--en")
    report = told("verify", "--data", data, "--every")
    assert (report["sound"], report["events"], report["sealed"]) == (True, 5, 5)


@pytest.mark.clause("S000-6.2")
def test_the_first_bad_event_is_named_with_its_complaint(data: Path) -> None:
    alter(data, "UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 4")
    shown = run("verify", "--data", data, "--en", exits=1)
    assert "an event was edited" in shown
    assert "event 4  position 4" in shown
    assert "complaint C1  version 1" in shown
    [finding] = told("verify", "--data", data, exits=1)["findings"]
    assert finding["kind"] == "edited"
    assert finding["number"] == "C1"
    assert "事件被改动" in run("verify", "--data", data, exits=1)


def test_a_checkpoint_kept_outside_and_a_key_known_before_are_used(data: Path, tmp_path: Path) -> None:
    kept, key = tmp_path / "kept.txt", tmp_path / "key.txt"
    kept.write_bytes((data / "seal" / "checkpoint").read_bytes())
    key.write_text(f"{next(published_keys(store_of(Place(data).settings)))}\n")
    words = ("verify", "--data", data, "--checkpoint", kept, "--public-key", key)
    assert told(*words)["remarks"] == []
    alter(data, "DELETE FROM stored_events WHERE rowid = 5")
    assert told(*words, exits=1)["findings"][0]["kind"] == "cut"


@pytest.mark.clause("S000-6.2")
def test_an_older_copy_shows_a_rewritten_history_that_newer_copies_of_the_same_file_agree_with(
    data: Path, tmp_path: Path
) -> None:
    [archive] = (data / "seal" / "checkpoints").iterdir()
    copies = tmp_path / "copies.txt"
    copies.write_bytes(archive.read_bytes())
    # Who has database and key rewrites and seals anew; the sealer then offers its new head to the same file.
    alter(data, "UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 4")
    (data / "seal").rename(data / "before")
    run("seal", "--data", data)
    with copies.open("ab") as more:
        more.write((data / "seal" / "checkpoint").read_bytes() + b"\n")
    every = copies.read_bytes()
    for content in (every, every.replace(b"\n", b"\r\n"), every.rstrip(b"\n")):
        copies.write_bytes(content)
        finding = told("verify", "--data", data, "--checkpoint", copies, exits=1)["findings"][0]
        assert (finding["kind"], finding["event"], finding["place"]) == ("rewritten", 4, f"{copies} #2")


def test_of_a_file_of_copies_the_first_that_is_not_signed_is_named_and_a_torn_one_is_left_out(
    data: Path, tmp_path: Path
) -> None:
    note = (data / "seal" / "checkpoint").read_text()
    copies = tmp_path / "copies.txt"
    copies.write_text(f"{note}\n{note[:40]}\n\n{note}\n")
    assert told("verify", "--data", data, "--checkpoint", copies)["sound"]
    copies.write_text(f"{note}\n" + 3 * f"{note.replace('position 5', 'position 6')}\n")
    [finding] = told("verify", "--data", data, "--checkpoint", copies, exits=1)["findings"]
    assert (finding["kind"], finding["place"]) == ("signature", f"{copies} #2")


def test_nonsense_as_checkpoint_is_a_finding_and_as_key_bad_input(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "nonsense"
    for content in (b"", b"\n\n\n", b"\xff\xfe", b"a\n" * 9, "— x\n".encode()):
        file.write_bytes(content)
        report = told("verify", "--data", data, "--checkpoint", file, exits=1)
        assert {finding["kind"] for finding in report["findings"]} == {"signature"}
    result = CliRunner().invoke(app, ["verify", "--data", str(data), "--public-key", "nonsense"])
    assert isinstance(result.exception, Refused)


def test_the_seal_is_shown_and_its_key_changed(data: Path) -> None:
    before = told("seal", "show", "--data", data)
    assert (before["head"]["size"], before["ledger"], len(before["keys"])) == (5, 5, 1)
    after = told("seal", "rotate", "--data", data)
    assert len(after["keys"]) == 2
    assert after["checkpoint"] != before["checkpoint"]
    assert "已封存 5 个事件" in run("seal", "show", "--data", data)
    assert "5 events sealed" in run("seal", "--data", data, "--en")
    run("verify", "--data", data)
    assert "private key is there" in CliRunner().invoke(app, ["seal", "rotate", "--lost", "--data", str(data)]).output


def test_a_key_made_in_place_of_a_lost_one_may_sign_later_when_the_first_attempt_failed(data: Path) -> None:
    keys = SigningKeys(data / "seal-keys")
    (keys.directory / "signing.key").unlink()
    keys.make()
    again = ("seal", "rotate", "--lost", "--data", str(data))
    assert CliRunner().invoke(app, list(again)).exit_code == 0
    assert told("verify", "--data", data)["sound"]
    assert CliRunner().invoke(app, list(again)).exit_code == 2


def test_an_installation_that_was_never_sealed_says_so(data: Path) -> None:
    for file in sorted((data / "seal").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    report = told("verify", "--data", data)
    assert (report["sealed"], report["head"]) == (0, None)
    assert "尚未封存" in run("seal", "show", "--data", data)
    assert "已封存 5 个事件" in run("seal", "--data", data)


def test_a_refused_seal_does_not_undo_what_was_appended(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alter(data, "UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 5")
    with Place(data).writing() as (ledger, _):
        controls.put(ledger, controls.some_streams(9)[8], controls.received(in_the_morning()))
    assert "not sealed" in capsys.readouterr().err
    with Place(data).reading() as (ledger, _):
        assert ledger.head() == 6
    assert told("seal", "show", "--data", data)["refusal"] is not None


def test_a_seal_under_a_strangers_key_is_found_where_the_real_key_lies(data: Path) -> None:
    alter(data, "UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 4")
    keys = data / "seal-keys"
    keys.rename(data / "real")
    (data / "seal").rename(data / "before")
    run("seal", "--data", data)
    assert told("verify", "--data", data)["sound"]
    keys.rename(data / "strange")
    (data / "real").rename(keys)
    [finding] = told("verify", "--data", data, exits=1)["findings"]
    assert finding["kind"] == "signature"


def test_after_a_lost_key_and_after_a_rotation_the_installation_still_knows_its_own(data: Path) -> None:
    run("seal", "rotate", "--data", data)
    run("verify", "--data", data, "--every")
    (data / "seal-keys" / "signing.key").unlink()
    run("seal", "rotate", "--lost", "--data", data)
    assert told("verify", "--data", data, "--every")["sound"]
