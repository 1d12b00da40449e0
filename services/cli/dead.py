"""`amends dead`: messages no retry will cure, listed, explained, retried, dropped."""

import asyncio
import base64
from typing import Annotated, Any

import typer

from events import dead_letters
from events.dead_letters import DeadLetter
from services.cli.output import AsJson, Data, emit, say, table
from services.cli.place import Place

app = typer.Typer(no_args_is_help=True, help="死信:查看、说明、重试、丢弃 / dead letters.")
Id = Annotated[int, typer.Argument(help="编号 / id, as listed.", min=1, max=2**63 - 1)]


@app.command("list")
def list_(data: Data = None, as_json: AsJson = False) -> None:
    """All dead letters, oldest first."""
    letters = asyncio.run(_every(Place(data)))
    if as_json:
        for letter in letters:
            emit(_json(letter))
        return
    rows = [(each.id, each.at, each.service, each.code, each.subject, each.reason) for each in letters]
    table("死信 / dead letters", ("id", "at", "service", "code", "subject", "reason"), rows)


@app.command()
def show(id_: Id, data: Data = None, as_json: AsJson = False) -> None:
    """One dead letter with its bytes."""
    letter = asyncio.run(_one(Place(data), id_))
    if as_json:
        emit({**_json(letter), "body": base64.b64encode(letter.body).decode()})
        return
    say(f"{letter.id}  {letter.at}  {letter.service}  {letter.code}  tries {letter.tries}")
    say(f"{letter.subject}: {letter.reason}")
    for name, value in letter.headers.items():
        say(f"{name}: {value}")
    say(letter.body.decode(errors="backslashreplace"))


@app.command()
def retry(id_: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Send the message once more to where it came from; of what the broker gave up, the message it names."""
    _after(asyncio.run(_do(Place(data), id_, retry=True)), "retried", "已重试", as_json)


@app.command()
def drop(id_: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Forget a dead letter."""
    _after(asyncio.run(_do(Place(data), id_, retry=False)), "dropped", "已丢弃", as_json)


def _after(letter: DeadLetter, what: str, zh: str, as_json: bool) -> None:
    emit({"id": letter.id, "done": what}) if as_json else say(f"{zh} / {what} {letter.id}: {letter.subject}")


async def _every(place: Place) -> list[DeadLetter]:
    async with place.nats() as client:
        return [letter async for letter in dead_letters.every(client.jetstream())]


async def _one(place: Place, id_: int) -> DeadLetter:
    async with place.nats() as client:
        return await dead_letters.one(client.jetstream(), id_)


async def _do(place: Place, id_: int, *, retry: bool) -> DeadLetter:
    async with place.nats() as client:
        js = client.jetstream()
        letter = await dead_letters.one(js, id_)
        await (dead_letters.retry(js, id_) if retry else dead_letters.drop(js, id_))
        return letter


def _json(letter: DeadLetter) -> dict[str, Any]:
    named = letter._asdict()
    body = named.pop("body")
    return {**named, "bytes": len(body)}
