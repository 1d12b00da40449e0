"""Two processes of every role on one PostgreSQL ledger, side by side by settings alone; and a broker of three nodes."""

import asyncio
import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from deploy.nats_cluster import NatsCluster
from deploy.nats_server import NatsServer
from deploy.postgres_server import Database
from events.subjects import Role, Stream
from services.wiring.roles import ROLES
from tests.conftest import Connect
from tests.flows.harness import (
    AWAY,
    Process,
    Roles,
    a_channel,
    one_url,
    post,
    publish,
    some_roles,
    submission,
    submissions,
    until,
)

# httpx leaves a socket open now and then when its server is killed in the middle of an answer.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def on_postgres(database: Database) -> dict[str, str]:
    """The settings that name the ledger."""
    env = database.env()
    named = {"HOST": "HOST", "PORT": "PORT", "DBNAME": "DB", "USER": "USER", "PASSWORD": "PASSWORD"}
    return {
        "AMENDS_LEDGER": "postgres",
        **{f"AMENDS_POSTGRES_{ours}": env[f"POSTGRES_{its}"] for its, ours in named.items()},
    }


async def _two_of_each(roles: Roles) -> dict[Role, list[Process]]:
    """Every role twice, all started at once, each connecting as its own user."""
    house = {role: [roles.launch(f"{role}-{number}", role) for number in (1, 2)] for role in ROLES}
    await asyncio.gather(*(roles.serving(process) for pair in house.values() for process in pair))
    return house


def _either(roles: Roles, pair: list[Process]) -> Callable[[], str]:
    """As a load balancer does it: one of those that run."""
    turns = iter(range(1_000_000))

    def address() -> str:
        running = [process for process in pair if process.is_running and "on port" in process.output()]
        return roles.http(running[next(turns) % len(running)]) if running else "http://127.0.0.1:9"

    return address


async def test_two_of_every_role_share_the_work_and_one_of_each_may_be_killed(
    nats: NatsServer, postgres: Database, tmp_path: Path, seed: int
) -> None:
    choice = random.Random(seed)
    with some_roles(tmp_path, one_url(nats), on_postgres(postgres), seed) as roles:
        await roles.setup()
        house = await _two_of_each(roles)
        same = submission("web", "same")
        async with a_channel(nats.url(Role.CHANNEL)) as client:
            loads = asyncio.gather(
                post(roles.oracle, _either(roles, house[Role.INTAKE]), submissions("h", 120)),
                publish(roles.oracle, client, submissions("n", 120, "app")),
                post(roles.oracle, _either(roles, house[Role.INTAKE]), [same] * 10),
                publish(roles.oracle, client, [same] * 10),
            )
            for killed, role in enumerate(choice.sample(ROLES, len(ROLES)), start=1):
                await roles.books.holds(20 * killed)
                choice.choice(house[role]).kill()
                roles.oracle.cycles += 1
            await loads
        verdict = await roles.books.settled()
        assert verdict.recorded == 241
        running = [process for pair in house.values() for process in pair if process.is_running]
        assert await asyncio.gather(*(process.terminate() for process in running)) == [0] * len(ROLES)


async def _kill_the_leader_under_load(
    cluster: NatsCluster, database: Database, directory: Path, connect: Connect, seed: int, kills: int, load: int
) -> None:
    def url(role: Role) -> str:
        return ",".join(cluster.urls(role))

    env: Mapping[str, str] = {**on_postgres(database), "AMENDS_NATS_REPLICAS": str(len(cluster.nodes))}
    with some_roles(directory, url, env, seed) as roles:
        try:
            await roles.setup()
            house = await roles.start("house", *ROLES, user=Role.OPERATOR)
            client = await connect(cluster, Role.OPERATOR)
            loads = asyncio.gather(
                post(roles.oracle, lambda: roles.http(house), submissions("h", load)),
                publish(roles.oracle, client, submissions("n", load, "app"), receipts=False, at_once=4),
            )
            for kill in range(1, kills + 1):
                least = 2 * load * kill // (kills + 2)
                await roles.books.holds(least)
                leader = await until("a leader of INTAKE", lambda: _leader(client), despite=AWAY)
                cluster.node(leader).kill()
                roles.oracle.cycles += 1
                if kill < kills:
                    await asyncio.to_thread(cluster.start)
            await loads
            verdict = await roles.books.settled()
            assert verdict.recorded == 2 * load
            assert await house.terminate() == 0
        finally:
            await asyncio.to_thread(cluster.start)
            js = (await connect(cluster, Role.OPERATOR)).jetstream()
            for stream in Stream:
                deleted = partial(js.delete_stream, stream.value)
                await until(f"{stream} to be deleted", deleted, despite=(*AWAY, APIError))


async def _leader(client: Client) -> str | None:
    info = await client.jetstream().stream_info(Stream.INTAKE.value)
    return info.cluster.leader if info.cluster else None


async def test_a_cluster_that_loses_its_leader_under_load_loses_and_doubles_nothing(
    nats_cluster: NatsCluster, postgres: Database, tmp_path: Path, connect: Connect, seed: int
) -> None:
    await _kill_the_leader_under_load(nats_cluster, postgres, tmp_path, connect, seed, kills=1, load=30)


@pytest.mark.fault
async def test_a_cluster_that_loses_ten_leaders_under_load_loses_and_doubles_nothing(
    nats_cluster: NatsCluster, postgres: Database, tmp_path: Path, connect: Connect, seed: int
) -> None:
    await _kill_the_leader_under_load(nats_cluster, postgres, tmp_path, connect, seed, kills=10, load=400)


@pytest.mark.fault
async def test_fifty_kills_among_two_of_every_role_lose_and_double_nothing(
    nats: NatsServer, postgres: Database, tmp_path: Path, seed: int
) -> None:
    choice = random.Random(seed)
    with some_roles(tmp_path, one_url(nats), on_postgres(postgres), seed) as roles:
        await roles.setup()
        house = await _two_of_each(roles)
        async with a_channel(nats.url(Role.CHANNEL)) as client:
            for cycle in range(50):
                loads = asyncio.gather(
                    post(roles.oracle, _either(roles, house[Role.INTAKE]), submissions(f"h{cycle}", 20)),
                    publish(roles.oracle, client, submissions(f"n{cycle}", 20, "app"), receipts=False),
                )
                await asyncio.wait([loads], timeout=choice.uniform(0, 0.4))
                role = choice.choice(ROLES)
                which = choice.randrange(2)
                house[role][which].kill()
                roles.oracle.cycles += 1
                house[role][which] = await roles.start(f"{role}-{which + 1}", role)
                await loads
        verdict = await roles.books.settled()
        assert verdict.recorded == 2_000
