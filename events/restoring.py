"""A whole history put into an empty store with its own positions, in one transaction: all of it or nothing (ADR 0018).

The ledger's `append` gives positions and recorded times; here both come from elsewhere. What may be put in is for the
caller to judge; a store only refuses to be written to when it holds anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import SQLiteCursor
from psycopg import Cursor
from psycopg import Error as PostgresError
from psycopg.sql import SQL, Identifier

from events.envelope import StreamId
from events.ledger import LedgerUnavailable
from events.stores import TABLE, PostgresStore, Row, SQLiteStore, Store


class NotEmpty(Exception):
    """The store holds events already; a history is only put into an empty one."""


class Restoration(Protocol):
    """One open transaction on an empty store; nothing is there for others before it ends."""

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows as they are, behind those put before."""

    def versions(self, streams: Iterable[StreamId]) -> dict[StreamId, int]:
        """The last version put of each of these streams."""

    def rows(self) -> Iterator[Row]:
        """Everything put, in order of position, read back from the store."""


@contextmanager
def restoring(store: Store) -> Iterator[Restoration]:
    """A transaction that puts a history into the store; an exception inside leaves the store as it was.

    Raises NotEmpty, LedgerUnavailable; TypeError for a store that keeps nothing.
    """
    try:
        with _transaction(store) as restoration:
            yield restoration
    except (PersistenceError, PostgresError) as failure:
        raise LedgerUnavailable(f"{type(failure).__name__}: {failure}") from failure


@contextmanager
def _transaction(store: Store) -> Iterator[Restoration]:
    if isinstance(store, SQLiteStore):
        with store.datastore.transaction(commit=True) as cursor:
            yield _SQLite(cursor)
    elif isinstance(store, PostgresStore):
        with store.datastore.get_connection() as connection, connection.transaction(), connection.cursor() as cursor:
            restoration = _Postgres(cursor, store)
            yield restoration
            restoration.go_on_behind()
    else:
        raise TypeError(f"{type(store).__name__} keeps nothing")


class _SQLite:
    """Row ids are positions; the library's next insert takes the one behind the highest."""

    def __init__(self, cursor: SQLiteCursor) -> None:
        self._cursor = cursor
        cursor.execute(f"SELECT 1 FROM {TABLE} LIMIT 1")
        if cursor.fetchone():
            raise NotEmpty(TABLE)

    def put(self, rows: Sequence[Row]) -> None:
        """Store these rows at their positions."""
        self._cursor.executemany(
            f"INSERT INTO {TABLE} (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)", rows
        )

    def versions(self, streams: Iterable[StreamId]) -> dict[StreamId, int]:
        """The last version of each stream that has one."""
        found = {}
        # The index is walked from the stream's highest version: one step each.
        statement = f"SELECT MAX(originator_version) FROM {TABLE} WHERE originator_id = ?"
        for stream in streams:
            self._cursor.execute(statement, (stream,))
            if (version := self._cursor.fetchone()[0]) is not None:
                found[stream] = version
        return found

    def rows(self) -> Iterator[Row]:
        """Everything put so far, in ledger order."""
        self._cursor.execute(
            f"SELECT rowid, originator_id, originator_version, topic, state FROM {TABLE} ORDER BY rowid"
        )
        while row := self._cursor.fetchone():
            yield Row(*row)


class _Postgres:
    """The sequence that gives positions is set behind the last one, so that appending goes on there."""

    def __init__(self, cursor: Cursor[Any], store: PostgresStore) -> None:
        self._cursor = cursor
        self._table = SQL("{}.{}").format(Identifier(store.datastore.schema), Identifier(store.events_table_name))
        self._name = f'"{store.datastore.schema}"."{store.events_table_name}"'
        # As every writer does: nobody appends between the look and the end (pitfalls G1).
        for statement in store.lock_table_statements:
            cursor.execute(statement)
        cursor.execute(SQL("SELECT 1 FROM {} LIMIT 1").format(self._table))
        if cursor.fetchall():
            raise NotEmpty(TABLE)

    def put(self, rows: Sequence[Row]) -> None:
        """Store these rows at their positions."""
        columns = SQL("COPY {} (notification_id, originator_id, originator_version, topic, state) FROM STDIN")
        with self._cursor.copy(columns.format(self._table)) as copy:
            for row in rows:
                copy.write_row(row)

    def versions(self, streams: Iterable[StreamId]) -> dict[StreamId, int]:
        """The last version of each stream that has one."""
        self._cursor.execute(
            SQL(
                "SELECT originator_id, MAX(originator_version) AS v FROM {} "
                "WHERE originator_id = ANY(%s) GROUP BY originator_id"
            ).format(self._table),
            (list(streams),),
        )
        return {row["originator_id"]: row["v"] for row in self._cursor.fetchall()}

    def rows(self) -> Iterator[Row]:
        """Everything put so far, in ledger order."""
        self._cursor.execute(
            SQL("DECLARE restored NO SCROLL CURSOR FOR SELECT * FROM {} ORDER BY notification_id").format(self._table)
        )
        while True:
            self._cursor.execute("FETCH 2000 FROM restored")
            if not (page := self._cursor.fetchall()):
                return
            for row in page:
                yield Row(
                    row["notification_id"],
                    StreamId(row["originator_id"]),
                    row["originator_version"],
                    row["topic"],
                    bytes(row["state"]),
                )

    def go_on_behind(self) -> None:
        """Let the next append take the position behind the last one."""
        self._cursor.execute(
            SQL("SELECT setval(pg_get_serial_sequence(%s, 'notification_id'), MAX(notification_id)) FROM {}").format(
                self._table
            ),
            (self._name,),
        )
