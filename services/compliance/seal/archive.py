"""Every checkpoint ever signed, in files by day: since when an event is in the log, and what was promised when."""

from collections.abc import Iterable

from services.compliance.seal.checkpoints import ARCHIVE, archive_path, archived, notes_in
from services.compliance.seal.seal_store import SealStore

LARGEST = 65_536
"""Bytes after which object storage, which writes a file anew each time, gets a new one: about 200 checkpoints."""


class Archive:
    """Adds to the archive; one file a day in a directory, several on object storage."""

    def __init__(self, store: SealStore) -> None:
        self._store = store
        self._file: str | None = None
        self._bytes = 0

    def add(self, notes: Iterable[str]) -> None:
        """Add notes in the order they were signed."""
        content = "".join(map(archived, notes)).encode()
        day = _time_of(content)
        file = self._file_of(day)
        self._store.append(file, content)
        self._bytes += len(content)

    def repair(self, note: str) -> None:
        """Add the served note where a crash came between; what was cut off half-way is ended with an empty line."""
        self._file = None
        file = self._file_of(_time_of(note.encode()))
        content = (self._store.read(file) or b"").decode(errors="replace")
        if note not in notes_in(content):
            # Two line breaks: whatever a torn end holds, what follows begins on a line of its own.
            torn = "" if not content or content.endswith("\n\n") else "\n\n"
            self._store.append(file, f"{torn}{archived(note)}".encode())
        self._bytes = len(content) + len(note)

    def _file_of(self, time: str) -> str:
        """The file to add to: the day's last one, or a new one when it is full."""
        first = archive_path(time, 1)
        if self._file is None or self._file[: len(ARCHIVE) + 10] != first[: len(ARCHIVE) + 10]:
            of_day = [name for name in self._store.names(ARCHIVE) if name.startswith(first.removesuffix("0001.txt"))]
            self._file = of_day[-1] if of_day else first
            self._bytes = len(self._store.read(self._file) or b"") if self._store.is_shared and of_day else 0
        if self._store.is_shared and self._bytes > LARGEST:
            number = int(self._file.removesuffix(".txt").rpartition("-")[2])
            self._file, self._bytes = archive_path(time, number + 1), 0
        return self._file


def _time_of(content: bytes) -> str:
    """When the first of these notes was signed."""
    for line in content.decode().splitlines():
        if line.startswith("time "):
            return line.removeprefix("time ")
    raise ValueError("no checkpoint of ours")
