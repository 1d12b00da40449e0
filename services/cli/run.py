"""`amends up`, `serve`, `setup`, `doctor`: run an installation and look after it."""

import asyncio
import signal
from enum import StrEnum
from typing import Annotated

import typer
import uvloop
from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy.machine import RUN_FILE, machine
from events.bus import connect
from events.ledger import Ledger
from events.subjects import Role
from services.cli.failures import without_password
from services.cli.live import follow
from services.cli.output import FOUND, UNAVAILABLE, AsJson, Data, configure_logs, emit, err, fail, say, table
from services.cli.place import Place
from services.clock import now
from services.settings import Settings
from services.settings import settings as settings_of
from services.wiring.doctor import Finding, examine
from services.wiring.roles import House, running
from services.wiring.sealing import make_key
from services.wiring.setup import drop_events, prepare_broker, prepare_ledger
from services.wiring.store import reading_ledger, writing_ledger


class Servable(StrEnum):
    """The roles a process of its own may have; a test compares them with those there are."""

    INTAKE = "intake"
    WORKFLOW = "workflow"
    NOTIFIER = "notifier"
    RELAY = "relay"
    DESK = "desk"
    SEAL = "seal"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(serve)
    app.command()(setup)
    app.command()(doctor)


def up(
    data: Data = None,
    port: Annotated[
        int | None, typer.Option("--port", help="HTTP 端口,0 为任意空闲端口 / 0 takes a free one.", min=0, max=65535)
    ] = None,
    view: Annotated[bool, typer.Option(help="显示投诉动态 / show complaints moving.")] = True,
) -> None:
    """Everything on this machine: broker, ledger, all services, desk. Ctrl-C ends it."""
    settings = settings_of(data, port)
    uvloop.run(_up(settings, view=view))


async def _up(settings: Settings, *, view: bool) -> None:
    ended = _until_told()
    async with machine(settings, now) as house:
        say(f"Amends: http://{settings.http_host}:{house.http_port}  数据 / data: {settings.data.resolve()}")
        following = asyncio.create_task(follow(house.ledger, house.policies)) if view else None
        await ended.wait()
        if following is not None:
            following.cancel()


def serve(
    roles: Annotated[list[Servable], typer.Argument(help="角色 / roles.")],
    data: Data = None,
) -> None:
    """One or more roles against the broker and database of the settings; ends on SIGTERM."""
    settings = settings_of(data)
    configure_logs(as_json=settings.log_json)
    uvloop.run(_serve(settings, tuple(dict.fromkeys(map(Role, roles)))))


async def _serve(settings: Settings, roles: tuple[Role, ...]) -> None:
    ended = _until_told()
    # Who only carries and seals what is stored reads no personal text and has no business with keys.
    keyless = set(roles) <= {Role.RELAY, Role.SEAL}
    opened = reading_ledger(settings, now, keyless=True) if keyless else writing_ledger(settings, now)
    with opened as ledger:
        async with running(House(settings, ledger, lambda _: settings.nats_url, now), roles) as house:
            say(f"serving {' '.join(roles)}" + (f" on port {house.http_port}" if house.http_port else ""))
            await ended.wait()


def setup(
    data: Data = None,
    refill: Annotated[
        bool, typer.Option("--refill", help="丢弃并由台账重建事件流 / drop the event stream; the relay refills it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make tables, streams, consumers; publish policy and organisation; print what was different before."""
    place = Place(data)
    done: list[str] = []
    if place.running:
        _note("正在运行,amends up 已完成此事 / running: `amends up` does this itself")
    elif _has_broker(place.settings):
        done = asyncio.run(_setup(place.settings, refill=refill))
    else:
        done = _setup_ledger(place.settings)
        _note("消息部分由 amends up 完成 / the broker part is done by `amends up`")
    if as_json:
        emit({"changed": done})
    else:
        say("\n".join(done) if done else "没有变化 / nothing to change")


def _note(text: str) -> None:
    err.print(text, markup=False, highlight=False)


def _has_broker(settings: Settings) -> bool:
    """Whether the settings name a broker; the one of a machine is a child of `amends up`."""
    return settings.ledger != "sqlite" or "nats_url" in settings.model_fields_set


def _setup_ledger(settings: Settings) -> list[str]:
    with writing_ledger(settings, now, create=True) as ledger:
        return _made(ledger, settings)


def _made(ledger: Ledger, settings: Settings) -> list[str]:
    done = prepare_ledger(ledger, settings, now())
    return [*done, "made the key that seals"] if make_key(settings) else done


async def _broker(settings: Settings) -> Client:
    """A client that may set up; ends as unavailable with the address when none answers."""
    try:
        return await connect(settings.nats_url, Role.SETUP)
    except (NatsError, OSError, TimeoutError) as away:
        address = without_password(settings.nats_url)
        why = str(away) or type(away).__name__
        raise fail(UNAVAILABLE, f"消息服务无应答 / no answer from the broker at {address}: {why}") from away


async def _setup(settings: Settings, *, refill: bool) -> list[str]:
    with writing_ledger(settings, now, create=True) as ledger:
        done = _made(ledger, settings)
        client = await _broker(settings)
        try:
            js = client.jetstream()
            if refill:
                await drop_events(js)
            return done + await prepare_broker(js, settings, ledger)
        finally:
            await client.close()


def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Check durability, streams, consumers, policy; ends with 1 when something is wrong."""
    place = Place(data)
    findings = [*_stale(place), *asyncio.run(examine(place.settings, place.running))]
    if as_json:
        for finding in findings:
            emit(finding._asdict())
    else:
        table("检查 / doctor", ("what", "ok", "detail"), findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FOUND)


def _stale(place: Place) -> list[Finding]:
    """The file a running installation removes at its end is still there, and its process is not."""
    if place.running or not (place.settings.data / RUN_FILE).exists():
        return []
    return [Finding("ended", False, "上次未正常结束,请重新启动 / ended without stopping: start it again")]


def _until_told() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, ended.set)
    return ended
