"""`amends export ocel|xes|csv|xlsx|jsonl FILE` and `amends digest`: the history for others (docs/exports.md)."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import orjson
import typer

from events.ledger import Ledger
from events.vocabulary import Language
from services.cli.complaints import find
from services.cli.output import BAD_INPUT, AsJson, Data, English, Force, emit, err, fail, say, spell
from services.cli.place import Place
from services.cli.progress import progress
from services.cli.restoring import KEYS
from services.clock import now
from services.compliance.destination import STDOUT, new_file, opened, refuse
from services.compliance.exports import csv, jsonl, ocel, xes, xlsx
from services.compliance.exports.selection import Progress, Selection
from services.compliance.replay.digest import digests, state_digest
from services.wiring.store import reading_ledger

File = Annotated[str, typer.Argument(metavar="FILE", help="输出文件 / file to write.")]
FileOrStdout = Annotated[str, typer.Argument(metavar="FILE|-", help="输出文件，- 为标准输出 / file, or - for stdout.")]
Since = Annotated[
    str | None, typer.Option("--since", help="记录时间不早于（带时区） / recorded at or after, with a zone.")
]
Until = Annotated[str | None, typer.Option("--until", help="记录时间早于（带时区） / recorded before, with a zone.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="只导出此投诉，可重复 / only this complaint; repeatable.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    export = typer.Typer(no_args_is_help=True, help="导出历史 / export the history.")
    for command in (ocel_, xes_, csv_, xlsx_, jsonl_):
        export.command(command.__name__.strip("_"))(command)
    app.add_typer(export, name="export")
    app.command()(digest)


def ocel_(
    file: File,
    format_: Annotated[
        Literal["json", "sqlite"] | None, typer.Option("--format", help="缺省按扩展名 / by the suffix unless given.")
    ] = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """OCEL 2.0: events, objects and their relations, as JSON (.json, .jsonocel) or SQLite (.sqlite)."""
    kind = format_ or ocel.FORMATS.get(Path(file).suffix.lower())
    if file == STDOUT or kind is None:
        suffixes = ", ".join(ocel.FORMATS)
        raise fail(BAD_INPUT, f"{file}: 请用扩展名 {suffixes} 或 --format / a file ending in one of these, or --format")
    with _asked(data, since, until, id_, file, as_json) as asked, new_file(Path(file), force=force) as part:
        count = ocel.write(part, kind, asked.ledger, asked.selection, asked.on_progress)
    _told(file, as_json, **count._asdict())


def xes_(
    file: FileOrStdout,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """XES (IEEE 1849-2016), one trace a complaint; a name ending in .gz is compressed."""
    with _asked(data, since, until, id_, file, as_json) as asked, opened(file, force=force) as out:
        traces, events = xes.write(
            out, asked.ledger, asked.selection, asked.on_progress, compressed=file.lower().endswith(".gz")
        )
    _told(file, as_json, traces=traces, events=events)


def csv_(
    file: FileOrStdout,
    objects: Annotated[
        Path | None, typer.Option("--objects", help="另写投诉表，每宗一行 / also write one row a complaint here.")
    ] = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """CSV (UTF-8 with BOM), one row an event; harmless in a spreadsheet."""
    if objects:
        refuse(objects, force=force)
        if Path(file).resolve() == objects.resolve():
            raise fail(BAD_INPUT, f"--objects {objects} 须是另一个文件 / must be another file")
    with _asked(data, since, until, id_, file, as_json) as asked:
        with opened(file, force=force) as out:
            events = csv.write_events(out, asked.ledger, asked.selection, asked.table(en), asked.on_progress)
        told = {"events": events}
        if objects:
            with opened(str(objects), force=force) as out:
                told["complaints"] = csv.write_complaints(
                    out, asked.ledger, asked.selection, asked.table(en), asked.on_progress
                )
    _told(file, as_json, **told)


def xlsx_(
    file: File,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """XLSX with the sheets complaints, events, breaches."""
    if file == STDOUT:
        raise fail(BAD_INPUT, "XLSX 不能写到标准输出 / XLSX needs a file")
    with _asked(data, since, until, id_, file, as_json) as asked, new_file(Path(file), force=force) as part:
        counts = xlsx.write(part, asked.ledger, asked.selection, asked.table(en), asked.on_progress)
    _told(file, as_json, **counts)


def jsonl_(
    file: FileOrStdout,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", help="JSON Schema 写到此处（缺省 FILE.schema.json） / the schema goes here."),
    ] = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Event lines exactly as stored; a full one can be imported elsewhere: `amends import FILE.jsonl`."""
    beside = schema or (Path(f"{file}.schema.json") if file != STDOUT else None)
    if beside:
        refuse(beside, force=force)
    with _asked(data, since, until, id_, file, as_json) as asked:
        with opened(file, force=force) as out:
            events, ledger_digest = jsonl.write(out, asked.ledger, asked.selection, asked.on_progress)
        selection = asked.selection
    if beside:
        with opened(str(beside), force=force) as out:
            out.write(orjson.dumps(jsonl.schema(), option=orjson.OPT_INDENT_2) + b"\n")
    told: dict[str, int | str] = {"events": events}
    if selection.is_everything:
        complaints, state = state_digest(partial(reading_ledger, Place(data).settings, now), selection.head)
        told |= {"complaints": complaints, "ledger_digest": ledger_digest, "state_digest": state}
        err.print(KEYS, markup=False, highlight=False)
    _told(file, as_json, **told)


def digest(data: Data = None, as_json: AsJson = False) -> None:
    """The digests of ledger and state: equal before and after a move to another store."""
    found = digests(partial(reading_ledger, Place(data).settings, now))
    told = {"ledger_digest": found.ledger, "state_digest": found.state}
    if as_json:
        emit({"events": found.events, "complaints": found.complaints, "head": found.head, **told})
        return
    say(f"{found.events} 个事件 / events, {found.complaints} 宗投诉 / complaints, 位置 / head {found.head}")
    _say_digests(told)


class _Asked(NamedTuple):
    """A ledger to read and what of it is asked for."""

    ledger: Ledger
    selection: Selection
    on_progress: Progress
    zone: Callable[[], tzinfo]

    def table(self, en: bool) -> tuple[Language, tzinfo]:
        """Language and zone of what people read."""
        return ("en" if en else "zh"), self.zone()


@contextmanager
def _asked(
    data: Path | None, since: str | None, until: str | None, ids: Iterable[str] | None, file: str, quiet: bool
) -> Iterator[_Asked]:
    place = Place(data)
    chosen = frozenset(find(place, each) for each in ids) if ids else None
    with place.reading() as (ledger, policies):
        selection = Selection(ledger.head(), *spell(since, until), chosen)
        with progress(file, selection.head, quiet=quiet or file == STDOUT) as on_progress:
            yield _Asked(ledger, selection, on_progress, lambda: policies.current(now()).zone)


def _told(file: str, as_json: bool, **told: int | str) -> None:
    """What was written; on stderr where the export itself went to stdout."""
    if file == STDOUT:
        err.print("  ".join(f"{name} {value}" for name, value in told.items()), markup=False, highlight=False)
        return
    whole = {"file": file, "bytes": Path(file).stat().st_size, "sha256": _sha256(Path(file))}
    if as_json:
        emit({**told, **whole})
        return
    counts = "  ".join(f"{name} {value}" for name, value in told.items() if isinstance(value, int))
    say(f"已导出 / exported: {counts}  → {file} ({whole['bytes']} bytes)")
    say(f"SHA-256: {whole['sha256']}")
    _say_digests({name: value for name, value in told.items() if isinstance(value, str)})


_DIGESTS = {"ledger_digest": "台账摘要 / ledger digest", "state_digest": "状态摘要 / state digest"}


def _say_digests(told: dict[str, str]) -> None:
    for name, value in told.items():
        say(f"{_DIGESTS[name]}: {value}")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
