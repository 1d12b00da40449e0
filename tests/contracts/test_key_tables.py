"""Setup alone makes tables: a role of a PostgreSQL installation needs the right to read and write them, no more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from deploy.postgres_server import Database
from events.keyring import KeysUnavailable, Wanted
from services.settings import Settings
from services.wiring.store import writing_ledger
from tests import controls

SettingsOf = Callable[[str | None], Settings]


@pytest.fixture
def settings_of(postgres: Database, tmp_path: Path) -> SettingsOf:
    """Settings of an installation on that database, as its owner or as somebody else."""
    parts = conninfo_to_dict(postgres.uri)

    def settings(user: str | None = None) -> Settings:
        return Settings(
            data=tmp_path,
            ledger="postgres",
            postgres_host=str(parts["host"]),
            postgres_port=int(parts.get("port") or 5432),
            postgres_db=str(parts["dbname"]),
            postgres_user=user or str(parts["user"]),
        )

    return settings


@contextmanager
def a_user(postgres: Database) -> Iterator[str]:
    """A user who may read and write what is there; gone at the end."""
    name = f"role_{conninfo_to_dict(postgres.uri)['dbname']}"
    user = Identifier(name)
    with psycopg.connect(postgres.uri, autocommit=True) as owner:
        owner.execute(SQL("CREATE ROLE {} LOGIN").format(user))
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        everything = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
        owner.execute(SQL("GRANT " + everything + " TO {}").format(user))
        owner.execute(SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(user))
        try:
            yield name
        finally:
            owner.execute(SQL("DROP OWNED BY {}").format(user))
            owner.execute(SQL("DROP ROLE {}").format(user))


def test_a_role_starts_and_seals_without_the_right_to_make_tables(postgres: Database, settings_of: SettingsOf) -> None:
    with writing_ledger(settings_of(None), controls.in_the_morning, create=True):
        pass
    with (
        a_user(postgres) as user,
        writing_ledger(settings_of(user), controls.in_the_morning) as ledger,
    ):
        assert ledger.keyring is not None
        assert set(ledger.keyring.seals([Wanted(controls.C1)])) == {controls.C1}
        controls.put(ledger, controls.C1, controls.received())
        assert ledger.load(controls.C1).version == 1


def test_where_setup_never_ran_a_role_says_so(settings_of: SettingsOf) -> None:
    with (
        pytest.raises(KeysUnavailable, match="amends setup"),
        writing_ledger(settings_of(None), controls.in_the_morning),
    ):
        pass
