"""Where the seal is published: a directory of this machine, or object storage (ADR 0014)."""

import fcntl
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import ObjectStore, from_url

from events import durable


class SealStoreAway(Exception):
    """The seal's storage does not answer or refuses to write; try again later."""


class OtherContent(Exception):
    """Something that never changes stands there with other content: another log, or an altered one."""


class Overtaken(Exception):
    """Another sealer has written in between."""


class SealStore(Protocol):
    """What the seal needs of a storage; all methods block and raise SealStoreAway."""

    is_shared: bool
    """Several sealers may come together here: what changes is written under a condition."""

    def read(self, path: str) -> bytes | None:
        """What stands there, None for nothing."""

    def write(self, path: str, content: bytes) -> None:
        """Put what will never change; harmless when it is there, raises OtherContent when something else is."""

    def replace(self, path: str, content: bytes, before: bytes | None) -> None:
        """Put in place of what was read before (None: nothing); raises Overtaken when that has changed."""

    def append(self, path: str, content: bytes) -> None:
        """Put at the end of what is there."""

    def part(self, path: str, start: int, length: int) -> bytes:
        """So many bytes of what stands there, fewer at its end, none where nothing is."""

    def sizes(self, under: str) -> dict[str, int]:
        """The paths below a path that ends with a slash, each with its bytes."""

    def names(self, under: str) -> list[str]:
        """The same paths, sorted."""

    def remove_all(self, under: str) -> None:
        """Remove what lies below a path that ends with a slash."""

    def lock(self) -> None:
        """Keep other sealers out as long as this is open, where the storage can; raises Overtaken."""

    def close(self) -> None:
        """Let others in."""


def seal_store(url: str) -> SealStore:
    """The storage a setting names: a path, `file://`, `s3://`, `gs://`, `az://`; raises ValueError for others."""
    scheme = urlsplit(url).scheme if "://" in url else ""
    if scheme in ("", "file"):
        return DirectoryStore(Path(unquote(urlsplit(url).path)) if scheme else Path(url))
    if scheme not in OBJECTS:
        raise ValueError(f"AMENDS_SEAL__STORE: {scheme!r} 不受支持 / is not one of file, {', '.join(OBJECTS)}")
    try:
        return ObjectsStore(from_url(url))
    except BaseError as wrong:
        raise ValueError(f"AMENDS_SEAL__STORE: {_one_line(wrong)}") from wrong


OBJECTS = ("s3", "gs", "az", "memory")
"""Kinds of object storage; `memory` is for trials."""


class DirectoryStore:
    """A directory: every file is complete and on disk before it has its name."""

    is_shared = False

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: int | None = None

    def read(self, path: str) -> bytes | None:
        """What stands there, None for nothing."""
        try:
            return (self.directory / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as failure:
            raise SealStoreAway(f"{path}: {failure.strerror}") from failure

    def write(self, path: str, content: bytes) -> None:
        """Put what will never change; raises OtherContent when something else is there."""
        found = self.read(path)
        if found is None:
            self._put(path, content)
        elif found != content:
            raise OtherContent(path)

    def replace(self, path: str, content: bytes, before: bytes | None) -> None:
        """Put in place of what was read before; the lock keeps others out."""
        if self.read(path) != before:
            raise Overtaken(path)
        self._put(path, content)

    def append(self, path: str, content: bytes) -> None:
        """Put at the end and see it on disk."""
        file = self.directory / path
        is_new = not file.exists()
        try:
            self._make(file.parent)
            with file.open("ab") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            if is_new:
                durable.sync(file.parent)
        except OSError as failure:
            raise SealStoreAway(f"{path}: {failure.strerror}") from failure

    def part(self, path: str, start: int, length: int) -> bytes:
        """So many bytes of what stands there, fewer at its end, none where nothing is."""
        try:
            with (self.directory / path).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return b""
        except OSError as failure:
            raise SealStoreAway(f"{path}: {failure.strerror}") from failure

    def sizes(self, under: str) -> dict[str, int]:
        """The paths below a path that ends with a slash, each with its bytes."""
        found: dict[str, int] = {}
        for file in (self.directory / under).rglob("*"):
            with suppress(FileNotFoundError):  # a growing tile that was just removed
                if file.suffix != NEW and stat.S_ISREG((known := file.stat()).st_mode):
                    found[file.relative_to(self.directory).as_posix()] = known.st_size
        return found

    def names(self, under: str) -> list[str]:
        """The same paths, sorted."""
        return sorted(self.sizes(under))

    def remove_all(self, under: str) -> None:
        """Remove a folder with what is in it."""
        shutil.rmtree(self.directory / under, ignore_errors=True)

    def lock(self) -> None:
        """Keep other sealers of this machine out; raises Overtaken."""
        try:
            self._make(self.directory)
            held = os.open(self.directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise SealStoreAway(f"{self.directory}: {failure.strerror}") from failure
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            os.close(held)
            raise Overtaken(f"{self.directory} 由另一进程封存 / is sealed by another process") from taken
        self._lock = held

    def close(self) -> None:
        """Let others in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _put(self, path: str, content: bytes) -> None:
        file = self.directory / path
        # A fixed name: what a crash left is written over, never gathered.
        new = file.with_name(f"{file.name}{NEW}")
        try:
            self._make(file.parent)
            new.write_bytes(content)
            durable.put(new, file)
        except OSError as failure:
            raise SealStoreAway(f"{path}: {failure.strerror}") from failure

    def _make(self, folder: Path) -> None:
        """Make a folder; each new name is on disk in the folder above."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
        durable.sync(folder.parent)


NEW = ".new"
"""Ending of a file that has not got its name yet."""


KEPT = 2
"""Objects whose content is kept in memory."""


class ObjectsStore:
    """Object storage; what changes is put only over the version that was read, so that two sealers cannot fork."""

    is_shared = True

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._put_last: dict[str, tuple[bytes, Any]] = {}
        """Content and version of what was put last, checkpoint and archive in turn: it need not be read again."""

    def read(self, path: str) -> bytes | None:
        """What stands there, None for nothing."""
        found = self._get(path)
        return None if found is None else found[0]

    def part(self, path: str, start: int, length: int) -> bytes:
        """So many bytes of what stands there; files of the archive are small on object storage."""
        return (self.read(path) or b"")[start : start + length]

    def write(self, path: str, content: bytes) -> None:
        """Put what will never change; raises OtherContent when something else is there."""
        try:
            self._put(path, content, "create")
        except Overtaken as there:
            if self.read(path) != content:
                raise OtherContent(path) from there

    def replace(self, path: str, content: bytes, before: bytes | None) -> None:
        """Put over what was read before; raises Overtaken when another sealer was faster."""
        if before is None:
            self._put(path, content, "create")
            return
        known = self._put_last.get(path)
        if known is None or known[0] != before:
            known = self._get(path)
        if known is None or known[0] != before:
            raise Overtaken(path)
        meta = known[1]
        self._put(path, content, {name: meta[name] for name in ("e_tag", "version") if meta.get(name)})

    def append(self, path: str, content: bytes) -> None:
        """Write what is there again with more at its end; raises Overtaken."""
        before = self._put_last[path][0] if path in self._put_last else self.read(path)
        self.replace(path, (before or b"") + content, before)

    def sizes(self, under: str) -> dict[str, int]:
        """The paths below a path that ends with a slash, each with its bytes."""
        try:
            return {found["path"]: found["size"] for page in obstore.list(self._store, prefix=under) for found in page}
        except (BaseError, OSError) as failure:
            raise SealStoreAway(f"{under}: {_one_line(failure)}") from failure

    def names(self, under: str) -> list[str]:
        """The same paths, sorted."""
        return sorted(self.sizes(under))

    def remove_all(self, under: str) -> None:
        """Remove every object below a path."""
        names = self.names(under)
        try:
            if names:
                obstore.delete(self._store, names)
        except (BaseError, OSError) as failure:
            raise SealStoreAway(f"{under}: {_one_line(failure)}") from failure

    def lock(self) -> None:
        """Nothing to hold: conditional puts decide."""

    def close(self) -> None:
        """Nothing to give back."""

    def _put(self, path: str, content: bytes, mode: Any) -> None:
        try:
            made = obstore.put(self._store, path, content, mode=mode)
        except (AlreadyExistsError, PreconditionError) as taken:
            self._put_last.pop(path, None)
            raise Overtaken(path) from taken
        except (BaseError, OSError) as failure:
            # Whether it was stored is unknown: the next look reads it again.
            self._put_last.pop(path, None)
            raise SealStoreAway(f"{path}: {_one_line(failure)}") from failure
        if not path.startswith("tile/"):
            self._put_last.pop(path, None)
            self._put_last[path] = (content, made)
            while len(self._put_last) > KEPT:
                del self._put_last[next(iter(self._put_last))]

    def _get(self, path: str) -> tuple[bytes, Any] | None:
        try:
            found = obstore.get(self._store, path)
            return bytes(found.bytes()), found.meta
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as failure:
            raise SealStoreAway(f"{path}: {_one_line(failure)}") from failure


def _one_line(failure: BaseException) -> str:
    return next(iter(f"{failure}".splitlines()), type(failure).__name__)
