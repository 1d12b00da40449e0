"""The outbox's file: append lines durably, know which keys it holds, survive a cut line and a full disk."""

import fcntl
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import orjson

from events import durable
from services.notifier.senders.port import Delivered, Refused, Sent, Unknown


class KnownKeys:
    """Where each key's line begins; bounded: when the young half is full, the old half is forgotten."""

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self.forgot_some = False

    def offset(self, key: str) -> int | None:
        """The place of a remembered key."""
        offset = self._young.get(key)
        return self._old.get(key) if offset is None else offset

    def remember(self, key: str, offset: int) -> None:
        """The first place of a key counts."""
        if self.offset(key) is not None:
            return
        if len(self._young) >= self._half:
            self.forgot_some = self.forgot_some or bool(self._old)
            self._old, self._young = self._young, {}
        self._young[key] = offset


class OutboxFile:
    """All methods block and belong to one thread; other processes may append to the same file."""

    def __init__(self, path: Path, remembered: int) -> None:
        self._path = path
        self._known = KnownKeys(remembered)
        self._read_to = 0
        """Every whole line before this offset was remembered once."""
        self._descriptor: int | None = None

    def append(self, lines: dict[str, bytes]) -> dict[str, Sent]:
        """One write and one fsync for all keys the file does not hold yet; the outcome of every key."""
        try:
            descriptor = self._open()
            # Another notifier may have sent the same message meanwhile: look once more where nobody else can write.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._learn(descriptor)
        except OSError as error:
            failed: dict[str, Sent] = dict.fromkeys(self._fresh(lines), Refused(_why(error), passing=True))
        else:
            failed = self._store(descriptor, self._fresh(lines))
        finally:
            self._unlock()
        return {key: failed.get(key) or self._delivered(key) for key in lines}

    def find(self, key: str) -> str | None:
        """The receipt of the key's line; looks into the file for what is not remembered."""
        self._open()
        if self._known.offset(key) is not None:
            return self._delivered(key).receipt
        unread = self._keys(0 if self._known.forgot_some else self._read_to)
        return next((_receipt(offset) for found, offset, _ in unread if found == key), None)

    def close(self) -> None:
        """Let the file go; the next use opens it and reads what is new."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _fresh(self, lines: dict[str, bytes]) -> dict[str, bytes]:
        return {key: line for key, line in lines.items() if self._known.offset(key) is None}

    def _delivered(self, key: str) -> Delivered:
        offset = self._known.offset(key)
        assert offset is not None, "only asked for keys just found or stored"
        return Delivered(_receipt(offset))

    def _store(self, descriptor: int, lines: dict[str, bytes]) -> dict[str, Sent]:
        """Write; the outcomes of those lines that did not reach the disk."""
        if not lines:
            return {}
        content = b"".join(lines.values())
        written, reason = _write(descriptor, content)
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            # What the disk holds now is anyone's guess; the next use reads it again.
            self.close()
            return dict.fromkeys(lines, Unknown(_why(error)))
        start = os.lseek(descriptor, 0, os.SEEK_CUR) - written
        if 0 < written < len(content):
            # A cut line stands at the end: opening the file again ends it.
            self.close()
        return self._note(lines, start, written, reason)

    def _note(self, lines: dict[str, bytes], start: int, written: int, reason: str) -> dict[str, Sent]:
        """Remember the lines that fit; the others are definitely not sent."""
        if start == self._read_to:
            self._read_to = start + written
        refused: dict[str, Sent] = {}
        offset = 0
        for key, line in lines.items():
            # A line that lacks only its line end counts: opening the file again supplies it.
            if offset + len(line) - 1 <= written:
                self._known.remember(key, start + offset)
            else:
                refused[key] = Refused(reason, passing=True)
            offset += len(line)
        return refused

    def _open(self) -> int:
        if self._descriptor is not None:
            return self._descriptor
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Personal text: nobody but the owner reads it.
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            durable.sync(self._path.parent)
            self._learn(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._unlock()
        return descriptor

    def _learn(self, descriptor: int) -> None:
        """Remember what others wrote; their lines may be in memory only and are answered for from now on."""
        if os.fstat(descriptor).st_size == self._read_to:
            return
        _end_cut_line(descriptor)
        os.fsync(descriptor)
        for key, offset, after in self._keys(self._read_to):
            self._known.remember(key, offset)
            self._read_to = after

    def _unlock(self) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _keys(self, start: int) -> Iterator[tuple[str, int, int]]:
        """Key, beginning and end of every whole line from there on; cut lines are stepped over."""
        with self._path.open("rb") as lines:
            lines.seek(start)
            for line in lines:
                key = _key(line)
                if key is not None:
                    yield key, start, start + len(line)
                start += len(line)


def blank(path: Path, complaints: Collection[str]) -> int:
    """Overwrite the messages about these complaints in place, for their customer was erased; how many there were.

    Places and keys stay, so receipts stay true and nothing is sent again; any process may do it.
    """
    wanted = set(complaints)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    number = place = 0
    with os.fdopen(descriptor, "r+b") as file, path.open("rb") as lines:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for line in lines:
            key = _key(line)
            if key is not None and key.partition("/")[0] in wanted:
                os.pwrite(descriptor, orjson.dumps({"key": key}).ljust(len(line) - 1) + b"\n", place)
                number += 1
            place += len(line)
        os.fsync(file.fileno())
    return number


def _key(line: bytes) -> str | None:
    try:
        return str(orjson.loads(line)["key"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _receipt(offset: int) -> str:
    return f"outbox-{offset}"


def _why(error: OSError) -> str:
    return f"outbox: {error.strerror}"


def _write(descriptor: int, content: bytes) -> tuple[int, str]:
    """How many bytes went in, and why not all."""
    written = 0
    while written < len(content):
        try:
            written += os.write(descriptor, content[written:])
        except OSError as error:
            return written, _why(error)
    return written, ""


def _end_cut_line(descriptor: int) -> None:
    """Nothing is removed: the cut line is ended so that the next one begins on its own."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
