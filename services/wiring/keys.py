"""The keyring of an installation: the master key's file and the store of customers' keys (ADR 0019)."""

import secrets
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from events import durable
from events.key_databases import PostgresKeys, SQLiteKeys
from events.key_stores import SqlKeyStore
from events.keyring import Kept, Keyring, check_of
from services.settings import Settings

KEYS_FILE = "keys.db"
MASTER_FILE = "master.key"
MASTER_BYTES = 32


class NoMasterKey(Exception):
    """There are customers' keys, and the master key that opens them is missing."""


class OtherKeys(Exception):
    """此处已有以另一主密钥保护的客户密钥 / there are customers' keys under another master key here."""


def writing_keyring(settings: Settings, *, create: bool = False) -> Keyring:
    """The keyring to seal and open with; the master key is made where nothing was ever sealed.

    Setup has tables made that are missing. Raises NoMasterKey, WrongMasterKey, KeysUnavailable.
    """
    store = _writing_store(settings, create=create)
    try:
        return Keyring(store, _master(settings, store.master(None) is None))
    except BaseException:
        store.close()
        raise


def import_keys(settings: Settings, master: bytes, kept: Iterable[Kept]) -> int:
    """Take another installation's keys with its master key; how many customers were new. Raises OtherKeys."""
    store = _writing_store(settings, create=True)
    with closing(store):
        if not store.adopt(check_of(master)):
            raise OtherKeys(OtherKeys.__doc__)
        _write(master_file(settings), master, replace=True)
        return store.take(kept)


def _writing_store(settings: Settings, *, create: bool) -> SqlKeyStore:
    if settings.ledger == "sqlite":
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SqlKeyStore(SQLiteKeys(settings.data / KEYS_FILE))
    database = _postgres(settings)
    try:
        if create:
            database.create()
    except BaseException:
        database.close()
        raise
    return SqlKeyStore(database)


def reading_keyring(settings: Settings) -> Keyring | None:
    """The keyring to open with; None where there are no keys, or this user may not read them: then tokens stay."""
    try:
        master = master_file(settings).read_bytes()
    except OSError:
        return None
    file = settings.data / KEYS_FILE
    if settings.ledger == "sqlite" and not file.exists():
        return None
    of_sqlite = settings.ledger == "sqlite"
    store = SqlKeyStore(SQLiteKeys(file, read_only=True) if of_sqlite else _postgres(settings))
    try:
        return Keyring(store, master, read_only=True)
    except BaseException:
        store.close()
        raise


def master_file(settings: Settings) -> Path:
    """Where the master key is."""
    return settings.master_key or settings.data / MASTER_FILE


def _master(settings: Settings, is_new: bool) -> bytes:
    file = master_file(settings)
    with suppress(FileNotFoundError):
        return file.read_bytes()
    if not is_new:
        raise NoMasterKey(
            f"{file} 不存在，但已有客户密钥：请放回主密钥，或用 AMENDS_MASTER_KEY 指明其位置 / "
            f"is missing and there are customers' keys: put it back, or name it by AMENDS_MASTER_KEY"
        )
    with suppress(FileExistsError):  # another role was faster
        _write(file, secrets.token_bytes(MASTER_BYTES), replace=False)
    return file.read_bytes()


def _write(file: Path, master: bytes, *, replace: bool) -> None:
    """On the disk when this returns; raises FileExistsError where it may not replace another."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable.write(file, master, replace=replace)


def _postgres(settings: Settings) -> PostgresKeys:
    return PostgresKeys(settings.conninfo(settings.postgres_keys_db))
