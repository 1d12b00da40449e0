"""The command line: exit codes, what goes to stdout and stderr, and never a traceback (design, section 7)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.machine import RUN_FILE
from services.cli import main as command_line
from services.cli.run import Servable
from services.wiring.roles import ROLES
from tests.commands import Run

COMPLAINT = {"channel": "web", "external_ref": "r1", "text": "餐厅食物中毒", "customer": {"name": "张三"}}
SCRIPT = {"at": "2026-03-02T20:50:00+08:00", "submit": {k: v for k, v in COMPLAINT.items() if k != "external_ref"}}
BOM = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped installation with one complaint."""
    data = tmp_path_factory.mktemp("installed") / "data"
    subprocess.run(
        [sys.executable, "-m", "services.cli.main", "submit", "-", "--data", data],
        input=BOM + json.dumps(COMPLAINT).encode(),
        check=True,
        capture_output=True,
    )
    return data


@pytest.fixture
def installed(ledger: Path, tmp_path: Path) -> Path:
    """A copy of it, the test's own, in the directory every command looks at first."""
    return Path(shutil.copytree(ledger, tmp_path / "amends-data"))


def _number(run: Run) -> str:
    return str(json.loads(run("list", "--json").out)["number"])


def test_setup_of_a_stopped_machine_prepares_the_ledger_and_leaves_the_broker_to_up(run: Run) -> None:
    first = run("setup", "--json")
    assert first.code == 0 and len(json.loads(first.out)["changed"]) == 3
    assert "amends up" in first.err


def test_setup_names_a_broker_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_NATS_URL", "nats://setup:secret@127.0.0.1:1")
    ran = run("setup")
    assert ran.code == 4 and "127.0.0.1:1" in ran.err and "secret" not in ran.err


def test_setup_of_a_running_installation_has_nothing_to_do(run: Run, installed: Path) -> None:
    (installed / RUN_FILE).write_text(json.dumps({"pid": os.getpid(), "nats": "nats://x", "http": "http://x"}))
    ran = run("setup")
    assert ran.code == 0 and "amends up" in ran.err


@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_cannot_be_is_bad_input(run: Run, port: str) -> None:
    assert run("up", "--port", port).code == 2


def test_a_reader_that_has_seen_enough_is_no_failure(installed: Path) -> None:
    command = [sys.executable, "-m", "services.cli.main", "policy", "show", "--data", str(installed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_full_disk_names_stdout(installed: Path) -> None:
    command = [sys.executable, "-m", "services.cli.main", "list", "--json", "--data", str(installed)]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert ran.returncode == 4 and b"stdout" in ran.stderr and ran.stderr.count(b"\n") == 1


@pytest.mark.parametrize("start", ["9999-12-31T23:00:00+08:00", "0001-01-01T00:00:00+08:00"])
def test_a_year_out_of_reach_is_bad_input(run: Run, start: str) -> None:
    ran = run("due", "first_human", "--start", start)
    assert ran.code == 2 and "1990" in ran.err


def test_an_empty_id_is_bad_input(run: Run, installed: Path) -> None:
    assert run("show", "").code == 2


def test_an_unexpected_failure_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(command_line, "app", broken)
    ran = run("list")
    assert ran.code == 4 and ran.err == "内部错误 / internal error: RuntimeError: two lines\n"


@pytest.mark.parametrize(("command", "content"), [("submit", ""), ("submit", "[]"), ("rehearse", ""), ("submit", BOM)])
def test_nothing_to_submit_is_bad_input(run: Run, tmp_path: Path, command: str, content: str | bytes) -> None:
    file = tmp_path / "empty"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run(command, file)
    assert ran.code == 2 and "nothing to submit" in ran.err


def test_doctor_finds_an_installation_that_ended_without_stopping(run: Run, installed: Path) -> None:
    (installed / RUN_FILE).write_text(json.dumps({"pid": 2**22 + 1, "nats": "nats://x", "http": "http://x"}))
    ran = run("doctor")
    assert ran.code == 1 and "ended without stopping" in " ".join(ran.out.split())


def test_an_empty_data_variable_is_none(run: Run, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_DATA", "")
    assert run("list", "--json").out.count("\n") == 1


def test_a_named_directory_without_a_ledger_has_no_policy(run: Run, tmp_path: Path) -> None:
    named = run("policy", "show", "--data", tmp_path / "absent")
    assert named.code == 4 and "没有台账" in named.err
    shipped = run("policy", "show")
    assert shipped.code == 0 and shipped.out and "shipped policy" in shipped.err


@pytest.mark.parametrize("id_", ["-1", "0", str(2**63)])
def test_a_dead_letter_id_out_of_range_is_bad_input(run: Run, id_: str) -> None:
    assert run("dead", "show", "--", id_).code == 2


def test_wrong_data_of_a_command_is_told_by_field(run: Run, installed: Path) -> None:
    number = _number(run)
    told = run("do", number, "reply", "--as", "li.na", "--data", '{"kind":"progress"}')
    assert told.code == 2 and "缺少必填项 / Field required" in told.err and "{" not in told.err
    raw = run("do", number, "reply", "--as", "li.na", "--json", "--data", '{"kind":"progress"}')
    assert raw.code == 2 and json.loads(raw.err)["error"] == "bad_command"


def test_a_refused_submission_is_told_by_field(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(BOM + json.dumps({**COMPLAINT, "channel": 7}).encode())
    told = run("submit", file)
    assert told.code == 2 and "channel: " in told.err and "{" not in told.err
    assert json.loads(run("submit", file, "--json").err)["line"] == 1


def test_a_wrong_policy_names_the_file_and_the_fields(run: Run) -> None:
    ran = run("policy", "check", "/dev/null")
    assert ran.code == 2 and "/dev/null: policy: 缺少必填项" in ran.err
    assert "https" not in ran.err and "input_value" not in ran.err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({**SCRIPT, "submit": 1}, "submit"),
        ({"at": SCRIPT["at"]}, "expected submit"),
        ({"at": "today", "until": "x"}, "with a zone"),
        ({"until": SCRIPT["at"], "do": "reply"}, "at: "),
        ({"at": SCRIPT["at"], "do": "reply", "on": "c9", "by": "li.na"}, "no complaint was submitted as 'c9'"),
    ],
)
def test_a_wrong_line_of_a_script_is_named(run: Run, tmp_path: Path, line: object, expected: str) -> None:
    file = tmp_path / "script.jsonl"
    file.write_bytes(BOM + json.dumps(SCRIPT).encode() + b"\n\n" + json.dumps(line).encode())
    ran = run("rehearse", file)
    assert ran.code == 2 and "第 3 行有误 / line 3: " in ran.err and expected in ran.err


@pytest.mark.parametrize("data", ["[1]", "7", '"x"', "{"])
def test_data_of_a_command_that_is_no_object_is_bad_input(run: Run, installed: Path, data: str) -> None:
    assert run("do", "x", "reply", "--as", "li.na", "--data", data).code == 2


def test_commands_that_need_a_broker_say_so_in_both_languages(run: Run, installed: Path) -> None:
    ran = run("dead", "list")
    assert ran.code == 4 and ran.err.startswith("需要运行中的系统")


def test_a_usage_error_is_bad_input(run: Run) -> None:
    assert run("list", "--no-such-option").code == 2
    assert run("no-such-command").code == 2
    assert run("--help").code == 0


def test_the_list_fits_a_terminal_of_80(run: Run, installed: Path) -> None:
    number = _number(run)
    ran = run("list")
    row = next(line for line in ran.out.splitlines() if number in line)
    assert "received" in row and len(row) <= 80


def test_serve_offers_the_roles_there_are(run: Run) -> None:
    assert set(map(str, Servable)) == set(map(str, ROLES))
    assert "operator" not in run("serve", "--help").out
