"""The stored rows as plain SQL gives them: the verifier's own reading of SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import psycopg

PlainRow = tuple[Any, Any, Any, Any, Any]
"""Position, complaint id, version, type, stored bytes; texts as bytes. Of any type: the table may be altered."""


class Unreadable(Exception):
    """The database cannot be opened, or holds no ledger; never a judgement on its history."""


class Extent(NamedTuple):
    """How much a ledger holds."""

    events: int
    first: int
    """Position; 0 without events."""
    last: int

    @property
    def is_dense(self) -> bool:
        """No position is skipped, so that it tells the place in order."""
        return self.last - self.first + 1 == self.events


class Reading(Protocol):
    """What the verification asks of a ledger; raises Unreadable."""

    def extent(self) -> Extent:
        """How much there is now."""

    def rows(self, after: int, until: int) -> Iterator[PlainRow]:
        """The rows after one position until another, in order of position, a few thousand at a time."""

    def starts(self, step: int) -> list[int]:
        """The positions of every step-th event, from the first."""

    def before(self, number: int) -> int:
        """The position of the event before that number, counted from 0; one before the first for the first."""

    def gaps(self, until: int) -> Iterator[tuple[bytes, int, int]]:
        """Complaints whose versions are not 1..n in order: id, version that is missing or out of order, position."""

    def lasts(self) -> Iterator[tuple[bytes, int]]:
        """The last version of every complaint."""

    def first_of(self, stream: bytes) -> bytes | None:
        """The stored bytes of a complaint's first event."""

    def strangers(self) -> list[str]:
        """What stands where the table of events must be, or acts on it: views, triggers, rules."""

    def close(self) -> None:
        """Give the connection back."""


class Ledger(Protocol):
    """Where a ledger is; can be handed to another process."""

    def open(self) -> "SqlReading":
        """Open it to read; raises Unreadable."""


class SqliteLedger(NamedTuple):
    """A ledger in a file."""

    path: Path

    def open(self) -> "SqlReading":
        """Open it to read; raises Unreadable."""
        try:
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as failure:
            raise Unreadable(f"{self.path}: {failure}") from failure
        return SqlReading(connection, "rowid", "?", sqlite3.Error)


class PostgresLedger(NamedTuple):
    """A ledger on a server."""

    conninfo: str

    def open(self) -> "SqlReading":
        """Connect to read; raises Unreadable."""
        try:
            # Nobody's tables or functions may stand before the ones that are meant.
            options = "-c default_transaction_read_only=on -c search_path=pg_catalog"
            connection = psycopg.connect(self.conninfo, options=options)
        except psycopg.Error as failure:
            raise Unreadable(" ".join(f"{failure}".split())) from failure
        return SqlReading(connection, "notification_id", "%s", psycopg.Error, "public.stored_events")


PAGE = 2_000
"""Rows a query."""


class SqlReading:
    """One connection; the two databases differ in the column of the position and in their placeholders."""

    def __init__(
        self, connection: Any, position: str, mark: str, error: type[Exception], table: str = "stored_events"
    ) -> None:
        self._connection = connection
        self._error = error
        self._position = position
        self._mark = mark
        self._table = table
        # What has another type is read as other bytes by the services, also where the bytes are equal.
        if position == "rowid":
            connection.text_factory = bytes  # a text that is no UTF-8 is a finding, not a failure
            texts = "typeof(originator_id) = 'text' AND typeof(topic) = 'text'"
            sound = f"CASE WHEN {texts} AND typeof(state) = 'blob' THEN state END"
            self._columns = f"rowid, originator_id, originator_version, topic, {sound}"
        else:
            texts = "convert_to(originator_id, 'UTF8'), originator_version, convert_to(topic, 'UTF8')"
            typed = "pg_typeof(originator_id) = 'text'::regtype AND pg_typeof(topic) = 'text'::regtype"
            self._columns = f"notification_id, {texts}, CASE WHEN {typed} THEN state END"

    def extent(self) -> Extent:
        """How much there is now."""
        p = self._position
        ((events, first, last),) = self._all(f"SELECT count(*), min({p}), max({p}) FROM {self._table}")
        return Extent(events, first or 0, last or 0)

    def rows(self, after: int, until: int) -> Iterator[PlainRow]:
        """The rows after one position until another, in order of position."""
        p, m = self._position, self._mark
        query = f"SELECT {self._columns} FROM {self._table} WHERE {p} > {m} AND {p} <= {m} ORDER BY {p} LIMIT {PAGE}"
        while page := self._all(query, (after, until)):
            yield from page
            after = page[-1][0]

    def starts(self, step: int) -> list[int]:
        """The positions of every step-th event, from the first."""
        p = self._position
        numbered = f"SELECT {p} AS place, row_number() OVER (ORDER BY {p}) - 1 AS number FROM {self._table}"
        query = f"SELECT place FROM ({numbered}) AS n WHERE number % {int(step)} = 0 ORDER BY place"
        return [place for (place,) in self._all(query.replace("%", "%%") if self._mark == "%s" else query)]

    def before(self, number: int) -> int:
        """The position of the event before that number, counted from 0; one before the first for the first."""
        if number == 0:
            return self.extent().first - 1
        query = f"SELECT {self._position} FROM {self._table} ORDER BY {self._position} LIMIT 1 OFFSET {int(number) - 1}"
        return int(self._all(query)[0][0])

    def gaps(self, until: int) -> Iterator[tuple[bytes, int, int]]:
        """Complaints whose versions are not 1..n in order of position."""
        p = self._position
        stream = "originator_id" if p == "rowid" else "convert_to(originator_id, 'UTF8')"
        window = "OVER (PARTITION BY originator_id ORDER BY originator_version)"
        looked = (
            f"SELECT {stream} AS stream, originator_version AS version, {p} AS place, "
            f"row_number() {window} AS wanted, lag({p}) {window} AS before FROM {self._table} WHERE {p} <= {self._mark}"
        )
        query = f"SELECT stream, version, wanted, place FROM ({looked}) AS l WHERE version <> wanted OR place < before"
        seen: set[bytes] = set()
        for name, version, wanted, place in self._all(f"{query} ORDER BY place", (until,)):
            if name not in seen:
                seen.add(name)
                yield name, wanted if version != wanted else version, place

    def lasts(self) -> Iterator[tuple[bytes, int]]:
        """The last version of every complaint."""
        stream = "originator_id" if self._position == "rowid" else "convert_to(originator_id, 'UTF8')"
        yield from self._all(f"SELECT {stream}, max(originator_version) FROM {self._table} GROUP BY originator_id")

    def first_of(self, stream: bytes) -> bytes | None:
        """The stored bytes of a complaint's first event."""
        query = f"SELECT state FROM {self._table} WHERE originator_id = {self._mark} AND originator_version = 1"
        found = self._all(query, (stream.decode(errors="replace"),))
        return found[0][0] if found else None

    def strangers(self) -> list[str]:
        """What stands where the table of events must be, or acts on it: views, triggers, rules."""
        return [f"{_name(kind)} {_name(name)}" for kind, name in self._all(self._strange())]

    def _strange(self) -> str:
        if self._position == "rowid":
            return (
                "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') "
                "AND (tbl_name = 'stored_events' OR name = 'stored_events') ORDER BY name"
            )
        table = f"'{self._table}'::regclass"
        return (
            f"SELECT 'relation', relkind::text FROM pg_class WHERE oid = {table} AND relkind <> 'r' "
            f"UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE tgrelid = {table} AND NOT tgisinternal "
            f"UNION ALL SELECT 'rule', rulename::text FROM pg_rewrite WHERE ev_class = {table} "
            "AND rulename <> '_RETURN'"
        )

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, query: str, params: Sequence[object] = ()) -> list[Any]:
        try:
            with closing(self._connection.cursor()) as cursor:
                if self._mark == "%s":
                    cursor.execute(query, params, binary=True)
                else:
                    cursor.execute(query, params)
                return list(cursor.fetchall())
        except self._error as failure:
            raise Unreadable(" ".join(f"{failure}".split())) from failure


def _name(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def line_of(row: PlainRow) -> bytes | None:
    """The event line of a row, the outside event as it was sealed; None where a column holds no such thing.

    Two rows never have one line: what is left out of it is the brace, and no column may reach into the next.
    """
    position, stream, version, topic, state = row
    if version.__class__ is not int or state.__class__ is not bytes or state[:1] != b"{":
        return None
    try:
        if b'"' in stream or b'"' in topic:
            return None
        head = b'{"position":%d,"complaint_id":"%b","version":%d,"type":"%b",' % (position, stream, version, topic)
    except TypeError:
        return None
    return head + state[1:]
