"""`amends submit`, `import`, `list`, `show`, `history`, `clocks`, `do`: complaints from the command line."""

import asyncio
import codecs
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
import typer
from pydantic import ValidationError

from events.answering import ask_command, problems
from events.catalogue import from_json
from events.commands import Command, Refusal, answer_json
from events.envelope import StreamId
from events.sentences import sentence
from events.vocabulary import Service
from services.cli.failures import answer_lines
from services.cli.output import (
    BAD_INPUT,
    REFUSED,
    UNAVAILABLE,
    AsJson,
    Data,
    English,
    aware,
    emit,
    err,
    fail,
    say,
    table,
)
from services.cli.output import directory as as_directory
from services.cli.place import Opened, Place, current_policy
from services.cli.running import running
from services.clock import now
from services.compliance.replay.replaying import type_named
from services.intake.intake import Intake
from services.intake.submission import InvalidSubmission, parse
from services.wiring.commands import NAMES, Commands, UnknownCommand

Id = Annotated[str, typer.Argument(metavar="ID", help="投诉编号或标识 / number or id.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="当时的状态(带时区) / as it was then, with a zone.")]
Reader = Annotated[
    str | None,
    typer.Option("--as", help="查看人，将留下记录 / who reads, which is recorded; without it texts are hidden."),
]
SHOWN = 300
"""Characters of one value in a table for people; --json has all."""
LIKE_JSON = re.compile(r"\s*[{\[\"0-9]")
"""What starts like this is the data of a command, anything else is a directory."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(submit)
    app.command("list")(list_)
    app.command()(show)
    app.command()(clocks)
    app.command()(history)
    app.command()(do)


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON 或 JSON 行 / JSON or JSON lines.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Submit complaints; a receipt a line, in the order of the input. Ends with 2 when one was refused."""
    raw = sys.stdin.buffer.read() if file == "-" else _read(file)
    bodies = list(_bodies(raw.removeprefix(codecs.BOM_UTF8)))
    if not bodies:
        raise fail(BAD_INPUT, "没有内容可提交 / nothing to submit")
    answers = asyncio.run(_submit(Place(data), bodies))
    refused = 0
    for number, answer in enumerate(answers, start=1):
        if "error" in answer:
            refused += 1
            _tell_refused(number, answer, as_json)
        elif as_json:
            emit(answer)
        else:
            promise = answer["promise"]["first_response_due"]
            again = " (此前已受理 / received before)" if answer["duplicate"] else ""
            say(f"{answer['number']}{again}  首次响应 / first response {promise}  {answer['complaint_id']}")
            say(f"    证明码 / code {answer['code']}")
    if any(answer.get("error") == "unavailable" for answer in answers):
        raise typer.Exit(UNAVAILABLE)
    if refused:
        raise typer.Exit(BAD_INPUT)


def _tell_refused(number: int, answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        err.print(orjson.dumps({"line": number, **answer}).decode(), markup=False, highlight=False)
        return
    for line in answer_lines(answer):
        err.print(f"第 {number} 条 / line {number}: {line}", markup=False, highlight=False)


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as missing:
        raise fail(BAD_INPUT, f"无法读取 / cannot read {file}: {missing.strerror}") from missing


def _bodies(raw: bytes) -> Iterator[bytes]:
    """The submissions in a file: one JSON object, a JSON list of them, or one a line."""
    try:
        whole = orjson.loads(raw)
    except orjson.JSONDecodeError:
        yield from (line for line in raw.splitlines() if line.strip())
        return
    for each in whole if isinstance(whole, list) else [whole]:
        yield orjson.dumps(each)


async def _submit(place: Place, bodies: Sequence[bytes]) -> list[dict[str, Any]]:
    if place.running:
        async with running(place.running["http"]) as intake:
            return await intake.submit_all(bodies)
    with place.writing() as opened:
        return [await _submit_one(opened, body) for body in bodies]


async def _submit_one(opened: Opened, body: bytes) -> dict[str, Any]:
    intake = Intake(opened.ledger.writer(Service.INTAKE), opened.policies, now)
    try:
        return (await intake.accept(parse(body, now()))).model_dump(mode="json")
    except InvalidSubmission as invalid:
        return invalid.as_json()


def list_(
    priority: Annotated[str | None, typer.Option("--priority", help="red yellow green")] = None,
    category: Annotated[str | None, typer.Option("--category")] = None,
    status: Annotated[str | None, typer.Option("--status")] = None,
    handler: Annotated[str | None, typer.Option("--handler")] = None,
    q: Annotated[str | None, typer.Option("--q", help="编号的一部分 / part of the number or reference.")] = None,
    overdue: Annotated[bool | None, typer.Option("--overdue/--on-time")] = None,
    limit: Annotated[int, typer.Option("--limit")] = 50,
    as_of: AsOf = None,
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """Complaints, newest first, as they are or were at an instant."""
    filters = {"priority": priority, "category": category, "status": status, "handler": handler}
    late = None if overdue is None else str(overdue).lower()
    asked = {**filters, "q": q, "overdue": late, "as_of": _instant(as_of)}
    page = asyncio.run(Place(data).ask("/api/complaints", **asked, limit=limit))
    if as_json_:
        for line in page["complaints"]:
            emit(line)
        return
    zone = current_policy(data).zone
    columns = ("编号", "颜色", "类别", "状态", "处理人", "时限", "超时")
    table("", columns, [_row(line, zone) for line in page["complaints"]])


def _row(line: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    """A complaint in seven columns that fit a terminal of 80."""
    due = datetime.fromisoformat(line["next_due"]).astimezone(zone).strftime("%m-%d %H:%M") if line["next_due"] else ""
    names = (line["priority"], line["category"], line["status"], line["handler"])
    return (line["number"], *names, due, line["breaches"] or "")


def show(id_: Id, as_of: AsOf = None, reader: Reader = None, data: Data = None, as_json_: AsJson = False) -> None:
    """A complaint as it is, or as it was known at an instant; personal texts for a named reader alone."""
    state = asyncio.run(Place(data).ask(_path(id_), as_of=_instant(as_of), reader=reader))
    if as_json_:
        emit(state)
    else:
        table("", ("", state["number"]), [(name, _short(value)) for name, value in state.items() if value is not None])


def clocks(id_: Id, as_of: AsOf = None, data: Data = None, as_json_: AsJson = False, en: English = False) -> None:
    """Every deadline of a complaint, and why it falls when it does."""
    answer = asyncio.run(Place(data).ask(f"{_path(id_)}/clocks", as_of=_instant(as_of)))
    for clock in answer["clocks"]:
        if as_json_:
            emit(clock)
            continue
        say(f"{clock['clock']}  {clock['state']}")
        for line in clock["explanation"]["en" if en else "zh"]:
            say(f"    {line}")


def history(
    id_: Id,
    as_of: AsOf = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="事件，可多次 / event, may come again.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="谁做的：人员或服务 / who acted: a person or a service.")
    ] = None,
    reader: Reader = None,
    data: Data = None,
    as_json_: AsJson = False,
    en: English = False,
) -> None:
    """Every fact of a complaint, as a sentence or as JSON; personal texts for a named reader alone."""
    place = Place(data)
    named = [type_named(name) for name in types or ()]
    answer = asyncio.run(place.ask(f"{_path(id_)}/events", as_of=_instant(as_of), reader=reader))
    zone = current_policy(data).zone
    for event in answer:
        if (named and event["type"] not in named) or by not in (None, event["actor"]["id"]):
            continue
        if as_json_:
            emit(event)
        else:
            say(f"{event['version']:>3}  {sentence(from_json(event), 'en' if en else 'zh', zone)}")


def find(place: Place, id_: str) -> StreamId:
    """The id of a complaint given by id or number; raises NotFound."""
    return StreamId(asyncio.run(state_of(place, id_))["complaint_id"])


async def state_of(place: Place, id_: str) -> dict[str, Any]:
    """A complaint given by id or number, personal texts hidden; raises NotFound."""
    state: dict[str, Any] = await place.ask(_path(id_))
    return state


def _path(id_: str) -> str:
    if not id_.strip():
        raise fail(BAD_INPUT, "需要投诉编号 / a complaint's number or id is needed")
    return f"/api/complaints/{quote(id_, safe='')}"


def _instant(moment: str | None) -> str | None:
    return None if moment is None else aware(moment).isoformat()


def _short(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def do(
    id_: Id,
    command: Annotated[str, typer.Argument(help=f"命令 / command: {', '.join(NAMES)}.")],
    by: Annotated[str, typer.Option("--as", help="以谁的身份 / as whom.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", help="命令内容(JSON)或数据目录 / the command's data as JSON, or the directory; may come twice."
        ),
    ] = None,
    id_of_command: Annotated[
        str | None, typer.Option("--id", help="命令标识,重复无效 / the same id twice is once.")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="所见版本 / the version seen.")] = None,
    as_json_: AsJson = False,
) -> None:
    """A person's command on a complaint; prints the new events. Ends with 3 when a rule refuses it."""
    body, directory = _data_and_directory(data or [])
    place = Place(directory)
    asked = Command(
        complaint=find(place, id_), name=command, by=by, data=body, id=id_of_command or uuid4().hex, version=version
    )
    if command not in NAMES:
        raise UnknownCommand(f"没有命令 / no command {command!r}: {', '.join(NAMES)}")
    answer = asyncio.run(_ask(place, asked) if place.running else _perform(place, asked))
    if "refused" in answer:
        refusal = Refusal.model_validate(answer["refused"])
        if as_json_:
            emit(answer)
        raise fail(REFUSED, "\n".join(refusal_lines(refusal)))
    if "error" in answer:
        code = BAD_INPUT if answer["error"] in ("bad_command", "too_large") else UNAVAILABLE
        raise fail(code, orjson.dumps(answer).decode() if as_json_ else "\n".join(answer_lines(answer)))
    for event in answer["events"]:
        if as_json_:
            emit(event)
        else:
            say(f"{event['version']:>3}  {event['type']}")


def refusal_lines(refusal: Refusal) -> Iterator[str]:
    """Why not, on which facts, and who may instead."""
    yield f"{refusal.code} ({refusal.requirement}): {refusal.zh} / {refusal.en}"
    yield from (f"  {name}: {value}" for name, value in refusal.facts.items())
    if refusal.may:
        yield f"  可由以下人员办理 / may act instead: {', '.join(refusal.may)}"


def _data_and_directory(given: Sequence[str]) -> tuple[dict[str, Any], Path | None]:
    """`--data` names the installation everywhere and carries JSON here too: how it starts tells them apart."""
    body: dict[str, Any] = {}
    directory: Path | None = None
    for value in given:
        if not LIKE_JSON.match(value):
            directory = as_directory(Path(value))
            continue
        try:
            body = orjson.loads(value)
        except orjson.JSONDecodeError as broken:
            raise fail(BAD_INPUT, f"--data 不是 JSON / is not JSON: {broken}") from broken
        if not isinstance(body, dict):
            raise fail(BAD_INPUT, f"--data 不是 JSON 对象 / is not a JSON object: {value[:SHOWN]}")
    return body, directory


async def _ask(place: Place, command: Command) -> dict[str, Any]:
    """The answer of the running services."""
    async with place.nats() as client:
        return await ask_command(client, command)


async def _perform(place: Place, command: Command) -> dict[str, Any]:
    """The answer given by this process on a stopped installation."""
    with place.writing() as (ledger, policies):
        commands = Commands({service: ledger.writer(service) for service in Service}, policies, now)
        try:
            return dict(answer_json(await commands.perform(command)))
        except ValidationError as wrong:
            return {"error": "bad_command", "problems": problems(wrong)}
