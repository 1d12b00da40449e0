"""Real processes for flow tests: started, waited for, killed and always stopped; their ledger and outbox read."""

import asyncio
import csv
import inspect
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, overload

import httpx
import nats
import orjson
import pytest
from eventsourcing.persistence import PersistenceError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NoStreamResponseError

from deploy.nats_server import NatsServer
from events.paging import pages
from events.stores import Row, Store
from events.subjects import REPLY_TO, Role, inbox
from services.settings import Settings
from services.wiring.store import NoInstallation, reading_store
from tests.oracle import Oracle, Verdict
from tests.waiting import eventually

REPOSITORY = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("AMENDS_SAMPLE_DATA", REPOSITORY.parent / "shared" / "data"))

READY_SECONDS = 45.0
"""A start takes about a second; the rest is for a crowded machine."""
STOP_SECONDS = 10.0
"""What a process has to end after SIGTERM (reliability, section 5)."""
SETTLED_SECONDS = 90.0
HURRY = {"FLOW_ACK_WAIT": "3", "FLOW_LEASE": "4"}
"""Seconds the broker and the notifier wait for a worker that went away, instead of 30 and 45."""
AWAY = (httpx.TransportError, OSError, NatsError, NoStreamResponseError, asyncio.TimeoutError)
"""What a client sees while the other side is down."""

T = TypeVar("T")


class Died(Exception):
    """A process ended that should run; the message holds the end of its log."""


@overload
async def until(
    what: str,
    condition: Callable[[], Coroutine[Any, Any, T | None]],
    within: float = ...,
    despite: tuple[type[Exception], ...] = ...,
    every: float = ...,
) -> T: ...


@overload
async def until(
    what: str,
    condition: Callable[[], T | None],
    within: float = ...,
    despite: tuple[type[Exception], ...] = ...,
    every: float = ...,
) -> T: ...


async def until(
    what: str,
    condition: Callable[[], object],
    within: float = SETTLED_SECONDS,
    despite: tuple[type[Exception], ...] = (),
    every: float = 0.02,
) -> object:
    """The condition's first true answer; when there is none, an AssertionError that says what was waited for."""

    last: object = None

    async def ask() -> object:
        nonlocal last
        try:
            answer = condition()
            last = found = await answer if inspect.isawaitable(answer) else answer
        except despite as error:
            last = error
            raise
        return found

    try:
        return await eventually(ask, within_seconds=within, every_seconds=every, despite=despite)
    except AssertionError as late:
        raise AssertionError(f"waited {within} s for: {what}; last answer: {last!r}") from late


class Process:
    """One real process in a group of its own, its output in a file."""

    def __init__(
        self, name: str, arguments: Sequence[str], log: Path, env: Mapping[str, str], wrapper: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._from = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "tests.flows.launch", *arguments],
                cwd=REPOSITORY,
                env={**_clean_environment(), **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its id."""
        return self._child.pid

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._child.poll()

    @property
    def is_running(self) -> bool:
        """It has not ended; a paused one runs too."""
        return self.code is None

    def output(self) -> str:
        """What it printed since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def signal(self, kind: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.is_running:
            self._child.send_signal(kind)

    def pause(self) -> None:
        """Hold it still, and wait until it is."""
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)
        self._child.wait()

    async def ended(self, within: float = READY_SECONDS) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        await until(f"the end of {self.name}", lambda: not self.is_running, within)
        assert self.code is not None
        return self.code

    async def terminate(self, within: float = STOP_SECONDS) -> int:
        """Ask it to stop and wait; its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended(within)

    async def ready(self, what: str, condition: Callable[[], T]) -> T:
        """Wait for a condition of this process; raises Died when it ends first."""

        answer: list[T] = []

        def look() -> bool:
            answer[:] = filter(None, [condition()])
            return bool(answer) or not self.is_running

        await until(f"{what} of {self.name}", look, READY_SECONDS)
        if not answer:
            raise Died(f"{self.name} ended with {self.code}:\n{self._end()}")
        return answer[0]

    def _end(self) -> str:
        return "\n".join(self.output().splitlines()[-30:])

    def close(self) -> None:
        """Make sure that it has ended, and its group with it; once it was waited for, its id may be a stranger's."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._child.wait()


def _clean_environment() -> dict[str, str]:
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("AMENDS_", "FLOW_"))}
    return {**mine, "PYTHONUNBUFFERED": "1"}


async def command(*arguments: str, data: Path, env: Mapping[str, str] | None = None) -> tuple[int, list[Any], str]:
    """Run one command of the command line; its exit code, its JSON lines, its diagnostics."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli.main",
        *arguments,
        cwd=REPOSITORY,
        env={**_clean_environment(), "AMENDS_DATA": str(data), **(env or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    lines = [orjson.loads(line) for line in out.splitlines() if line.startswith((b"{", b"["))]
    return child.returncode or 0, lines, err.decode(errors="replace")


class Books:
    """Ledger and outbox of an installation, read from outside while its processes come and go."""

    def __init__(self, settings: Settings, oracle: Oracle) -> None:
        self._settings = settings
        self._store: Store | None = None
        self.oracle = oracle

    def rows(self, after: int = 0) -> list[Row]:
        """Every row after a position; none while there is no ledger yet."""
        try:
            self._store = self._store or reading_store(self._settings)
            return list(pages(self._store.after, after))
        except (NoInstallation, PersistenceError):
            return []

    def read(self) -> Oracle:
        """Let the oracle read what is new."""
        self.oracle.reads(self.rows(self.oracle.position))
        return self.oracle

    async def holds(self, least: int) -> None:
        """Wait until the ledger holds that many complaints."""
        await until(f"{least} complaints in the ledger", lambda: self.read().recorded >= least)

    def outbox(self) -> list[dict[str, Any]]:
        """Every whole line of the outbox file; a line cut by a kill is no message."""
        lines = []
        with suppress(FileNotFoundError):
            for line in self._settings.senders.outbox.read_bytes().splitlines():
                with suppress(orjson.JSONDecodeError):
                    lines.append(orjson.loads(line))
        return lines

    async def settled(self, within: float = SETTLED_SECONDS) -> Verdict:
        """Wait until everything promised is recorded, classified, assigned and acknowledged; then the verdict.

        Prints the counts; raises AssertionError for anything lost, doubled, unfinished or out of order.
        """
        try:
            await until("every promise kept and every complaint finished", lambda: self.read().is_content(), within)
        finally:
            verdict = self.oracle.verdict(self.outbox())
            print(verdict)
        assert not verdict.problems, str(verdict)
        return verdict

    def close(self) -> None:
        """Close the reading store."""
        if self._store is not None:
            self._store.close()


class Up:
    """`amends up` in a directory, started as often as the test likes."""

    def __init__(self, data: Path, seed: int | None = None, env: Mapping[str, str] = HURRY) -> None:
        self.data = data
        self.env = dict(env)
        self.books = Books(Settings(data=data), Oracle(seed))
        self.process: Process | None = None
        self.run: dict[str, Any] = {}
        self._starts = 0

    @property
    def oracle(self) -> Oracle:
        """Who remembers what was sent and told."""
        return self.books.oracle

    @property
    def http(self) -> str:
        """Where its HTTP API is."""
        return str(self.run["http"])

    @property
    def nats(self) -> str:
        """Where its broker is, as operator."""
        return str(self.run["nats"])

    @property
    def running(self) -> Process:
        """The process that runs now."""
        assert self.process is not None, "start it first"
        return self.process

    def launch(self, wrapper: Sequence[str] = (), **env: str) -> Process:
        """Start the process without waiting."""
        self._starts += 1
        self.process = Process(
            f"up number {self._starts}",
            ["up", "--data", str(self.data), "--port", "0", "--no-view"],
            self.data.with_suffix(".log"),
            {**self.env, **env},
            wrapper,
        )
        return self.process

    async def start(self, **env: str) -> "Up":
        """Start it and wait until it says where it is."""
        armed = self.data.with_suffix(".armed")
        armed.unlink(missing_ok=True)
        process = self.launch(FLOW_ARMED=str(armed), **env)
        self.run = await process.ready("run.json", lambda: self._run_of(process.pid))
        armed.touch()
        return self

    def _run_of(self, pid: int) -> dict[str, Any]:
        with suppress(FileNotFoundError, orjson.JSONDecodeError):
            run: dict[str, Any] = orjson.loads((self.data / "run.json").read_bytes())
            if run["pid"] == pid:
                return run
        return {}

    @property
    def broker_pid(self) -> int:
        """The broker child; raises FileNotFoundError or ValueError while there is none."""
        return int((self.data / "nats" / "nats.pid").read_text())

    async def broker_again(self, dead: int) -> None:
        """Wait until the supervisor has started another broker than the dead one."""
        away = (FileNotFoundError, ValueError)
        await until("the supervisor to start the broker again", lambda: self.broker_pid != dead, despite=away)

    def kill_broker(self, *, wipe: bool = False) -> None:
        """End the broker child as a crash would; with `wipe` its disk is gone too before anybody starts it again."""
        pid = self.broker_pid
        os.kill(pid, signal.SIGSTOP)
        if wipe:
            (self.data / "nats" / "store").rename(self.data / "nats" / f"lost-{pid}")
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End everything that may still run."""
        if self.process is not None:
            self.process.close()
        with suppress(OSError, ValueError):
            pid = self.broker_pid
            if str(self.data) in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        self.books.close()


@contextmanager
def an_up(data: Path, seed: int | None = None, env: Mapping[str, str] = HURRY) -> Iterator[Up]:
    """An installation that is ended whatever happens."""
    up = Up(data, seed, env)
    try:
        yield up
    finally:
        up.close()


class Roles:
    """Processes of single roles against one broker and one ledger, by settings alone."""

    def __init__(
        self, directory: Path, url: Callable[[Role], str], env: Mapping[str, str], seed: int | None = None
    ) -> None:
        self.directory = directory
        self._url = url
        self._env = {**HURRY, "AMENDS_DATA": str(directory / "data"), **env}
        self._settings = Settings.model_validate(_settings(self._env))
        self.books = Books(self._settings, Oracle(seed))
        self.processes: list[Process] = []

    @property
    def oracle(self) -> Oracle:
        """Who remembers what was sent and told."""
        return self.books.oracle

    def env(self, role: Role) -> dict[str, str]:
        """What a process of that role is given."""
        return {**self._env, "AMENDS_NATS_URL": self._url(role), "AMENDS_HTTP_PORT": "0"}

    async def setup(self) -> None:
        """Tables, streams, consumers, policy, organisation."""
        process = self._launch("setup", ["setup"], self.env(Role.SETUP))
        assert await process.ended() == 0, process.output()

    def launch(
        self, name: str, *roles: Role, wrapper: Sequence[str] = (), user: Role | None = None, **env: str
    ) -> Process:
        """Start a process of these roles without waiting; it connects as the first, or as `user`."""
        return self._launch(name, ["serve", *roles], {**self.env(user or roles[0]), **env}, wrapper)

    async def start(self, name: str, *roles: Role, user: Role | None = None, **env: str) -> Process:
        """Start a process of these roles and wait until it serves."""
        process = self.launch(name, *roles, user=user, **env)
        await self.serving(process)
        return process

    async def serving(self, process: Process) -> None:
        """Wait until it says that it serves."""
        await process.ready("the word that it serves", lambda: "serving" in process.output())

    def _launch(
        self, name: str, arguments: Sequence[str], env: Mapping[str, str], wrapper: Sequence[str] = ()
    ) -> Process:
        process = Process(name, arguments, self.directory / f"{name}.log", env, wrapper)
        self.processes.append(process)
        return process

    @staticmethod
    def http(process: Process) -> str:
        """Where a serving process answers HTTP."""
        found = re.search(r"on port (\d+)", process.output())
        assert found is not None, f"{process.name} opened no port"
        return f"http://127.0.0.1:{found[1]}"

    def close(self) -> None:
        """End everything that may still run."""
        for process in self.processes:
            process.close()
        self.books.close()


@contextmanager
def some_roles(
    directory: Path, url: Callable[[Role], str], env: Mapping[str, str], seed: int | None = None
) -> Iterator[Roles]:
    """Processes that are ended whatever happens."""
    roles = Roles(directory, url, env, seed)
    try:
        yield roles
    finally:
        roles.close()


def _settings(env: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix("AMENDS_").lower(): value for key, value in env.items() if key.startswith("AMENDS_")}


def submission(channel: str, external_ref: str, text: str = "收到的手机是坏的,要求退款") -> dict[str, Any]:
    """A complaint as a channel sends it, from a customer of its own: the same one complaining twice is a duplicate."""
    number = f"138{zlib.crc32(f'{channel}/{external_ref}'.encode()) % 10**8:08}"
    customer = {"name": "张三", "contacts": [{"medium": "phone", "address": number}]}
    return {"channel": channel, "external_ref": external_ref, "text": text, "customer": customer}


def submissions(prefix: str, number: int, channel: str = "web") -> list[dict[str, Any]]:
    """So many different complaints."""
    return [submission(channel, f"{prefix}-{i}") for i in range(number)]


async def post(
    oracle: Oracle, address: Callable[[], str], bodies: Sequence[Mapping[str, Any]], at_once: int = 16
) -> None:
    """Submit over HTTP as a stubborn client does: again and again until each has its receipt."""
    free = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(timeout=5.0, limits=httpx.Limits(max_connections=at_once)) as client:

        async def one(body: Mapping[str, Any]) -> None:
            channel, ref = body["channel"], body["external_ref"]

            async def attempt() -> bool:
                oracle.sends(channel, ref)
                answer = await client.post(f"{address()}/api/complaints", content=orjson.dumps(body))
                if answer.status_code in (200, 201):
                    oracle.is_told(channel, ref, answer.json())
                    return True
                assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
                return False

            async with free:
                await until(f"a receipt for {channel}/{ref}", attempt, despite=AWAY, every=0.05)

        await asyncio.gather(*map(one, bodies))


@asynccontextmanager
async def a_channel(url: str | list[str], role: Role = Role.CHANNEL) -> AsyncIterator[Client]:
    """A channel's connection, which waits for the broker to come back."""

    async def ignore(_: Exception) -> None:
        """The broker's comings and goings are the test's own doing."""

    client = await nats.connect(
        servers=[url] if isinstance(url, str) else url,
        inbox_prefix=inbox(role).encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
        error_cb=ignore,
    )
    try:
        yield client
    finally:
        await client.close()


async def publish(
    oracle: Oracle, client: Client, bodies: Sequence[Mapping[str, Any]], *, receipts: bool = True, at_once: int = 16
) -> None:
    """Submit over NATS until the broker has taken each; with `receipts`, until each is answered too.

    A receipt is a courtesy: when a kill swallows it, the channel asks again with the same message.
    """
    free = asyncio.Semaphore(at_once)
    channels = {body["channel"] for body in bodies}
    waiting: dict[str, Mapping[str, Any]] = {}

    async def on_receipt(message: Msg) -> None:
        body = waiting[message.subject]
        oracle.is_told(body["channel"], body["external_ref"], orjson.loads(message.data))

    listening = [await client.subscribe(f"receipts.{channel}.>", cb=on_receipt) for channel in channels]
    js = client.jetstream()

    async def one(number: int, body: Mapping[str, Any]) -> None:
        channel, ref = body["channel"], body["external_ref"]
        answer_to = f"receipts.{channel}.{id(waiting)}-{number}"
        waiting[answer_to] = body
        sends = iter(range(1_000))

        async def attempt() -> bool:
            oracle.sends(channel, ref)
            headers = {REPLY_TO: answer_to, "Nats-Msg-Id": f"{channel}-{ref}-{next(sends)}"}
            await js.publish(f"intake.{channel}", orjson.dumps(body), timeout=2.0, headers=headers)
            oracle.is_taken(channel, ref)
            return True

        async def answered() -> bool:
            await until(f"the broker to take {channel}/{ref}", attempt, despite=AWAY, every=0.05)
            with suppress(AssertionError):
                return await eventually(lambda: oracle.was_told(channel, ref), within_seconds=8.0)
            return False

        async with free:
            if receipts:
                await until(f"a receipt for {channel}/{ref} over NATS", answered)
            else:
                await until(f"the broker to take {channel}/{ref}", attempt, despite=AWAY, every=0.05)

    try:
        await asyncio.gather(*(one(number, body) for number, body in enumerate(bodies)))
    finally:
        for subscription in listening:
            with suppress(NatsError):
                await subscription.unsubscribe()


def samples(name: str) -> list[dict[str, str]]:
    """Rows of a sample file; skips the test, saying why, where there is none."""
    file = SAMPLES / name
    if not file.exists():
        reason = f"no sample data at {file}: set AMENDS_SAMPLE_DATA"
        print(reason)
        pytest.skip(reason)
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def one_url(server: NatsServer) -> Callable[[Role], str]:
    """The addresses of a single server."""
    return server.url
