"""One machine: broker, ledger, all services and the desk in one process with one broker child (`amends up`)."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from nats.errors import Error as NatsError

from deploy.nats_server import NatsServer, NatsServerFailed
from events import durable
from events.bus import connect, end
from events.ledger import Clock, Ledger
from events.streams import StreamsDiffer, differences, wanted
from events.subjects import Role
from services.settings import Settings
from services.wiring.roles import ROLES, House, running
from services.wiring.setup import prepare_broker, prepare_ledger, stream_settings
from services.wiring.store import writing_ledger

log = structlog.get_logger()

RUN_FILE = "run.json"
WATCH_SECONDS = 1.0
"""How often the broker child and its streams are looked at."""


@asynccontextmanager
async def machine(settings: Settings, clock: Clock) -> AsyncIterator[House]:
    """Everything running and `run.json` written; at the end everything stopped and `run.json` removed.

    Raises InUse when another process has the data directory.
    """
    with writing_ledger(settings, clock, create=True) as ledger:
        for done in prepare_ledger(ledger, settings, clock()):
            log.info("setup", done=done)
        server = NatsServer(settings.data / "nats")
        await asyncio.to_thread(server.start)
        try:
            await _prepare(server, settings, ledger)
            async with running(House(settings, ledger, server.url, clock), ROLES) as house:
                watcher = asyncio.create_task(_watch(server, settings, ledger, house), name="watch broker")
                _write_run_file(settings.data, server, house)
                try:
                    yield house
                finally:
                    await end([watcher])
                    (settings.data / RUN_FILE).unlink(missing_ok=True)
        finally:
            await asyncio.to_thread(server.stop)


async def _prepare(server: NatsServer, settings: Settings, ledger: Ledger) -> None:
    client = await connect(server.url(Role.OPERATOR), Role.OPERATOR)
    try:
        js = client.jetstream()
        if not await differences(js, wanted(stream_settings(settings))):
            return
        for difference in await prepare_broker(js, settings, ledger):
            log.info("setup", broker=difference)
    finally:
        await client.close()


async def _watch(server: NatsServer, settings: Settings, ledger: Ledger, house: House) -> None:
    """Start the broker again when it died, and make its streams again when its disk was wiped (design, 1)."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if not server.is_running:
                log.warning("broker ended, starting it again")
                await asyncio.to_thread(server.restart)
                house.look_for_broker()
                _write_run_file(settings.data, server, house)
            await _prepare(server, settings, ledger)
        except (NatsError, NatsServerFailed, OSError, TimeoutError, StreamsDiffer) as failure:
            log.warning("broker not ready", error=str(failure) or type(failure).__name__)


def _write_run_file(data: Path, server: NatsServer, house: House) -> None:
    """Where everything is, for channels and the command line; readable by its owner alone: it holds a password."""
    run = {
        "nats": server.url(Role.OPERATOR),
        "http": f"http://{house.settings.http_host}:{house.http_port}",
        "pid": os.getpid(),
    }
    durable.write(data / RUN_FILE, json.dumps(run).encode())


def read_run_file(data: Path) -> dict[str, Any] | None:
    """Where the running installation is, or None when none runs in that directory."""
    try:
        run: dict[str, Any] = json.loads((data / RUN_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    try:
        os.kill(run["pid"], 0)
    except (ProcessLookupError, KeyError):
        return None
    except PermissionError:
        pass
    return run
