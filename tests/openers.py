"""Ledgers to read that any process can open: partials of these can be sent to one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from events.ledger import Ledger
from events.stores import PostgresStore, SQLiteStore
from services.clock import now


@contextmanager
def sqlite_ledger(path: Path) -> Iterator[Ledger]:
    """A SQLite ledger to read, in whatever process."""
    with closing(Ledger(SQLiteStore(path, read_only=True), now, unsafe=True)) as ledger:
        yield ledger


@contextmanager
def postgres_ledger(connection: dict[str, Any]) -> Iterator[Ledger]:
    """A PostgreSQL ledger to read, in whatever process."""
    with closing(Ledger(PostgresStore(**connection), now, unsafe=True)) as ledger:
        yield ledger
