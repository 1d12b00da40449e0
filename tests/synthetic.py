"""Worlds to examine: companies in which complaints were handled by the real decisions, each history lawfully recorded.

The golden scenarios and the lives of the benchmarks, begun in many weeks; the same seed gives the same worlds.
"""

import asyncio
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from random import Random
from typing import Any, NamedTuple

import orjson

from events.catalogue import OF_COMPLAINTS, decode, recorded_at, wire
from events.envelope import StreamId
from events.stores import Row
from policy.policy import SAMPLE_ORGANISATION
from services.bench.lives import script
from services.bench.synthetic import rows_of
from services.compliance.conformance.company import Company, company
from services.wiring.rehearsal import Line
from tests.controls import SCENARIOS

Lines = list[dict[str, Any]]
"""One complaint's event lines as objects, version 1 first."""

PEOPLE: Mapping[str, Mapping[str, Any]] = tomllib.loads(SAMPLE_ORGANISATION.read_text())["person"]
TEMPLATES = (
    *("g1", "g2", "g3_person", "g4", "g5", "g6", "g7", "g8", "g9", "g13", "g14", "g15", "g16", "g22", "g23"),
    *("callback_in_vain", "hands", "review", "understanding"),
)
"""Scenarios under the shipped policy; the others publish another or lead through many complaints."""
LIVES = "lives"


class World(NamedTuple):
    """What one rehearsal left behind."""

    name: str
    company: Company
    complaints: Mapping[StreamId, Lines]
    until: datetime
    """When the rehearsal ended."""


def worlds(seed: int, weeks: int = 1) -> Iterator[World]:
    """Every template begun in that many weeks of the year."""
    chance = Random(seed)
    for week in sorted(chance.sample(range(40), weeks)):
        for name in (*TEMPLATES, LIVES):
            yield world(name, week)


def world(name: str, week: int = 0) -> World:
    """One template begun that many weeks after it was written."""
    begin = datetime.fromisoformat("2026-03-02T10:00:00+08:00") + timedelta(weeks=week)
    lines = list(script(begin)) if name == LIVES else scenario(name, week)
    first, last = (datetime.fromisoformat(line.get("at") or line["until"]) for line in (lines[0], lines[-1]))
    rows = asyncio.run(rows_of(lines, first))
    published = [decode(*row) for row in rows if row.topic not in OF_COMPLAINTS]
    return World(f"{name}+{week}", company(published), _complaints(rows), max(last, _end(rows)))


@cache
def company_rows() -> tuple[Row, ...]:
    """The company's own rows, published before any of these worlds begins."""
    begin = datetime.fromisoformat("2026-01-02T10:00:00+08:00")
    return tuple(row for row in asyncio.run(rows_of((), begin)) if row.topic not in OF_COMPLAINTS)


def scenario(name: str, week: int) -> Sequence[Line]:
    """A golden scenario's script, every date in it that many weeks later."""

    def later(found: re.Match[str]) -> str:
        return (date.fromisoformat(found.group()) + timedelta(weeks=week)).isoformat()

    text = re.sub(r"2026-\d\d-\d\d", later, (SCENARIOS / f"{name}.jsonl").read_text())
    return [orjson.loads(line) for line in text.splitlines()]


def _end(rows: Sequence[Row]) -> datetime:
    return datetime.fromisoformat(recorded_at(rows[-1].state, rows[-1].position))


def _complaints(rows: Sequence[Row]) -> Mapping[StreamId, Lines]:
    own = sorted((row for row in rows if row.topic in OF_COMPLAINTS), key=lambda row: (row.stream, row.version))
    return {
        stream: [orjson.loads(wire(*row)) for row in each] for stream, each in groupby(own, key=lambda row: row.stream)
    }


def row_of(line: Mapping[str, Any]) -> Row:
    """The stored row an event line is of."""
    state = {name: line[name] for name in ("v", "occurred_at", "recorded_at", "actor", "causation", "policy", "data")}
    return Row(line["position"], StreamId(line["complaint_id"]), line["version"], line["type"], orjson.dumps(state))
