"""Where wrapped keys live, apart from the ledger: an SQLite file, or tables in PostgreSQL (ADR 0019)."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple, Protocol

import psycopg
from psycopg_pool import ConnectionPool

from events.envelope import StreamId
from events.keyring import Kept, KeysUnavailable, Offer
from events.tokens import CustomerId

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS customer_keys (
        customer TEXT PRIMARY KEY, wrapped {bytes} NOT NULL, restricted {boolean} NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS customer_complaints (stream TEXT PRIMARY KEY, customer TEXT NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS customer_complaints_of ON customer_complaints (customer)""",
    """CREATE TABLE IF NOT EXISTS customer_marks (
        mark TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (mark, customer))""",
    """CREATE TABLE IF NOT EXISTS customer_master (digest TEXT PRIMARY KEY)""",
    """CREATE INDEX IF NOT EXISTS customer_marks_of ON customer_marks (customer)""",
)
SOME: Final = 400
"""Values in one statement: older SQLite takes 999."""
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


class SqlKeyStore:
    """The store of keys in SQL that both databases understand; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def master(self, offered: str | None) -> str | None:
        """The digest of the master key this store was made with; the offered one where it is new."""
        with self._database.transaction(writing=offered is not None) as ask:
            found = ask("SELECT digest FROM customer_master", ())
            if not found and offered is not None:
                ask("INSERT INTO customer_master VALUES (?)", (offered,))
            return found[0][0] if found else offered

    def adopt(self, digest: str) -> bool:
        """Take another master key while there is no customer yet; whether that was so, or it was this one before."""
        with self._database.transaction(writing=True) as ask:
            found = ask("SELECT digest FROM customer_master", ())
            if found == [(digest,)]:
                return True
            if ask("SELECT 1 FROM customer_keys LIMIT 1", ()):
                return False
            ask("DELETE FROM customer_master", ())
            ask("INSERT INTO customer_master VALUES (?)", (digest,))
            return True

    def assign(self, offers: Sequence[Offer]) -> Mapping[StreamId, CustomerId]:
        """The customer of each complaint: as assigned before, else found by a mark, else the one offered."""
        with self._database.transaction(writing=True) as ask:
            select = "SELECT stream, customer FROM customer_complaints WHERE stream IN"
            found = dict(_among(ask, select, [offer.stream for offer in offers]))
            assigning = _Assigning(found, _marked(ask, [mark for offer in offers for mark in offer.marks]))
            customers = {offer.stream: assigning.customer(offer) for offer in offers}
            ask.many("INSERT INTO customer_keys VALUES (?, ?, ?)", assigning.keys)
            ask.many("INSERT INTO customer_complaints VALUES (?, ?) ON CONFLICT DO NOTHING", assigning.complaints)
            ask.many("INSERT INTO customer_marks VALUES (?, ?) ON CONFLICT DO NOTHING", assigning.marks)
            return customers

    def customers(self, streams: Iterable[StreamId]) -> Mapping[StreamId, CustomerId]:
        """The customers of complaints that have one."""
        with self._database.transaction() as ask:
            return dict(_among(ask, "SELECT stream, customer FROM customer_complaints WHERE stream IN", list(streams)))

    def by_marks(self, marks: Sequence[str]) -> Sequence[CustomerId]:
        """Everybody found by one of these marks, restricted ones too, in order of id."""
        with self._database.transaction() as ask:
            found = _among(ask, "SELECT customer FROM customer_marks WHERE mark IN", marks)
            return sorted({CustomerId(customer) for (customer,) in found})

    def akin(self, customer: CustomerId) -> Sequence[CustomerId]:
        """Everybody who shares an address or member id with that customer, and the customer, in order of id."""
        shared = "SELECT o.customer FROM customer_marks m JOIN customer_marks o ON o.mark = m.mark WHERE m.customer = ?"
        with self._database.transaction() as ask:
            return sorted({customer, *(CustomerId(other) for (other,) in ask(shared, (customer,)))})

    def unmark(self, customer: CustomerId) -> Sequence[str]:
        """Let no new complaint find that customer, who is about to be erased; the marks there were."""
        with self._database.transaction(writing=True) as ask:
            found = ask("SELECT mark FROM customer_marks WHERE customer = ?", (customer,))
            ask("DELETE FROM customer_marks WHERE customer = ?", (customer,))
            return [mark for (mark,) in found]

    def mark_again(self, customer: CustomerId, marks: Sequence[str]) -> None:
        """Take `unmark` back."""
        with self._database.transaction(writing=True) as ask:
            insert = "INSERT INTO customer_marks VALUES (?, ?) ON CONFLICT DO NOTHING"
            ask.many(insert, [(mark, customer) for mark in marks])

    def complaints(self, customer: CustomerId) -> Sequence[StreamId]:
        """All complaints assigned to that customer, in order of id."""
        with self._database.transaction() as ask:
            return _complaints(ask, customer)

    def keys(self, customers: Iterable[CustomerId], *, restricted: bool = False) -> Mapping[CustomerId, bytes]:
        """Wrapped keys of customers who may be read, and of restricted ones where asked; none of an erased one."""
        with self._database.transaction() as ask:
            select = "SELECT customer, wrapped, restricted FROM customer_keys WHERE customer IN"
            found = _among(ask, select, list(customers))
            return {
                CustomerId(customer): bytes(wrapped) for customer, wrapped, hidden in found if restricted or not hidden
            }

    def restrict(self, customer: CustomerId, restricted: bool) -> None:
        """Store only, or readable again."""
        with self._database.transaction(writing=True) as ask:
            ask("UPDATE customer_keys SET restricted = ? WHERE customer = ?", (restricted, customer))

    def erase(self, customer: CustomerId) -> bool:
        """Destroy key and marks for good, also in the file; whether there was a key."""
        with self._database.transaction(writing=True) as ask:
            had = bool(ask("SELECT 1 FROM customer_keys WHERE customer = ?", (customer,)))
            ask("DELETE FROM customer_keys WHERE customer = ?", (customer,))
            ask("DELETE FROM customer_marks WHERE customer = ?", (customer,))
        self._database.scrub()
        return had

    def everything(self) -> Iterator[Kept]:
        """All that is kept, for moving to another store."""
        with self._database.transaction() as ask:
            every = ask("SELECT customer, wrapped, restricted FROM customer_keys ORDER BY customer", ())
            for customer, wrapped, restricted in every:
                marks = ask("SELECT mark FROM customer_marks WHERE customer = ? ORDER BY mark", (customer,))
                complaints = tuple(_complaints(ask, customer))
                yield Kept(customer, bytes(wrapped), bool(restricted), complaints, tuple(mark for (mark,) in marks))

    def take(self, kept: Iterable[Kept]) -> int:
        """Put what another store kept here; how many customers were new."""
        new = 0
        with self._database.transaction(writing=True) as ask:
            for each in kept:
                if ask("SELECT 1 FROM customer_keys WHERE customer = ?", (each.customer,)):
                    continue
                new += 1
                ask("INSERT INTO customer_keys VALUES (?, ?, ?)", (each.customer, each.wrapped, each.restricted))
                for stream in each.complaints:
                    ask("INSERT INTO customer_complaints VALUES (?, ?) ON CONFLICT DO NOTHING", (stream, each.customer))
                for mark in each.marks:
                    ask("INSERT INTO customer_marks VALUES (?, ?) ON CONFLICT DO NOTHING", (mark, each.customer))
        return new

    def close(self) -> None:
        """Give back the connection."""
        self._database.close()


class _Assigning:
    """Offers answered one after the other from what was found for all of them at once."""

    def __init__(self, assigned: Mapping[str, CustomerId], marked: Iterable[tuple[str, CustomerId]]) -> None:
        self._assigned = dict(assigned)
        self._marked: dict[str, set[CustomerId]] = {}
        for mark, customer in marked:
            self._marked.setdefault(mark, set()).add(customer)
        self.keys: list[tuple[CustomerId, bytes, bool]] = []
        self.complaints: list[tuple[StreamId, CustomerId]] = []
        self.marks: list[tuple[str, CustomerId]] = []

    def customer(self, offer: Offer) -> CustomerId:
        """As assigned before, else the first with one of the marks, else a new one."""
        customer = self._assigned.get(offer.stream)
        if customer is None:
            found = sorted(each for mark in offer.marks for each in self._marked.get(mark, ()))
            customer = found[0] if found else offer.customer
            self.complaints.append((offer.stream, customer))
            self._assigned[offer.stream] = customer
            if not found:
                self.keys.append((customer, offer.wrapped, False))
        for mark in offer.marks:
            known = self._marked.setdefault(mark, set())
            if customer not in known:
                known.add(customer)
                self.marks.append((mark, customer))
        return customer


def _marked(ask: Ask, marks: Sequence[str]) -> list[tuple[str, CustomerId]]:
    """Which of these marks lead to a readable customer: a restricted one gets nothing new."""
    select = (
        "SELECT m.mark, m.customer FROM customer_marks m "
        "JOIN customer_keys k ON k.customer = m.customer AND NOT k.restricted WHERE m.mark IN"
    )
    return [(mark, CustomerId(customer)) for mark, customer in _among(ask, select, marks)]


def _complaints(ask: Ask, customer: CustomerId) -> list[StreamId]:
    found = ask("SELECT stream FROM customer_complaints WHERE customer = ? ORDER BY stream", (customer,))
    return [StreamId(stream) for (stream,) in found]


def _among(ask: Ask, select: str, values: Sequence[str]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(values), SOME):
        some = values[start : start + SOME]
        rows += ask(f"{select} ({','.join('?' * len(some))})", some)
    return rows


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
