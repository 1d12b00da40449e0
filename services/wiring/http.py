"""The HTTP server of a process: on a free port if asked, leaving signals to the process."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from services.settings import Settings

GRACE_SECONDS = 3
"""How long open requests may finish when the server stops."""
POLL_SECONDS = 0.005


class HttpServer:
    """One uvicorn server in this event loop."""

    def __init__(self, app: ASGIApp, settings: Settings, before_stop: Callable[[], None] | None = None) -> None:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS
        )
        self._address = (settings.http_host, settings.http_port)
        self._server = _Server(config)
        self._before_stop = before_stop
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Serve; the port, once it listens. Raises OSError when the address cannot be had."""
        # Bound here: uvicorn would end the whole process for a port that is taken.
        listening = socket.create_server(self._address, backlog=2_048)
        self._serving = asyncio.create_task(self._server.serve([listening]), name="http")
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(POLL_SECONDS)
        port: int = listening.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Finish open requests and stop."""
        if self._before_stop is not None:
            self._before_stop()
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own handlers."""
        yield
