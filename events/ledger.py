"""The ledger: append with an expected version, read one complaint, read all after a position; group commit."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby, islice
from threading import Condition
from typing import NamedTuple, ParamSpec, TypeVar

from eventsourcing.persistence import IntegrityError, PersistenceError, StoredEvent

from events.cases import Cases
from events.catalogue import PERSONAL, decode, encode, topics_of
from events.envelope import Entry, History, Recorded, StreamId, contiguous, instant
from events.keyring import Keyring, KeysUnavailable, Seal, Wanted
from events.paging import pages, pages_by_stream, position_before
from events.stores import Row, Store, WeakDurability
from events.tokens import CustomerId
from events.vocabulary import Service

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], datetime]
"""Gives the present instant, aware; only services/clock.py asks the system."""

CLOSE_SECONDS = 5.0
"""How long closing waits for reads that are still running."""
GROUP = 500
"""Events a commit at the most: beyond this a bigger group gains nothing (docs/bench.md)."""


class Append(NamedTuple):
    """What one decision wants to add to one stream, all or nothing."""

    stream: StreamId
    expected: int
    """The version the decision saw; 0 for a new stream."""
    entries: tuple[Entry, ...]
    known_by: frozenset[str] = frozenset()
    """What tells the customer of a new complaint: addresses and member ids in one spelling."""


class Conflict(NamedTuple):
    """Somebody else wrote first: load again and decide again."""

    stream: StreamId
    expected: int
    found: int


class Written(list[Recorded]):
    """The facts of one append as they were decided, and their rows as they are stored."""

    rows: tuple[Row, ...] = ()


Appended = list[Recorded] | Conflict
"""What became of an append."""


class LedgerUnavailable(Exception):
    """The store does not answer or refuses to write; nothing was acknowledged, try again later."""


class NotYourFact(Exception):
    """A service tried to append a fact another service owns (ADR 0003)."""


class Ledger:
    """One ledger over one store. Reads block; `append` is for one event loop and commits in groups."""

    def __init__(self, store: Store, clock: Clock, *, keyring: Keyring | None = None, unsafe: bool = False) -> None:
        self.store = store
        self.keyring = keyring
        """Seals and opens personal texts; without one they are written as they are and tokens stay tokens."""
        self.cases = Cases(self.rows_of, self.opened)
        """What decisions look at, personal texts readable."""
        self.sealed_cases = Cases(self.rows_of)
        """The same as stored: for readers who may not see personal texts."""
        self._gate = Condition()
        self._asking = 0
        """Questions the store is answering now, in any thread."""
        self._is_closed = False
        self._clock = clock
        self._waiting: deque[tuple[Sequence[Append], asyncio.Future[list[Appended]]]] = deque()
        self._committing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-commit")
        self.on_commit: Callable[[], None] = lambda: None
        """Called in the event loop after each commit, to wake readers."""
        if not unsafe and (weak := self.weaknesses()):
            raise WeakDurability("; ".join(weak))

    def writer(self, service: Service) -> "Writer":
        """The right to append the facts of one service."""
        return Writer(self, service)

    def load(self, stream: StreamId, *, sealed: bool = False) -> History:
        """All facts of one stream, personal texts readable unless `sealed`; empty when there is none."""
        return self.load_many([stream], sealed=sealed).get(stream, History())

    def load_many(self, streams: Iterable[StreamId], *, sealed: bool = False) -> dict[StreamId, History]:
        """All facts of many streams in one query; streams without facts are left out."""
        rows = self.rows_of(streams)
        return {
            stream: History(contiguous(decode(*row) for row in of_one))
            for stream, of_one in groupby(rows if sealed else self.opened(rows), key=lambda row: row.stream)
        }

    def opened(self, rows: Sequence[Row], *, whole: bool = True) -> Sequence[Row]:
        """Rows with personal texts readable where their keys exist; `whole` where no row of a stream is left out."""
        return rows if self.keyring is None else self.ask(self.keyring.opened, rows, whole=whole)

    def customers(self, streams: Iterable[StreamId]) -> Mapping[StreamId, CustomerId]:
        """Under whose keys the personal texts of these complaints are sealed; blocks."""
        return {} if self.keyring is None else self.ask(self.keyring.store.customers, list(streams))

    def mark(self, known_by: str) -> str:
        """The digest under which views find an address or member id; keyed where texts are sealed."""
        return self.keyring.mark(known_by) if self.keyring else hashlib.sha256(known_by.encode()).hexdigest()

    def rows_of(self, streams: Iterable[StreamId]) -> Sequence[Row]:
        """The stored rows of many streams in one query, each stream in order of version."""
        return self.ask(self.store.streams, list(streams))

    def rows_after(self, position: int, limit: int) -> Sequence[Row]:
        """The next stored rows in ledger order, as stored."""
        return self.ask(self.store.after, position, limit)

    def replay(self, position: int = 0) -> Iterator[Recorded]:
        """Every fact after a position in ledger order as stored: tokens stay tokens; with bounded memory."""
        for row in self.scan(position):
            yield decode(*row)

    def scan(self, position: int = 0) -> Iterator[Row]:
        """Every stored row after a position in ledger order, page by page."""
        return pages(self.rows_after, position)

    def scan_streams(self, first: StreamId, end: StreamId) -> Iterator[Row]:
        """Every stored row of the streams from `first` on and before `end`, stream after stream, page by page."""
        return pages_by_stream(lambda *asked: self.ask(self.store.by_stream, *asked), first, end)

    def versions(self, streams: Iterable[StreamId]) -> dict[StreamId, int]:
        """The last version of each stream that has one."""
        return dict(self.ask(self.store.versions, list(streams)))

    def weaknesses(self) -> list[str]:
        """Settings under which an acknowledged event could be lost, each with its cure."""
        return self.ask(self.store.weaknesses)

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        return self.ask(self.store.head)

    def position_before(self, moment: datetime) -> int:
        """The position after which everything was recorded at that instant or later."""
        return position_before(self.rows_after, self.head(), instant(moment))

    def count(self, after: int, up_to: int) -> int:
        """How many events stand behind a position and not behind another."""
        return self.ask(self.store.count, after, up_to)

    async def append_all(self, appends: Sequence[Append]) -> list[Appended]:
        """What became of each append; those that arrive while a commit runs go together into the next.

        Raises LedgerUnavailable: then it is unknown whether they were stored, and a repeat is harmless.
        """
        if not appends:
            return []
        future: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        self._waiting.append((appends, future))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_waiting())
        return await future

    async def _commit_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._next_group()
            every = [append for appends, _ in group for append in appends]
            try:
                results = await loop.run_in_executor(self._thread, self.commit, every)
            except Exception as failure:  # catch-all: whoever waits for this commit must hear of it
                for _, future in group:
                    if not future.done():
                        future.set_exception(failure)
                continue
            outcomes = iter(results)
            for appends, future in group:
                mine = [next(outcomes) for _ in appends]
                if not future.done():  # its caller may have been cancelled
                    future.set_result(mine)
            self.on_commit()

    def _next_group(self) -> list[tuple[Sequence[Append], asyncio.Future[list[Appended]]]]:
        group: list[tuple[Sequence[Append], asyncio.Future[list[Appended]]]] = []
        size = 0
        while self._waiting and (not group or size < GROUP):
            group.append(self._waiting.popleft())
            size += sum(len(append.entries) for append in group[-1][0])
        return group

    def commit(self, appends: Sequence[Append]) -> list[Appended]:
        """Append now, in one transaction where no version collides; blocks.

        An append whose version was taken becomes a Conflict and the others are committed.
        """
        recorded_at = self._clock()
        seals = self._seals(appends)
        results: dict[int, Appended] = {}
        waiting = list(enumerate(appends))
        while waiting:
            turn, waiting = _one_a_stream(waiting)
            self._commit_turn(turn, recorded_at, seals, results)
        return [results[index] for index in range(len(appends))]

    def _seals(self, appends: Sequence[Append]) -> Mapping[StreamId, Seal]:
        """How the personal texts of these appends are sealed; keys are safe before anything is written with them."""
        if self.keyring is None:
            return {}
        wanted = {
            append.stream: Wanted(append.stream, append.known_by)
            for append in reversed(appends)
            if any(entry.fact.TYPE in PERSONAL for entry in append.entries)
        }
        return self.ask(self.keyring.seals, list(wanted.values())) if wanted else {}

    def _commit_turn(
        self,
        turn: list[tuple[int, Append]],
        recorded_at: datetime,
        seals: Mapping[StreamId, Seal],
        results: dict[int, Appended],
    ) -> None:
        for _ in range(len(turn) + 1):
            try:
                stored = [e for _, a in turn for e in _stored(a, recorded_at, seals.get(a.stream))]
                positions = self.ask(self.store.insert, stored)
            except IntegrityError:
                # Another process may still win between this look and the next insert: then the loop turns again.
                found = self.versions(append.stream for _, append in turn)
                losers = {i: a for i, a in turn if found.get(a.stream, 0) != a.expected}
                results.update({i: Conflict(a.stream, a.expected, found.get(a.stream, 0)) for i, a in losers.items()})
                turn = [(i, a) for i, a in turn if i not in losers]
                if not turn:
                    return
                continue
            rows = iter(list(map(_row, positions, stored)))
            for index, append in turn:
                results[index] = _written(tuple(islice(rows, len(append.entries))), append, recorded_at)
            return
        raise LedgerUnavailable("the store refuses these events although their versions are free")

    def close(self) -> None:
        """Finish the running commit and every read, then give back connections; later calls are refused."""
        self._thread.shutdown(wait=True)
        with self._gate:
            self._is_closed = True
            # A cancelled task leaves its read running in a thread, and SQLite crashes when it is closed under one.
            self._gate.wait_for(lambda: self._asking == 0, CLOSE_SECONDS)
        self.store.close()
        if self.keyring is not None:
            self.keyring.close()

    def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What store or keyring answer; raises LedgerUnavailable while they do not, or after closing."""
        with self._gate:
            if self._is_closed:
                raise LedgerUnavailable("the ledger is closed")
            self._asking += 1
        try:
            return question(*args, **kwargs)
        except IntegrityError:
            raise
        except (PersistenceError, KeysUnavailable) as failure:
            raise LedgerUnavailable(f"{type(failure).__name__}: {failure}") from failure
        finally:
            with self._gate:
                self._asking -= 1
                self._gate.notify_all()


class Writer(NamedTuple):
    """The right of one service to append its own facts to the ledger."""

    ledger: Ledger
    service: Service

    async def append_all(self, appends: Sequence[Append]) -> list[Appended]:
        """As Ledger.append_all; raises NotYourFact for a fact of another service."""
        self._check(appends)
        return await self.ledger.append_all(appends)

    def commit(self, appends: Sequence[Append]) -> list[Appended]:
        """As Ledger.commit, blocking; raises NotYourFact for a fact of another service."""
        self._check(appends)
        return self.ledger.commit(appends)

    def _check(self, appends: Sequence[Append]) -> None:
        mine = topics_of(self.service)
        for append in appends:
            for entry in append.entries:
                if entry.fact.TYPE not in mine:
                    raise NotYourFact(f"{self.service} may not append {entry.fact.TYPE}")


def _one_a_stream(waiting: list[tuple[int, Append]]) -> tuple[list[tuple[int, Append]], list[tuple[int, Append]]]:
    """Split off appends to streams already in this turn: they see what the first one did."""
    seen: set[StreamId] = set()
    turn: list[tuple[int, Append]] = []
    later: list[tuple[int, Append]] = []
    for pair in waiting:
        (later if pair[1].stream in seen else turn).append(pair)
        seen.add(pair[1].stream)
    return turn, later


def _stored(append: Append, recorded_at: datetime, seal: Seal | None) -> Iterator[StoredEvent]:
    for version, entry in enumerate(append.entries, start=append.expected + 1):
        yield StoredEvent(append.stream, version, entry.fact.TYPE, encode(entry, recorded_at, seal))


def _row(position: int, event: StoredEvent) -> Row:
    return Row(position, StreamId(str(event.originator_id)), event.originator_version, event.topic, event.state)


def _written(rows: tuple[Row, ...], append: Append, recorded_at: datetime) -> Written:
    written = Written(_recorded(row.position, append, offset, recorded_at) for offset, row in enumerate(rows))
    written.rows = rows
    return written


def _recorded(position: int, append: Append, offset: int, recorded_at: datetime) -> Recorded:
    entry = append.entries[offset]
    return Recorded(
        position,
        append.stream,
        append.expected + 1 + offset,
        entry.fact,
        entry.occurred_at,
        recorded_at,
        entry.actor,
        entry.causation,
        entry.policy,
    )
