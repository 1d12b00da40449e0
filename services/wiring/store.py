"""The ledger a data directory or settings name, opened so that two writers on one file are impossible."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from events.ledger import Clock, Ledger
from events.stores import PostgresStore, SQLiteStore, Store
from services.settings import Settings
from services.wiring.keys import reading_keyring, writing_keyring

LEDGER_FILE = "ledger.db"
VIEWS_FILE = "views.db"
"""The desk's list; disposable."""


class InUse(Exception):
    """Another process writes to this data directory: use its HTTP address or NATS, or stop it."""


class NoInstallation(Exception):
    """The directory holds no ledger: run `amends up` or `amends setup` there first."""


class DirectoryLock:
    """The right to write to a data directory: one process at a time (reliability, section 2)."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = (data / "lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            self._file.close()
            raise InUse(
                f"{data} 正在使用 / is in use by a running process: stop it first (Ctrl-C on `amends up`)"
            ) from taken
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


@contextmanager
def writing_ledger(settings: Settings, clock: Clock, *, create: bool = False) -> Iterator[Ledger]:
    """The ledger of an installation to append to, locked where one process may write, closed at the end.

    Setup creates the tables: several processes that make them at once fail (pitfalls G6).

    Raises InUse, WeakDurability, LedgerUnavailable.
    """
    with DirectoryLock(settings.data) if settings.ledger == "sqlite" else nullcontext():
        with ExitStack() as half_open:  # whatever fails, what was opened before is given back
            keyring = writing_keyring(settings, create=create)
            half_open.callback(keyring.close)
            store = writing_store(settings)
            half_open.callback(store.close)
            if create:
                store.create()
            ledger = Ledger(store, clock, keyring=keyring)
            half_open.pop_all()
        try:
            yield ledger
        finally:
            ledger.close()


@contextmanager
def reading_ledger(settings: Settings, clock: Clock, *, keyless: bool = False) -> Iterator[Ledger]:
    """The ledger of an installation to read, also while another process writes; raises NoInstallation.

    What is `keyless` never opens a personal text and needs neither the master key nor the store of keys.
    """
    with ExitStack() as half_open:
        store = reading_store(settings)
        half_open.callback(store.close)
        ledger = Ledger(store, clock, keyring=None if keyless else reading_keyring(settings), unsafe=True)
        half_open.pop_all()
    try:
        yield ledger
    finally:
        ledger.close()


def writing_store(settings: Settings) -> Store:
    """The store to append to; for SQLite the caller holds the directory's lock."""
    if settings.ledger == "postgres":
        return postgres_store(settings)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = SQLiteStore(settings.data / LEDGER_FILE)
    store.create()
    return store


def reading_store(settings: Settings) -> Store:
    """The store to read from, also while another process writes; raises NoInstallation."""
    if settings.ledger == "postgres":
        return postgres_store(settings)
    return SQLiteStore(ledger_file(settings), read_only=True)


def ledger_file(settings: Settings) -> Path:
    """The SQLite ledger that is there; raises NoInstallation."""
    file = settings.data / LEDGER_FILE
    if not file.exists():
        raise NoInstallation(f"no ledger in {settings.data}: run `amends up --data {settings.data}` first")
    return file


def postgres_store(settings: Settings) -> PostgresStore:
    """The PostgreSQL ledger of the settings."""
    return PostgresStore(**settings.postgres)
