"""SIGKILL at exact points of the way from a submission to its acknowledgement: the next start finishes the work.

Two ways to be exact: a point in our own code (portable), and the N-th write, fsync or send of the process (strace).
"""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.nats_server import NatsServer
from events.subjects import Role
from services.wiring.roles import ROLES
from tests.flows.harness import Roles, Up, a_channel, an_up, one_url, post, publish, some_roles, submissions, until
from tests.flows.launch import POINTS

FEW = ("commit after 2", "relay before 2", "outbox after 1", "attend after 2")
"""Of every stage one: recorded and not yet answered; not yet relayed; sent and not recorded; not yet acknowledged."""
EVERY = [f"{point} {when} {number}" for point in POINTS for when in ("before", "after") for number in (1, 2)]
NOT_ON_THE_WAY = {"ask"}
"""Points only reached after an earlier crash; they are killed in the second life."""


async def _crash(up: Up, fault: str) -> None:
    """One life that ends at the point, then one that finishes."""
    first_life = "outbox before 1" if fault.partition(" ")[0] in NOT_ON_THE_WAY else fault
    await up.start(FLOW_FAULT=f"SIGKILL {first_life}")
    process = up.running
    async with a_channel(up.nats) as client:
        loads = asyncio.gather(
            post(up.oracle, lambda: up.http, submissions("h", 3)),
            publish(up.oracle, client, submissions("n", 3, "app")),
        )
        try:
            assert await process.ended() == -signal.SIGKILL, process.output()
            up.oracle.cycles += 1
            if first_life != fault:
                process = (await up.start(FLOW_FAULT=f"SIGKILL {fault}")).running
                assert await process.ended() == -signal.SIGKILL, process.output()
            await up.start()
            await loads
        except BaseException:
            loads.cancel()
            raise
        verdict = await up.books.settled()
    assert verdict.recorded == 6


async def test_a_crash_at_a_point_of_every_stage_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def one(fault: str) -> None:
        with an_up(tmp_path / fault.replace(" ", "-")) as up:
            await _crash(up, fault)

    await asyncio.gather(*map(one, FEW))


@pytest.mark.fault
@pytest.mark.parametrize("fault", [fault for fault in EVERY if fault.partition(" ")[0] not in NOT_ON_THE_WAY])
async def test_a_crash_at_any_point_of_our_code_loses_and_doubles_nothing(up: Up, fault: str) -> None:
    await _crash(up, fault)


@pytest.mark.fault
@pytest.mark.parametrize("fault", ["ask before 1", "ask after 1"])
async def test_a_second_crash_while_asking_after_a_lost_message_loses_and_doubles_nothing(up: Up, fault: str) -> None:
    await _crash(up, fault)


CALLS: Mapping[str, tuple[int, ...]] = {
    "fdatasync": (1, 2, 3, 4),
    "pwrite64": (1, 2, 3, 5, 8, 13),
    "write,writev": (1, 2, 3, 4, 5, 6, 8, 10, 13, 16),
}
"""System calls -> at the how manieth, counted per thread, the process is killed: syncs, SQLite's writes, all sends."""


@pytest.mark.fault
@pytest.mark.parametrize(("calls", "number"), [(calls, number) for calls, ns in CALLS.items() for number in ns])
async def test_a_crash_at_the_nth_system_call_loses_and_doubles_nothing(
    nats: NatsServer, tmp_path: Path, calls: str, number: int
) -> None:
    _needs_strace()
    with some_roles(tmp_path, one_url(nats), {"AMENDS_LEDGER": "sqlite"}) as roles:
        await roles.setup()
        process = await roles.start("house", *ROLES, user=Role.OPERATOR)
        tracer = _strace(process.pid, calls, number, tmp_path / "strace.log")
        try:
            await until("strace to hold the process", lambda: "attached" in (tmp_path / "strace.log").read_text(), 20.0)
            await _survive(roles, nats, tracer)
        finally:
            tracer.kill()
            tracer.wait()


async def _survive(roles: Roles, nats: NatsServer, tracer: "subprocess.Popen[bytes]") -> None:
    """Submit until the process dies of its system call, start it again, and see everything finished."""
    house = [roles.processes[-1]]
    async with a_channel(nats.url(Role.CHANNEL)) as client:
        loads = asyncio.gather(
            post(roles.oracle, lambda: roles.http(house[0]), submissions("h", 4)),
            publish(roles.oracle, client, submissions("n", 4, "app")),
        )
        dying = asyncio.create_task(house[0].ended())
        settling = asyncio.create_task(_finished(loads, roles))
        await asyncio.wait([dying, settling], return_when=asyncio.FIRST_COMPLETED)
        assert not house[0].is_running, "the process never came to that call: no kill is no proof"
        roles.oracle.cycles += 1
        tracer.wait()
        house[0] = await roles.start("house", *ROLES, user=Role.OPERATOR)
        await asyncio.gather(dying, settling)
        await roles.books.settled()


async def _finished(loads: "asyncio.Future[tuple[None, None]]", roles: Roles) -> None:
    await loads
    await roles.books.settled()


def _strace(pid: int, calls: str, number: int, log: Path) -> "subprocess.Popen[bytes]":
    inject = f"inject={calls}:signal=SIGKILL:when={number}"
    with log.open("wb") as out:
        return subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _needs_strace() -> None:
    """strace must be there and allowed; otherwise the test is skipped and says so."""
    reason = ""
    if shutil.which("strace") is None:
        reason = "no strace: apt-get install strace"
    elif subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode != 0:
        reason = "strace may not trace processes here"
    if reason:
        print(f"skipped: {reason}")
        pytest.skip(reason)
