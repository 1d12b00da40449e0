"""What an attacker with full access to the database does to it; each says what a verification has to find."""

import random
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from events.stores import Row
from services.compliance.verification.verdict import Kind
from tests.sealed import put, stored

TABLE = "stored_events"


class Expected(NamedTuple):
    """The kind to be told and the first bad event, counted from 1."""

    kind: Kind
    event: int


class Altering(NamedTuple):
    """A table in the middle of a transaction, its rows as they were, and chance."""

    connection: sqlite3.Connection
    rows: list[Row]
    chance: random.Random

    def any(self, low: int = 0, high: int | None = None) -> int:
        """Some index from low to before high."""
        return self.chance.randrange(low, len(self.rows) if high is None else high)

    def two(self, *, apart: bool = False) -> tuple[int, int]:
        """Two indexes in order; of different complaints where they must be apart."""
        while True:
            first, second = sorted(self.chance.sample(range(len(self.rows)), 2))
            if not apart or self.rows[first].stream != self.rows[second].stream:
                return first, second

    def set(self, index: int, column: str, value: object) -> None:
        """Change one column of one row."""
        self.connection.execute(f"UPDATE {TABLE} SET {column} = ? WHERE rowid = ?", (value, self.rows[index].position))

    def delete(self, index: int) -> None:
        """Delete one row."""
        self.connection.execute(f"DELETE FROM {TABLE} WHERE rowid = ?", (self.rows[index].position,))

    def shift(self, after: int, before: int, by: int) -> None:
        """Move the positions between two by so many, without meeting on the way."""
        between = f"UPDATE {TABLE} SET rowid = rowid + ? WHERE rowid > ? AND rowid < ?"
        far = 10**9
        self.connection.execute(between, (far, after, before))
        self.connection.execute(between, (by - far, after + far, before + far))

    def place(self, index: int, position: int) -> None:
        """Give a row another position."""
        self.connection.execute(f"UPDATE {TABLE} SET rowid = ? WHERE rowid = ?", (position, self.rows[index].position))


Alteration = Callable[[Altering], Expected]

END = 10**8
"""Beyond every position."""


def one_byte(a: Altering) -> Expected:
    """Another byte in what is stored."""
    index = a.any()
    state = bytearray(a.rows[index].state)
    state[a.chance.randrange(len(state))] ^= 1 << a.chance.randrange(8)
    a.set(index, "state", bytes(state))
    return Expected(Kind.EDITED, index + 1)


def first_byte(a: Altering) -> Expected:
    """The brace that the event line does not repeat is another byte."""
    index = a.any()
    a.set(index, "state", b"[" + a.rows[index].state[1:])
    return Expected(Kind.EDITED, index + 1)


def without_brace(a: Altering) -> Expected:
    """The brace that the event line does not repeat is gone: no byte of the line would change."""
    index = a.any()
    a.set(index, "state", a.rows[index].state[1:])
    return Expected(Kind.EDITED, index + 1)


def reaching_over(a: Altering) -> Expected:
    """The first fields of what is stored stand at the end of the type: no byte of the line would change."""
    index = a.any()
    row = a.rows[index]
    first, rest = row.state.decode().split('",', 1)
    a.set(index, "topic", f'{row.topic}",{first[1:]}')
    a.set(index, "state", b"{" + rest.encode())
    return Expected(Kind.EDITED, index + 1)


def another_storage_class(a: Altering) -> Expected:
    """The same bytes as text where bytes were, or the other way round: services no longer find or read the event."""
    index = a.any()
    column, kind = a.chance.choice((("originator_id", "BLOB"), ("topic", "BLOB"), ("state", "TEXT")))
    a.connection.execute(
        f"UPDATE {TABLE} SET {column} = CAST({column} AS {kind}) WHERE rowid = ?", (a.rows[index].position,)
    )
    return Expected(Kind.EDITED, index + 1)


def stored_shorter(a: Altering) -> Expected:
    """Part of what is stored is missing, or all of it."""
    index = a.any()
    state = a.rows[index].state
    a.set(index, "state", state[: a.chance.randrange(1, len(state))])
    return Expected(Kind.EDITED, index + 1)


def another_type(a: Altering) -> Expected:
    """The event is called something else."""
    index = a.any()
    a.set(index, "topic", "complaint.archived")
    return Expected(Kind.EDITED, index + 1)


def another_version(a: Altering) -> Expected:
    """The event has another place in its complaint."""
    index = a.any()
    a.set(index, "originator_version", a.rows[index].version + 1000)
    return Expected(Kind.EDITED, index + 1)


def no_event_at_all(a: Altering) -> Expected:
    """A column holds what no event has."""
    index = a.any()
    column, value = a.chance.choice(
        (
            ("state", None),
            ("state", 7),
            ("state", b""),
            ("topic", None),
            ("originator_version", "x"),
            ("originator_version", 1.5),
            ("originator_version", None),
            ("originator_id", None),
            ("topic", b"\xff"),
        )
    )
    a.set(index, column, value)
    return Expected(Kind.EDITED, index + 1)


def deleted(a: Altering) -> Expected:
    """One event less; the positions after it may close the gap."""
    index = a.any(0, len(a.rows) - 1)
    a.delete(index)
    if a.chance.random() < 0.5:
        a.shift(a.rows[index].position, END, -1)
    return Expected(Kind.DELETED, index + 1)


def several_deleted(a: Altering) -> Expected:
    """A stretch is missing."""
    first = a.any(0, len(a.rows) - 8)
    number = a.chance.randrange(2, 7)
    for index in range(first, first + number):
        a.delete(index)
    return Expected(Kind.DELETED, first + 1)


def inserted(a: Altering) -> Expected:
    """One event more, the others moved up; it continues a complaint, begins one, or repeats another event."""
    index = a.any()
    position = a.rows[index].position
    a.shift(position - 1, END, 1)
    version, (topic, state) = 900, stored(2, 5_000 + index)
    if a.chance.random() < 0.3:
        topic, state = a.rows[a.any()][3:]
    stream = a.chance.choice((a.rows[index].stream, a.rows[a.any()].stream, "0" * 36))
    put(a.connection, [Row(position, stream, version, topic, state)])  # type: ignore[arg-type]  # an id of nobody
    return Expected(Kind.INSERTED, index + 1)


def inserted_before_all(a: Altering) -> Expected:
    """One event before the first, where no position was."""
    topic, state = stored(1, 9_000)
    put(a.connection, [Row(a.rows[0].position - a.chance.randrange(1, 9), "0" * 36, 1, topic, state)])  # type: ignore[arg-type]
    return Expected(Kind.INSERTED, 1)


def exchanged(a: Altering) -> Expected:
    """Two events have each other's position."""
    first, second = a.two()
    a.place(first, END)
    a.place(second, a.rows[first].position)
    a.connection.execute(f"UPDATE {TABLE} SET rowid = ? WHERE rowid = ?", (a.rows[second].position, END))
    return Expected(Kind.REORDERED, first + 1)


def moved_back(a: Altering) -> Expected:
    """An event stands later than it did, those between have closed up."""
    first, second = a.two()
    at = [row.position for row in a.rows]
    a.place(first, END)
    for index in range(first + 1, second + 1):
        a.place(index, at[index - 1])
    a.connection.execute(f"UPDATE {TABLE} SET rowid = ? WHERE rowid = ?", (at[second], END))
    return Expected(Kind.REORDERED, first + 1)


def contents_exchanged(a: Altering) -> Expected:
    """What is stored is exchanged between events of two complaints; their own columns stay."""
    first, second = a.two(apart=True)
    for one, other in ((first, second), (second, first)):
        a.set(one, "state", a.rows[other].state)
        a.set(one, "topic", a.rows[other].topic)
    return Expected(Kind.SWAPPED, first + 1)


def complaints_exchanged(a: Altering) -> Expected:
    """Two events each belong to the other's complaint; not a byte of what is stored has changed."""
    first, second = a.two(apart=True)
    a.set(first, "originator_id", "x")
    for one, other in ((second, first), (first, second)):
        a.set(one, "originator_version", END)
        a.set(one, "originator_id", a.rows[other].stream)
        a.set(one, "originator_version", a.rows[other].version)
    return Expected(Kind.SWAPPED, first + 1)


def given_to_another_complaint(a: Altering) -> Expected:
    """An event continues another complaint; where it was the only one of its own, nothing left tells that."""
    first, second = a.two(apart=True)
    was_alone = sum(row.stream == a.rows[first].stream for row in a.rows) == 1
    a.set(first, "originator_version", END)
    a.set(first, "originator_id", a.rows[second].stream)
    a.set(first, "originator_version", max(r.version for r in a.rows if r.stream == a.rows[second].stream) + 1)
    return Expected(Kind.EDITED if was_alone else Kind.SWAPPED, first + 1)


def cut(a: Altering) -> Expected:
    """The last events are gone."""
    first = a.any()
    for index in range(first, len(a.rows)):
        a.delete(index)
    return Expected(Kind.CUT, first + 1)


ALTERATIONS: tuple[Alteration, ...] = (
    one_byte,
    first_byte,
    without_brace,
    reaching_over,
    another_storage_class,
    stored_shorter,
    another_type,
    another_version,
    no_event_at_all,
    deleted,
    several_deleted,
    inserted,
    inserted_before_all,
    exchanged,
    moved_back,
    contents_exchanged,
    complaints_exchanged,
    given_to_another_complaint,
    cut,
)
"""Every way in which the table alone is altered."""

NO_EVENTS = (first_byte, without_brace, reaching_over, another_storage_class, no_event_at_all)
"""Those that leave a row which is no event."""
