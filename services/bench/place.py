"""A place to measure in: a temporary directory, a broker and a store of its own; all gone at the end."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple

import psycopg.conninfo
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from pydantic import SecretStr

from deploy.nats_server import NatsServer
from deploy.postgres_server import Database, PostgresServer
from events.bus import connect
from events.ledger import Ledger
from events.subjects import Role
from services.clock import now
from services.settings import Settings
from services.wiring.keys import writing_keyring
from services.wiring.roles import House
from services.wiring.setup import prepare_broker, prepare_ledger
from services.wiring.store import writing_store

StoreKind = Literal["sqlite", "postgres"]
SERVICES = (Role.INTAKE, Role.WORKFLOW, Role.NOTIFIER, Role.RELAY)


class Running(NamedTuple):
    """Roles that run, and the address of their broker."""

    house: House
    nats: str


class Place:
    """Where one measurement runs; each ledger and each bare recorder gets a database of its own."""

    def __init__(self, kind: StoreKind, directory: Path, postgres: PostgresServer | None) -> None:
        self.kind = kind
        self.directory = directory
        self._postgres = postgres
        self._numbers = count(1)

    def settings(self) -> Settings:
        """Settings of a new, empty installation."""
        number = next(self._numbers)
        data = self.directory / f"data{number}"
        if self._postgres is None:
            return Settings(data=data, ledger="sqlite", http_port=0)
        database = self._postgres.create_database(f"amends{number}")
        parts = _connection(database)
        return Settings(
            data=data,
            ledger="postgres",
            http_port=0,
            postgres_db=str(parts["dbname"]),
            postgres_host=str(parts["host"]),
            postgres_port=int(parts["port"]),
            postgres_user=str(parts["user"]),
            postgres_password=SecretStr(str(parts["password"])),
        )

    def ledger(self, settings: Settings) -> Ledger:
        """A new ledger with policy and organisation published."""
        store = writing_store(settings)
        store.create()
        ledger = Ledger(store, now, keyring=writing_keyring(settings, create=True))
        prepare_ledger(ledger, settings, now())
        return ledger

    def recorder(self) -> ApplicationRecorder:
        """The library's own recorder, as bare as it comes, on an empty table."""
        number = next(self._numbers)
        recorder: SQLiteApplicationRecorder | PostgresApplicationRecorder
        if self._postgres is None:
            path = self.directory / f"bare{number}.db"
            recorder = SQLiteApplicationRecorder(SQLiteDatastore(f"file:{path}?mode=rwc", originator_id_type="text"))
        else:
            parts = _connection(self._postgres.create_database(f"bare{number}"))
            datastore = PostgresDatastore(**parts, originator_id_type="text", enable_db_functions=False)
            recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        recorder.create_table()
        return recorder


@contextmanager
def place(kind: StoreKind) -> Iterator[Place]:
    """A place that ends with everything it started."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amends-bench-")))
        postgres = stack.enter_context(PostgresServer(directory / "postgres")) if kind == "postgres" else None
        yield Place(kind, directory, postgres)


@asynccontextmanager
async def running(place: Place, roles: tuple[Role, ...] = SERVICES) -> AsyncIterator[Running]:
    """These roles running on a new ledger and a new broker."""
    settings = place.settings()
    with NatsServer(settings.data / "nats") as server:
        ledger = place.ledger(settings)
        house = House(settings, ledger, server.url, now)
        try:
            client = await connect(server.url(Role.OPERATOR), Role.OPERATOR)
            await prepare_broker(client.jetstream(), settings, ledger)
            await client.close()
            await house.start(roles)
            yield Running(house, server.url(Role.OPERATOR))
        finally:
            await house.stop()
            ledger.close()


class Commit(NamedTuple):
    """One commit of a watched ledger."""

    at: float
    """perf_counter after it."""
    events: Sequence[StoredEvent]


def watch(ledger: Ledger) -> list[Commit]:
    """Every commit from now on, as it ends."""
    commits: list[Commit] = []
    insert = ledger.store.insert

    def watched(events: Sequence[StoredEvent]) -> Sequence[int]:
        positions = insert(events)
        commits.append(Commit(perf_counter(), events))
        return positions

    ledger.store.insert = watched  # type: ignore[method-assign]
    return commits


def _connection(database: Database) -> dict[str, Any]:
    parts = psycopg.conninfo.conninfo_to_dict(database.uri)
    return {
        "dbname": database.name,
        "host": str(parts["host"]),
        "port": str(parts.get("port") or 5432),
        "user": str(parts["user"]),
        "password": str(parts.get("password") or "trust"),
    }
