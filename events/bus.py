"""Connections to NATS with the settings that must never be left at default, and atomic batches (pitfalls A, C3)."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import nats
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import PubAck

from events.subjects import Durable, Role, inbox, pull_inbox

log = structlog.get_logger()

TIMEOUT_SECONDS = 5.0
"""For one acknowledged publish; the client's default of half a second is too short under load (pitfalls A5)."""
BATCH_MESSAGES = 500
"""Messages of one atomic batch; the server takes 1,000."""


KNOCK_SECONDS = 0.02
"""Between two looks whether something still arrives."""
GOODBYE_SECONDS = 2.5
"""How long a stopping process waits for a broker to take its leave."""
LEAVE_SECONDS = 6.0
"""What a stop keeps for the end: a goodbye, a connection cut off, the ledger closed; the rest is for finishing."""
REST_SECONDS = 4.0
"""How long a stopping process finishes what it fetched, with 10 s for its whole stop (reliability, section 5)."""
PULL_SECONDS = 1.0
"""How long a request for one message waits; after a restart of the broker it is lost for that long (pitfalls B8)."""
GATHER_SECONDS = 0.05
"""The same for a request for several: nats-py goes on waiting for the rest, so a lone message may be late by this."""


class Message(NamedTuple):
    """One message of a batch."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]


def options(url: str, role: Role) -> dict[str, Any]:
    """Connection options of a role: reconnect for ever, own inbox, errors logged."""
    return {
        "servers": url.split(","),
        "name": f"amends-{role}",
        "inbox_prefix": inbox(role).encode(),
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.2,
        "error_cb": partial(_log_error, role),
        "drain_timeout": GOODBYE_SECONDS,
    }


async def _log_error(role: Role, error: Exception) -> None:
    # A refused publish shows here only; to its sender it looks like a timeout (pitfalls C8).
    log.warning("nats", role=role, error=str(error) or type(error).__name__)


async def _end_process(role: Role, is_stopping: Callable[[], bool]) -> None:
    # A closed client never comes back, and pull loops would spin on it (pitfalls A1).
    if not is_stopping():
        log.critical("nats connection closed for good, ending", role=role)
        os.kill(os.getpid(), signal.SIGTERM)


async def connect(url: str, role: Role) -> Client:
    """A plain client of a role for one errand; raises a NATS error, OSError or TimeoutError when no server answers."""
    once = {"connect_timeout": TIMEOUT_SECONDS, "allow_reconnect": False, "max_reconnect_attempts": 1}
    async with asyncio.timeout(TIMEOUT_SECONDS * 2):
        return await nats.connect(**{**options(url, role), **once})


def broker(url: str, role: Role, is_stopping: Callable[[], bool], **more: Any) -> NatsBroker:
    """A FastStream broker of a role; its subscribers retry by delay, never by the library's default (pitfalls A2).

    A connection that closes while nobody `is_stopping` ends the process.
    """
    own = options(url, role)
    servers = own.pop("servers")
    return NatsBroker(
        servers,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        logger=None,
        graceful_timeout=GOODBYE_SECONDS,
        closed_cb=partial(_end_process, role, is_stopping),
        **own,
        **more,
    )


def pull(durable: Durable, *, batch_size: int, batch_seconds: float | None = None) -> dict[str, Any]:
    """Subscriber arguments for a durable that setup made; nothing is declared here (pitfalls A3, B1).

    With `batch_seconds` the handler gets lists, gathered for at most that long.
    """
    batch = batch_seconds is not None
    seconds = batch_seconds or (PULL_SECONDS if batch_size == 1 else GATHER_SECONDS)
    return {
        "subject": durable.filter,
        "stream": JStream(durable.stream.value, declare=False),
        "durable": durable.name,
        "pull_sub": PullSub(batch_size=batch_size, timeout=seconds, batch=batch),
        "inbox_prefix": pull_inbox(durable.role),
    }


async def _fetch_several(self: Any, *args: Any, **options: Any) -> list[Msg]:
    try:
        return await _nats_fetch_several(self, *args, **options)
    except TimeoutError as late:
        raise NatsTimeoutError from late


# Where its time ends between two requests nats-py 2.16 raises the built-in TimeoutError, and FastStream, which expects
# the one of nats, ends its pull loop with it: what a batch had gathered stayed away until the ack wait, 30 s.
_nats_fetch_several = JetStreamContext.PullSubscription._fetch_n
JetStreamContext.PullSubscription._fetch_n = _fetch_several  # type: ignore[method-assign]


async def stop(broker: NatsBroker) -> None:
    """Take no more messages, finish those that were fetched, disconnect: also from a broker that does not answer."""
    await rest(broker)
    await leave(broker)


async def rest(broker: NatsBroker, seconds: float = REST_SECONDS) -> None:
    """Take no more messages and finish those that were fetched; what is cut off comes again after the ack wait.

    The library would drop what is fetched while it stops (pitfalls F2).
    """
    subscriptions = [getattr(subscriber, "subscription", None) for subscriber in broker.subscribers]
    gates = [_Gate(subscription) for subscription in subscriptions if hasattr(subscription, "fetch")]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(gate.rest() for gate in gates))
    except TimeoutError:
        log.warning("stopped in the middle of work, its messages come again", waited_seconds=seconds)


async def leave(broker: NatsBroker) -> None:
    """Disconnect, also from a broker that does not answer."""
    connection = broker.config.broker_config.connection_state.connection
    goodbye: asyncio.Task[None] = asyncio.create_task(broker.stop())
    await asyncio.wait([goodbye], timeout=GOODBYE_SECONDS)
    await end([goodbye])
    if goodbye.cancelled() or goodbye.exception() is not None:
        log.warning("broker left without a goodbye")
        # RuntimeError: uvloop's word for a connection that is gone already.
        with suppress(NatsError, OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1.0):
                await connection.close()


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: the client swallows a cancellation that meets it while it writes."""
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=0.1)


class _Gate:
    """Keeps a pull loop from fetching; at its second knock everything it had is handled, also a gathered batch."""

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription
        self._knocks = 0
        self._resting = asyncio.Event()
        self._answered_at: float | None = None
        subscription.fetch = self._refuse

    async def rest(self) -> None:
        """Wait until the loop holds nothing."""
        await self._resting.wait()

    async def _refuse(self, *_: Any, **__: Any) -> list[Msg]:
        await asyncio.sleep(KNOCK_SECONDS)
        if (arrived := await self._arrived()) or await self._is_awaited():
            self._knocks = 0
        else:
            self._knocks += 1
        if self._knocks >= 2:
            self._resting.set()
        if arrived:
            return arrived
        raise NatsTimeoutError

    async def _is_awaited(self) -> bool:
        """Whether the broker may still send for a request of ours: one that is slow ends it later than we gave up."""
        if self._resting.is_set() or not self._subscription._nc.is_connected:
            return False
        try:
            async with asyncio.timeout(PULL_SECONDS):
                info = await self._subscription.consumer_info()
        except TimeoutError:
            return True
        except NatsError:
            return False
        now = asyncio.get_running_loop().time()
        self._answered_at = self._answered_at or now
        # Others may wait at this consumer too; of ours, which the broker had by its first answer, none lives longer.
        return bool(info.num_waiting) and now < self._answered_at + PULL_SECONDS

    async def _arrived(self) -> list[Msg]:
        """What the broker still sent while the last fetch gave up waiting; status messages are for the client."""
        found = []
        while self._subscription.pending_msgs:
            message = await self._subscription._sub.next_msg(timeout=1.0)
            if not JetStreamContext.is_status_msg(message):
                found.append(message)
        return found


async def publish_batch(
    js: JetStreamContext, stream: str, messages: Sequence[Message], *, after_sequence: int | None = None
) -> PubAck:
    """Publish all of them or none, in order; `after_sequence` fences the batch by the stream's last sequence.

    Raises nats.js.errors.APIError with err_code 10071 when somebody else wrote meanwhile, TimeoutError when it is
    unknown what became of it.
    """
    first = {} if after_sequence is None else {"Nats-Expected-Last-Sequence": str(after_sequence)}
    *body, last = messages
    batch = uuid4().hex if body else None
    for number, message in enumerate(body, start=1):
        marks = {"Nats-Batch-Id": batch or "", "Nats-Batch-Sequence": str(number)}
        headers = {**message.headers, **marks, **(first if number == 1 else {})}
        await js._nc.publish(message.subject, message.payload, headers=headers)
    if batch is None:
        headers = {**last.headers, **first}
    else:
        marks = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        headers = {**last.headers, **marks}
    return await js.publish(last.subject, last.payload, timeout=TIMEOUT_SECONDS, stream=str(stream), headers=headers)


def jetstream(broker: NatsBroker) -> JetStreamContext:
    """The JetStream context of a started broker."""
    stream: JetStreamContext = broker.config.broker_config.connection_state.stream
    return stream
