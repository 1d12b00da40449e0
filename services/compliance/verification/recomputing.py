"""Everything hashed again: each stored event, compared with its tile, and the root over any number of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

from services.compliance.verification.ledger_reading import Extent, Ledger, PlainRow, Reading, line_of
from services.compliance.verification.seal_reading import FULL, PREFIX, PublishedSeal
from services.compliance.verification.verifier import HASH_BYTES, entry_hash, leaf_hash, node_hash, root_of

SHARE = 65_536
"""Events a process takes at a time."""
PAYS = 4 * SHARE
"""Events from which on a second process is worth its start."""


class Share(NamedTuple):
    """A stretch of the ledger to hash, for whichever process takes it."""

    ledger: Ledger
    seal: PublishedSeal
    sealed: int
    """Events with a tile."""
    start: int
    """Events before it."""
    after: int
    """Position before it."""
    until: int


class Part(NamedTuple):
    """What came of a share, or of all of them together."""

    events: int = 0
    roots: Sequence[bytes] = ()
    """Of each 256 events."""
    places: Sequence[int] = ()
    """The position of the first of each 256 events, and of those left over."""
    differs: int | None = None
    """The first event, from 0, whose hash is not the one in its tile."""
    damaged: Sequence[str] = ()
    """Tiles that are missing, cut, or differ; at most a few."""
    back: Sequence[tuple[int, str, str]] = ()
    """(position, time before, its time) where recorded_at goes back; at most a few."""
    first_at: bytes = b""
    last_at: bytes = b""
    """recorded_at of the first event and the latest of all."""


def recomputed(
    ledger: Ledger,
    seal: PublishedSeal,
    extent: Extent,
    sealed: int,
    told: Callable[[int], None],
    processes: int,
) -> Part:
    """Every event up to the extent hashed and compared; tells how many are done."""
    with ledger.open() as reading:
        shares = list(_shares(ledger, seal, extent, sealed, reading))
    if processes < 2 or extent.events < PAYS:
        return _together(map(hashed, shares), told)
    # Not by fork: the process may hold threads and open connections.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return _together(pool.map(hashed, shares), told)


def _shares(ledger: Ledger, seal: PublishedSeal, extent: Extent, sealed: int, reading: Reading) -> Iterator[Share]:
    if not extent.events:
        return
    every = range(extent.first, extent.last + 1, SHARE) if extent.is_dense else reading.starts(SHARE)
    starts = [place for place in every if place <= extent.last]
    ends = [*(place - 1 for place in starts[1:]), extent.last]
    for number, (first, until) in enumerate(zip(starts, ends, strict=True)):
        yield Share(ledger, seal, sealed, number * SHARE, first - 1, until)


def _together(parts: Iterable[Part], told: Callable[[int], None]) -> Part:
    whole = Part()
    for part in parts:
        back = [*whole.back, *part.back]
        if part.first_at < whole.last_at:
            back.append((0, whole.last_at.decode(errors="replace"), part.first_at.decode(errors="replace")))
        whole = Part(
            whole.events + part.events,
            [*whole.roots, *part.roots],
            [*whole.places, *part.places],
            part.differs if whole.differs is None else whole.differs,
            [*whole.damaged, *part.damaged][:FEW],
            back[:FEW],
            whole.first_at or part.first_at,
            max(whole.last_at, part.last_at),
        )
        told(whole.events)
    return whole


FEW = 10
"""Damaged tiles and times that go back are counted no further."""


def hashed(share: Share) -> Part:
    """The part of one share."""
    looking = _Looking(share)
    with share.ledger.open() as reading:
        rows = reading.rows(share.after, share.until)
        while group := list(islice(rows, FULL)):
            looking.take(group)
    return looking.part()


class _Looking:
    """Goes over the events of one share, 256 at a time."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._done = share.start
        self._roots: list[bytes] = []
        self._places: list[int] = []
        self._differs: int | None = None
        self._damaged: list[str] = []
        self._back: list[tuple[int, str, str]] = []
        self._first_at = self._last_at = b""

    def part(self) -> Part:
        """What was seen."""
        events = self._done - self._share.start
        return Part(
            events,
            self._roots,
            self._places,
            self._differs,
            self._damaged[:FEW],
            self._back[:FEW],
            self._first_at,
            self._last_at,
        )

    def take(self, group: Sequence[PlainRow]) -> None:
        """The next 256 events, or the last ones."""
        entries = [_entry(row) for row in group]
        leaves = [leaf_hash(entry) for entry in entries]
        start = self._done
        self._done += len(group)
        self._places.append(group[0][0])
        self._look_at_times(group)
        self._compare(start, entries, leaves)
        if len(leaves) == FULL:
            self._roots.append(root_of(leaves))

    def _compare(self, start: int, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        index, width = start // FULL, min(FULL, self._share.sealed - start)
        if width <= 0:
            return
        mine = b"".join(leaves[:width])
        tile = self._share.seal.hashes(0, index, width)
        if tile is None:
            self._damaged.append(f"tile/0/{index}")
        elif not tile.startswith(mine):
            self._damaged.append(f"tile/0/{index}")
            if self._differs is None:
                self._differs = start + _first_difference(tile, mine)
        bundle = self._share.seal.bundle(index, width)
        if bundle is None or not bundle.startswith(b"".join(PREFIX + entry for entry in entries[:width])):
            self._damaged.append(f"tile/entries/{index}")

    def _look_at_times(self, group: Sequence[PlainRow]) -> None:
        times = [_recorded_at(row[4]) for row in group]
        self._first_at = self._first_at or times[0]
        if [self._last_at, *times] == sorted([self._last_at, *times]):
            self._last_at = times[-1]
            return
        for row, at in zip(group, times, strict=True):
            if at < self._last_at and len(self._back) < FEW:
                self._back.append((row[0], self._last_at.decode(errors="replace"), at.decode(errors="replace")))
            self._last_at = max(at, self._last_at)


NOT_AN_EVENT = bytes(HASH_BYTES)
"""Stands for the hash of a row that is none: no event has it."""


def _entry(row: PlainRow) -> bytes:
    line = line_of(row)
    return NOT_AN_EVENT if line is None else entry_hash(line)


def leaf_of_row(row: PlainRow) -> bytes:
    """The leaf hash of a row as it stands."""
    return leaf_hash(_entry(row))


def _first_difference(tile: bytes, mine: bytes) -> int:
    return next(
        at // HASH_BYTES
        for at in range(0, len(mine), HASH_BYTES)
        if tile[at : at + HASH_BYTES] != mine[at : at + HASH_BYTES]
    )


_RECORDED = b'"recorded_at":"'
_INSTANT = len(b"2026-03-02T12:50:00.000000Z")
_USUAL = len(b'{"v":1,"occurred_at":"",') + _INSTANT + len(_RECORDED)
"""Where the time stands in events of a version below 10."""


def _recorded_at(state: object) -> bytes:
    """When the ledger took an event, from its stored bytes; fixed width, so that text order is time order."""
    if not isinstance(state, bytes):
        return b""
    if state[_USUAL - len(_RECORDED) : _USUAL] == _RECORDED:
        return state[_USUAL : _USUAL + _INSTANT]
    at = state.find(_RECORDED)
    return state[at + len(_RECORDED) : at + len(_RECORDED) + _INSTANT] if at >= 0 else b""


class Roots:
    """The root of the recomputed tree over the first events, however many are asked for."""

    def __init__(self, part: Part, reading: Reading, extent: Extent) -> None:
        self._part = part
        self._reading = reading
        self._last = extent.last
        self._levels = [part.roots]
        """Roots over 256 events, over twice as many, and so on, as far as they are whole."""
        while len(below := self._levels[-1]) > 1:
            self._levels.append([node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])
        self._leaves = lru_cache(maxsize=4)(self._read)

    def at(self, size: int) -> bytes | None:
        """The root over that many events; None where there are fewer."""
        if size > self._part.events:
            return None
        whole, rest = divmod(size, FULL)
        nodes: list[bytes] = []
        start = 0
        for level in reversed(range(len(self._levels))):
            if whole >> level & 1:
                nodes.append(self._levels[level][start >> level])
                start += 1 << level
        if rest:
            nodes.append(root_of(self._leaves(whole)[:rest]))
        return _bagged(nodes)

    def _read(self, group: int) -> list[bytes]:
        """The leaves of the group-th 256 events, read anew."""
        after, following = self._part.places[group] - 1, self._part.places[group + 1 : group + 2]
        return [leaf_of_row(row) for row in self._reading.rows(after, following[0] - 1 if following else self._last)]


def _bagged(nodes: list[bytes]) -> bytes:
    """One root of whole subtrees, largest first, and of what is left over."""
    if not nodes:
        return root_of([])
    root = nodes.pop()
    while nodes:
        root = node_hash(nodes.pop(), root)
    return root


def damaged_above(part: Part, seal: PublishedSeal, sealed: int) -> Iterator[str]:
    """The tiles above the leaves that do not hold the roots of the tiles below them."""
    level, hashes = 1, list(part.roots[: sealed // FULL])
    while hashes:
        for index, start in enumerate(range(0, len(hashes), FULL)):
            some = hashes[start : start + FULL]
            if seal.hashes(level, index, len(some)) != b"".join(some):
                yield f"tile/{level}/{index}"
        whole = range(0, len(hashes) - len(hashes) % FULL, FULL)
        level, hashes = level + 1, [root_of(hashes[start : start + FULL]) for start in whole]
