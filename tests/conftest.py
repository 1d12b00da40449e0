"""Real parts for every test: a NATS server, a cluster of three, a PostgreSQL database; nothing is mocked."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import nats as nats_py
import pytest
import pytest_asyncio
from nats.aio.client import Client

from deploy.nats_cluster import NatsCluster
from deploy.nats_server import NatsServer
from deploy.postgres_server import Database, PostgresServer
from events.subjects import Role, inbox

Connect = Callable[..., Awaitable[Client]]
"""`await connect(server, Role.INTAKE)`: a client of that role, closed when the test ends."""


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A fresh, empty NATS server (about 30 ms); streams are made by the test."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture(scope="session")
def nats_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three NATS servers for the session; a test that stops one calls `start()` and removes its streams."""
    with NatsCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session, outside pytest's private folders: its own user must get in."""
    with (
        tempfile.TemporaryDirectory(prefix="amends-pg-", ignore_cleanup_errors=True) as directory,
        PostgresServer(Path(directory) / "data") as server,
    ):
        yield server


_DATABASES = itertools.count(1)


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Database:
    """A fresh, empty database; it goes with the server, for dropping it costs half a second of checkpoint."""
    return postgres_server.create_database(f"test_{next(_DATABASES)}")


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect as a role; refusals the server reports go to the list given as `errors`."""
    clients: list[Client] = []

    async def _connect(
        server: NatsServer | NatsCluster, role: Role = Role.OPERATOR, errors: list[Exception] | None = None
    ) -> Client:
        async def note(error: Exception) -> None:
            if errors is not None:
                errors.append(error)

        client = await nats_py.connect(
            servers=server.urls(role) if isinstance(server, NatsCluster) else [server.url(role)],
            inbox_prefix=inbox(role),
            error_cb=note,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.05,
        )
        clients.append(client)
        return client

    yield _connect
    for client in clients:
        await client.close()
