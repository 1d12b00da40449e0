"""`/livez` and `/readyz`: the loop turns; the ledger answers and every consumer exists (pitfalls B7)."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from fastapi import APIRouter, Response
from nats.aio.client import ServerVersion

from events.ledger import Ledger, LedgerUnavailable
from events.stores import WeakDurability
from events.streams import StreamsDiffer

LEAST_NATS = (2, 15, 1)


class Ended(Exception):
    """A task that should run for good has ended; a restart of the process is needed."""


CheckBroker = Callable[[], Awaitable[None]]
"""Raises StreamsDiffer or a NATS error when a stream or consumer is not there or not as wanted."""


def health(ledger: Ledger, check_broker: CheckBroker) -> APIRouter:
    """For whoever restarts processes and sends them traffic."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def live() -> Response:
        """The event loop turns."""
        return _answer(200, {"live": True})

    @router.get("/readyz")
    async def ready() -> Response:
        """The ledger answers, streams and consumers are as wanted."""
        try:
            await asyncio.to_thread(ledger.head)
            await check_broker()
        except (LedgerUnavailable, StreamsDiffer, Ended, TimeoutError, OSError) as failure:
            return _answer(503, {"ready": False, "why": str(failure) or type(failure).__name__})
        return _answer(200, {"ready": True})

    return router


def refuse_old_broker(version: ServerVersion) -> None:
    """Raise WeakDurability for a broker that must not be trusted with submissions (reliability, section 2)."""
    found = (version.major, version.minor, version.patch)
    if found < LEAST_NATS:
        found_text, least_text = (".".join(map(str, numbers)) for numbers in (found, LEAST_NATS))
        raise WeakDurability(
            f"NATS {found_text} is older than {least_text}: known defects could lose messages, update the server"
        )


def _answer(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
