"""Three real NATS servers on this machine, replicating: trials of what production does on three machines."""

import http.client
import secrets
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.nats_server import HOST, Membership, NatsServer, NatsServerFailed, passwords_from, wait_until
from events.subjects import Role

_READY_SECONDS: Final = 30.0


class NatsCluster:
    """Servers n1..n<n> on loopback; each keeps its port and store when it is started again."""

    def __init__(self, directory: Path, n: int = 3) -> None:
        ports, secret, passwords = (
            _free_ports(n),
            secrets.token_urlsafe(16),
            passwords_from({}),
        )
        routes = tuple(f"nats-route://cluster:{secret}@{HOST}:{port}" for port in ports)
        self.nodes = tuple(
            NatsServer(
                directory / f"n{i}",
                name=f"n{i}",
                passwords=passwords,
                membership=Membership("amends", port, routes, secret),
            )
            for i, port in enumerate(ports, start=1)
        )

    def node(self, name: str) -> NatsServer:
        """The server of that name, as `stream_info().cluster.leader` gives it."""
        return next(node for node in self.nodes if node.name == name)

    def urls(self, role: Role = Role.OPERATOR) -> list[str]:
        """All servers, for `nats.connect(servers=)`."""
        return [node.url(role) for node in self.nodes]

    def start(self) -> Self:
        """Start every node that is not running, and wait until all agree on a leader (about 4 s)."""
        try:
            for node in self.nodes:
                if not node.is_running:
                    node.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def wait_ready(self, timeout_seconds: float = _READY_SECONDS) -> None:
        """Wait until streams of n replicas can be made; raises NatsServerFailed when that takes too long."""
        if not wait_until(self._is_ready, timeout_seconds, poll_seconds=0.05):
            raise NatsServerFailed("the cluster found no leader with all replicas in time")

    def stop(self) -> None:
        """Stop all servers, paused ones too."""
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _is_ready(self) -> bool:
        """All name one leader, and it sees every other node up to date; followers do not know."""
        try:
            groups = {node.name: node.monitor("/jsz").get("meta_cluster", {}) for node in self.nodes}
        except (OSError, ValueError, http.client.HTTPException):
            return False
        leaders = {group.get("leader") for group in groups.values()}
        if len(leaders) != 1 or None in leaders:
            return False
        peers = groups[leaders.pop()].get("replicas") or []
        current = [peer for peer in peers if peer.get("current") and not peer.get("offline")]
        return len(current) == len(self.nodes) - 1


def _free_ports(n: int) -> list[int]:
    """Ports for routes, which every node must know before the first starts."""
    probes = [socket.socket() for _ in range(n)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
