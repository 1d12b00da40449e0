"""The one owner of retries: what becomes of a message whose handler failed (pitfalls B2, reliability section 3)."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from faststream import BaseMiddleware
from faststream.exceptions import HandlerException, NackMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from pydantic import ValidationError

from events.dead_letters import bury
from events.ledger import LedgerUnavailable
from events.reconciler import Contested

log = structlog.get_logger()

TRIES = 12
"""Deliveries before a failing message becomes a dead letter."""
FIRST_DELAY = timedelta(milliseconds=200)
"""Before the second delivery; doubled each time."""
LONGEST_DELAY = timedelta(seconds=30)
PASSING = (LedgerUnavailable, Contested, NatsError, TimeoutError)
"""Failures that time cures: never ours, never a dead letter. NatsError covers all of JetStream's own errors."""


class BadMessage(Exception):
    """The message itself is wrong and no retry cures it: dead letter."""


class Delivery(BaseMiddleware):
    """Classifies failures of a subscriber: passing, bad message, our bug.

    Passing (PASSING: ledger or broker away): again after a delay, for ever. Bad message: dead letter. Anything else:
    again after a growing delay, at most TRIES times, then dead letter, with an alarm in the log. What cannot be kept
    as a dead letter stays where it is. Messages outside JetStream have no acknowledgement and are left alone.
    """

    def __init__(
        self,
        msg: Any | None,
        /,
        *,
        context: Any,
        service: str,
        js: Callable[[], JetStreamContext],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(msg, context=context)
        self._service = service
        self._js = js
        self._clock = clock

    async def consume_scope(self, call_next: Callable[[Any], Any], msg: Any) -> Any:
        """Run the handler; turn its failure into an acknowledgement decision."""
        if not _of_jetstream(msg):
            return await call_next(msg)
        try:
            return await call_next(msg)
        except HandlerException:
            raise
        except PASSING as away:
            log.warning("passing failure", service=self._service, error=f"{type(away).__name__}: {away}")
            raise NackMessage(delay=delay_after(_tries(msg)).total_seconds()) from away
        except (BadMessage, ValidationError) as bad:
            for raw in _raw(msg):
                await self._give_up(raw, "bad_message", str(bad))
            raise NackMessage from bad  # no more than a sign: each message was answered by itself
        except Exception as failure:  # catch-all: a bug of ours must neither lose nor block a message
            log.exception("handler failed", service=self._service, tries=_tries(msg))
            for raw in _raw(msg):
                await self._after_bug(raw, failure)
            raise NackMessage from failure

    async def _after_bug(self, raw: Msg, failure: Exception) -> None:
        tries = raw.metadata.num_delivered
        if tries < TRIES:
            await raw.nak(delay=delay_after(tries).total_seconds())
        else:
            await self._give_up(raw, "handler_failed", f"{type(failure).__name__}: {failure}")

    async def _give_up(self, raw: Msg, code: str, reason: str) -> None:
        """Keep one message as a dead letter, then end it; where it cannot be kept, it comes again much later."""
        try:
            await self._bury(raw, code, reason)
        except Exception as failure:  # catch-all: without a delay the broker would offer it again at once, for ever
            log.exception("dead letter not kept", service=self._service, error=str(failure))
            await raw.nak(delay=LONGEST_DELAY.total_seconds())
        else:
            await raw.term()

    async def _bury(self, raw: Msg, code: str, reason: str) -> None:
        await bury(
            self._js(),
            self._service,
            subject=raw.subject,
            code=code,
            reason=reason,
            body=raw.data,
            tries=raw.metadata.num_delivered,
            now=self._clock(),
            headers=raw.headers,
        )


def delay_after(tries: int) -> timedelta:
    """How long to wait after that many deliveries, with jitter so that a crowd does not return at once."""
    growing: timedelta = min(LONGEST_DELAY, FIRST_DELAY * float(2 ** min(tries - 1, 10)))
    return growing * random.uniform(0.75, 1.25)


def _raw(msg: Any) -> list[Msg]:
    raw = msg.raw_message
    return raw if isinstance(raw, list) else [raw]


def _of_jetstream(msg: Any) -> bool:
    return all(raw.reply.startswith("$JS.ACK.") for raw in _raw(msg))


def _tries(msg: Any) -> int:
    return max(raw.metadata.num_delivered for raw in _raw(msg))
