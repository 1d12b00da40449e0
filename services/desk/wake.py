"""One signal to everybody who waits for news of the ledger; hearing it late or not at all only costs a second."""

import asyncio
from typing import NamedTuple

FALLBACK_SECONDS = 1.0
"""How long a reader waits before it looks by itself: a signal may be lost, the ledger is not."""


class Awaited(NamedTuple):
    """The next signal. Take it before you read the ledger: then nothing that comes meanwhile is missed."""

    signal: asyncio.Event

    async def arrival(self, within_seconds: float = FALLBACK_SECONDS) -> bool:
        """True once it came, False when the time passed without."""
        try:
            async with asyncio.timeout(within_seconds):
                await self.signal.wait()
        except TimeoutError:
            return False
        return True


class Wake:
    """Wakes all readers of one event loop at once; holds no list of them, so that none can be forgotten."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.is_closed = False

    def notify(self) -> None:
        """There is something new to read. Call it in the event loop."""
        self._next.set()
        self._next = asyncio.Event()

    def next(self) -> Awaited:
        """The signal that follows this moment."""
        return Awaited(self._next)

    def close(self) -> None:
        """The process ends: readers finish instead of holding it up (pitfalls F4)."""
        self.is_closed = True
        self.notify()
