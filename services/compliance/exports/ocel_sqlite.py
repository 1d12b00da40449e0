"""OCEL 2.0 as a SQLite database: four tables of all, one table for each type of event and object, two maps of names."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from events.envelope import instant
from services.compliance.exports.attributes import Kind, Plain
from services.compliance.exports.cells import printable
from services.compliance.exports.ocel_model import EVENT_TYPES, OBJECT_TYPES, Counts, Event, Object, ObjectType, Shape

TYPES: Final[Mapping[Kind, str]] = {
    Kind.STRING: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.FLOAT: "REAL",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIME: "TIMESTAMP",
}
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when an object is as it is of which nothing is told; the standard's own examples do so."""
REMEMBERED: Final = 100_000
"""Objects known to be in the table, so that it need not be asked."""
ALIKE: Final = 1_000
"""Rows of a kind written at once."""


class Tables:
    """The tables of a log; in a file of their own, or in a private one while JSON is written."""

    def __init__(self, path: Path | None) -> None:
        # An empty name is a private database on disk, removed when it is closed.
        self.connection = sqlite3.connect(path or "", isolation_level=None)
        # Nobody sees the file before it is whole, so nothing of it needs to survive a crash.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -64000"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("BEGIN")
        self.events = self.relations = 0
        """Written so far."""
        self._waiting: dict[str, list[tuple[object, ...]]] = {}
        self._known: set[str] = set()
        self._described: dict[Object, dict[str, Plain]] = {}
        self._complaint: tuple[Object | None, dict[str, Plain]] = (None, {})
        for statement in _schema():
            self.connection.execute(statement)

    def add(self, table: str, *values: object, ignore: bool = False) -> None:
        """One row; it is written with others of its kind."""
        marks = ",".join("?" * len(values))
        statement = f'INSERT {"OR IGNORE " if ignore else ""}INTO "{table}" VALUES ({marks})'
        rows = self._waiting.setdefault(statement, [])
        rows.append(values)
        if len(rows) >= ALIKE:
            self.connection.executemany(statement, rows)
            rows.clear()

    def seen(self, object_: Object) -> None:
        """The object is in the log."""
        if object_.id not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known.add(object_.id)
            self.add("object", object_.id, object_.type.value, ignore=True)

    def described(self, object_: Object, time: datetime, attributes: Mapping[str, Plain]) -> None:
        """A first description is one row; each later difference is a row that names the changed field."""
        self.seen(object_)
        before = self._before(object_)
        table, shape = f"object_{object_.type}", OBJECT_TYPES[object_.type]
        if before is None:
            self.add(table, object_.id, instant(time), None, *_row(shape, attributes))
            self._keep(object_, dict(attributes))
            return
        for name, value in attributes.items():
            if before.get(name) != value:
                before[name] = value
                self.add(table, object_.id, instant(time), name, *_row(shape, {name: value}))

    def _before(self, object_: Object) -> dict[str, Plain] | None:
        if object_.type is ObjectType.COMPLAINT:
            return self._complaint[1] if self._complaint[0] == object_ else None
        return self._described.get(object_)

    def _keep(self, object_: Object, known: dict[str, Plain]) -> None:
        if object_.type is ObjectType.COMPLAINT:
            self._complaint = (object_, known)  # each is told to its end before the next one
        else:
            self._described[object_] = known

    def related(self, source: Object, target: Object, qualifier: str) -> None:
        """One object belongs to another, in that part."""
        self.seen(source)
        self.seen(target)
        self.add("object_object", source.id, target.id, qualifier, ignore=True)

    def finish(self) -> None:
        """Write what waits; every object gets a row among its kind."""
        self._flush()
        for type_ in OBJECT_TYPES:
            nothing = ", NULL" * len(OBJECT_TYPES[type_])
            self.connection.execute(f'CREATE INDEX "object_{type_}_id" ON "object_{type_}" (ocel_id)')
            self.connection.execute(
                f'INSERT INTO "object_{type_}" SELECT ocel_id, ?, NULL{nothing} FROM object o WHERE ocel_type = ? '
                f'AND NOT EXISTS (SELECT 1 FROM "object_{type_}" d WHERE d.ocel_id = o.ocel_id)',
                (instant(BEGINNING), type_.value),
            )
        self.connection.execute("COMMIT")

    def _flush(self) -> None:
        for statement, rows in self._waiting.items():
            self.connection.executemany(statement, rows)
            rows.clear()

    def counts(self) -> Counts:
        """What the log holds; events and their relations as the sink counted them."""
        objects, of_objects = (
            self.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("object", "object_object")
        )
        return Counts(self.events, objects, self.relations + of_objects)

    def close(self) -> None:
        """Give back the file."""
        self.connection.close()


class SQLiteSink:
    """The log as the tables themselves."""

    def __init__(self, path: Path) -> None:
        self.tables = Tables(path)
        self.described = self.tables.described
        self.related = self.tables.related
        self.finish = self.tables.finish
        self.close = self.tables.close

    def event(self, event: Event) -> None:
        """A row of all events, one among its kind, one for each object it touches."""
        add = self.tables.add
        add("event", event.id, event.type)
        add(f"event_{event.type}", event.id, instant(event.time), *_row(EVENT_TYPES[event.type], event.attributes))
        for object_, qualifier in event.relations:
            self.tables.seen(object_)
            add("event_object", event.id, object_.id, qualifier)
        self.tables.events += 1
        self.tables.relations += len(event.relations)


def _row(shape: Shape, attributes: Mapping[str, Plain]) -> list[object]:
    return [stored(attributes.get(name)) for name in shape]


def stored(value: Plain | None) -> str | int | float | None:
    """A value as the formats know it: texts, numbers, instants in UTC."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return instant(value)
    return printable(value) if isinstance(value, str) else value


def _schema() -> Iterator[str]:
    """The tables the standard names, with its keys."""
    of_type = "ocel_type TEXT, ocel_type_map TEXT, PRIMARY KEY (ocel_type)"
    yield f"CREATE TABLE event_map_type ({of_type})"
    yield f"CREATE TABLE object_map_type ({of_type})"
    for kind in ("event", "object"):
        yield (
            f"CREATE TABLE {kind} (ocel_id TEXT, ocel_type TEXT, PRIMARY KEY (ocel_id), "
            f"FOREIGN KEY (ocel_type) REFERENCES {kind}_map_type (ocel_type))"
        )
    yield (
        "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT, "
        "PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier), "
        "FOREIGN KEY (ocel_event_id) REFERENCES event (ocel_id), "
        "FOREIGN KEY (ocel_object_id) REFERENCES object (ocel_id))"
    )
    yield (
        "CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT, "
        "PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier), "
        "FOREIGN KEY (ocel_source_id) REFERENCES object (ocel_id), "
        "FOREIGN KEY (ocel_target_id) REFERENCES object (ocel_id))"
    )
    for name, shape in EVENT_TYPES.items():
        yield (
            f'CREATE TABLE "event_{name}" (ocel_id TEXT, ocel_time TIMESTAMP{_columns(shape)}, '
            "PRIMARY KEY (ocel_id), FOREIGN KEY (ocel_id) REFERENCES event (ocel_id))"
        )
        yield f"INSERT INTO event_map_type VALUES ('{name}', '{name}')"
    for type_, shape in OBJECT_TYPES.items():
        yield (
            f'CREATE TABLE "object_{type_}" (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT'
            f"{_columns(shape)}, FOREIGN KEY (ocel_id) REFERENCES object (ocel_id))"
        )
        yield f"INSERT INTO object_map_type VALUES ('{type_}', '{type_}')"


def _columns(shape: Shape) -> str:
    return "".join(f', "{name}" {TYPES[kind]}' for name, kind in shape.items())
