"""`amends replay`, `history`, `list --as-of`, `knew` on a stopped installation: what they print and how they end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from events.catalogue import decode, wire
from events.stores import SQLiteStore
from services.wiring.store import LEDGER_FILE
from tests.commands import Run
from tests.pasts import Rehearsed, installed, rehearsed, store_of

SCENARIO = "g5"
"""zhang.wei is accused in it."""
BUFFER = 65_536
"""Bytes a pipe holds."""


@pytest.fixture
def past(tmp_path: Path) -> Rehearsed:
    """A stopped installation where the command looks for one."""
    return installed(tmp_path, SCENARIO)


@pytest.fixture
def run(past: Rehearsed, run: Run) -> Run:
    """One command on it."""
    return run


def told(run: Run, *arguments: object) -> list[dict[str, Any]]:
    """What a command prints as JSON lines."""
    return [json.loads(line) for line in run(*arguments, "--json")[1].splitlines()]


def lines(past: Rehearsed) -> list[str]:
    return [wire(*row).decode() for row in past.rows]


@pytest.mark.clause("S000-6.2")
def test_replay_prints_the_event_lines_as_stored(run: Run, past: Rehearsed) -> None:
    assert run("replay", "--json") == (0, "".join(line + "\n" for line in lines(past)), "")
    assert run("replay", "--json", "--from", 3, "--to", 5)[1].splitlines() == lines(past)[3:5]


@pytest.mark.clause("S000-6.2")
def test_replay_asks_for_kind_and_person_and_time(run: Run, past: Rehearsed) -> None:
    rows = [decode(*row) for row in past.rows]
    by = next(r.actor.id for r in rows if r.actor.kind == "person")
    since = rows[len(rows) // 2].recorded_at
    assert [event["position"] for event in told(run, "replay", "--by", by, "--since", since.isoformat())] == [
        r.position for r in rows if r.actor.id == by and r.recorded_at >= since
    ]
    assert {event["type"] for event in told(run, "replay", "--type", "received")} == {"complaint.received"}


def test_replay_tells_sentences_in_both_languages(run: Run) -> None:
    assert "受理投诉" in run("replay", "--type", "Received")[1]
    assert "received complaint" in run("replay", "--type", "Received", "--en")[1]


@pytest.mark.parametrize(
    "wrong", [("--type", "nothing"), ("--since", "yesterday"), ("--until", "2026-03-02T10:00:00"), ("--from", "-1")]
)
def test_a_question_that_cannot_be_meant_is_bad_input(run: Run, wrong: tuple[str, str]) -> None:
    code, out, err = run("replay", *wrong)
    assert (code, out) == (2, "")
    assert err


def test_a_reader_that_has_seen_enough_ends_the_replay_without_a_word(tmp_path: Path) -> None:
    """More lines than any buffer on the way holds."""
    long = rehearsed("g10")
    store = SQLiteStore(tmp_path / LEDGER_FILE)
    store_of(store, long.rows)
    store.close()
    command = f"{Path(sys.executable).parent / 'amends'} replay --json --data {tmp_path}"
    shell = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command} | head -n 1"], capture_output=True, text=True, check=False
    )
    assert sum(map(len, lines(long))) > 2 * BUFFER
    assert (shell.returncode, shell.stdout.strip(), shell.stderr) == (0, lines(long)[0], "")


def number(run: Run) -> str:
    return str(told(run, "list")[-1]["number"])


def test_history_is_narrowed_by_kind_and_person(run: Run) -> None:
    assert {event["actor"]["id"] for event in told(run, "history", number(run), "--by", "workflow")} == {"workflow"}
    assert {event["type"] for event in told(run, "history", number(run), "--type", "assigned")} == {
        "complaint.assigned"
    }


@pytest.mark.clause("S000-6.2")
def test_the_list_as_it_was_before_anything_is_empty(run: Run, past: Rehearsed) -> None:
    first = decode(*past.rows[2])
    assert run("list", "--json", "--as-of", "2026-01-01T00:00:00Z")[1] == ""
    then = [
        json.loads(line) for line in run("list", "--json", "--as-of", first.recorded_at.isoformat())[1].splitlines()
    ]
    assert [line["complaint_id"] for line in then] == [first.complaint_id]


@pytest.mark.clause("S000-6.2")
def test_knew_tells_what_was_known_as_a_table_and_as_json(run: Run) -> None:
    code, out, _ = run("knew", number(run), "--version", 3)
    assert code == 0
    assert "当时的状态" in out
    assert "The state then" in run("knew", number(run), "--version", 3, "--en")[1]
    assert json.loads(run("knew", number(run), "--version", 3, "--json")[1])["known_version"] <= 2


@pytest.mark.clause("S002-7.2")
def test_the_accused_learn_nothing_of_what_others_knew(run: Run) -> None:
    code, out, err = run("knew", number(run), "--version", 3, "--as", "zhang.wei")
    assert (code, out) == (3, "")
    assert "S002-7.2" in err


@pytest.mark.parametrize("asked", [(), ("--version", 3, "--reply", 1), ("--version", 999), ("--reply", 99)])
def test_knew_without_an_act_is_bad_input(run: Run, asked: tuple[object, ...]) -> None:
    code, out, err = run("knew", number(run), *asked)
    assert (code, out) == (2, "")
    assert err
