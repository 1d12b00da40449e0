"""The eventsourcing library's own recorder suite over our stores: we extend its recorders and must not break them.

Inherited as they are: test_insert_select and test_concurrent_throughput. Not inherited, with the reason:

* test_performance prints figures for a human and can fail only where test_insert_select fails.
* test_concurrent_no_conflicts (PostgreSQL): 10,000 rows through 10 connections take a minute on a loaded machine;
  test_ledger_tail.py writes from four processes instead. On SQLite it runs: it is what proves one writer at a time.
* optional_test_insert_subscribe: SQLite has no subscribe(), and nothing of ours subscribes (pitfalls G7).
* close_db_connection is no test.
"""

import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder

from deploy.postgres_server import Database
from events.stores import PostgresStore, SQLiteStore
from tests import controls

if TYPE_CHECKING:
    from eventsourcing.tests.persistence import ApplicationRecorderTestCase
else:
    # The suite's module also tests encryption and imports the library's cipher, whose package we neither use nor ship.
    cipher = ModuleType("eventsourcing.cipher")
    cipher.AESCipher = object
    with patch.dict(sys.modules, {"eventsourcing.cipher": cipher}):
        from eventsourcing.tests.persistence import ApplicationRecorderTestCase


class OfOurStores(ApplicationRecorderTestCase[ApplicationRecorder]):
    """Stream ids are text on every store (ADR 0004)."""

    __test__ = False
    test_performance = None  # type: ignore[assignment]
    # Its readers are not waited for: they go on while the store is closed, and SQLite crashes the process then.
    test_concurrent_no_conflicts = None  # type: ignore[assignment]

    def new_originator_id(self) -> UUID | str:
        return str(uuid4())


class TestSQLiteStoreIsARecorder(OfOurStores):
    """One file, one process."""

    __test__ = True

    def create_recorder(self) -> SQLiteStore:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        store = SQLiteStore(Path(folder.name) / "ledger.db")
        self.addCleanup(store.close)
        store.create()
        return store


class TestPostgresStoreIsARecorder(OfOurStores):
    """A server, any number of processes."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _database(self, postgres: Database) -> None:
        self.database = postgres

    def create_recorder(self) -> PostgresStore:
        store = controls.postgres_store(self.database)
        self.addCleanup(store.close)
        return store
