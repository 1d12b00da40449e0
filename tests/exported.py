"""Ledgers for the tests of exports: rehearsed lives, one complaint with every fact, texts that mean harm."""

import asyncio
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from eventsourcing.persistence import StoredEvent

from events.envelope import Entry
from events.fact import Fact, personal_paths
from events.key_databases import SQLiteKeys
from events.key_stores import SqlKeyStore
from events.keyring import Keyring
from events.ledger import Ledger
from events.reception import Attachment, Customer
from events.stores import SQLiteStore, Store
from services.bench.synthetic import Base, fill, rehearsed
from services.compliance.exports.selection import Selection, everything
from tests import controls
from tests.controls import put
from tests.examples import HANDLING
from tests.times import SECOND, at, in_the_morning

HOSTILE: Sequence[str] = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "  =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    "\u3000＝1+1",
    "＋1",
    "－1",
    "＠a",
    "\u200b=1",
    "\ufeff=1",
    "好的\n=cmd|' /C calc'!A0",
    "好的\r\n+1",
    "a;=1+1",
    "a\t@1",
    '"=1+1',
    "'=1+1",
    "\ttab",
    "\rreturn",
)
"""Cells that some spreadsheet takes for a formula or a command."""
READERS = Path(__file__).parents[1] / ".venv-readers" / "bin" / "python"


@cache
def lives() -> Base:
    """Lives rehearsed through the real decisions, once a session."""
    # In a thread of its own: a test may run in an event loop already.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(rehearsed(7, 1))).result()


def filled(store: Store, events: int = 400) -> Ledger:
    """A ledger with the company and those lives."""
    store.create()
    ledger = Ledger(store, Afterwards())
    fill(ledger, lives(), events)
    return ledger


def with_company(store: Store, keyring: Keyring | None = None) -> Ledger:
    """A ledger in which policy and organisation were published, and nothing else happened."""
    store.create()
    company = lives().company
    store.insert([StoredEvent(row.stream, row.version, row.topic, row.state) for row in company])
    return Ledger(store, Afterwards(), keyring=keyring)


class Afterwards:
    """A clock after everything rehearsed, a second later at every asking."""

    def __init__(self) -> None:
        self.moment = at("2027-03-01 10:00")

    def __call__(self) -> datetime:
        self.moment += SECOND
        return self.moment


def with_every_fact(path: Path, *, sealed: bool = False) -> Ledger:
    """A ledger with the company and one complaint to which everything happened; its texts plain or sealed."""
    keyring = Keyring(SqlKeyStore(SQLiteKeys(path.with_suffix(".keys"))), b"m" * 32) if sealed else None
    ledger = with_company(SQLiteStore(path), keyring)
    for entry in every_entry():
        put(ledger, controls.C1, entry)
    return ledger


def with_hostile_texts(path: Path) -> Ledger:
    """A ledger with the company and a complaint for each hostile text, which stands wherever a text may."""
    ledger = with_every_fact(path)
    for stream, text in zip(controls.some_streams(len(HOSTILE)), HOSTILE, strict=True):
        moment = in_the_morning()
        written = {"product": text, "external_ref": text, "channel": text, "order_ref": text, "number": text}
        put(ledger, stream, controls.received(moment, **written), controls.classified(moment, rules=(text,), sub=text))
        put(ledger, stream, controls.breached(moment + SECOND, text, moment))
    return ledger


def every_entry() -> list[Entry]:
    """Received, sorted, given out, then one example of every fact of handling."""
    moment = in_the_morning()
    attachment = Attachment(name="照片.jpg", media_type="image/jpeg", sha256="a" * 64, size=12_345)
    customer = Customer(name="张三", contacts=controls.BY_PHONE.contacts, member_id="M-77")
    full = {"customer": customer, "order_ref": "O-1", "product": "充电器", "accused": ("李娜", "zhang.wei", "某某")}
    begun = [
        controls.received(moment, attachments=(attachment,), demands=("退款", "道歉"), scene="在家", **full),
        controls.classified(moment),
        controls.assigned(moment),
        controls.escalated(moment),
        controls.breached(moment + SECOND, "first_human", moment),
        controls.started(moment),
        controls.delivered(moment),
        controls.failed(moment),
        controls.alerted(moment, "breach-6-handler#1"),
    ]
    return [entry._replace(occurred_at=moment + n * SECOND) for n, entry in enumerate(begun + _handling())]


def _handling() -> list[Entry]:
    return [_by_person(fact) for fact in HANDLING]


def _by_person(fact: Fact) -> Entry:
    return Entry(fact, in_the_morning(), controls.person(), policy=controls.POLICY_ID)


def personal_texts(fact: Fact) -> set[str]:
    """Every personal text of a fact that could not stand in an export by chance."""
    found = {text for path in personal_paths(type(fact)) for text in _at(fact, path.split("."))}
    return {text for text in found if len(text) > 2}


def _at(value: Any, path: list[str]) -> list[str]:
    if not value:
        return []
    if isinstance(value, tuple):
        return [text for each in value for text in _at(each, path)]
    return _at(getattr(value, path[0]), path[1:]) if path else [value]


def all_of(ledger: Ledger) -> Selection:
    """Everything the ledger holds."""
    return everything(ledger)


def read_by(reader: str, *files: Path) -> Any:
    """What an independent program finds in a file; skips where its environment was not made."""
    if not READERS.exists():
        pytest.skip("no .venv-readers: `make readers` installs the programs that read exports (make test does it)")
    command = [str(READERS), "tests/readers.py", reader, *map(str, files)]
    ran = subprocess.run(command, capture_output=True, cwd=Path(__file__).parents[1], check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    return orjson.loads(ran.stdout)
