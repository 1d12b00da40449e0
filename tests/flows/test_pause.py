"""A notifier held still longer than anybody waits for it: what it does when it goes on is harmless."""

import os
import signal
from pathlib import Path

import pytest

from deploy.nats_server import NatsServer
from deploy.postgres_server import Database
from events.subjects import Role
from tests.flows.harness import Process, Roles, one_url, post, some_roles, submissions, until
from tests.flows.test_scale_out import on_postgres

pytestmark = pytest.mark.fault

NUMBER = 20


async def _pause(roles: Roles, fault: str) -> None:
    """One notifier stops itself at the point; another takes over and finishes; then the first one goes on."""
    armed = roles.directory / "armed"
    await roles.setup()
    others = await roles.start("others", Role.INTAKE, Role.WORKFLOW, Role.RELAY, user=Role.OPERATOR)
    sleeper = await roles.start("sleeper", Role.NOTIFIER, FLOW_FAULT=f"SIGSTOP {fault}", FLOW_ARMED=str(armed))
    await post(roles.oracle, lambda: roles.http(others), submissions("warm", 3))
    await roles.books.settled()
    armed.touch()
    await post(roles.oracle, lambda: roles.http(others), submissions("p", NUMBER))
    await until(f"the notifier to stop itself at {fault}", lambda: _is_stopped(sleeper))
    await roles.start("relief", Role.NOTIFIER)
    verdict = await roles.books.settled()
    assert verdict.recorded == NUMBER + 3
    position = roles.oracle.position
    os.kill(sleeper.pid, signal.SIGCONT)
    await post(roles.oracle, lambda: roles.http(others), submissions("after", NUMBER))
    await roles.books.settled()
    # Ending in order means that what it held when it was stopped is done or given back by now.
    assert await sleeper.terminate() == 0, sleeper.output()
    verdict = await roles.books.settled()
    late = [row for row in roles.books.rows(position) if row.stream in _first(roles)]
    assert late == [], f"the late notifier wrote facts: {late}"


def _first(roles: Roles) -> set[str]:
    """The complaints that were finished before the sleeper went on."""
    return {told.complaint_id for (_, ref), told in roles.oracle.receipts.items() if ref.startswith("p-")}


def _is_stopped(process: Process) -> bool:
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@pytest.mark.parametrize(
    "fault",
    ["attend before 1", "commit before 1", "commit after 1", "outbox before 1", "outbox after 1", "schedule before 1"],
)
async def test_a_notifier_paused_longer_than_its_lease_sends_nothing_twice(
    nats: NatsServer, postgres: Database, tmp_path: Path, fault: str
) -> None:
    with some_roles(tmp_path, one_url(nats), on_postgres(postgres)) as roles:
        await _pause(roles, fault)
