"""The head of the log as a signed text (C2SP tlog-checkpoint), and all that were ever signed, in files."""

import base64
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple, Self

from events.envelope import instant
from services.compliance.seal.notes import DASH, NotSigned
from services.compliance.seal.tree import HASH

ARCHIVE = "checkpoints/"
"""Folder of every checkpoint ever signed."""
ORIGIN = "amends.log/"


def origin_of(first_line: bytes) -> str:
    """The name of a log, from the event line of its first event: it stays when the ledger moves to another store."""
    return f"{ORIGIN}{sha256(first_line).hexdigest()[:16]}"


class Checkpoint(NamedTuple):
    """What a signature promises: so many entries, this root, at that time."""

    origin: str
    size: int
    """Entries, one for each event."""
    root: bytes
    time: str
    """When it was signed, `2026-03-02T12:50:00.000000Z`."""
    position: int
    """Ledger position of the last event in it."""

    def text(self) -> str:
        """The body to sign."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.time}\nposition {self.position}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """A body as `text` makes it; raises NotSigned for any other."""
        try:
            origin, size, root, time, position, rest = text.split("\n")
            read = cls(
                origin,
                int(size),
                base64.b64decode(root, validate=True),
                time.removeprefix("time "),
                int(position.removeprefix("position ")),
            )
        except ValueError as other:
            raise NotSigned(f"no checkpoint of ours: {text[:200]!r}") from other
        if rest or read.text() != text or len(read.root) != HASH:
            raise NotSigned(f"no checkpoint of ours: {text[:200]!r}")
        return read


def checkpoint(origin: str, size: int, root: bytes, at: datetime, position: int) -> Checkpoint:
    """A checkpoint signed at that time."""
    return Checkpoint(origin, size, root, instant(at), position)


def archive_path(time: str, number: int) -> str:
    """File of the archive: the day, and its number within the day, `checkpoints/2026-03-02-0001.txt`."""
    return f"{ARCHIVE}{time[:10]}-{number:04}.txt"


def archived(note: str) -> str:
    """A note as it stands in the archive: an empty line follows it."""
    return f"{note}\n"


def notes_in(content: str) -> Iterator[str]:
    """The notes of a file of the archive, oldest first; what a crash cut off at its end is left out."""
    lines: list[str] = []
    signed = False
    for line in content.splitlines(keepends=True):
        if signed and line == "\n":
            yield "".join(lines)
            lines, signed = [], False
            continue
        # A note begins with its origin: what stands before it unsigned was cut off by a crash.
        lines = [line] if line.startswith(ORIGIN) else [*lines, line]
        signed = line.startswith(f"{DASH} ") and line.endswith("\n")
