"""`amends verify`: everything recomputed from the ledger and compared with every promise that was signed about it.

It reads database and seal with code of its own and hashes with the file a stranger gets; nothing that writes the seal
is used here (ADR 0014).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice

from services.compliance.verification.altered import Altered, Search
from services.compliance.verification.ledger_reading import Extent, Ledger, PlainRow, Reading
from services.compliance.verification.promises import Promise, Promises, root_text
from services.compliance.verification.recomputing import Part, Roots, damaged_above, recomputed
from services.compliance.verification.seal_reading import FULL, HASH, PublishedSeal
from services.compliance.verification.verdict import Finding, Kind, Remark, Report
from services.compliance.verification.verifier import VerifierKey, root_of


def verify(
    ledger: Ledger,
    seal: PublishedSeal,
    *,
    given: Sequence[VerifierKey] = (),
    own: VerifierKey | None = None,
    outside: Iterable[tuple[str, Iterable[str]]] = (),
    every: bool = False,
    told: Callable[[int, int], None] = lambda done, of: None,
    processes: int = 1,
) -> Report:
    """What can be said about a ledger and its seal.

    `given` are the keys to trust, else those beside the log; `own` is the one this installation signs with;
    `outside` are (place, notes) of checkpoints kept elsewhere, of which all are compared: who has ledger and key can
    add a note that agrees to those that do not; `every` compares all checkpoints ever signed instead of each day's
    last. Raises Unreadable.
    """
    # What was promised first: what is appended meanwhile is then merely not sealed yet.
    promises = Promises(seal, given, outside, every=every)
    if own is not None:
        promises.expect(own)
    with ledger.open() as reading:
        extent = reading.extent()
        part = recomputed(ledger, seal, extent, promises.sealed, lambda done: told(done, extent.events), processes)
        return _Verdict(reading, extent, seal, promises, part).report()


class _Verdict:
    """Weighs what was recomputed against what was promised."""

    def __init__(self, reading: Reading, extent: Extent, seal: PublishedSeal, promises: Promises, part: Part) -> None:
        self._reading = reading
        self._extent = extent
        self._seal = seal
        self._promises = promises
        self._part = part
        self._roots = Roots(part, reading, extent)
        self._newest: Promise | None = None
        """The largest that agrees."""
        self._newer: Promise | None = None
        """The first that agrees beyond what the seal covers."""
        self._broken: list[Promise] = []
        """Of those beside the log and of those outside the first that does not agree each, and the served one."""
        self._agreed = {False: 0, True: 0}
        """Events of the last that agrees before any does not, beside the log and outside."""
        self._fork: tuple[Promise, Promise] | None = None
        for size, promises_ in promises.by_size():
            self._weigh(promises_, self._roots.at(size))

    def _weigh(self, promises: Sequence[Promise], root: bytes | None) -> None:
        """Compare the promises over as many events with the root that those have."""
        other = next((promise for promise in promises if promise.root != promises[0].root), None)
        if other is not None and self._fork is None:
            self._fork = promises[0], other
        for promise in promises:
            if promise.root != root:
                if promise.is_served or promise.is_outside not in (each.is_outside for each in self._broken):
                    self._broken.append(promise)
                continue
            self._newest = promise if self._newest is None or promise.size > self._newest.size else self._newest
            if promise.size > self._promises.sealed:
                self._newer = self._newer or promise
        if not self._broken:
            self._agreed |= {promise.is_outside: promise.size for promise in promises}

    def report(self) -> Report:
        """The findings, the gravest first."""
        findings = [*self._history(), *self._forks(), *self._promises.findings, *self._strangers()]
        if not findings:
            findings = [*self._tiles(), *self._versions()]
        newest = self._newest
        return Report(
            tuple(findings),
            tuple(self._remarks()),
            self._part.events,
            self._promises.sealed,
            len(self._promises),
            newest
            and {
                "origin": newest.origin,
                "size": newest.size,
                "root": root_text(newest.root),
                "time": newest.time,
                "place": newest.place,
            },
        )

    def _forks(self) -> Iterator[Finding]:
        if self._fork is not None:
            one, other = self._fork
            zh = f"{one.place} 与 {other.place} 都有效，条数同为 {one.size}，根却不同"
            en = f"{one.place} and {other.place} both hold, over {one.size} events, with different roots"
            yield Finding(Kind.FORKED, zh, en, place=other.place)

    def _history(self) -> Iterator[Finding]:
        """The first bad event, where a promise does not hold of the ledger."""
        if not self._broken:
            return
        first = self._broken[0]
        # The served one tells most; where the tiles were altered too, one over fewer events may still fit them.
        broken = sorted(self._broken, key=lambda promise: not promise.is_served)
        tiled = next((promise for promise in broken if self._is_tiled(promise)), None)
        if tiled is not None:
            yield self._exact(tiled)
        elif first.size > self._part.events:
            yield self._cut(first)
        else:
            yield self._rewritten(first)

    def _is_tiled(self, promise: Promise) -> bool:
        """Whether the tiles beside the log still have the root that was promised: then they tell the event."""
        return promise.size <= self._promises.sealed and _tiled_root(self._seal, promise.size) == promise.root

    def _exact(self, promise: Promise) -> Finding:
        @lru_cache(maxsize=1_024)
        def tile(index: int) -> bytes:
            return self._seal.hashes(0, index, min(FULL, promise.size - index * FULL)) or b""

        def sealed(event: int) -> bytes:
            return tile(event // FULL)[event % FULL * HASH : (event % FULL + 1) * HASH]

        first = self._part.events if self._part.differs is None else self._part.differs
        return self._named(Search(self._reading, self._extent, sealed, promise.size, first).altered(), promise)

    def _named(self, altered: Altered, promise: Promise) -> Finding:
        stream, version, topic = altered.stream, altered.version, None
        if altered.row is not None:
            _, stream, version, topic, _ = altered.row
        zh, en = _told(altered, promise, self._part.events)
        return Finding(
            altered.kind,
            zh,
            en,
            event=altered.event + 1,
            position=altered.position,
            complaint_id=_text(stream),
            number=self._number(stream),
            version=version if isinstance(version, int) else None,
            type=_text(topic),
            place=promise.place,
        )

    def _cut(self, promise: Promise) -> Finding:
        events = self._part.events
        zh = f"台账只有 {events} 个事件，{promise.place} 承诺过 {promise.size} 个"
        en = f"the ledger holds {events} events, {promise.place} promised {promise.size}"
        return Finding(Kind.CUT, zh, en, event=events + 1, position=self._extent.last + 1, place=promise.place)

    def _rewritten(self, first: Promise) -> Finding:
        """Between the last promise that holds and the first that does not; of outside ones only the outside counts."""
        low = self._agreed[True] if first.is_outside else max(self._agreed.values())
        high, place = first.size, first.place
        if not first.is_outside:
            low, high, place = self._narrowed(low, high, place)
        row = self._row(low)
        zh = f"第 {low + 1} 至 {high} 个事件之间有改动：重算的根与 {place} 不同"
        en = f"altered between events {low + 1} and {high}: the recomputed root is not the one of {place}"
        return Finding(
            Kind.REWRITTEN,
            zh,
            en,
            event=low + 1,
            until=high,
            position=row and row[0],
            complaint_id=_text(row and row[1]),
            number=self._number(row and row[1]),
            version=row[2] if row is not None and isinstance(row[2], int) else None,
            type=_text(row and row[3]),
            place=place,
        )

    def _narrowed(self, low: int, high: int, place: str) -> tuple[int, int, str]:
        """The same between two neighbouring checkpoints of the archive."""
        between = self._promises.archived_between(low, high)
        for promise in sorted(between, key=lambda promise: promise.size):
            if self._roots.at(promise.size) != promise.root:
                return low, promise.size, promise.place
            low = promise.size
        return low, high, place

    def _strangers(self) -> Iterator[Finding]:
        """What could hide rows from the services, or change them on the way in."""
        for name in self._reading.strangers():
            zh, en = f"事件表上有 {name}：服务所见可能不同于此处所核对", f"{name} stands on the table of events"
            yield Finding(Kind.TABLE, zh, f"{en}: services may see other rows than were verified", place=name)

    def _tiles(self) -> Iterator[Finding]:
        sealed = self._promises.sealed
        bad = [*self._part.damaged, *damaged_above(self._part, self._seal, sealed)]
        if sealed and bad:
            zh, en = f"{bad[0]} 等 {len(bad)} 个文件缺失或已改动", f"{bad[0]}: {len(bad)} files are missing or altered"
            yield Finding(Kind.TILES, zh, en, place=bad[0])

    def _versions(self) -> Iterator[Finding]:
        for stream, version, place in islice(self._reading.gaps(self._extent.last), 1):
            name, number = _text(stream), self._number(stream)
            zh, en = (
                f"投诉 {number or name} 的版本 {version} 缺失或次序不对",
                f"{number or name}: version {version} is missing",
            )
            yield Finding(Kind.VERSIONS, zh, en, position=place, complaint_id=name, number=number, version=version)

    def _remarks(self) -> Iterator[Remark]:
        if not self._promises.has_seal:
            yield Remark("没有封存记录，只核对了版本", "there is no seal: only versions were checked")
        elif (behind := self._part.events - self._promises.sealed) > 0:
            yield Remark(f"另有 {behind} 个事件尚未封存", f"{behind} further events are not sealed yet")
        if self._newer is not None:
            place = self._newer.place
            yield Remark(f"封存目录比 {place} 旧", f"the seal is older than {place}: it was restored or cut")
        for position, before, at in islice(self._part.back, 1):
            zh = f"位置 {position} 的记录时间 {at} 早于前一事件的 {before}：时钟曾回拨"
            yield Remark(zh, f"position {position} was recorded at {at}, after {before}: a clock was set back")
        if self._promises.has_seal and not self._promises.is_bound:
            zh = "只与台账旁的封存核对：掌握台账、封存与私钥者可全部重写，请另用 --checkpoint 给出在别处保存的检查点"
            en = (
                "compared with the seal beside the ledger alone: who holds ledger, seal and key could rewrite all of it"
            )
            yield Remark(zh, f"{en}; give a --checkpoint kept elsewhere")
        if len(self._promises.keys.roots) > 1:
            keys = "、".join(map(str, self._promises.keys.roots))
            zh = f"有密钥未经前一密钥交接，请用 --public-key 指定可信者：{keys}"
            yield Remark(zh, f"a key was replaced without the word of the one before it: name whom to trust: {keys}")

    def _row(self, event: int) -> PlainRow | None:
        if event >= self._part.events:
            return None
        return next(self._reading.rows(self._reading.before(event), self._extent.last), None)

    def _number(self, stream: object) -> str | None:
        """The complaint's number, where its first event can still be read."""
        if not isinstance(stream, bytes):
            return None
        try:
            number = json.loads(self._reading.first_of(stream) or b"{}")["data"]["number"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return number if isinstance(number, str) else None


def _told(altered: Altered, promise: Promise, events: int) -> tuple[str, str]:
    event, place = altered.event + 1, altered.position
    if altered.kind is Kind.CUT:
        zh = f"台账只有 {events} 个事件，已封存 {promise.size} 个"
        return zh, f"the ledger holds {events} events, {promise.size} are sealed"
    zh, en = (
        f"第 {event} 个事件（位置 {place}）与封存的哈希不符",
        f"event {event} at position {place} is not the one sealed",
    )
    if altered.other is not None:
        return f"{zh}；封存的事件现在位置 {altered.other}", f"{en}; the sealed one is now at position {altered.other}"
    return zh, en


def _tiled_root(seal: PublishedSeal, size: int) -> bytes | None:
    """The root that the tiles of level 0 have at a size; None where one is missing."""

    def leaves() -> Iterator[bytes]:
        for index in range(-(-size // FULL)):
            tile = seal.hashes(0, index, min(FULL, size - index * FULL))
            if tile is None:
                raise LookupError(index)
            yield from (tile[at : at + HASH] for at in range(0, len(tile), HASH))

    with suppress(LookupError):
        return root_of(leaves())
    return None


def _text(value: object) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else None
