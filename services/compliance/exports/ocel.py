"""OCEL 2.0 (ocel-standard.org): events and the objects they touch, qualified, with what changed when.

Ids: a complaint and a customer have their own; an order, person, department, channel or policy is told with its kind
before it, `person:li.na`, so that ids are unique in the whole log as the standard wants. Events: `e` and the position.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from events.catalogue import decode
from events.complaint import Complaint
from events.envelope import Recorded
from events.ledger import Ledger
from services.compliance.exports.attributes import Plain, values
from services.compliance.exports.ocel_json import JsonSink
from services.compliance.exports.ocel_model import COMPLAINT, Counts, Event, Object
from services.compliance.exports.ocel_relations import Company, Relations
from services.compliance.exports.ocel_sqlite import SQLiteSink, Tables
from services.compliance.exports.pseudonyms import Pseudonyms
from services.compliance.exports.selection import Life, Progress, Selection, lives
from services.compliance.replay.histories import company_histories

Format = Literal["json", "sqlite"]
FORMATS: Final[Mapping[str, Format]] = {".json": "json", ".jsonocel": "json", ".sqlite": "sqlite"}
"""The format of a file by its suffix, as the standard's own logs are named."""


class Sink(Protocol):
    """Where the log is written, in one format."""

    tables: Tables
    """Where objects are kept until all is told."""

    def event(self, event: Event) -> None:
        """One event; the objects it touches need not be described."""

    def described(self, object_: Object, time: datetime, attributes: Mapping[str, Plain]) -> None:
        """An object as it is at first; a later description of the same one is its changes."""

    def related(self, source: Object, target: Object, qualifier: str) -> None:
        """One object belongs to another; telling it again changes nothing."""

    def finish(self) -> None:
        """Write the rest of the log; without it what was written is worthless."""

    def close(self) -> None:
        """Give back files, finished or not."""


def write(
    path: Path, kind: Format, ledger: Ledger, selection: Selection, on_progress: Progress = lambda _: None
) -> Counts:
    """Write the log to that (empty) file, complaint after complaint; memory does not grow with the ledger."""
    sink: Sink = SQLiteSink(path) if kind == "sqlite" else JsonSink(path)
    with closing(sink):
        _fill(sink, ledger, selection, on_progress)
        sink.finish()
        return sink.tables.counts()


def _fill(sink: Sink, ledger: Ledger, selection: Selection, on_progress: Progress) -> None:
    company = Company()
    relations = Relations(Pseudonyms(), company)
    for recorded, is_asked_for in _company(ledger, selection):
        for described in company.learned(recorded):
            sink.described(*described)
        if is_asked_for:
            sink.event(_event(recorded, relations))
    for source, target, qualifier in company.related():
        sink.related(source, target, qualifier)
    for life in lives(ledger, selection, on_progress):
        _tell(sink, life, relations)


def _company(ledger: Ledger, selection: Selection) -> Iterator[tuple[Recorded, bool]]:
    """What was published up to the end of the selection, whoever asks for which complaint: people need departments."""
    for _, rows in company_histories(ledger):
        for row, is_asked_for in selection.told(rows):
            yield decode(*row), is_asked_for and selection.ids is None


def _tell(sink: Sink, life: Life, relations: Relations) -> None:
    itself = relations.begin(life)
    before: dict[str, Plain] = {}
    for recorded, complaint in life.states():
        now = _attributes(complaint)
        if changed := {name: value for name, value in now.items() if before.get(name) != value}:
            sink.described(itself, recorded.occurred_at, changed)
        before = now
    for recorded in life.chosen:
        sink.event(_event(recorded, relations))
    for target, qualifier in relations.of_complaint(life, life.last()):
        sink.related(itself, target, qualifier)


def _attributes(complaint: Complaint) -> dict[str, Plain]:
    known = ((name, read(complaint)) for name, (_, read) in COMPLAINT.items())
    return {name: value for name, value in known if value is not None}


def _event(recorded: Recorded, relations: Relations) -> Event:
    own: dict[str, Plain] = {
        "recorded_at": recorded.recorded_at,
        "version": recorded.version,
        "actor_kind": recorded.actor.kind.value,
        "fact_version": recorded.fact.VERSION,
    }
    touched = tuple(dict.fromkeys(relations.of_event(recorded)))
    return Event(f"e{recorded.position}", recorded.name, recorded.occurred_at, values(recorded.fact) | own, touched)
