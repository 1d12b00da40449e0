"""The ledger's stores on the library's recorders: SQLite, PostgreSQL, memory; and what they refuse to run on.

Each store adds to its recorder what a batch needs: many streams in one query, the versions of many streams.
Stream ids are kept as text on every store (ADR 0004).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from eventsourcing.persistence import OperationalError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from events.columns import typed
from events.envelope import StreamId

TABLE = "stored_events"
_SELECT = f"SELECT rowid, originator_id, originator_version, topic, state FROM {TABLE}"


class Row(NamedTuple):
    """One stored event as the store keeps it."""

    position: int
    stream: StreamId
    version: int
    topic: str
    state: bytes


Place = tuple[StreamId, int]
"""A stream and a version in it; version 0 stands before the stream's first row."""


class WeakDurability(Exception):
    """The store could lose what it acknowledged; the message says which setting to change (reliability, section 2)."""


class Store(Protocol):
    """What the ledger needs of a store; all methods block."""

    def insert(self, events: Sequence[StoredEvent]) -> Sequence[int]:
        """All or nothing, in one transaction; the positions. Raises IntegrityError for a version that exists."""

    def versions(self, streams: Iterable[StreamId]) -> Mapping[StreamId, int]:
        """The last version of each stream that has one."""

    def streams(self, streams: Iterable[StreamId]) -> Sequence[Row]:
        """All rows of these streams, each stream in order of version."""

    def after(self, position: int, limit: int) -> Sequence[Row]:
        """The next rows of the whole ledger in order of position."""

    def by_stream(self, after: Place, end: StreamId, limit: int) -> Sequence[Row]:
        """The next rows in order of stream and version, behind a place and in streams before `end`."""

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""

    def count(self, after: int, up_to: int) -> int:
        """How many rows stand behind a position and not behind another."""

    def create(self) -> None:
        """Make the tables; harmless when they exist."""

    def weaknesses(self) -> list[str]:
        """Settings under which an acknowledged event could be lost, each with its cure."""

    def close(self) -> None:
        """Give back connections."""


class SQLiteStore(SQLiteApplicationRecorder):
    """One file, one process (ADR 0005): WAL, synchronous FULL, one writing connection at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        mode = "ro" if read_only else "rwc"
        # As a URI with its special characters quoted: `data#1` must not open a file named `data`.
        datastore = SQLiteDatastore(f"{path.resolve().as_uri()}?mode={mode}", originator_id_type="text")
        super().__init__(datastore, TABLE)

    def create(self) -> None:
        """Make the tables; harmless when they exist."""
        self.create_table()

    def insert(self, events: Sequence[StoredEvent]) -> Sequence[int]:
        """All or nothing; a row id is the position."""
        return self.insert_events(events) or []

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        # One executemany instead of a statement a row: twice as fast. Row ids follow the last one because only
        # this transaction writes and nothing is ever deleted.
        c.execute(self.select_max_notification_id_statement)
        first = (c.fetchone()[0] or 0) + 1
        c.executemany(
            self.insert_events_statement,
            [(e.originator_id, e.originator_version, e.topic, e.state) for e in stored_events],
        )
        return list(range(first, first + len(stored_events)))

    def versions(self, streams: Iterable[StreamId]) -> Mapping[StreamId, int]:
        """The last version of each stream that has one."""
        found: dict[StreamId, int] = {}
        for some in _chunks(streams):
            found.update(
                self._rows(
                    f"SELECT originator_id, MAX(originator_version) FROM {TABLE} "
                    f"WHERE originator_id IN ({_marks(some)}) GROUP BY originator_id",
                    some,
                )
            )
        return found

    def streams(self, streams: Iterable[StreamId]) -> Sequence[Row]:
        """All rows of these streams, each stream in order of version."""
        rows: list[Row] = []
        for some in _chunks(streams):
            wanted = f"WHERE originator_id IN ({_marks(some)}) ORDER BY originator_id, originator_version"
            rows += (Row._make(typed(row)) for row in self._rows(f"{_SELECT} {wanted}", some))
        return rows

    def after(self, position: int, limit: int) -> Sequence[Row]:
        """The next rows of the whole ledger in order of position."""
        found = self._rows(f"{_SELECT} WHERE rowid > ? ORDER BY rowid LIMIT ?", (position, limit))
        return [Row._make(typed(row)) for row in found]

    def by_stream(self, after: Place, end: StreamId, limit: int) -> Sequence[Row]:
        """The next rows in order of stream and version, behind a place and in streams before `end`."""
        return [Row._make(typed(row)) for row in self._rows(self.BY_STREAM, (*after, end, limit))]

    # The row values are what the table's own index is sorted by: each page is one walk along it, nothing is sorted.
    BY_STREAM = (
        f"{_SELECT} WHERE (originator_id, originator_version) > (?, ?) AND originator_id < ? "
        "ORDER BY originator_id, originator_version LIMIT ?"
    )

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        return self.max_notification_id() or 0

    def count(self, after: int, up_to: int) -> int:
        """How many rows stand behind a position and not behind another."""
        found: int = self._rows(f"SELECT COUNT(*) FROM {TABLE} WHERE rowid > ? AND rowid <= ?", (after, up_to))[0][0]
        return found

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Any]:
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, params)
            return list(c.fetchall())

    def weaknesses(self) -> list[str]:
        """WAL and synchronous FULL are what makes an acknowledged commit survive a power cut."""
        with self.datastore.get_connection(commit=False) as connection, connection.cursor() as c:
            journal = c.execute("PRAGMA journal_mode").fetchone()[0]
            synchronous = c.execute("PRAGMA synchronous").fetchone()[0]
        weak = []
        if journal.lower() != "wal":
            weak.append(f"SQLite journal_mode is {journal}, must be WAL: move the data to a local disk")
        if synchronous < 2:
            weak.append(f"SQLite synchronous is {synchronous}, must be FULL (2)")
        return weak

    def close(self) -> None:
        """Close every connection; the last one writes the WAL back."""
        self.datastore.close()


class PostgresStore(PostgresApplicationRecorder):
    """Any number of processes; inserts are serialised by a table lock so that positions commit in order."""

    def __init__(self, **connection: Any) -> None:
        # enable_db_functions stays off for ever: it drops the table lock, and a reader that tails the ledger
        # then misses events that commit late (pitfalls G1; tests/contracts/test_ledger_tail.py).
        datastore = PostgresDatastore(
            **{"pool_size": 2, "max_overflow": 8, "lock_timeout": 1, **connection},
            originator_id_type="text",
            enable_db_functions=False,
        )
        super().__init__(datastore, events_table_name=TABLE)

    def create(self) -> None:
        """Make the tables; harmless when they exist. One process at a time (pitfalls G6)."""
        self.create_table()

    def insert(self, events: Sequence[StoredEvent]) -> Sequence[int]:
        """All or nothing; the sequence's numbers are the positions.

        Only a wait for the table's lock is repeated: then nothing was written. The library also repeats after a lost
        connection, which takes a minute while the server is away and may write twice (pitfalls G3, G4).
        """
        if not events:
            return []
        for _ in range(LOCK_TRIES - 1):
            try:
                return self._insert_once(events)
            except OperationalError as failure:
                if not isinstance(failure.__cause__, LockNotAvailable):
                    raise
        return self._insert_once(events)

    def _insert_once(self, events: Sequence[StoredEvent]) -> Sequence[int]:
        # The library sends these statements through psycopg's pipeline, which waits for ever once a group is larger
        # than the socket takes at a time: it reads on without sending the rest (seen with 2 MB, psycopg 3.3.9).
        with self.datastore.get_connection() as connection, connection.transaction(), connection.cursor() as cursor:
            self._insert_stored_events(cursor, events)
            return self._fetch_ids_after_insert_events(cursor, events) or []

    def versions(self, streams: Iterable[StreamId]) -> Mapping[StreamId, int]:
        """The last version of each stream that has one."""
        rows = self._rows(
            "SELECT originator_id, MAX(originator_version) AS v FROM {table} "
            "WHERE originator_id = ANY(%s) GROUP BY originator_id",
            (list(streams),),
        )
        return {row["originator_id"]: row["v"] for row in rows}

    def streams(self, streams: Iterable[StreamId]) -> Sequence[Row]:
        """All rows of these streams, each stream in order of version."""
        rows = self._rows(
            "SELECT * FROM {table} WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version",
            (list(streams),),
        )
        return [_postgres_row(row) for row in rows]

    def after(self, position: int, limit: int) -> Sequence[Row]:
        """The next rows of the whole ledger in order of position."""
        rows = self._rows(
            "SELECT * FROM {table} WHERE notification_id > %s ORDER BY notification_id LIMIT %s", (position, limit)
        )
        return [_postgres_row(row) for row in rows]

    def by_stream(self, after: Place, end: StreamId, limit: int) -> Sequence[Row]:
        """The next rows in order of stream and version, behind a place and in streams before `end`."""
        return [_postgres_row(row) for row in self._rows(self.BY_STREAM, (*after, end, limit))]

    BY_STREAM = (
        "SELECT * FROM {table} WHERE (originator_id, originator_version) > (%s, %s) AND originator_id < %s "
        "ORDER BY originator_id, originator_version LIMIT %s"
    )

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        return self.max_notification_id() or 0

    def count(self, after: int, up_to: int) -> int:
        """How many rows stand behind a position and not behind another."""
        statement = "SELECT COUNT(*) AS n FROM {table} WHERE notification_id > %s AND notification_id <= %s"
        found: int = self._rows(statement, (after, up_to))[0]["n"]
        return found

    def weaknesses(self) -> list[str]:
        """fsync, full_page_writes and synchronous_commit must all be on."""
        weak = []
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            value = self._rows("SELECT current_setting(%s) AS value", (setting,))[0]["value"]
            if value == "off":
                weak.append(f"PostgreSQL {setting} is off: set {setting} = on and reload")
        return weak

    def close(self) -> None:
        """Close the pool."""
        self.datastore.close()

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Any]:
        table = SQL("{}.{}").format(Identifier(self.datastore.schema), Identifier(self.events_table_name))
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            cursor.execute(SQL(statement).format(table=table), params, prepare=True)
            return cursor.fetchall()


class MemoryStore(POPOApplicationRecorder):
    """For rehearsals and quick tests: nothing survives the process."""

    def create(self) -> None:
        """Nothing to make."""

    def insert(self, events: Sequence[StoredEvent]) -> Sequence[int]:
        """All or nothing; positions 1..n."""
        return self.insert_events(events) or []

    def versions(self, streams: Iterable[StreamId]) -> Mapping[StreamId, int]:
        """The last version of each stream that has one."""
        last = {stream: self.select_events(stream, desc=True, limit=1) for stream in streams}
        return {stream: events[0].originator_version for stream, events in last.items() if events}

    def streams(self, streams: Iterable[StreamId]) -> Sequence[Row]:
        """All rows of these streams, each stream in order of version."""
        known = self._stored_events_index
        return [self._row(index) for stream in sorted(set(streams)) for index in known.get(stream, {}).values()]

    def after(self, position: int, limit: int) -> Sequence[Row]:
        """The next rows of the whole ledger in order of position."""
        found = self.select_notifications(position, limit, inclusive_of_start=False)
        return [Row(n.id, StreamId(str(n.originator_id)), n.originator_version, n.topic, n.state) for n in found]

    def by_stream(self, after: Place, end: StreamId, limit: int) -> Sequence[Row]:
        """The next rows in order of stream and version, behind a place and in streams before `end`."""
        with self._database_lock:
            streams = sorted(stream for stream in self._stored_events_index if after[0] <= stream < end)
            found = (self._row(index) for stream in streams for index in self._stored_events_index[stream].values())
            return list(islice((row for row in found if (row.stream, row.version) > after), limit))

    def _row(self, index: int) -> Row:
        event = self._stored_events[index]
        return Row(index + 1, StreamId(str(event.originator_id)), event.originator_version, event.topic, event.state)

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        return self.max_notification_id() or 0

    def count(self, after: int, up_to: int) -> int:
        """How many rows stand behind a position and not behind another."""
        return min(up_to, self.head()) - min(after, self.head())

    def weaknesses(self) -> list[str]:
        """Memory is the weakness; only rehearsals use it, and they keep nothing by design."""
        return ["the ledger is in memory: nothing survives this process"]

    def close(self) -> None:
        """Nothing to give back."""


LOCK_TRIES = 10
"""How often PostgreSQL waits for the table's lock, a second each, before the ledger counts as unavailable."""


def _postgres_row(row: Mapping[str, Any]) -> Row:
    return Row(row["notification_id"], row["originator_id"], row["originator_version"], row["topic"], row["state"])


def _chunks(streams: Iterable[StreamId], size: int = 500) -> Iterator[list[StreamId]]:
    # SQLite takes at most 999 parameters in older builds.
    every = list(streams)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
