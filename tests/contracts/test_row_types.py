"""What the services would read differently is found, also where no byte of an event has changed, on both databases."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from deploy.postgres_server import Database
from events.ledger import Ledger
from events.stores import Row, SQLiteStore
from services.compliance.seal.resuming import LedgerDisagrees
from services.compliance.seal.seal_store import DirectoryStore
from services.compliance.seal.sealing import Sealer
from services.compliance.seal.signing_keys import SigningKeys
from services.compliance.verification.ledger_reading import Ledger as VerifiedLedger
from services.compliance.verification.ledger_reading import PostgresLedger, SqliteLedger, Unreadable
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Kind, Report
from services.compliance.verification.verify_ledger import verify
from tests import controls
from tests.times import in_the_morning

EVENT = 7
"""The event that is altered."""


def sealed(directory: Path, ledger: Ledger) -> Row:
    """Ten complaints of three events, sealed; the row that will be altered."""
    moment = in_the_morning()
    for number, stream in enumerate(controls.some_streams(10)):
        put = (controls.received(moment, number=f"C{number:04}"), controls.assigned(moment), controls.escalated(moment))
        controls.put(ledger, stream, *put)
    with closing(sealer_of(directory, ledger)) as sealer:
        assert sealer.seal() is not None
    return list(ledger.scan())[EVENT - 1]


def sealer_of(directory: Path, ledger: Ledger) -> Sealer:
    return Sealer(
        ledger.rows_after, DirectoryStore(directory / "seal"), SigningKeys(directory / "keys"), controls.Clock()
    )


def report(directory: Path, ledger: VerifiedLedger) -> Report:
    return verify(ledger, PublishedSeal(str(directory / "seal")))


SQLITE = {
    "the id as bytes": "UPDATE stored_events SET originator_id = CAST(originator_id AS BLOB) WHERE rowid = {0}",
    "the type as bytes": "UPDATE stored_events SET topic = CAST(topic AS BLOB) WHERE rowid = {0}",
    "the content as text": "UPDATE stored_events SET state = CAST(state AS TEXT) WHERE rowid = {0}",
    "the content without its brace": "UPDATE stored_events SET state = substr(state, 2) WHERE rowid = {0}",
    "a space after the content": "UPDATE stored_events SET state = CAST(state || ' ' AS BLOB) WHERE rowid = {0}",
    "a nought after the type": "UPDATE stored_events SET topic = topic || char(0) WHERE rowid = {0}",
    "no type": "UPDATE stored_events SET topic = NULL WHERE rowid = {0}",
    "no content": "UPDATE stored_events SET state = NULL WHERE rowid = {0}",
    "half a version": "UPDATE stored_events SET originator_version = originator_version + 0.5 WHERE rowid = {0}",
}


@pytest.mark.parametrize("what", SQLITE)
def test_on_sqlite_an_event_of_other_types_or_bounds_is_found_by_everybody(tmp_path: Path, what: str) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, controls.Clock())
    victim = sealed(tmp_path, ledger)
    altered(tmp_path, SQLITE[what].format(victim.position))
    assert_found(tmp_path, ledger, SqliteLedger(tmp_path / "ledger.db"))


@pytest.mark.parametrize("kind", ["REAL", "TEXT"])
def test_on_sqlite_a_table_that_keeps_versions_as_something_else_is_found(tmp_path: Path, kind: str) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    columns = f"originator_id TEXT, originator_version {kind}, topic TEXT, state BLOB"
    altered(
        tmp_path,
        f"CREATE TABLE other ({columns}, PRIMARY KEY (originator_id, originator_version));"
        "INSERT INTO other (rowid, originator_id, originator_version, topic, state) "
        "SELECT rowid, * FROM stored_events; DROP TABLE stored_events; ALTER TABLE other RENAME TO stored_events",
    )
    [finding] = report(tmp_path, SqliteLedger(tmp_path / "ledger.db")).findings
    assert (finding.kind, finding.event) == (Kind.EDITED, 1)


def altered(directory: Path, statements: str) -> None:
    """What an administrator of the database may do."""
    with closing(sqlite3.connect(directory / "ledger.db")) as connection:
        connection.executescript(statements)


def assert_found(directory: Path, ledger: Ledger, verified: VerifiedLedger) -> None:
    """The verification names the event, the patrol stops over it."""
    [finding] = report(directory, verified).findings
    assert (finding.kind, finding.event) == (Kind.EDITED, EVENT)
    with closing(sealer_of(directory, ledger)) as sealer:
        sealer.open()
        with pytest.raises(LedgerDisagrees):
            sealer.patrol(100)
    ledger.close()


POSTGRES = {
    "the content without its brace": "UPDATE stored_events SET state = substr(state, 2) WHERE notification_id = {0}",
    "a space after the content": r"UPDATE stored_events SET state = state || '\x20' WHERE notification_id = {0}",
    "no type": "UPDATE stored_events SET topic = NULL WHERE notification_id = {0}",
    "no content": "UPDATE stored_events SET state = NULL WHERE notification_id = {0}",
}
TYPES = {
    "an id filled up with spaces": "ALTER TABLE stored_events ALTER COLUMN originator_id TYPE char(80)",
    "a type filled up with spaces": "ALTER TABLE stored_events ALTER COLUMN topic TYPE char(80)",
    "the content as text": "ALTER TABLE stored_events ALTER COLUMN state TYPE text USING convert_from(state, 'UTF8')",
    "a version with decimals": "ALTER TABLE stored_events ALTER COLUMN originator_version TYPE numeric",
}


@pytest.mark.parametrize("what", POSTGRES)
def test_on_postgresql_an_event_of_other_bounds_is_found_by_everybody(
    tmp_path: Path, postgres: Database, what: str
) -> None:
    ledger = Ledger(controls.postgres_store(postgres), controls.Clock())
    victim = sealed(tmp_path, ledger)
    with psycopg.connect(postgres.uri) as administrator:
        administrator.execute(POSTGRES[what].format(victim.position).encode())
    assert_found(tmp_path, ledger, PostgresLedger(postgres.uri))


@pytest.mark.parametrize("what", TYPES)
def test_on_postgresql_a_table_of_other_types_is_found(tmp_path: Path, postgres: Database, what: str) -> None:
    ledger = Ledger(controls.postgres_store(postgres), controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    with psycopg.connect(postgres.uri) as administrator:
        administrator.execute(TYPES[what].encode())
    [finding] = report(tmp_path, PostgresLedger(postgres.uri)).findings
    assert (finding.kind, finding.event) == (Kind.EDITED, 1)


@pytest.mark.parametrize("what", ["bytea", "uuid"])
def test_on_postgresql_a_table_the_verification_cannot_read_is_never_called_sound(
    tmp_path: Path, postgres: Database, what: str
) -> None:
    ledger = Ledger(controls.postgres_store(postgres), controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    cast = {"bytea": "convert_to(originator_id, 'UTF8')", "uuid": "originator_id::uuid"}[what]
    with psycopg.connect(postgres.uri) as administrator:
        administrator.execute(f"ALTER TABLE stored_events ALTER COLUMN originator_id TYPE {what} USING {cast}".encode())
    with pytest.raises(Unreadable):
        report(tmp_path, PostgresLedger(postgres.uri))


def test_on_postgresql_an_honest_copy_in_the_way_hides_nothing(tmp_path: Path, postgres: Database) -> None:
    ledger = Ledger(controls.postgres_store(postgres), controls.Clock())
    victim = sealed(tmp_path, ledger)
    with psycopg.connect(postgres.uri) as administrator:
        administrator.execute("CREATE SCHEMA shown")
        administrator.execute("CREATE TABLE shown.stored_events AS SELECT * FROM public.stored_events")
        administrator.execute(POSTGRES["a space after the content"].format(victim.position).encode())
        administrator.execute("ALTER ROLE CURRENT_USER SET search_path = shown, public")
    try:
        assert_found(tmp_path, ledger, PostgresLedger(postgres.uri))
    finally:
        with psycopg.connect(postgres.uri) as administrator:
            administrator.execute("ALTER ROLE CURRENT_USER RESET search_path")


def test_on_sqlite_a_view_or_a_trigger_in_the_place_of_the_table_is_found(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    altered(tmp_path, "CREATE TRIGGER gone AFTER INSERT ON stored_events BEGIN DELETE FROM stored_events; END")
    [finding] = report(tmp_path, SqliteLedger(tmp_path / "ledger.db")).findings
    assert (finding.kind, finding.place) == (Kind.TABLE, "trigger gone")
    altered(tmp_path, "DROP TRIGGER gone")
    assert report(tmp_path, SqliteLedger(tmp_path / "ledger.db")).is_sound


def test_on_postgresql_a_trigger_on_the_table_is_found(tmp_path: Path, postgres: Database) -> None:
    ledger = Ledger(controls.postgres_store(postgres), controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    assert report(tmp_path, PostgresLedger(postgres.uri)).is_sound
    with psycopg.connect(postgres.uri) as administrator:
        administrator.execute("CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        administrator.execute("CREATE TRIGGER gone BEFORE INSERT ON stored_events FOR EACH ROW EXECUTE FUNCTION gone()")
    [finding] = report(tmp_path, PostgresLedger(postgres.uri)).findings
    assert (finding.kind, finding.place) == (Kind.TABLE, "trigger gone")


def test_a_seal_that_is_gone_although_keys_or_checkpoints_are_there_is_found(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.create()
    ledger = Ledger(store, controls.Clock())
    sealed(tmp_path, ledger)
    ledger.close()
    (tmp_path / "seal" / "checkpoint").unlink()
    [finding] = report(tmp_path, SqliteLedger(tmp_path / "ledger.db")).findings
    assert finding.kind is Kind.GONE
