"""The HTTP load generator: N submitters on kept-alive connections, each waiting for its answer before the next.

A process of its own (`python -m services.bench.load PORT RUN COUNT SUBMITTERS`), so that it shares no interpreter lock
with what it measures; it prints one JSON object.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import Any, cast

import orjson
import uvloop

from services.bench.figures import percentile
from services.bench.samples import submission

HEAD = (
    b"POST /api/complaints HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
)


class Submitter(asyncio.Protocol):
    """One connection: sends the next body when the answer to the last has come."""

    def __init__(self, bodies: Iterator[bytes], seconds: list[float], statuses: Counter[str]) -> None:
        self._bodies = bodies
        self._seconds = seconds
        self._statuses = statuses
        self._received = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is no subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._received = b""
            self._seconds.append(perf_counter() - self._sent_at)
            self._statuses[head[9:12].decode()] += 1
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """The end, or a server that closed on us."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        body = next(self._bodies, None)
        if body is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = perf_counter()
        self._transport.write(HEAD % len(body) + body)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def submit(port: int, run: str, count: int, submitters: int) -> dict[str, Any]:
    """Submit that many complaints; throughput, latencies and statuses."""
    bodies = [submission(run, number) for number in range(count)]
    left, seconds, statuses = iter(bodies), list[float](), Counter[str]()
    loop = asyncio.get_running_loop()
    started = perf_counter()
    connections = [
        await loop.create_connection(lambda: Submitter(left, seconds, statuses), "127.0.0.1", port)
        for _ in range(submitters)
    ]
    await asyncio.gather(*(submitter.done for _, submitter in connections))
    return {
        "per_second": count / (perf_counter() - started),
        "p50_ms": 1_000 * percentile(seconds, 0.5),
        "p99_ms": 1_000 * percentile(seconds, 0.99),
        "statuses": dict(statuses),
    }


async def generate(port: int, run: str, count: int, submitters: int) -> dict[str, Any]:
    """The same in a process of its own."""
    arguments = [sys.executable, "-m", "services.bench.load", str(port), run, str(count), str(submitters)]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        raise OSError(f"the load generator ended with {process.returncode}")
    measured: dict[str, Any] = orjson.loads(printed)
    return measured


if __name__ == "__main__":
    port, run, count, submitters = sys.argv[1:]
    print(orjson.dumps(uvloop.run(submit(int(port), run, int(count), int(submitters)))).decode())
