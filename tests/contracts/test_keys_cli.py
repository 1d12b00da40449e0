"""Customers' keys taken to another place by command: whole, private, and none that was destroyed (M16, I12)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PHONE = "13800000000"
BODY = {
    "channel": "web",
    "external_ref": "W-1",
    "text": "张三说快递没到",
    "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": PHONE}]},
}


def amends(data: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    """Exit code and what was printed, machine output first."""
    command = [sys.executable, "-m", "services.cli.main", *arguments, "--data", str(data)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def a_withdrawn_complaint(data: Path) -> str:
    """Its id."""
    code, told = amends(data, "submit", "-", "--json", given=json.dumps(BODY))
    assert code == 0, told
    complaint: str = json.loads(told.splitlines()[0])["complaint_id"]
    code, told = amends(data, "do", complaint, "withdraw", "--as", "li.na", "--data", '{"words": "不投诉了"}')
    assert code == 0, told
    return complaint


def shown(data: Path, complaint: str) -> Any:
    """What li.na reads."""
    return json.loads(amends(data, "show", complaint, "--as", "li.na", "--json")[1].splitlines()[0])["text"]


def test_a_ledger_and_its_keys_move_and_are_read_as_before(tmp_path: Path) -> None:
    old, new, file, keys = (tmp_path / name for name in ("old", "new", "h.jsonl", "keys.json"))
    complaint = a_withdrawn_complaint(old)
    assert amends(old, "export", "jsonl", str(file))[0] == 0
    assert amends(old, "keys", "export", str(keys))[0] == 0
    assert keys.stat().st_mode & 0o077 == 0
    assert amends(new, "keys", "import", str(keys))[0] == 2, "the ledger comes first"
    assert amends(new, "import", str(file))[0] == 0
    assert shown(new, complaint) == "***"
    assert amends(new, "keys", "import", str(keys))[0] == 0
    assert shown(new, complaint) == BODY["text"]
    assert amends(old, "keys", "export", str(keys))[0] == 2, "nothing is overwritten"


def test_a_copy_of_a_destroyed_key_is_not_taken_back(tmp_path: Path) -> None:
    data, keys, again = tmp_path / "data", tmp_path / "keys.json", tmp_path / "again.json"
    complaint = a_withdrawn_complaint(data)
    amends(data, "keys", "export", str(keys))
    for person in ("wu.hao", "chen.jie"):
        assert amends(data, "erase", PHONE, "--as", person, "--reason", "客户申请")[0] == 0
    code, told = amends(data, "keys", "import", str(keys))
    assert (code, "not brought back: 1" in told) == (0, True)
    amends(data, "keys", "export", str(again))
    assert len(again.read_text().splitlines()) == 1
    assert shown(data, complaint) == "***"


def test_a_file_of_no_keys_is_told(tmp_path: Path) -> None:
    a_withdrawn_complaint(tmp_path / "data")
    wrong = tmp_path / "wrong.json"
    for content in ("", "[]", "{}", '{"format": "amends-keys-9", "master": ""}', "\x00"):
        wrong.write_text(content)
        code, told = amends(tmp_path / "data", "keys", "import", str(wrong))
        assert (code, "不是密钥文件" in told) == (2, True), told
