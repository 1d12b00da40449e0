"""Event lines exactly as stored, in ledger order, and the JSON Schema of a line (design, section 7)."""

import hashlib
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from events.catalogue import BY_TYPE, json_schemas, wire
from events.fact import Fact
from events.ledger import Ledger
from events.vocabulary import ActorKind
from services.compliance.exports.selection import Progress, Selection, rows

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
INSTANT: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"


def write(
    file: BinaryIO, ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None
) -> tuple[int, str]:
    """Write the lines; how many, and the SHA-256 of all of them: `sha256sum` of the file gives the same.

    The bytes of a line without its line break are what the seal hashes and what goes over NATS.
    """
    count, digest = 0, hashlib.sha256()
    for row in rows(ledger, selection, on_progress):
        line = wire(*row) + b"\n"
        digest.update(line)
        file.write(line)
        count += 1
    return count, digest.hexdigest()


def schema() -> Mapping[str, Any]:
    """The JSON Schema of one line, with that of every type and version; a token stands where a text is personal."""
    facts = {f"{fact.TYPE}.v{fact.VERSION}": fact for fact in BY_TYPE.values()}
    return {
        "$schema": DIALECT,
        "$id": "urn:amends:event-line",
        "title": "An event of the ledger / 台账中的一个事件",
        "type": "object",
        "required": list(_ENVELOPE),
        "additionalProperties": False,
        "properties": _ENVELOPE,
        # Told apart by type and version first: `oneOf` would try every kind of data on every line.
        "anyOf": [_is(fact) for fact in facts.values()],
        "allOf": [
            {"if": _is(fact), "then": {"properties": {"data": {"$ref": _urn(name)}}}} for name, fact in facts.items()
        ],
        # Each an own resource, so that the references inside it stay its own.
        "$defs": {name: {"$id": _urn(name), **data} for name, data in json_schemas().items()},
    }


def _is(fact: type[Fact]) -> Mapping[str, Any]:
    return {"properties": {"type": {"const": fact.TYPE}, "v": {"const": fact.VERSION}}, "required": ["type", "v"]}


def _urn(name: str) -> str:
    return f"urn:amends:{name}"


_ENVELOPE: Final[Mapping[str, Any]] = {
    "position": {"type": "integer", "minimum": 1},
    "complaint_id": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "version": {"type": "integer", "minimum": 1},
    "type": {"type": "string"},
    "v": {"type": "integer", "minimum": 1},
    "occurred_at": {"type": "string", "pattern": INSTANT},
    "recorded_at": {"type": "string", "pattern": INSTANT},
    "actor": {
        "type": "object",
        "required": ["kind", "id"],
        "additionalProperties": False,
        "properties": {"kind": {"enum": [kind.value for kind in ActorKind]}, "id": {"type": "string"}},
    },
    "causation": {"type": ["string", "null"]},
    "policy": {"type": ["string", "null"]},
    "data": {"type": "object"},
}
