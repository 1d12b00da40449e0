"""OCEL 2.0 as JSON: types, then events as they come, then the objects, which wait in a private database."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from services.compliance.exports.ocel_model import EVENT_TYPES, OBJECT_TYPES, Event, Shape
from services.compliance.exports.ocel_sqlite import Tables, stored

Json = Mapping[str, Any]


class JsonSink:
    """The log as one JSON object whose parts are written as they are known."""

    def __init__(self, path: Path) -> None:
        self.tables = Tables(None)
        self.described = self.tables.described
        self.related = self.tables.related
        self._file = path.open("wb", buffering=1 << 20)
        self._file.write(b'{"objectTypes":%b,"eventTypes":%b,"events":[' % (_types(OBJECT_TYPES), _types(EVENT_TYPES)))

    def event(self, event: Event) -> None:
        """One event; the objects it touches are kept for the end."""
        for object_, _ in event.relations:
            self.tables.seen(object_)
        self._put(
            {
                "id": event.id,
                "type": event.type,
                "time": stored(event.time),
                "attributes": [{"name": name, "value": stored(value)} for name, value in event.attributes.items()],
                "relationships": [_relation(object_.id, qualifier) for object_, qualifier in event.relations],
            },
            self.tables.events == 0,
        )
        self.tables.events += 1
        self.tables.relations += len(event.relations)

    def finish(self) -> None:
        """The objects, and the end of the log."""
        self.tables.finish()
        self._file.write(b'],"objects":[')
        for number, object_ in enumerate(_objects(self.tables)):
            self._put(object_, number == 0)
        self._file.write(b"]}\n")

    def close(self) -> None:
        """Give back the file and the database."""
        self.tables.close()
        self._file.close()

    def _put(self, value: Json, is_first: bool) -> None:
        self._file.write(b"\n" if is_first else b",\n")
        self._file.write(orjson.dumps(value))


def _types(shapes: Mapping[Any, Shape]) -> bytes:
    return orjson.dumps(
        [
            {"name": str(name), "attributes": [{"name": each, "type": kind.value} for each, kind in shape.items()]}
            for name, shape in shapes.items()
        ]
    )


def _relation(object_: str, qualifier: str) -> Json:
    return {"objectId": object_, "qualifier": qualifier}


def _objects(tables: Tables) -> Iterator[Json]:
    """Every object with its attributes in the order they were told, type after type, in order of id."""
    ask = tables.connection.execute
    related = "SELECT ocel_target_id, ocel_qualifier FROM object_object WHERE ocel_source_id = ? ORDER BY rowid"
    for type_, shape in OBJECT_TYPES.items():
        rows = ask(f'SELECT * FROM "object_{type_}" ORDER BY ocel_id, rowid')
        for id_, of_one in groupby(rows, key=lambda row: row[0]):
            yield {
                "id": id_,
                "type": type_.value,
                "attributes": list(_attributes(of_one, shape)),
                "relationships": [_relation(*row) for row in ask(related, (id_,))],
            }


def _attributes(rows: Iterable[tuple[Any, ...]], shape: Shape) -> Iterator[Json]:
    for _, time, _, *attributes in rows:
        for name, value in zip(shape, attributes, strict=True):
            if value is not None:
                yield {"name": name, "time": time, "value": value}
