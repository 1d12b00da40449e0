"""A rehearsed past in a real ledger: what re-runs and questions about the past look at."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from eventsourcing.persistence import StoredEvent

from events.stores import Row, SQLiteStore, Store
from policy.composition import changed
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from services.compliance.replay.histories import Opener
from services.compliance.whatif.whatif_report import Report
from services.wiring.rehearsal import Rehearsal
from services.wiring.store import LEDGER_FILE
from services.wiring.whatif import Extent, Question, as_published, extent, what_if
from tests.controls import SCENARIOS
from tests.openers import sqlite_ledger

Line = Mapping[str, Any]
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.jsonl") if not path.stem.endswith(".expected"))
"""Every scenario there is."""


class Rehearsed(NamedTuple):
    """What a script led to."""

    rows: Sequence[Row]
    until: datetime
    """The script's last moment."""
    policy: str


def script(name: str) -> list[Line]:
    """The lines of a scenario."""
    return [orjson.loads(line) for line in (SCENARIOS / f"{name}.jsonl").read_text().splitlines() if line]


@cache
def rehearsed(name: str) -> Rehearsed:
    """A scenario, rehearsed once."""
    extra = SCENARIOS / f"{name}.policy.toml"
    return rehearse_lines(script(name), DEFAULT_POLICY.read_text() + (extra.read_text() if extra.exists() else ""))


def rehearse_lines(lines: Sequence[Line], policy: str | None = None) -> Rehearsed:
    """A script under that policy, the shipped one unless told."""
    text = policy or DEFAULT_POLICY.read_text()
    moments = [datetime.fromisoformat(line.get("at") or line["until"]) for line in lines]
    rehearsal = Rehearsal(text, SAMPLE_ORGANISATION.read_text(), moments[0])

    async def run() -> None:
        async for _ in rehearsal.run(lines):
            pass

    asyncio.run(run())
    return Rehearsed(rehearsal.rows(), moments[-1], text)


def store_of(store: Store, rows: Sequence[Row]) -> None:
    """Put rows into an empty store as they are."""
    store.create()
    store.insert([StoredEvent(row.stream, row.version, row.topic, row.state) for row in rows])


def opener_of(path: Path, rows: Sequence[Row]) -> Opener:
    """Opens a SQLite ledger of these rows to read."""
    store = SQLiteStore(path)
    store_of(store, rows)
    store.close()
    return partial(sqlite_ledger, path)


def installed(directory: Path, name: str) -> Rehearsed:
    """A scenario in a stopped installation that commands given in that directory find."""
    found = rehearsed(name)
    data = directory / "amends-data"
    data.mkdir()
    with closing(SQLiteStore(data / LEDGER_FILE)) as store:
        store_of(store, found.rows)
    return found


def otherwise(text: str, changes: Mapping[str, Any]) -> str:
    """The same policy as a version of its own, some keys set."""
    return changed(text, 9, dict(changes))


def answered(opener: Opener, text: str, *, horizon: datetime | None = None, **asked: Any) -> Report:
    """The answer to what-if under that policy text."""
    with opener() as ledger:
        found = extent(ledger)
        assert isinstance(found, Extent)
        published = as_published(ledger, text)
    cores = asked.pop("cores", None)
    known = max(found.horizon, horizon) if horizon else found.horizon
    return what_if(Question(published, known, found.head, **asked), found, opener, cores=cores)
