"""Copies of checkpoints outside: a cut tail or a rewritten history shows only against a copy out of reach."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import structlog

log = structlog.get_logger()

FIRST_RETRY, LAST_RETRY = 1.0, 300.0
"""Seconds to wait after a failure: doubled each time, up to the last."""


class NotCopied(Exception):
    """A copy did not arrive; it is tried again."""


class Copy(NamedTuple):
    """One place copies go to."""

    name: str
    """For the log; no secret in it."""
    send: Callable[[str], Awaitable[None]]
    """Hands over a signed checkpoint; raises NotCopied."""
    every_seconds: float
    """At most one in that time; the newest goes, the ones between are left out."""


class Outbound:
    """Sends the newest checkpoint to one place, for ever; never holds up the sealer."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._newest: str | None = None
        self._news = asyncio.Event()

    def offer(self, note: str) -> None:
        """There is a newer checkpoint."""
        self._newest = note
        self._news.set()

    async def run(self) -> None:
        """Send what is new, again after a failure, until cancelled."""
        wait = FIRST_RETRY
        while True:
            await self._news.wait()
            self._news.clear()
            if await self._sent():
                wait = FIRST_RETRY
                await asyncio.sleep(self._copy.every_seconds)
                continue
            self._news.set()
            await asyncio.sleep(wait)
            wait = min(2 * wait, LAST_RETRY)

    async def _sent(self) -> bool:
        try:
            await self._copy.send(self._newest or "")
        except NotCopied as failure:
            log.warning("checkpoint not copied", to=self._copy.name, why=str(failure))
            return False
        return True


def _append(out: FileIO, size: int, content: bytes) -> None:
    """Put at the end, on disk; nothing stays of what a full disk does not take whole, as far as it can be removed."""
    try:
        if out.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(out.fileno())
    except OSError:
        out.truncate(size)
        raise


def to_file(file: Path) -> Callable[[str], Awaitable[None]]:
    """Appends to a file, on a share or a medium that is written once; a note already at its end is not repeated."""

    def append(note: str) -> None:
        copy = f"{note}\n".encode()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a+b", buffering=0) as out:
                size = out.seek(0, os.SEEK_END)
                out.seek(max(0, size - len(copy)))
                end = out.read()
                if end != copy:
                    # What was cut off stays by itself: it must not be read into the note that follows.
                    _append(out, size, copy if not end or end.endswith(b"\n\n") else b"\n\n" + copy)
        except OSError as failure:
            raise NotCopied(f"{file.name}: {failure.strerror}") from failure

    async def send(note: str) -> None:
        await asyncio.to_thread(append, note)

    return send
