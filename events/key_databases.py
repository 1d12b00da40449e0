"""The databases that wrapped keys live in, apart from the ledger: an SQLite file, or PostgreSQL (ADR 0019)."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple, Protocol

import psycopg
from psycopg_pool import ConnectionPool

from events.keyring import KeysUnavailable

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS customer_keys (
        customer TEXT PRIMARY KEY, wrapped {bytes} NOT NULL, restricted {boolean} NOT NULL,
        leaving {boolean} NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS customer_complaints (stream TEXT PRIMARY KEY, customer TEXT NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS customer_complaints_of ON customer_complaints (customer)""",
    """CREATE TABLE IF NOT EXISTS customer_marks (
        mark TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (mark, customer))""",
    """CREATE TABLE IF NOT EXISTS customer_master (digest TEXT PRIMARY KEY)""",
    """CREATE INDEX IF NOT EXISTS customer_marks_of ON customer_marks (customer)""",
)
CONNECT_SECONDS: Final = 5.0
WRITING_LOCK: Final = 0x616D656E6473
"""PostgreSQL's number for the lock of whoever writes keys."""


class Ask(Protocol):
    """The statements of one transaction, with `?` for values."""

    def __call__(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """The rows a statement gives."""

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """The statement once for each of these values."""


class Database(Protocol):
    """One transaction after another on a database."""

    def transaction(self, *, writing: bool = False) -> AbstractContextManager[Ask]:
        """A context that gives `Ask`, commits at its end and takes everything back on a failure.

        Who writes is alone: two processes that meet one customer at once must find the same key.
        """

    def scrub(self) -> None:
        """Make what was deleted unreadable in the files as well."""

    def close(self) -> None:
        """Give back connections."""


class _InSQLite(NamedTuple):
    connection: sqlite3.Connection

    def __call__(self, statement: str, values: Sequence[Any]) -> list[Any]:
        return self.connection.execute(statement, tuple(values)).fetchall()

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.executemany(statement, rows)


class SQLiteKeys:
    """One file beside the ledger's, for the one process that writes and others that read."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = RLock()
        mode = "ro" if read_only else "rwc"
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        if not read_only:
            path.chmod(0o600)
            # A deleted key is overwritten, not only unlinked; a commit is on the disk when it returns.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            for table in _TABLES:
                self._connection.execute(table.format(bytes="BLOB", boolean="INTEGER"))

    @contextmanager
    def transaction(self, *, writing: bool = False) -> Iterator[Ask]:
        """One at a time: the threads of a process share the connection. Raises KeysUnavailable."""
        with self._lock, _told(sqlite3.OperationalError):
            self._connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            try:
                yield _InSQLite(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def scrub(self) -> None:
        """Empty the log, which still holds the page with the key; raises KeysUnavailable while somebody reads."""
        with self._lock, _told(sqlite3.OperationalError):
            [(busy, _, _)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise KeysUnavailable(
                "密钥库正被读取，密钥的痕迹尚未清除，请重试 / the store of keys is being read and still holds traces "
                "of the key: repeat the command"
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class _InPostgres(NamedTuple):
    connection: psycopg.Connection[Any]

    def __call__(self, statement: str, values: Sequence[Any]) -> list[Any]:
        cursor = self.connection.execute(statement.replace("?", "%s").encode(), tuple(values))
        return cursor.fetchall() if cursor.description else []

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        # One by one: psycopg's pipeline waits for ever once a group is larger than the socket takes at a time.
        for values in rows:
            self(statement, values)


class PostgresKeys:
    """Tables in PostgreSQL, best in a database of their own, for any number of processes."""

    def __init__(self, conninfo: str) -> None:
        self._pool = ConnectionPool(conninfo, min_size=1, max_size=4, open=False, timeout=CONNECT_SECONDS)
        self._pool.open(wait=False)

    def create(self) -> None:
        """Make the tables; harmless when they exist. One process at a time."""
        with self.transaction(writing=True) as ask:
            for table in _TABLES:
                ask(table.format(bytes="BYTEA", boolean="BOOLEAN"), ())

    @contextmanager
    def transaction(self, *, writing: bool = False) -> Iterator[Ask]:
        """One transaction on a connection of the pool. Raises KeysUnavailable."""
        with _told(psycopg.OperationalError), self._pool.connection() as connection, connection.transaction():
            if writing:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITING_LOCK,))
            yield _InPostgres(connection)

    def scrub(self) -> None:
        """Let the server give back what was deleted; its log holds wrapped keys until it is recycled."""
        with _told(psycopg.OperationalError), self._pool.connection() as connection:
            connection.autocommit = True
            try:
                connection.execute("VACUUM customer_keys, customer_marks")
            finally:
                connection.autocommit = False

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


@contextmanager
def _told(away: type[Exception]) -> Iterator[None]:
    """Tell in our words that the database does not answer."""
    try:
        yield
    except away as failure:
        raise KeysUnavailable(f"密钥库暂不可用 / the store of keys does not answer: {failure}") from failure
    except psycopg.errors.UndefinedTable as missing:
        raise KeysUnavailable(
            "没有密钥库的数据表，请先运行 amends setup / no tables: run amends setup first"
        ) from missing
