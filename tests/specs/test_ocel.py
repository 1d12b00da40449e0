"""OCEL 2.0 (ocel-standard.org): what the standard demands of a log, and what our history becomes in it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.envelope import StreamId
from events.ledger import Ledger
from events.links import Linked
from events.stores import SQLiteStore
from events.vocabulary import Relation
from services.compliance.exports import ocel
from services.compliance.exports.ocel_model import EVENT_TYPES, OBJECT_TYPES, ObjectType
from services.compliance.exports.selection import Selection
from tests import controls
from tests.controls import C1, put, received
from tests.exported import all_of, filled, with_company, with_every_fact
from tests.times import in_the_morning

Log = dict[str, Any]
KINDS = {"string": str, "integer": int, "float": float, "boolean": bool, "time": str}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
OTHER = controls.some_streams(1)[0]


@pytest.fixture(scope="module")
def every_fact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A complaint to which everything happened."""
    with closing(with_every_fact(tmp_path_factory.mktemp("every") / "ledger.db")) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Many complaints, handled as the policy wants."""
    with closing(filled(SQLiteStore(tmp_path_factory.mktemp("lives") / "ledger.db"))) as ledger:
        yield ledger


@pytest.fixture(params=["every_fact", "rehearsed"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Each of them."""
    found: Ledger = request.getfixturevalue(request.param)
    return found


def as_json(ledger: Ledger, path: Path, selection: Selection | None = None) -> Log:
    """The log as JSON."""
    file = path / "log.json"
    ocel.write(file, "json", ledger, selection or all_of(ledger))
    log: Log = orjson.loads(file.read_bytes())
    return log


def as_sqlite(ledger: Ledger, path: Path) -> sqlite3.Connection:
    """The log as a database."""
    file = path / "log.sqlite"
    ocel.write(file, "sqlite", ledger, all_of(ledger))
    return sqlite3.connect(file)


def relations(log: Log, collection: str) -> set[tuple[str, str, str]]:
    """(from, to, qualifier) of all events, or of all objects."""
    return {
        (one["id"], each["objectId"], each["qualifier"]) for one in log[collection] for each in one["relationships"]
    }


def test_the_log_has_the_four_parts_of_the_standard_and_no_other(ledger: Ledger, tmp_path: Path) -> None:
    log = as_json(ledger, tmp_path)
    assert set(log) == {"eventTypes", "objectTypes", "events", "objects"}
    assert {type_["name"] for type_ in log["eventTypes"]} == set(EVENT_TYPES)
    assert {type_["name"] for type_ in log["objectTypes"]} == {str(type_) for type_ in OBJECT_TYPES}
    assert all(set(event) == {"id", "type", "time", "attributes", "relationships"} for event in log["events"])
    assert all(set(each) == {"id", "type", "attributes", "relationships"} for each in log["objects"])


def test_ids_are_unique_and_every_type_attribute_and_target_is_declared(ledger: Ledger, tmp_path: Path) -> None:
    log = as_json(ledger, tmp_path)
    for collection, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {type_["name"]: {a["name"]: a["type"] for a in type_["attributes"]} for type_ in log[types]}
        ids = [one["id"] for one in log[collection]]
        assert len(ids) == len(set(ids))
        for one in log[collection]:
            for attribute in one["attributes"]:
                kind = declared[one["type"]][attribute["name"]]
                assert type(attribute["value"]) in {KINDS[kind], int if kind == "float" else KINDS[kind]}
                assert kind != "time" or MOMENT.fullmatch(attribute["value"])
    objects = {one["id"] for one in log["objects"]}
    assert {target for _, target, _ in relations(log, "events") | relations(log, "objects")} <= objects


def test_every_event_has_an_instant_and_touches_at_least_one_object(ledger: Ledger, tmp_path: Path) -> None:
    log = as_json(ledger, tmp_path)
    assert all(MOMENT.fullmatch(event["time"]) and event["relationships"] for event in log["events"])
    assert all(MOMENT.fullmatch(a["time"]) for each in log["objects"] for a in each["attributes"])


@pytest.mark.clause("S000-6.2")
def test_each_fact_of_the_ledger_is_one_event_in_its_own_time(ledger: Ledger, tmp_path: Path) -> None:
    log = as_json(ledger, tmp_path)
    told = {event["id"]: (event["type"], datetime.fromisoformat(event["time"])) for event in log["events"]}
    assert told == {f"e{r.position}": (r.name, r.occurred_at) for r in ledger.replay()}
    assert len(log["events"]) == len(told)


def test_the_database_satisfies_the_keys_the_standard_names(ledger: Ledger, tmp_path: Path) -> None:
    with closing(as_sqlite(ledger, tmp_path)) as log:
        assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert log.execute("PRAGMA foreign_key_check").fetchall() == []
        for kind in ("event", "object"):
            of_all = dict(log.execute(f"SELECT ocel_type, COUNT(*) FROM {kind} GROUP BY 1"))
            for type_, name in log.execute(f"SELECT ocel_type, ocel_type_map FROM {kind}_map_type"):
                [count] = log.execute(f'SELECT COUNT(DISTINCT ocel_id) FROM "{kind}_{name}"').fetchone()
                assert count == of_all.get(type_, 0), type_
        times = [
            time
            for (name,) in log.execute("SELECT ocel_type_map FROM event_map_type").fetchall()
            for (time,) in log.execute(f'SELECT ocel_time FROM "event_{name}"')
        ]
    assert all(MOMENT.fullmatch(time) for time in times)


def test_a_later_value_of_an_object_is_a_row_that_names_the_changed_field_alone(ledger: Ledger, tmp_path: Path) -> None:
    with closing(as_sqlite(ledger, tmp_path)) as log:
        log.row_factory = sqlite3.Row
        rows = log.execute("SELECT * FROM object_complaint ORDER BY ocel_id, rowid").fetchall()
    first = {row["ocel_id"]: row for row in reversed(rows)}
    assert all(row["ocel_changed_field"] is None for row in first.values())
    for row in (row for row in rows if row["ocel_changed_field"] is not None):
        told = {name for name in OBJECT_TYPES[ObjectType.COMPLAINT] if row[name] is not None}
        assert told == {row["ocel_changed_field"]}
    assert len(rows) > len(first)


def test_json_and_database_hold_the_same(ledger: Ledger, tmp_path: Path) -> None:
    log = as_json(ledger, tmp_path)
    with closing(as_sqlite(ledger, tmp_path)) as database:
        e2o = set(database.execute("SELECT * FROM event_object"))
        o2o = set(database.execute("SELECT * FROM object_object"))
        objects = set(database.execute("SELECT ocel_id, ocel_type FROM object"))
        events = set(database.execute("SELECT ocel_id, ocel_type FROM event"))
    # Customers without a key of their own have other pseudonyms in every export.
    assert _unnamed(relations(log, "events")) == _unnamed(e2o)
    assert _unnamed(relations(log, "objects")) == _unnamed(o2o)
    assert _unnamed({(each["id"], each["type"]) for each in log["objects"]}) == _unnamed(objects)
    assert {(event["id"], event["type"]) for event in log["events"]} == events


def _unnamed(rows: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(tuple("?" if re.fullmatch("[0-9a-f]{32}", cell) else cell for cell in row) for row in rows)


PARTS = {
    ("Received", "person:li.na", "accused"),
    ("Received", "person:zhang.wei", "accused"),
    ("Received", "channel:web", "channel"),
    ("Received", "order:O-1", "order"),
    ("Assigned", "person:li.na", "handler"),
    ("Assigned", "person:li.na", "owner"),
    ("Assigned", "department:service", "department"),
    ("HandedOver", "person:li.na", "giver"),
    ("Escalated", "person:wang.fang", "decider"),
    ("ApprovalGiven", "person:li.na", "approver"),
    ("ApprovalRequested", "person:li.na", "author"),
    ("RefundVerified", "person:li.na", "verifier"),
    ("RefundPaid", "person:li.na", "payer"),
    ("SolutionProposed", "person:li.na", "responsible"),
    ("Recused", "person:li.na", "recused"),
    ("TaskOpened", "person:sun.li", "responsible"),
    ("TaskOpened", "department:logistics", "department"),
    ("AuthorityDelegated", "person:li.na", "delegate"),
    ("PolicyMigrated", "policy:default-cn@2", "policy"),
    ("StaffAlerted", "person:li.na", "alerted"),
    ("PolicyPublished", "policy:default-cn@1", "policy"),
}


@pytest.mark.clause("S002-7.1", "S003-7.3")
def test_who_took_which_part_in_an_event_is_told(every_fact: Ledger, tmp_path: Path) -> None:
    log = as_json(every_fact, tmp_path)
    names = {event["id"]: event["type"] for event in log["events"]}
    assert {(names[event], target, part) for event, target, part in relations(log, "events")} >= PARTS


def test_what_a_complaint_belonged_to_is_told(every_fact: Ledger, tmp_path: Path) -> None:
    found = relations(as_json(every_fact, tmp_path), "objects")
    mine = {(target, part) for source, target, part in found if source == C1}
    assert {
        ("channel:web", "channel of complaint"),
        ("order:O-1", "order of complaint"),
        ("policy:default-cn@1", "policy of complaint"),
        ("policy:default-cn@2", "policy of complaint"),
        ("person:li.na", "handler"),
        ("person:zhang.wei", "handler"),
        ("person:li.na", "accused"),
        ("department:service", "department of complaint"),
    } <= mine
    assert ("person:li.na", "department:service", "department of person") in found
    assert ("person:li.na", "person:wang.fang", "manager") in found


def test_priority_handler_and_level_are_told_with_the_instant_they_changed(every_fact: Ledger, tmp_path: Path) -> None:
    [complaint] = [each for each in as_json(every_fact, tmp_path)["objects"] if each["id"] == C1]
    told = [(a["name"], a["value"], datetime.fromisoformat(a["time"])) for a in complaint["attributes"]]
    recorded = {r.name: r.occurred_at for r in reversed(every_fact.load(C1))}
    assert ("status", "received", recorded["Received"]) in told
    assert ("priority", "yellow", recorded["Classified"]) in told
    assert ("handler", "li.na", recorded["Assigned"]) in told
    assert ("handler", "zhang.wei", recorded["HandedOver"]) in told
    assert ("level", 2, recorded["Escalated"]) in told
    assert ("missed_deadlines", 1, recorded["ClockBreached"]) in told


def test_one_customer_is_one_object_in_all_their_complaints(tmp_path: Path) -> None:
    with closing(with_every_fact(tmp_path / "ledger.db", sealed=True)) as ledger:
        put(ledger, OTHER, received(external_ref="W-00000", number="C2"))
        log = as_json(ledger, tmp_path)
        customers = {target for _, target, part in relations(log, "objects") if part == "customer of complaint"}
        assert customers == set(ledger.customers([C1, OTHER]).values())


def test_a_customer_without_a_key_has_a_pseudonym_nobody_can_try_out(every_fact: Ledger, tmp_path: Path) -> None:
    first, second = (as_json(every_fact, tmp_path)["objects"] for _ in range(2))
    [one], [other] = ([each["id"] for each in log if each["type"] == "customer"] for log in (first, second))
    assert re.fullmatch("[0-9a-f]{32}", one)
    assert one != other, "the salt is forgotten with the export"


def test_linked_complaints_are_related_although_only_one_of_them_is_exported(tmp_path: Path) -> None:
    with closing(with_company(SQLiteStore(tmp_path / "ledger.db"))) as ledger:
        link = Linked(to=StreamId(OTHER), relation=Relation.DUPLICATE, reason="同一事由")
        put(ledger, C1, received(), controls.told(in_the_morning())._replace(fact=link))
        put(ledger, OTHER, received(external_ref="W-00000"))
        log = as_json(ledger, tmp_path, all_of(ledger)._replace(ids=frozenset({C1})))
    assert (C1, OTHER, "duplicate") in relations(log, "objects")
    [shell] = [each for each in log["objects"] if each["id"] == OTHER]
    assert (shell["type"], shell["attributes"], shell["relationships"]) == ("complaint", [], [])
    assert {event["type"] for event in log["events"]} == {"Received", "Linked"}
