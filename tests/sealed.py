"""A ledger in memory with its seal on disk, as an attacker with full access finds them; and honest ones."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from events.catalogue import encode
from events.envelope import StreamId
from events.stores import Row
from services.compliance.seal.checkpoints import ARCHIVE, notes_in
from services.compliance.seal.seal_store import DirectoryStore, SealStore
from services.compliance.seal.sealing import Sealer
from services.compliance.seal.signing_keys import SigningKeys
from services.compliance.verification.ledger_reading import SqlReading
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Report
from services.compliance.verification.verifier import parse_verifier_key
from services.compliance.verification.verify_ledger import verify
from tests import controls
from tests.times import SECOND, in_the_morning

CREATE = (
    "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
    "PRIMARY KEY (originator_id, originator_version))"
)


class OpenLedger(NamedTuple):
    """A connection as the verification takes it; stays open."""

    connection: sqlite3.Connection

    def open(self) -> SqlReading:
        """The same connection."""
        return _Kept(self.connection, "rowid", "?", sqlite3.Error)


class _Kept(SqlReading):
    def close(self) -> None:
        """Whoever made the connection closes it."""


def history(events: int, *, chance: random.Random, skipping: bool = False) -> list[Row]:
    """Rows of several complaints that take turns, as the ledger stores them; positions skip where asked."""
    streams = controls.some_streams(max(2, events // 6))
    versions: dict[StreamId, int] = {}
    rows = []
    position = 0
    for number in range(events):
        stream = chance.choice(streams)
        versions[stream] = versions.get(stream, 0) + 1
        position += chance.choice((1, 1, 2, 5)) if skipping else 1
        rows.append(Row(position, stream, versions[stream], *stored(versions[stream], number)))
    return rows


def stored(version: int, number: int) -> tuple[str, bytes]:
    """Type and bytes of an event that is the version-th of its complaint and the number-th of all."""
    moment = in_the_morning() + number * SECOND
    if version == 1:
        entry = controls.received(moment, number=f"C{number:06}")
    elif version % 3:
        entry = controls.supplemented(moment, f"还有照片 {number}")
    else:
        entry = controls.escalated(moment)
    return entry.fact.TYPE, encode(entry, moment)


def in_memory(rows: Sequence[Row]) -> sqlite3.Connection:
    """A table with these rows."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(CREATE)
    put(connection, rows)
    return connection


def put(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add rows at their positions."""
    connection.executemany(
        "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)",
        rows,
    )


def rows_after(connection: sqlite3.Connection, position: int, limit: int) -> list[Row]:
    """What a sealer reads of the table."""
    query = "SELECT rowid, * FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?"
    # The verification has the connection give texts as bytes.
    found = connection.execute(query, (position, limit)).fetchall()
    return [Row(p, StreamId(_text(s)), v, _text(t), state) for p, s, v, t, state in found]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class House:
    """A ledger, its seal and its key in one directory."""

    def __init__(self, directory: Path, rows: Sequence[Row], *, store: SealStore | None = None) -> None:
        self.directory = directory
        self.rows = list(rows)
        self.connection = in_memory(rows)
        self.clock = controls.Clock()
        self.store = store or DirectoryStore(directory / "seal")
        self.keys = SigningKeys(directory / "keys")

    def sealer(self, seal: Path | None = None, now: datetime | None = None) -> Sealer:
        """A sealer of this house, or with its key into another directory."""
        if now is not None:
            self.clock.set(now)
        store = DirectoryStore(seal) if seal else self.store
        return Sealer(partial(rows_after, self.connection), store, self.keys, self.clock)

    def seal(self, seal: Path | None = None) -> None:
        """Seal all there is and let go."""
        with closing(self.sealer(seal)) as sealer:
            while sealer.seal() is not None:
                pass

    def seal_in_steps(self, *sizes: int) -> None:
        """Seal as if the events had come in that many at a time: each step leaves a checkpoint."""
        limit = 0

        def so_far(position: int, most: int) -> list[Row]:
            return [row for row in rows_after(self.connection, position, most) if row.position <= limit]

        sealer = Sealer(so_far, self.store, self.keys, self.clock)
        with closing(sealer):
            for size in sizes:
                limit = self.rows[size - 1].position
                while sealer.seal() is not None:
                    pass

    def notes(self) -> list[str]:
        """Every checkpoint ever signed, oldest first, as someone outside may have kept it."""
        files = [(self.store.read(name) or b"").decode(errors="replace") for name in self.store.names(ARCHIVE)]
        return [note for content in files for note in notes_in(content)]

    def note(self) -> str:
        """The checkpoint that is served, to keep outside."""
        return (self.store.read("checkpoint") or b"").decode()

    def verified(self, *outside: str, seal: Path | None = None, key: str | None = None) -> Report:
        """What the verification says, with checkpoints kept outside, under a key known before."""
        published = PublishedSeal(str(seal or self.directory / "seal"))
        kept = [(f"outside-{number}", [note]) for number, note in enumerate(outside)]
        given = [parse_verifier_key(key)] if key else []
        return verify(OpenLedger(self.connection), published, given=given, outside=kept)
