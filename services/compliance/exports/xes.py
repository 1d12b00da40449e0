"""XES (IEEE 1849-2016): one trace a complaint, one event a fact, for tools that mine processes."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, Final
from xml.sax.saxutils import quoteattr

from events.complaint import Complaint
from events.envelope import Recorded, instant
from events.ledger import Ledger
from events.tokens import masked
from events.vocabulary import ActorKind
from services.compliance.exports.attributes import Plain, values
from services.compliance.exports.cells import printable
from services.compliance.exports.selection import Life, Progress, Selection, lives

HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<string key="lifecycle:transition" value="complete"/>
<string key="org:resource" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/>
</global>
<classifier name="Activity" scope="event" keys="concept:name"/>
<classifier name="Resource" scope="event" keys="org:resource"/>
<classifier name="ActivityResource" scope="event" keys="concept:name org:resource"/>
<string key="concept:name" value="amends"/>
<string key="lifecycle:model" value="standard"/>
"""
TAIL: Final = "</log>\n"


def write(
    file: BinaryIO,
    ledger: Ledger,
    selection: Selection,
    on_progress: Progress = lambda _: None,
    *,
    compressed: bool = False,
) -> tuple[int, int]:
    """Write the log; how many traces and events. Events of a trace stand in the order of their versions."""
    traces = events = 0
    with _perhaps_gzip(file, compressed) as out:
        out.write(HEAD.encode())
        for life in lives(ledger, selection, on_progress):
            out.write("".join(_trace(life)).encode())
            traces, events = traces + 1, events + len(life.chosen)
        out.write(TAIL.encode())
    return traces, events


@contextmanager
def _perhaps_gzip(file: BinaryIO, compressed: bool) -> Iterator[BinaryIO]:
    if not compressed:
        yield file
        return
    # Without name and time in it: the same history gives the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as out:
        yield out  # type: ignore[misc]


def _trace(life: Life) -> Iterator[str]:
    yield "<trace>\n"
    for name, value in _of_complaint(life.last()).items():
        yield _attribute(name, value)
    for recorded in life.chosen:
        yield "<event>\n"
        for name, value in _of_event(recorded).items():
            yield _attribute(name, value)
        yield "</event>\n"
    yield "</trace>\n"


def _of_complaint(complaint: Complaint) -> dict[str, Plain]:
    """The trace's own attributes: the complaint as it stands at the end of the selection."""
    known: dict[str, Plain | None] = {
        "concept:name": complaint.complaint_id,
        "number": complaint.number,
        "channel": masked(complaint.channel),
        "policy": complaint.policy,
        "status": complaint.status,
        "category": complaint.category,
        "priority": complaint.priority,
        "complexity": complaint.complexity,
        "department": complaint.department,
        "owner": complaint.owner,
        "handler": complaint.handler,
        "level": complaint.level,
        "round": complaint.ending.round,
        "missed_deadlines": len(complaint.breaches),
    }
    return {name: value for name, value in known.items() if value is not None}


def _of_event(recorded: Recorded) -> dict[str, Plain]:
    """The four the standard names, our place in the ledger, and every field that is not personal."""
    standard: dict[str, Plain] = {
        "concept:name": recorded.name,
        "lifecycle:transition": "complete",
        "org:resource": resource(recorded),
        "time:timestamp": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "position": recorded.position,
        "version": recorded.version,
    }
    # A field may have the name of one of ours: `version` of a fact would be told as `fact_version`.
    return standard | {name if name not in standard else f"fact_{name}": v for name, v in values(recorded.fact).items()}


def resource(recorded: Recorded) -> str:
    """Who acted: a person by id, others by their kind, so that no customer is named."""
    actor = recorded.actor
    if actor.kind is ActorKind.CUSTOMER:
        return str(actor.kind)
    return masked(actor.id) if actor.kind is ActorKind.PERSON else f"{actor.kind}:{masked(actor.id)}"


def _attribute(name: str, value: Plain) -> str:
    tag, text = _typed(value)
    return f"<{tag} key={quoteattr(name)} value={_quoted(text)}/>\n"


def _typed(value: Plain) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, Decimal):
        return "float", str(value)
    if isinstance(value, datetime):
        return "date", instant(value)
    return "string", str(value)


def _quoted(text: str) -> str:
    # A line break as such would be read as a space (XML 1.0, section 3.3.3).
    return quoteattr(printable(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
