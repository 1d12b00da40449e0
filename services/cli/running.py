"""Submissions to a running installation over its HTTP address: an answer for each, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from services.cli.place import ANSWER_SECONDS

AT_ONCE = 64
"""Submissions on their way at the same time."""

Answer = dict[str, Any]
"""A receipt, or `error` with its reason."""


class Running:
    """The intake of a running installation."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._free = asyncio.Semaphore(AT_ONCE)

    async def submit_all(self, bodies: Sequence[bytes]) -> list[Answer]:
        """The answers in the order of the bodies."""
        return list(await asyncio.gather(*map(self._submit, bodies)))

    async def _submit(self, body: bytes) -> Answer:
        async with self._free:
            try:
                answer = await self._client.post("/api/complaints", content=body)
            except httpx.TransportError as silent:
                # Whether it was recorded is unknown; submitting it again gives the same receipt.
                return {"error": "unavailable", "en": f"{type(silent).__name__}: submit it again, it is counted once"}
        try:
            told: Answer = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            return {"error": "unavailable", "en": f"HTTP {answer.status_code}"}
        return told


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Running]:
    """A client of the installation at that address; never through a proxy."""
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, trust_env=False) as client:
        yield Running(client)
