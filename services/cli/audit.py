"""`amends replay`, `rehearse`, `due`: the history as it was, as it would be, and when a clock falls due."""

import asyncio
import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
import typer
from pydantic import BaseModel, Field, ValidationError, model_validator

from events.catalogue import decode, wire
from events.envelope import BrokenHistory, unreadable
from events.problems import problems_of
from events.sentences import sentence
from events.stores import Row
from events.vocabulary import Complexity, Priority
from policy.composition import read_policy
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION, Policy, publication
from services.cli.complaints import find
from services.cli.failures import problem_lines
from services.cli.output import BAD_INPUT, FOUND, AsJson, Data, English, aware, emit, emit_line, err, fail, say, spell
from services.cli.place import Place, current_policy
from services.clock import now
from services.compliance.replay.replaying import Wanted, replayed, type_named
from services.wiring.rehearsal import InvalidScript, rehearse

PolicyFile = Annotated[Path | None, typer.Option("--policy", help="用另一政策 / under another policy.", exists=True)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(replay)
    app.command("rehearse")(rehearse_)
    app.command()(due)


def replay(
    data: Data = None,
    from_: Annotated[int, typer.Option("--from", help="起始位置 / after this position.", min=0)] = 0,
    to: Annotated[int | None, typer.Option("--to", help="终止位置（含）/ up to this position.", min=0)] = None,
    id_: Annotated[str | None, typer.Option("--id", help="只看一宗 / one complaint only.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="记录时间起 / recorded from, with a zone.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="记录时间止（含）/ recorded up to.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="事件，可多次 / event, may come again.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="谁做的 / who acted: a person or a service.")] = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """The audit history in ledger order; with --json the event lines as stored."""
    place = Place(data)
    named = frozenset(type_named(name) for name in types or ())
    period = spell(since, until)
    only = find(place, id_) if id_ else None
    with place.reading() as (ledger, policies):
        zone = policies.current(now()).zone
        shown = broken = 0
        for row in replayed(ledger, Wanted(from_, to, only, *period, named, by)):
            try:
                if as_json:
                    emit_line(_stored(row))
                else:
                    say(f"{row.position:>8}  {sentence(decode(*row), 'en' if en else 'zh', zone)}")
                shown += 1
            except BrokenHistory as altered:
                err.print(str(altered), markup=False, highlight=False)
                broken += 1
    if broken:
        raise typer.Exit(FOUND)
    if not shown:
        err.print("没有符合条件的事件 / no event fits", markup=False, highlight=False)


def _stored(row: Row) -> bytes:
    """The event line as stored; raises BrokenHistory for what is no event."""
    line = wire(*row)
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        raise unreadable(row.position) from None
    return line


def rehearse_(
    file: Annotated[Path, typer.Argument(help="剧本 / script (JSON lines).", exists=True, dir_okay=False)],
    policy: PolicyFile = None,
    organisation: Annotated[Path | None, typer.Option("--organisation", exists=True)] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Run a timed script through the real decisions in virtual time; prints the history as JSON lines.

    Needs no installation: it runs under the shipped policy and sample company unless told otherwise, and prints JSON
    in any case; --data and --json are taken as every command takes them, and change nothing.
    """
    numbered = list(_script(file))
    if not numbered:
        raise fail(BAD_INPUT, "没有内容可提交 / nothing to submit")
    text = read_policy(policy or DEFAULT_POLICY)
    people = (organisation or SAMPLE_ORGANISATION).read_text("utf-8-sig")
    try:
        for line in asyncio.run(rehearse([line for _, line in numbered], text, people)):
            emit(line)
    except InvalidScript as mistake:
        raise InvalidScript(_in_file(mistake, [number for number, _ in numbered])) from mistake


class _Line(BaseModel):
    """The shape of a line of a script, so that a mistake is told with its line and field."""

    at: str = ""
    until: str = ""
    submit: dict[str, Any] = {}
    do: str = Field(default="", pattern="^[a-z_]{0,40}$")
    by: str = ""
    data: dict[str, Any] = {}
    gateway: str = ""
    absent: str = ""
    publish: dict[str, Any] = {}

    @model_validator(mode="after")
    def _happens_at_a_time(self) -> Self:
        if not self.at and not self.until:
            raise ValueError("at: a time with a zone is needed")
        if not self.at and {"submit", "do", "publish"} & self.model_fields_set:
            raise ValueError("at: submit, do and publish need it")
        return self


def _in_file(mistake: InvalidScript, numbers: list[int]) -> str:
    """The mistake with the number its line has in the file, where blank lines count too."""
    found = re.match(r"line (\d+): (.*)", str(mistake), re.DOTALL)
    if found is None:
        return str(mistake)
    cause = mistake.__cause__
    why = "; ".join(problem_lines(problems_of(cause))) if isinstance(cause, ValidationError) else found.group(2)
    return _at_line(numbers[int(found.group(1)) - 1], why)


def _at_line(number: int, why: str) -> str:
    return f"第 {number} 行有误 / line {number}: {why}"


def _script(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    content = file.read_bytes().removeprefix(codecs.BOM_UTF8)
    for number, text in enumerate(content.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError as broken:
            raise InvalidScript(_at_line(number, f"不是 JSON / not JSON: {broken}")) from broken
        if not isinstance(line, dict):
            raise InvalidScript(_at_line(number, "不是 JSON 对象 / not a JSON object"))
        try:
            _Line.model_validate(line)
        except ValidationError as wrong:
            raise InvalidScript(_at_line(number, "; ".join(problem_lines(problems_of(wrong))))) from wrong
        yield number, line


def due(
    clock: Annotated[str, typer.Argument(help="时钟 / clock of the policy.")],
    start: Annotated[str, typer.Option("--start", help="起点(带时区) / when it starts, with a zone.")],
    priority: Annotated[Priority | None, typer.Option("--priority")] = None,
    complexity: Annotated[Complexity | None, typer.Option("--complexity")] = None,
    mark: Annotated[list[str] | None, typer.Option("--mark", help="flag:… / category:…")] = None,
    policy: PolicyFile = None,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """When a clock falls due, and why."""
    rules = Policy(publication(read_policy(policy))) if policy else current_policy(data)
    moment = aware(start)
    if clock not in rules.document.clock:
        raise fail(BAD_INPUT, f"{rules.id} 没有时钟 / has no clock {clock!r}: {', '.join(rules.document.clock)}")
    reading = rules.clocks.due(clock, moment, priority, complexity, frozenset(mark or ()))
    why = rules.clocks.explain(reading)
    # A promise, a task, an action: what starts it names its instant.
    if reading.due_at is None and rules.document.clock[clock].due_field is None:
        raise fail(BAD_INPUT, f"{clock}: 需要 / needs --priority or --complexity")
    if as_json:
        due_at = reading.due_at and reading.due_at.astimezone(rules.zone).isoformat()
        start_at = moment.astimezone(rules.zone).isoformat()
        requirements = rules.document.clock[clock].source
        emit(
            {
                "clock": clock,
                "start": start_at,
                "due_at": due_at,
                "policy": rules.id,
                "requirements": requirements,
                "provisional": reading.provisional,
                "why": {"zh": why.lines("zh"), "en": why.lines("en")},
            }
        )
        return
    for line in why.lines("en" if en else "zh"):
        say(line)
