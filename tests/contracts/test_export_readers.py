"""Programs of others open our exports and find our history in them: pm4py, r4pm, openpyxl, jsonschema (ADR 0018).

They run in `.venv-readers` (`make readers`); pm4py and r4pm share no code with us or with each other.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from events.envelope import instant
from events.ledger import Ledger
from events.stores import SQLiteStore
from services.compliance.exports import jsonl, ocel, xes, xlsx
from services.compliance.exports.cells import printable
from tests import controls
from tests.exported import HOSTILE, all_of, filled, read_by, with_every_fact, with_hostile_texts

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module", params=["every fact", "rehearsed"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A complaint to which everything happened, and many complaints as the policy wants them."""
    path = tmp_path_factory.mktemp("readers") / "ledger.db"
    made = with_every_fact(path, sealed=True) if request.param == "every fact" else filled(SQLiteStore(path))
    with closing(made) as ledger:
        yield ledger


def names(ledger: Ledger) -> dict[str, str]:
    """Event id -> event, as the ledger has them."""
    return {f"e{r.position}": r.name for r in ledger.replay()}


def times(ledger: Ledger) -> dict[str, str]:
    """Event id -> instant, without the zone sign."""
    return {f"e{r.position}": instant(r.occurred_at)[:-1] for r in ledger.replay()}


def written(ledger: Ledger, path: Path, kind: ocel.Format) -> Path:
    """An OCEL file."""
    file = path / f"log.{kind}"
    ocel.write(file, kind, ledger, all_of(ledger))
    return file


@pytest.mark.clause("S001-8.4")
@pytest.mark.parametrize("kind", ["json", "sqlite"])
def test_pm4py_finds_every_event_with_its_time_objects_and_parts(
    kind: ocel.Format, ledger: Ledger, tmp_path: Path
) -> None:
    file = written(ledger, tmp_path, kind)
    found = read_by("pm4py_ocel", file)
    assert found["events"] == names(ledger)
    assert found["times"] == times(ledger)
    assert found["unsatisfied"] == [], "constraints of the standard's own validation"
    log = orjson.loads(written(ledger, tmp_path, "json").read_bytes())
    touched = {each["objectId"] for event in log["events"] for each in event["relationships"]}
    types = [each["type"] for each in log["objects"] if each["id"] in touched]
    assert sorted(found["objects"].values()) == sorted(types)
    theirs = {(event, _plain(object_), part) for event, object_, part in found["e2o"]}
    if kind == "sqlite":
        assert theirs == set(_pairs(log["events"]))
    else:  # of several parts of one object in one event its JSON reader keeps one
        assert theirs <= set(_pairs(log["events"]))
        assert {pair[:2] for pair in theirs} == {pair[:2] for pair in _pairs(log["events"])}


@pytest.mark.parametrize("kind", ["json", "sqlite"])
def test_pm4py_finds_what_changed_and_when(kind: ocel.Format, tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db")) as ledger:
        changes = read_by("pm4py_ocel", written(ledger, tmp_path, kind))["changes"]
        at = {r.name: instant(r.occurred_at)[:-1] for r in reversed(ledger.load(controls.C1))}
    assert [controls.C1, "handler", "zhang.wei", at["HandedOver"]] in changes
    levels = [(value.removesuffix(".0"), moment) for _, field, value, moment in changes if field == "level"]
    assert ("2", at["Escalated"]) in levels


@pytest.mark.parametrize("kind", ["json", "sqlite"])
def test_r4pm_reads_the_same_log_and_writes_it_down_again(kind: ocel.Format, ledger: Ledger, tmp_path: Path) -> None:
    again = read_by("r4pm_ocel", written(ledger, tmp_path, kind))
    ours = orjson.loads(written(ledger, tmp_path, "json").read_bytes())
    assert {event["id"]: event["type"] for event in again["events"]} == names(ledger)
    for collection in ("events", "objects"):
        assert _pairs(again[collection]) == _pairs(ours[collection])
        assert _values(again[collection]) == _values(ours[collection])
    assert sorted(type_["name"] for type_ in again["eventTypes"]) == sorted(
        type_["name"] for type_ in ours["eventTypes"]
    )


def _pairs(every: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted(
        (_plain(one["id"]), _plain(r["objectId"]), r["qualifier"]) for one in every for r in one["relationships"]
    )


def _plain(id_: str) -> str:
    """Customers of a ledger without keys have other pseudonyms in every export."""
    return "?" if re.fullmatch("[0-9a-f]{32}", id_) else id_


def _values(every: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((_plain(one["id"]), a["name"], _spelled(a["value"])) for one in every for a in one["attributes"])


def _spelled(value: Any) -> str:
    """A value whatever its reader calls the zone."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"(\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)$", r"\1", text)


def test_pm4py_finds_every_trace_with_its_events_in_order(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "log.xes.gz"
    with file.open("wb") as out:
        xes.write(out, ledger, all_of(ledger), compressed=True)
    found = read_by("pm4py_xes", file)
    streams = {row.stream for row in ledger.scan() if row.topic.startswith("complaint.")}
    assert {trace: [(e[0], e[1], e[3]) for e in events] for trace, events in found["traces"].items()} == {
        stream: [(r.name, instant(r.occurred_at)[:-1], r.position) for r in ledger.load(stream)] for stream in streams
    }
    assert found["extensions"] == ["Concept", "Lifecycle", "Organizational", "Time"]
    assert found["classifiers"]["Activity"] == ["concept:name"]


def test_r4pm_counts_the_same_events_in_the_traces(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "log.xes"
    with file.open("wb") as out:
        xes.write(out, ledger, all_of(ledger))
    counted: dict[str, int] = {}
    for recorded in ledger.replay():
        if recorded.fact.TYPE.startswith("complaint."):
            counted[recorded.name] = counted.get(recorded.name, 0) + 1
    assert read_by("r4pm_xes", file)["activities"] == counted


def test_openpyxl_finds_no_formula_and_every_text_as_it_was(tmp_path: Path) -> None:
    with closing(with_hostile_texts(tmp_path / "ledger.db")) as ledger:
        xlsx.write(tmp_path / "a.xlsx", ledger, all_of(ledger), ("en", ZONE))
    sheets = read_by("openpyxl", tmp_path / "a.xlsx")
    cells = [cell for rows in sheets.values() for row in rows for cell in row]
    assert list(sheets) == ["complaints", "events", "breaches"]
    assert {kind for kind, _ in cells} == {"s", "n", "d"}, "texts, numbers, dates; no formula"
    texts = {_breaks(text) for _, text in cells}
    assert {_breaks(printable(text)) for text in HOSTILE} <= texts


def _breaks(text: str) -> str:
    """XML knows one kind of line break in a text."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "\n").replace("\n\n", "\n")


def test_openpyxl_finds_numbers_as_numbers_and_full_sheets_continued(ledger: Ledger, tmp_path: Path) -> None:
    counts = xlsx.write(tmp_path / "a.xlsx", ledger, all_of(ledger), ("zh", ZONE), rows=30)
    sheets = read_by("openpyxl", tmp_path / "a.xlsx")
    events = [row for title, rows in sheets.items() if title.startswith("事件") for row in rows[1:]]
    assert len(events) == counts["events"]
    assert max(len(rows) for rows in sheets.values()) <= 30
    assert len([title for title in sheets if title.startswith("事件")]) == -(-counts["events"] // 29)
    assert all(row[0][0] == row[2][0] == "n" and row[4][0] == row[5][0] == "d" for row in events)


def test_every_kind_of_line_is_as_its_json_schema_says_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    lines, schema = tmp_path / "a.jsonl", tmp_path / "schema.json"
    schema.write_bytes(orjson.dumps(jsonl.schema()))
    with closing(with_every_fact(tmp_path / "ledger.db", sealed=True)) as ledger, lines.open("wb") as out:
        jsonl.write(out, ledger, all_of(ledger))
    assert read_by("jsonschema", lines, schema) == []
    first, *_ = lines.read_bytes().splitlines()
    wrong: list[dict[str, Any]] = [
        {"position": 0},
        {"v": 2},
        {"type": "complaint.beamed"},
        {"data": {}},
        {"occurred_at": "now"},
        {"x": 1},
    ]
    lines.write_bytes(b"".join(orjson.dumps({**orjson.loads(first), **each}) + b"\n" for each in wrong))
    assert {error.partition(":")[0] for error in read_by("jsonschema", lines, schema)} == {"1", "2", "3", "4", "5", "6"}
