"""A ledger moved to another store: event lines put into an empty one, byte for byte, all of them or none (ADR 0018)."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from pydantic import ValidationError

from events.catalogue import UnknownFact, decode
from events.company import PolicyPublished
from events.envelope import BrokenHistory, Recorded, StreamId, instant
from events.restoring import NotEmpty, Restoration, restoring
from events.stores import Row, Store
from services.compliance.replay.digest import ledger_digest

LONGEST: Final = 16 * 1024 * 1024
"""Bytes of one line at the most; the longest real ones, whole policies, have some 100 kB."""
BATCH: Final = 2_000
"""Lines looked at and put at a time."""
LAG: Final = timedelta(minutes=5)
"""By how much a recorded time may fall back: writers on several machines read their own clocks, then wait in turn."""
LAST_POSITION: Final = 2**63 - 1

Progress = Callable[[int], None]
"""Called with the number of bytes read so far."""


class NotPortable(ValueError):
    """These lines cannot become a ledger; the message says which one and why, in both languages."""


class Imported(NamedTuple):
    """What was put into the store."""

    events: int
    head: int
    ledger: str
    """The digest of what the store gives back, equal to the file's."""


def import_ledger(
    file: BinaryIO,
    store: Store,
    *,
    wanted: str | None = None,
    clock_steps: bool = False,
    on_progress: Progress = lambda _: None,
) -> Imported:
    """Put a full export as JSON lines into an empty store: positions, bytes and recorded times stay.

    Everything happens in one transaction, so an interrupted import leaves nothing. `wanted` is the ledger digest the
    export printed; without it lines cut off at the end cannot be noticed. With `clock_steps` recorded times may fall
    back by any amount. Raises NotPortable.
    """
    lines = _Lines(file, clock_steps)
    try:
        with restoring(store) as target:
            _put_all(lines, target, on_progress)
            return _compared(lines, target, wanted)
    except NotEmpty:
        raise NotPortable(
            "台账已有事件，只能导入空台账：请使用新的数据目录或数据库，且导入前不要运行 amends setup / "
            "the ledger holds events, only an empty one takes a history: use a new directory or database, "
            "before any amends setup"
        ) from None


def _put_all(lines: "_Lines", target: Restoration, on_progress: Progress) -> None:
    rows = iter(lines)
    while batch := list(islice(rows, BATCH)):
        _check_versions(batch, target, lines.number - len(batch))
        target.put(batch)
        on_progress(lines.size)
    if lines.number == 0:
        raise NotPortable("文件是空的 / the file is empty")


def _check_versions(batch: list[Row], target: Restoration, before: int) -> None:
    """Versions of a complaint are 1..n in ledger order; what came in earlier batches is asked of the store."""
    last = target.versions({row.stream for row in batch})
    for number, row in enumerate(batch, start=before + 1):
        expected = last.get(row.stream, 0) + 1
        if row.version != expected:
            raise _at(
                number,
                f"{row.stream} 的版本应为 {expected}，实为 {row.version}",
                f"version {expected} of {row.stream} is expected, found {row.version}",
            )
        last[row.stream] = row.version


def _compared(lines: "_Lines", target: Restoration, wanted: str | None) -> Imported:
    """Read back before the commit: what the store would give must be what the file holds."""
    events, stored = ledger_digest(target.rows())
    read = lines.digest.hexdigest()
    if (events, stored) != (lines.number, read):
        raise NotPortable(f"存入后读回不一致 / read back it differs: {stored} != {read}")
    if wanted is not None and wanted.lower() != read:
        raise NotPortable(
            "台账摘要与给定的不符，文件不完整或被改动 / "
            f"not the ledger digest asked for, the file is cut or altered: {read}"
        )
    return Imported(events, lines.position, stored)


class _Lines:
    """The rows of a file, each judged; what is known so far is kept beside."""

    def __init__(self, file: BinaryIO, clock_steps: bool) -> None:
        self._file = file
        self._clock_steps = clock_steps
        self._latest: datetime | None = None
        self._policies: set[str] = set()
        self.digest = hashlib.sha256()
        self.number = 0
        """Lines read so far."""
        self.size = 0
        """Bytes read so far."""
        self.position = 0

    def __iter__(self) -> Iterator[Row]:
        while line := self._file.readline(LONGEST + 1):
            self.number += 1
            self.size += len(line)
            self.digest.update(line)
            yield self._judged(line)

    def _judged(self, line: bytes) -> Row:
        row = self._row(line)
        recorded = self._fact(row)
        if row.position <= self.position:
            raise self._bad(f"位置 {row.position} 没有递增", f"position {row.position} does not rise")
        self.position = row.position
        self._follow(recorded)
        self._pinned(recorded)
        return row

    def _row(self, line: bytes) -> Row:
        if len(line) > LONGEST:
            raise self._bad(f"超过 {LONGEST} 字节", f"longer than {LONGEST} bytes")
        if not line.endswith(b"\n"):
            raise self._bad("末行不完整，文件被截断", "the last line is not complete, the file is cut off")
        found = _LINE.fullmatch(line[:-1])
        if found is None:
            raise self._bad("不是本系统导出的事件行", "not an event line as amends export jsonl writes it")
        position, stream, version, topic, tail = found.groups()
        if int(position) > LAST_POSITION or int(version) > LAST_POSITION:
            raise self._bad("位置或版本过大", "position or version is too large")
        return Row(int(position), StreamId(stream.decode()), int(version), topic.decode(), b"{" + tail)

    def _fact(self, row: Row) -> Recorded:
        try:
            recorded = decode(*row)
            times = b'"occurred_at":"%b","recorded_at":"%b"' % (
                instant(recorded.occurred_at).encode(),
                instant(recorded.recorded_at).encode(),
            )
        except UnknownFact as unknown:
            raise self._bad(
                "事件类型或版本未知，请先升级", f"from a newer release, install that first: {unknown}"
            ) from None
        except (BrokenHistory, ValueError, OverflowError) as broken:
            cause = broken.__cause__ or broken
            why = cause.errors(include_input=False)[0]["msg"] if isinstance(cause, ValidationError) else cause
            raise self._bad("内容损坏", f"the event is damaged: {why}") from None
        if times not in row.state[:200]:
            raise self._bad("时间写法不规范", "its times are not written as the ledger writes them")
        return recorded

    def _follow(self, recorded: Recorded) -> None:
        """Recorded times rise with the position, but for the moments writers wait for each other."""
        if self._latest is not None and recorded.recorded_at < self._latest - LAG and not self._clock_steps:
            raise self._bad(
                f"记录时间倒退至 {instant(recorded.recorded_at)}，若确因校时请加 --clock-steps",
                f"recorded at {instant(recorded.recorded_at)}, before {instant(self._latest)}; where a clock was set "
                "back then, --clock-steps takes it",
            )
        self._latest = max(self._latest or recorded.recorded_at, recorded.recorded_at)

    def _pinned(self, recorded: Recorded) -> None:
        """A complaint's policy was published before it: else this is a part of a ledger, on which nothing can go on."""
        if isinstance(recorded.fact, PolicyPublished):
            self._policies.add(recorded.fact.policy_id)
        elif recorded.policy is not None and recorded.policy not in self._policies:
            raise self._bad(
                f"此前没有发布政策 {recorded.policy}，这不是完整台账",
                f"policy {recorded.policy} was not published before: this is a part of a ledger, not all of it",
            )

    def _bad(self, zh: str, en: str) -> NotPortable:
        return _at(self.number, zh, en)


def _at(number: int, zh: str, en: str) -> NotPortable:
    return NotPortable(f"第 {number} 行：{zh} / line {number}: {en}")


_LINE: Final = re.compile(
    rb'\{"position":([1-9][0-9]{0,18}),"complaint_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",'
    rb'"version":([1-9][0-9]{0,18}),"type":"([a-z_]+\.[a-z_]+)",("v":[1-9][0-9]{0,4},"occurred_at":"[^\n]*\})'
)
"""A line from its first byte to its last; the tail is stored as it is, so no other spelling of it is taken."""
