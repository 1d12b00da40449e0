"""`amends import`: complaints from a CSV file through a mapping, with progress, resumable; or a ledger (restoring)."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from events.ledger import LedgerUnavailable
from events.vocabulary import Service
from services.cli.output import BAD_INPUT, AsJson, Data, emit, err, say
from services.cli.place import Place
from services.cli.restoring import restore
from services.cli.running import Running, running
from services.clock import now
from services.intake.importing import ImportReport, Progress, import_csv
from services.intake.intake import Intake
from services.intake.mapping import CsvMap, read_mapping
from services.intake.receipts import Receipt
from services.intake.submission import InvalidSubmission, Problem, Submission


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|FILE.jsonl", exists=True, dir_okay=False)],
    mapping: Annotated[
        str | None,
        typer.Option("--map", help="映射文件或内置名称 / mapping file, or cfpb, cfpb-narratives, zh-complaints."),
    ] = None,
    refused: Annotated[Path | None, typer.Option("--refused", help="被拒行写入此文件 / refused rows go here.")] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="导出时显示的台账摘要 / ledger digest the export printed (.jsonl).")
    ] = None,
    clock_steps: Annotated[
        bool, typer.Option("--clock-steps", help="接受倒退的记录时间 / accept recorded times that fall back (.jsonl).")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Complaints from CSV with --map: running it again continues, repeats change nothing; 2 when rows were refused.

    Without --map a ledger as `amends export jsonl` wrote it, into an empty installation: all of it or nothing.
    """
    place = Place(data)
    if mapping is None:
        restore(place, file, digest, clock_steps=clock_steps, as_json=as_json)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=as_json) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        report = asyncio.run(_import(place, file, read_mapping(mapping), refused, bar, task))
    for column in report.unmapped:
        err.print(f"列 / column {column!r}: 未导入 / not imported", markup=False)
    for row in report.refusals[:SHOWN]:
        reasons = "; ".join(f"{problem.field}: {problem.zh} / {problem.en}" for problem in row.problems)
        err.print(f"第 {row.row} 行 / row {row.row}: {reasons}", markup=False, highlight=False)
    counts = {name: getattr(report, name) for name in ("rows", "accepted", "duplicates", "refused", "left_out")}
    if as_json:
        emit({**counts, "resumed_after": report.resumed_after, "unmapped": list(report.unmapped)})
    else:
        say("  ".join(f"{name} {count}" for name, count in counts.items()))
    if report.refused:
        raise typer.Exit(BAD_INPUT)


SHOWN = 20
"""Refused rows told on the terminal; --refused FILE has all."""


async def _import(
    place: Place, file: Path, mapping: CsvMap, refused: Path | None, bar: Bar, task: TaskID
) -> ImportReport:
    def show(progress: Progress) -> None:
        bar.update(task, completed=progress.bytes_done, total=progress.bytes_total)

    async with AsyncExitStack() as stack:
        if place.running:
            intake = await stack.enter_async_context(running(place.running["http"]))
            accept_all = _Running(intake).accept_all
        else:
            ledger, policies = stack.enter_context(place.writing())
            accept_all = Intake(ledger.writer(Service.INTAKE), policies, now).accept_all
        return await import_csv(
            file,
            mapping,
            accept_all,
            now(),
            progress_directory=place.settings.data,
            refused_file=refused,
            on_progress=show,
        )


class _Running:
    """Intake of a running installation, as the import wants it."""

    def __init__(self, intake: Running) -> None:
        self._intake = intake

    async def accept_all(self, submissions: Sequence[Submission]) -> list[Receipt | InvalidSubmission]:
        """A receipt or a refusal each; raises LedgerUnavailable when one was not taken: a rerun continues there."""
        answers = await self._intake.submit_all([each.model_dump_json().encode() for each in submissions])
        return [_answered(answer) for answer in answers]


def _answered(answer: Mapping[str, Any]) -> Receipt | InvalidSubmission:
    if answer.get("error") == "invalid_submission":
        return InvalidSubmission(map(Problem.model_validate, answer["problems"]))
    if "error" in answer:
        raise LedgerUnavailable(f"{answer['error']}: {orjson.dumps(answer).decode()}")
    return Receipt.model_validate(answer)
