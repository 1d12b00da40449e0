"""A file instead of a gateway: a JSON line per message, many per fsync; for trials and `amends up`."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import orjson

from services.notifier.senders.outbox_file import OutboxFile
from services.notifier.senders.port import Clock, Delivered, Message, NotSent, Refused, Sent


class _Waiting(NamedTuple):
    key: str
    line: bytes
    outcome: asyncio.Future[Sent]


class Outbox:
    """Messages that arrive while the disk is busy go together into the next write.

    A key already in the file is not written again. The file holds personal text: only its owner may
    read it, and it belongs to the data folder that is erased with it.
    """

    def __init__(self, path: Path, now: Clock, remembered: int = 200_000) -> None:
        self._now = now
        self._file = OutboxFile(path, remembered)
        # One thread of its own: the file needs no lock, and slow ledger work cannot hold it up.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> Sent:
        """Delivered once the line is on the disk; the receipt names its place in the file (I6)."""
        fields = message._asdict()
        fields["at"] = self._now()
        try:
            line = orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
        except orjson.JSONEncodeError:
            return Refused("text is not valid Unicode", passing=False)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message.key, line, loop.create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        return await waiting.outcome

    async def ask(self, key: str) -> Sent | NotSent | None:
        """Delivered when the file holds a whole line for the key; None when it cannot be read."""
        try:
            receipt = await asyncio.get_running_loop().run_in_executor(self._thread, self._file.find, key)
        except OSError:
            return None
        return NotSent() if receipt is None else Delivered(receipt)

    async def close(self) -> None:
        """Finish writing, close the file."""
        if self._writer is not None:
            await self._writer
        await asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
        self._thread.shutdown(wait=False)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                lines = {waiting.key: waiting.line for waiting in batch}
                try:
                    outcomes = await loop.run_in_executor(self._thread, self._file.append, lines)
                except Exception as error:  # our bug: who waits must see it instead of waiting for ever
                    _fail(batch, error)
                else:
                    _tell(batch, outcomes)
        finally:
            self._writer = None


def _tell(batch: Sequence[_Waiting], outcomes: dict[str, Sent]) -> None:
    for waiting in batch:
        # A caller that gave up has cancelled its future; its message is written all the same.
        if not waiting.outcome.done():
            waiting.outcome.set_result(outcomes[waiting.key])


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.outcome.done():
            waiting.outcome.set_exception(error)
