"""`amends check`: every complaint replayed against its pinned policy; each violation with events, lateness and who."""

from datetime import datetime, tzinfo
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from uuid import UUID

import typer

from events.envelope import StreamId
from events.vocabulary import Language
from services.cli.complaints import find
from services.cli.output import (
    BAD_INPUT,
    DONE,
    FOUND,
    AsJson,
    Data,
    English,
    Force,
    aware,
    emit_line,
    err,
    fail,
    say,
    table,
    verdict,
)
from services.cli.place import Opened, Place
from services.clock import now
from services.compliance.conformance.catalogue import CHECKS, UNCHECKABLE
from services.compliance.conformance.report import (
    IN_SHORT,
    findings,
    lines,
    said,
    shown,
    told,
    write_html,
    write_json,
    write_xlsx,
)
from services.compliance.conformance.run import Found, NoSuchComplaint, Question, check_all, check_one, last_recorded
from services.compliance.destination import new_file, refuse
from services.wiring.store import reading_ledger

ROWS = 200
"""Findings a table shows; every other format holds them all."""


class Format(StrEnum):
    """How the findings are told."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    XLSX = "xlsx"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("check")(check)


def check(
    data: Data = None,
    id_: Annotated[str | None, typer.Option("--id", help="只查一宗 / one complaint only.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="截至（带时区）/ facts recorded up to, with a zone.")
    ] = None,
    requirement: Annotated[
        str | None, typer.Option("--requirement", help="只看一项要求 / one requirement only.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="格式 / table, json, html or xlsx.")] = Format.TABLE,
    file: Annotated[Path | None, typer.Option("-o", "--out", help="写入文件 / to a file.", dir_okay=False)] = None,
    force: Force = False,
    cores: Annotated[int | None, typer.Option("--cores", help="进程数 / processes.", min=1, max=256)] = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Check every complaint against the policy it is pinned to; ends with 1 where something was found.

    Nothing recorded about deadlines, counts or colours is believed: it is worked out again and compared.
    """
    format_ = Format.JSON if as_json else format_
    language: Language = "en" if en else "zh"
    if file is None and format_ in (Format.HTML, Format.XLSX):
        raise fail(BAD_INPUT, f"{format_.value}：请用 -o 指定文件 / name a file with -o")
    if file is not None and format_ is Format.TABLE:
        raise fail(BAD_INPUT, "写入文件请选择格式 / a file needs --format json, html or xlsx")
    _known(requirement, language)
    if file is not None:
        refuse(file, force=force)
    place = Place(data)
    with TemporaryDirectory(prefix="amends-check-") as folder, place.reading() as opened:
        zone = opened.policies.current(now()).zone
        moment = _past(until) if until else last_recorded(opened.ledger)
        if moment is None:
            raise fail(BAD_INPUT, "台账是空的 / the ledger is empty")
        question = Question(moment, requirement)
        found = _examined(question, place, opened, id_, Path(folder), cores)
        with verdict(FOUND if found.total else DONE):
            if file is not None:
                with new_file(file, force=force) as part:
                    _WRITES[format_](found, moment, part, language, zone)
            else:
                _tell(found, moment, format_, language)
            _sum_up(found, moment, format_, language, zone)


def _past(text: str) -> datetime:
    """What is due in the future was missed by nobody."""
    moment, present = aware(text), now()
    if moment > present:
        raise fail(BAD_INPUT, f"--until {text} 在将来 / lies in the future: it is {present.isoformat()}")
    return moment


def _known(requirement: str | None, language: Language) -> None:
    """Ends with bad input for a requirement nobody cites; tells why where one cannot be checked."""
    if requirement is None or any(requirement in each.requirements for each in CHECKS):
        return
    reason = UNCHECKABLE.get(requirement)
    if reason is not None:
        say(f"{requirement}: {reason.zh if language == 'zh' else reason.en}")
        raise typer.Exit(0)
    raise fail(BAD_INPUT, f"{requirement}: 没有这项要求 / no check and no reason names such a requirement")


def _examined(
    question: Question, place: Place, opened: Opened, id_: str | None, folder: Path, cores: int | None
) -> Found:
    if id_ is None:
        return check_all(question, partial(reading_ledger, place.settings, now), folder, cores=cores)
    try:
        return check_one(question, opened.ledger, _stream(place, id_), folder)
    except NoSuchComplaint as nobody:
        raise fail(BAD_INPUT, str(nobody)) from nobody


def _stream(place: Place, id_: str) -> StreamId:
    """An id is taken as it is, so that a complaint that cannot be read is a finding; a number is looked up."""
    try:
        return StreamId(str(UUID(id_)))
    except ValueError:
        return find(place, id_)


_WRITES = {Format.JSON: write_json, Format.HTML: write_html, Format.XLSX: write_xlsx}


def _tell(found: Found, until: datetime, format_: Format, language: Language) -> None:
    if format_ is Format.JSON:
        for line in lines(found, until):
            emit_line(line)
    else:
        if found.total:
            table("", IN_SHORT[language], (shown(each, language) for each in islice(findings(found), ROWS)))
        if found.total > ROWS:
            say(said("other", language, found.total - ROWS))


def _sum_up(found: Found, until: datetime, format_: Format, language: Language, zone: tzinfo) -> None:
    for sentence in told(found, until, language, zone):
        if format_ is Format.JSON:
            err.print(sentence, markup=False, highlight=False)
        else:
            say(sentence)
