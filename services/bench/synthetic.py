"""A large history made of few: lives rehearsed through the real decisions, then written many times under fresh ids.

Nothing but ids, numbers and references differs between copies, so each is as lawful as the life it is a copy of. Rows
are written in the order in which they were recorded, as a ledger has them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

import orjson
from eventsourcing.persistence import StoredEvent

from events.catalogue import OF_COMPLAINTS, recorded_at
from events.envelope import StreamId, complaint_id
from events.ledger import Ledger
from events.reception import Received
from events.stores import Row
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION, Policy, publication
from services.bench.lives import LIVES, Life, script
from services.intake.reception import number
from services.wiring.rehearsal import Line, Rehearsal

BATCH = 5_000
"""Rows a commit."""
WEEKS = 50
"""Over so many weeks the lives begin."""


CHOICES = 12
"""Who of some colleagues is given a complaint, and which are sampled for review, follows from its id modulo a small
number; a copy's id leaves the same remainder by this, so that the same was lawful."""


class Named(NamedTuple):
    """What names one complaint; each copy has names of its own."""

    stream: bytes
    number: bytes
    reference: bytes


class Begun(NamedTuple):
    """One complaint that is copied."""

    stream: bytes
    channel: str
    at: datetime
    """When it was received."""


class Event(NamedTuple):
    """One row of a life, taken apart where its copies differ."""

    life: int
    version: int
    topic: str
    parts: tuple[bytes, ...]
    """Text, name, text, name ... text."""
    names: tuple[tuple[int, int], ...]
    """Which life's name stands between two texts, and which of its three."""

    def copy(self, named: Sequence[Named]) -> StoredEvent:
        """The row under other names."""
        state = self.parts[0]
        for (life, which), text in zip(self.names, self.parts[1:], strict=True):
            state += named[life][which] + text
        return StoredEvent(StreamId(named[self.life].stream.decode()), self.version, self.topic, state)


class Base(NamedTuple):
    """What is copied."""

    company: Sequence[Row]
    """Policy and organisation, which stand before everything else."""
    lives: Sequence[Begun]
    events: Sequence[Event]
    """All their rows in the order they were recorded."""


async def rehearsed(seed: int, times: int = 3, lives: Sequence[Life] = LIVES) -> Base:
    """These lives begun that many times, each in a week of its own choosing; the same seed gives the same."""
    chance = Random(seed)
    monday = datetime(2026, 1, 5, 10, tzinfo=_policy().zone)
    begins = sorted(monday + timedelta(weeks=week) for week in chance.sample(range(WEEKS), times))
    return base([await rows_of(script(begin, lives), begin) for begin in begins])


async def rows_of(lines: Iterable[Line], begin: datetime) -> list[Row]:
    """What a rehearsal under the shipped policy records."""
    rehearsal = Rehearsal(DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text(), begin)
    async for _ in rehearsal.run(lines):
        pass
    return rehearsal.rows()


def base(rehearsals: Sequence[Sequence[Row]]) -> Base:
    """Rows of rehearsals taken apart; the company's rows are those of the first, which began first."""
    lives: list[Begun] = []
    timed: list[tuple[str, Event]] = []
    for rows in rehearsals:
        complaints = [row for row in rows if row.topic in OF_COMPLAINTS]
        first = len(lives)
        begun = [row for row in complaints if row.topic == Received.TYPE]
        names = {_named(row): first + index for index, row in enumerate(begun)}
        lives += map(_begun, begun)
        timed += [
            (recorded_at(row.state, row.position), event)
            for row, event in zip(complaints, _apart(complaints, names), strict=True)
        ]
    timed.sort(key=lambda pair: pair[0])
    return Base([row for row in rehearsals[0] if row.topic not in OF_COMPLAINTS], lives, [event for _, event in timed])


def _begun(row: Row) -> Begun:
    data = orjson.loads(row.state)["data"]
    return Begun(row.stream.encode(), data["channel"], datetime.fromisoformat(recorded_at(row.state, row.position)))


def _named(row: Row) -> Named:
    data = orjson.loads(row.state)["data"]
    return Named(row.stream.encode(), data["number"].encode(), b'"' + data["external_ref"].encode() + b'"')


def _apart(rows: Sequence[Row], lives: Mapping[Named, int]) -> Iterator[Event]:
    found = {name: (life, which) for named, life in lives.items() for which, name in enumerate(named)}
    life_of = {named.stream.decode(): life for named, life in lives.items()}
    # A reference is short ("c1"): with its quotes it is itself and nothing else, but only where it is stored.
    anywhere = re.compile(b"|".join(re.escape(name) for named in lives for name in named[:2]))
    received = re.compile(b"|".join(re.escape(name) for named in lives for name in named))
    for row in rows:
        pattern = received if row.topic == Received.TYPE else anywhere
        names = tuple(found[name] for name in pattern.findall(row.state))
        yield Event(life_of[row.stream], row.version, row.topic, tuple(pattern.split(row.state)), names)


def copies(source: Base, events: int, run: str = "copy") -> Iterator[list[StoredEvent]]:
    """At least that many rows, whole complaints in batches for one commit, each under names of its own."""
    zone = _policy().zone
    number_of_copies = -(-events // len(source.events))
    named = [
        [_fresh(f"{run}-{each}-{life}", begun, zone) for life, begun in enumerate(source.lives)]
        for each in range(number_of_copies)
    ]
    batch: list[StoredEvent] = []
    for event in source.events:
        for names in named:
            batch.append(event.copy(names))
            if len(batch) == BATCH:
                yield batch
                batch = []
    yield batch


def _fresh(name: str, life: Begun, zone: ZoneInfo) -> Named:
    wanted = crc32(life.stream) % CHOICES
    for attempt in count():
        reference = f"{name}-{attempt}"
        stream = complaint_id(life.channel, reference)
        if crc32(stream.encode()) % CHOICES == wanted:
            break
    return Named(stream.encode(), number(stream, life.at, zone).encode(), b'"%b"' % reference.encode())


def fill(ledger: Ledger, source: Base, events: int) -> int:
    """Put company and copies into an empty ledger; how many rows of complaints."""
    ledger.store.insert([StoredEvent(row.stream, row.version, row.topic, row.state) for row in source.company])
    written = 0
    for batch in copies(source, events):
        ledger.store.insert(batch)
        written += len(batch)
    return written


def _policy() -> Policy:
    return Policy(publication(DEFAULT_POLICY.read_text()))
