"""SIGTERM: stop taking work, finish, end within ten seconds with code 0; nothing comes again because of it."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from deploy.nats_server import NatsServer
from events.subjects import DURABLES, Role
from services.wiring.roles import ROLES
from tests.flows.harness import READY_SECONDS, Up, a_channel, one_url, post, publish, some_roles, submissions


async def test_up_ends_in_order_under_load_and_removes_its_run_file(up: Up) -> None:
    await up.start()
    async with a_channel(up.nats) as client:
        loads = asyncio.gather(
            post(up.oracle, lambda: up.http, submissions("h", 100)),
            publish(up.oracle, client, submissions("n", 100, "app"), receipts=False),
        )
        await up.books.holds(60)
        broker = up.broker_pid
        assert await up.running.terminate() == 0, up.running.output()
        assert not (up.data / "run.json").exists()
        assert not Path(f"/proc/{broker}").exists(), "the broker ends with its owner"
        await up.start()
        await loads
        await up.books.settled()
    assert "Traceback" not in up.data.with_suffix(".log").read_text()
    assert await up.running.terminate() == 0


async def test_up_ends_in_order_with_an_open_event_stream_and_a_dead_broker(up: Up) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("h", 3))
    headers = {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=up.http, timeout=30.0) as client,
        client.stream("GET", "/api/events", params={"after": 0}, headers=headers) as stream,
    ):
        assert stream.status_code == 200
        os.kill(up.broker_pid, signal.SIGSTOP)
        assert await up.running.terminate() == 0, up.running.output()
    assert not (up.data / "run.json").exists()


async def test_each_role_ends_in_order_under_load_and_nothing_is_redelivered(nats: NatsServer, tmp_path: Path) -> None:
    with some_roles(tmp_path, one_url(nats), {}) as roles:
        await roles.setup()
        house = [await roles.start("house", *ROLES, user=Role.OPERATOR)]
        async with a_channel(nats.url(Role.CHANNEL)) as client:
            loads = asyncio.gather(
                post(roles.oracle, lambda: roles.http(house[0]), submissions("h", 150)),
                publish(roles.oracle, client, submissions("n", 150, "app"), receipts=False),
            )
            await roles.books.holds(50)
            # With time enough for what a slow machine fetched: how long it takes is not what is asked here.
            assert await house[0].terminate(within=READY_SECONDS) == 0, house[0].output()
            waiting = await _unacknowledged(nats)
            house[0] = await roles.start("house", *ROLES, user=Role.OPERATOR)
            await loads
        await roles.books.settled()
        assert await house[0].terminate() == 0
        assert waiting == {}, "a message taken and not finished comes again"


async def _unacknowledged(nats: NatsServer) -> dict[str, int]:
    """Messages handed out and not acknowledged, by consumer: they would be redelivered."""
    async with a_channel(nats.url(Role.OPERATOR), Role.OPERATOR) as client:
        js = client.jetstream()
        infos = [await js.consumer_info(durable.stream.value, durable.name) for durable in DURABLES]
    return {f"{info.stream_name}/{info.name}": info.num_ack_pending or 0 for info in infos if info.num_ack_pending}


@pytest.mark.parametrize("broker", [pytest.param("alive", marks=pytest.mark.fault), "dead"])
async def test_every_single_role_ends_within_ten_seconds(nats: NatsServer, tmp_path: Path, broker: str) -> None:
    with some_roles(tmp_path, one_url(nats), {}) as roles:
        await roles.setup()
        processes = [roles.launch(role, role, AMENDS_DATA=str(_copy(tmp_path, role))) for role in ROLES]
        await asyncio.gather(*map(roles.serving, processes))
        if broker == "dead":
            nats.kill()
        codes = await asyncio.gather(*(process.terminate() for process in processes))
        assert codes == [0] * len(ROLES), "\n".join(process.output() for process in processes)


async def test_who_only_carries_and_seals_starts_without_any_key(nats: NatsServer, tmp_path: Path) -> None:
    with some_roles(tmp_path, one_url(nats), {}) as roles:
        await roles.setup()
        for file in ("master.key", "keys.db"):
            (tmp_path / "data" / file).unlink()
        process = await roles.start("carrier", Role.RELAY, Role.SEAL, user=Role.RELAY)
        assert await process.terminate() == 0, process.output()
        assert not (tmp_path / "data" / "master.key").exists()


def _copy(directory: Path, role: Role) -> Path:
    """A SQLite ledger has one writer at a time, so each role has a data directory of its own here."""
    return Path(shutil.copytree(directory / "data", directory / role))
