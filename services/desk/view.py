"""The list of complaints, kept ready in a file of its own that may be deleted at any time (design, 3).

It tails the ledger in position order. A row and the position reached are written in one transaction, so a crash
leaves the file as it was before or after a page, never between; a page done twice gives the same rows. Any number
of processes may share a file or keep one each.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from events.catalogue import FACTS, OF_COMPLAINTS
from events.complaint import Complaint
from events.envelope import BrokenHistory, History, StreamId, instant
from events.folding import fold
from events.ledger import Ledger, LedgerUnavailable
from events.reception import Received
from events.stores import Row
from policy.registry import Policies
from services.desk.customers import MOST, keys_of
from services.desk.filters import Question, cursor
from services.desk.listing import Listed, listed

log = structlog.get_logger()

PAGE = 500
"""Ledger rows a transaction: at 50 events a complaint that is 25,000 facts to decode at the most, about 0.2 s."""
BUSY_SECONDS = 30.0
"""How long one process waits while another writes a page."""

_TABLES = """
CREATE TABLE complaints (
    complaint_id TEXT PRIMARY KEY, number TEXT NOT NULL, external_ref TEXT NOT NULL, channel TEXT NOT NULL,
    received_at TEXT NOT NULL, category TEXT, priority TEXT, status TEXT NOT NULL, owner TEXT, handler TEXT,
    department TEXT, level INTEGER NOT NULL, next_due TEXT, next_clock TEXT, breaches INTEGER NOT NULL,
    policy TEXT NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL, last_event_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX complaints_newest ON complaints (received_at, complaint_id);
CREATE INDEX complaints_number ON complaints (number);
CREATE INDEX complaints_handler ON complaints (handler, received_at, complaint_id);
CREATE INDEX complaints_due ON complaints (next_due);
CREATE TABLE customers (key TEXT NOT NULL, complaint_id TEXT NOT NULL, PRIMARY KEY (key, complaint_id)) WITHOUT ROWID;
CREATE TABLE failures (complaint_id TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE progress (position INTEGER NOT NULL, digest TEXT NOT NULL, made_for TEXT NOT NULL);
"""

_ROWS = "3"
"""Raise it when `_row` or `keys_of` computes something else for the same facts."""
MADE_FOR = hashlib.sha256("\n".join([_TABLES, _ROWS, *(f"{f.TYPE} {f.VERSION}" for f in FACTS)]).encode()).hexdigest()
"""What this release would write: a view made for other tables or other facts is made anew."""

_COLUMNS = tuple(line.split()[0] for line in _TABLES.partition("(")[2].partition(")")[0].split(","))
_UPSERT = f"INSERT OR REPLACE INTO complaints ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class Page(NamedTuple):
    """Some complaints, newest first."""

    complaints: tuple[Listed, ...]
    next: str | None
    """The cursor of the page that follows; None on the last one."""
    position: int
    """How far into the ledger the list has come."""
    failures: int
    """Complaints that could not be read, each with its reason in the log."""


class ListView:
    """The list over one ledger. Its methods block; each may be called from any thread."""

    def __init__(self, ledger: Ledger, policies: Policies, path: Path, *, page: int = PAGE) -> None:
        self._ledger = ledger
        self._policies = policies
        self._path = path
        self._page = page
        self._writing = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = self._opened()

    def close(self) -> None:
        """Give back the file."""
        with self._writing:
            self._connection.close()

    def catch_up(self, pages: int | None = None) -> bool:
        """Take in what the ledger added, at most so many pages; True once there is nothing more.

        Raises LedgerUnavailable; what was taken in before stays.
        """
        taken = 0
        with self._writing:
            while pages is None or taken < pages:
                if self._take_page() < self._page:
                    return True
                taken += 1
        return False

    def find(self, question: Question, now: datetime) -> Page:
        """The complaints that fit, newest first."""
        where, values = _conditions(question, now)
        statement = (
            f"SELECT {', '.join(_COLUMNS)} FROM complaints {where} ORDER BY received_at DESC, complaint_id DESC LIMIT ?"
        )
        with closing(self._connect()) as reader, _transaction(reader, "DEFERRED"):
            found = [Listed._make(row) for row in reader.execute(statement, (*values, question.limit + 1))]
            position = reader.execute("SELECT position FROM progress").fetchone()[0]
            failures = reader.execute("SELECT COUNT(*) FROM failures").fetchone()[0]
        shown = found[: question.limit]
        more = cursor(shown[-1].received_at, shown[-1].complaint_id) if len(found) > len(shown) else None
        return Page(tuple(shown), more, position, failures)

    def complaint_of(self, number: str) -> StreamId | None:
        """The id of the complaint with that number."""
        with closing(self._connect()) as reader:
            row = reader.execute("SELECT complaint_id FROM complaints WHERE number = ?", (number,)).fetchone()
        return None if row is None else StreamId(row[0])

    def complaints_of(self, keys: Sequence[str]) -> list[StreamId]:
        """Complaints found by any of these keys of a customer, `customers.keys` (S001-4.4)."""
        marks = ",".join("?" * len(keys))
        with closing(self._connect()) as reader:
            rows = reader.execute(
                f"SELECT DISTINCT complaint_id FROM customers WHERE key IN ({marks}) LIMIT ?",
                (*map(self._ledger.mark, keys), MOST),
            ).fetchall()
        return [StreamId(stream) for (stream,) in rows]

    def numbers(self, complaints: Sequence[StreamId]) -> dict[StreamId, str]:
        """What people call these complaints; the caller asks for few at a time."""
        marks = ",".join("?" * len(complaints))
        with closing(self._connect()) as reader:
            rows = reader.execute(
                f"SELECT complaint_id, number FROM complaints WHERE complaint_id IN ({marks})", complaints
            ).fetchall()
        return {StreamId(stream): number for stream, number in rows}

    def _take_page(self) -> int:
        """Take in one page in one transaction; how many ledger rows it had."""
        with _transaction(self._connection, "IMMEDIATE"):
            (position,) = self._connection.execute("SELECT position FROM progress").fetchone()
            rows = self._ledger.rows_after(position, self._page)
            if rows:
                self._take_complaints(self._changed(rows))
                self._connection.execute(
                    "UPDATE progress SET position = ?, digest = ?", (rows[-1].position, _digest(rows[-1]))
                )
        return len(rows)

    def _changed(self, rows: Sequence[Row]) -> Sequence[StreamId]:
        """The complaints of these rows whose line does not hold them yet.

        A line is made from the whole history, also from facts of later pages: so of a long ledger each complaint is
        read once, not once a page.
        """
        last = {row.stream: row.position for row in rows if row.topic in OF_COMPLAINTS}
        marks = ",".join("?" * len(last))
        held = dict(
            self._connection.execute(
                f"SELECT complaint_id, position FROM complaints WHERE complaint_id IN ({marks})", list(last)
            ).fetchall()
        )
        return [stream for stream, position in last.items() if held.get(stream, 0) < position]

    def _take_complaints(self, changed: Sequence[StreamId]) -> None:
        try:
            histories = self._ledger.load_many(changed).values()
            rows = [self._row(history) for history in histories]
        except LedgerUnavailable:
            raise
        except Exception:  # catch-all: one complaint that cannot be read must not stop the list (pitfalls G17)
            rows = [row for stream in changed if (row := self._row_or_failure(stream)) is not None]
        self._connection.executemany("DELETE FROM failures WHERE complaint_id = ?", [row[:1] for row in rows])
        self._connection.executemany(_UPSERT, rows)

    def _take_customer(self, complaint: Complaint, received: Received) -> None:
        """What the complaint is found by, until its customer is restricted or erased (M16)."""
        if not complaint.privacy.is_readable:
            self._connection.execute("DELETE FROM customers WHERE complaint_id = ?", (complaint.complaint_id,))
            return
        prefixes = self._policies.get(complaint.policy).document.links.dial_prefixes
        found = ((self._ledger.mark(key), complaint.complaint_id) for key in keys_of(received, prefixes))
        self._connection.executemany("INSERT OR IGNORE INTO customers VALUES (?, ?)", found)

    def _row_or_failure(self, stream: StreamId) -> Listed | None:
        try:
            return self._row(self._ledger.load(stream))
        except LedgerUnavailable:
            raise
        except Exception as failure:  # catch-all: noted, counted and tried again with its next event
            why = str(failure) if isinstance(failure, BrokenHistory) else f"{type(failure).__name__}: {failure}"
            log.warning("complaint left out of the list", complaint=stream, why=why)
            self._connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?)", (stream, why))
            return None

    def _row(self, history: History) -> Listed:
        """The row of a complaint: its facts alone decide it; its customer is taken in with it."""
        complaint = fold(history)
        received = history[0].fact
        assert isinstance(received, Received)
        self._take_customer(complaint, received)
        return listed(complaint, history, self._policies.get(complaint.policy))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        # A power cut may take the last pages back, position and rows together: they are read from the ledger again.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _opened(self) -> sqlite3.Connection:
        """The file opened for writing; one that cannot be read, is of another release or ledger, is made anew."""
        try:
            return self._prepared()
        except sqlite3.DatabaseError as failure:
            if isinstance(failure, sqlite3.OperationalError):
                raise
            log.warning("list made anew: its file cannot be read", file=str(self._path), reason=str(failure))
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection, "IMMEDIATE"):
                if not self._fits(connection):
                    _make_tables(connection, self._made_for())
        except BaseException:
            connection.close()
            raise
        return connection

    def _made_for(self) -> str:
        """Who has no keys cannot tell customers: what such a process wrote is made anew by one that has."""
        return f"{MADE_FOR} {'with' if self._ledger.keyring else 'without'} keys"

    def _fits(self, connection: sqlite3.Connection) -> bool:
        """Made by this release, for this very ledger: the last row taken in stands where it stood."""
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'progress'").fetchone() is None:
            return False
        try:
            row = connection.execute("SELECT position, digest, made_for FROM progress").fetchone()
            position, digest, made_for = row
        except (sqlite3.OperationalError, TypeError):  # other columns, or no line: of another release
            return False
        if made_for != self._made_for():
            return False
        if position == 0:
            return True
        found = self._ledger.rows_after(position - 1, 1)
        return [(row.position, _digest(row)) for row in found] == [(position, digest)]


def _make_tables(connection: sqlite3.Connection, made_for: str) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        connection.execute(f'DROP TABLE "{name}"')
    for statement in _TABLES.split(";")[:-1]:
        connection.execute(statement)
    connection.execute("INSERT INTO progress VALUES (0, '', ?)", (made_for,))


def _digest(row: Row) -> str:
    return hashlib.sha256(f"{row.stream} {row.version} {row.topic} ".encode() + row.state).hexdigest()


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _conditions(question: Question, now: datetime) -> tuple[str, list[Any]]:
    """The WHERE clause; column names come from the table of filters, never from the question."""
    parts = [f"{column} = ?" for column in question.equal]
    values: list[Any] = list(question.equal.values())
    if question.overdue is not None:
        parts.append("next_due < ?" if question.overdue else "(next_due IS NULL OR next_due >= ?)")
        values.append(instant(now))
    if question.contains is not None:
        parts.append("(instr(lower(number), ?) OR instr(lower(external_ref), ?))")
        values += [question.contains.lower()] * 2
    if question.after is not None:
        parts.append("(received_at, complaint_id) < (?, ?)")
        values += question.after.split("~")
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), values
