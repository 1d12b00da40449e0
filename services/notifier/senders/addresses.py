"""Which network addresses a webhook may reach: resolved, all checked, then pinned (reliability 7)."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Network, ip_address

from services.notifier.senders.port import Refused

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")


def is_public(address: str) -> bool:
    """True outside private, loopback, link-local, shared, multicast and tunnelled ranges."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    # Mapped, translated (NAT64) and 6to4 addresses can hide a private IPv4 address.
    return ip.is_global and ip in _GLOBAL_UNICAST and ip not in _SIX_TO_FOUR


class Pins:
    """The checked addresses of one host.

    They stay until connecting to them fails: a name that changes its answer between check and
    connection (DNS rebinding) gains nothing, and a provider that moves house is found again.
    """

    def __init__(self, host: str, port: int, allow_private: bool, seconds: float) -> None:
        self._host = host
        self._port = port
        self._allow_private = allow_private
        self._seconds = seconds
        self._addresses: list[str] = []

    async def address(self) -> str | Refused:
        """An address that may be connected to."""
        if not self._addresses:
            refused = await self._resolve()
            if refused is not None:
                return refused
        return self._addresses[0]

    def drop(self, address: str) -> None:
        """Connecting failed: take the next address, or resolve again when none is left."""
        if address in self._addresses:
            self._addresses.remove(address)

    async def _resolve(self) -> Refused | None:
        try:
            async with asyncio.timeout(self._seconds):
                found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            return Refused(f"host name not resolved ({type(error).__name__})", passing=True)
        # IPv4 first: a host with IPv6 addresses but no IPv6 route would fail once per address.
        addresses = [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0])]
        # One bad address condemns the name: an attacker may mix a private one among public ones.
        if not self._allow_private and not all(map(is_public, addresses)):
            return Refused("address in a private range", passing=False)
        self._addresses = addresses
        return None
