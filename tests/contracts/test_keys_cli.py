"""Customers' keys taken to another place by command: whole, private, and none that was destroyed (M16, I12)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.stores import SQLiteStore
from tests.commands import Run

PHONE = "13800000000"
BODY = {
    "channel": "web",
    "external_ref": "W-1",
    "text": "张三说快递没到",
    "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": PHONE}]},
}


Amends = Callable[..., tuple[int, str]]


@pytest.fixture
def amends(run: Run) -> Amends:
    """Exit code and what was printed, machine output first."""

    def ran(data: Path, *arguments: str) -> tuple[int, str]:
        code, out, err = run(*arguments, "--data", data)
        return code, out + err

    return ran


def a_withdrawn_complaint(amends: Amends, data: Path) -> str:
    """Its id."""
    file = data.with_suffix(".json")
    file.write_text(json.dumps(BODY))
    code, told = amends(data, "submit", str(file), "--json")
    assert code == 0, told
    complaint: str = json.loads(told.splitlines()[0])["complaint_id"]
    code, told = amends(data, "do", complaint, "withdraw", "--as", "li.na", "--data", '{"words": "不投诉了"}')
    assert code == 0, told
    return complaint


def shown(amends: Amends, data: Path, complaint: str) -> Any:
    """What li.na reads."""
    return json.loads(amends(data, "show", complaint, "--as", "li.na", "--json")[1].splitlines()[0])["text"]


def test_a_ledger_and_its_keys_move_and_are_read_as_before(amends: Amends, tmp_path: Path) -> None:
    old, new, file, keys = (tmp_path / name for name in ("old", "new", "h.jsonl", "keys.json"))
    complaint = a_withdrawn_complaint(amends, old)
    assert amends(old, "export", "jsonl", str(file))[0] == 0
    assert amends(old, "keys", "export", str(keys))[0] == 0
    assert keys.stat().st_mode & 0o077 == 0
    assert amends(new, "keys", "import", str(keys))[0] == 2, "the ledger comes first"
    assert amends(new, "import", str(file))[0] == 0
    assert shown(amends, new, complaint) == "***"
    assert amends(new, "keys", "import", str(keys))[0] == 0
    assert shown(amends, new, complaint) == BODY["text"]
    assert amends(old, "keys", "export", str(keys))[0] == 2, "nothing is overwritten"


def test_a_copy_of_a_destroyed_key_is_not_taken_back(amends: Amends, tmp_path: Path) -> None:
    data, keys, again = tmp_path / "data", tmp_path / "keys.json", tmp_path / "again.json"
    complaint = a_withdrawn_complaint(amends, data)
    amends(data, "keys", "export", str(keys))
    for person in ("wu.hao", "chen.jie"):
        assert amends(data, "erase", PHONE, "--as", person, "--reason", "客户申请")[0] == 0
    code, told = amends(data, "keys", "import", str(keys))
    assert (code, "not brought back: 1" in told) == (0, True)
    amends(data, "keys", "export", str(again))
    assert len(again.read_text().splitlines()) == 1
    assert shown(amends, data, complaint) == "***"


def test_a_file_of_no_keys_is_told(amends: Amends, tmp_path: Path) -> None:
    a_withdrawn_complaint(amends, tmp_path / "data")
    wrong = tmp_path / "wrong.json"
    for content in ("", "[]", "{}", '{"format": "amends-keys-9", "master": ""}', "\x00"):
        wrong.write_text(content)
        code, told = amends(tmp_path / "data", "keys", "import", str(wrong))
        assert (code, "不是密钥文件" in told) == (2, True), told


def test_keys_are_not_taken_before_a_ledger_tells_which_were_destroyed(amends: Amends, tmp_path: Path) -> None:
    old, new, keys = (tmp_path / name for name in ("old", "new", "keys.json"))
    a_withdrawn_complaint(amends, old)
    assert amends(old, "keys", "export", str(keys))[0] == 0
    new.mkdir()
    store = SQLiteStore(new / "ledger.db")  # as a refused import of a ledger leaves it
    store.create()
    store.close()
    code, told = amends(new, "keys", "import", str(keys))
    assert (code, "import the ledger first" in told, (new / "keys.db").exists()) == (2, True, False)
