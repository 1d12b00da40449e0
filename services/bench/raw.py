"""The raw limits: the same parts doing the same work with nothing of ours around them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter
from typing import Any

import uvicorn
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StreamConfig

from events.bus import Message, publish_batch
from events.envelope import complaint_id

ANSWER = b'{"complaint_id":"00000000-0000-0000-0000-000000000000","number":"C260302-00000-00000","duplicate":false}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


class GroupCommit:
    """Bodies that arrive while a commit runs go together into the next one, straight into the library's recorder."""

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._recorder = recorder
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[StoredEvent, asyncio.Future[None]]] = []
        self._numbers = count()
        self._committing: asyncio.Task[None] | None = None

    async def add(self, body: bytes) -> None:
        """Returns once the body is committed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stream = complaint_id("bare", str(next(self._numbers)))
        self._waiting.append((StoredEvent(stream, 1, "complaint.received", body), future))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        await future

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            await loop.run_in_executor(self._thread, self._recorder.insert_events, [event for event, _ in group])
            for _, future in group:
                future.set_result(None)


@asynccontextmanager
async def bare_accept(recorder: ApplicationRecorder) -> AsyncIterator[int]:
    """The port of a bare uvicorn handler that reads a body, commits it in a group and answers 201."""
    group = GroupCommit(recorder)

    async def handler(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        await group.add(body)
        await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
        await send({"type": "http.response.body", "body": ANSWER})

    config = uvicorn.Config(handler, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this flag alone
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


class BareLoop:
    """A batch loop over four steps: pull the messages of the last step, insert an event each, publish a message each.

    Nothing is decided, loaded or encoded: the bytes are ready. Publishing is in atomic batches, as our relay does.
    """

    STREAM = "BARE"
    BATCH = 250
    """Events a commit; above about 600 kB the library's PostgreSQL recorder waits for ever (events/stores.py)."""

    def __init__(self, recorder: ApplicationRecorder, js: JetStreamContext, states: Sequence[bytes]) -> None:
        self._recorder = recorder
        self._js = js
        self._states = states
        self._numbers = count()

    async def prepare(self) -> None:
        """The stream and a consumer for each step but the first."""
        await self._js.add_stream(
            StreamConfig(
                name=self.STREAM,
                subjects=["bare.*"],
                retention=RetentionPolicy.WORK_QUEUE,
                allow_atomic=True,
                max_bytes=256 << 20,
                duplicate_window=1.0,
            )
        )
        steps = range(1, len(self._states))
        self._pulls = [
            await self._js.pull_subscribe(f"bare.{step}", durable=f"bare{step}", stream=self.STREAM) for step in steps
        ]

    async def run(self, complaints: int) -> float:
        """Seconds for that many complaints through all steps."""
        started = perf_counter()
        for first in range(0, complaints, self.BATCH):
            await self._batch(min(self.BATCH, complaints - first))
        return perf_counter() - started

    async def _batch(self, size: int) -> None:
        streams = [complaint_id("bare", str(next(self._numbers))) for _ in range(size)]
        for step, state in enumerate(self._states):
            if step:
                await self._take(self._pulls[step - 1], size)
            events = [StoredEvent(stream, step + 1, "complaint.bare", state) for stream in streams]
            await asyncio.to_thread(self._recorder.insert_events, events)
            if step + 1 < len(self._states):
                messages = [Message(f"bare.{step + 1}", state, {"bare-id": stream}) for stream in streams]
                await publish_batch(self._js, self.STREAM, messages)

    async def _take(self, pull: JetStreamContext.PullSubscription, size: int) -> None:
        while size > 0:
            taken = await pull.fetch(size, timeout=5)
            for message in taken:
                await message.ack()
            size -= len(taken)
