"""SMS, WeChat, chat and app gateways: one signed JSON request, answered by an id, askable by key.

The gateway's contract: `POST <url>` with `Idempotency-Key`; `GET <url>/<key>` tells what became of a key.
Both carry `X-Amends-Timestamp` (seconds) and `X-Amends-Signature: sha256=<hex>`, the HMAC-SHA256 of
`<timestamp>.<body>` (of `<timestamp>.<key>` when asking). How its answers are read: answer.py.
"""

import asyncio
import hashlib
import hmac
import ssl
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.notifier.senders.addresses import Pins
from services.notifier.senders.answer import Answer, of_asking, of_sending
from services.notifier.senders.port import LONGEST_SEND, Clock, Message, NotSent, Refused, Sent, Unknown, is_key

_ANSWER_BYTES = 65_536
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class WebhookSettings(BaseModel):
    """One gateway. The defaults reach only https on port 443 of public addresses (reliability 7)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    secret: Annotated[SecretStr, Field(min_length=16)]
    allow_http: bool = False
    allow_private: bool = False
    """For a gateway inside the house."""
    ports: frozenset[int] = frozenset({443})
    can_be_asked: bool = True
    """False for a gateway without `GET <url>/<key>`: its 404 would be taken for "never sent"."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    connections: Annotated[int, Field(gt=0)] = 16
    """At most so many at a time; httpx's own cost per request grows with their square."""
    connect_seconds: Annotated[float, Field(gt=0)] = 3
    """Longest wait for the host's address, again for a free connection, again for a new one."""
    reply_seconds: Annotated[float, Field(gt=0)] = 10
    """Longest wait for the answer, and again for all of its body."""

    @model_validator(mode="after")
    def _is_allowed(self) -> Self:
        url = httpx.URL(self.url)
        if url.scheme not in ({"https", "http"} if self.allow_http else {"https"}) or not url.host:
            raise ValueError("url must be https (http only with allow_http)")
        if (url.port or {"https": 443, "http": 80}[url.scheme]) not in self.ports:
            raise ValueError("the port of url is not among ports")
        if url.userinfo or url.query or url.fragment:
            raise ValueError("url may not carry user, query or fragment: the signature is the credential")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if 3 * self.connect_seconds + 2 * self.reply_seconds >= LONGEST_SEND.total_seconds():
            raise ValueError(f"three connect_seconds and two reply_seconds must stay under {LONGEST_SEND.seconds} s")
        return self


class WebhookSender:
    """Hands messages of one medium to one gateway."""

    def __init__(self, settings: WebhookSettings, now: Clock) -> None:
        self._settings = settings
        self._now = now
        self.at_once = settings.connections
        self._free = asyncio.Semaphore(self.at_once)
        self._url = httpx.URL(settings.url.rstrip("/"))
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        self._pins = Pins(self._url.host, port, settings.allow_private, settings.connect_seconds)
        self._http = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=settings.ca_file),
            # A proxy or netrc from the environment would undo the pinned address.
            trust_env=False,
            follow_redirects=False,
            # Read raw: a small compressed answer could unfold into gigabytes.
            headers={"Accept-Encoding": "identity", "User-Agent": "amends"},
            timeout=httpx.Timeout(
                settings.reply_seconds, connect=settings.connect_seconds, pool=settings.connect_seconds
            ),
            # Short: a connection the gateway closes just as we write looks like an unknown outcome.
            limits=httpx.Limits(max_connections=settings.connections, keepalive_expiry=2),
        )

    async def send(self, message: Message) -> Sent:
        """POST it once, with the key as `Idempotency-Key` (I6)."""
        if not is_key(message.key):
            return Refused("key is not visible ASCII", passing=False)
        try:
            body = orjson.dumps(message._asdict())
        except orjson.JSONEncodeError:
            return Refused("text is not valid Unicode", passing=False)
        headers = self._signed(body) | {"Idempotency-Key": message.key, "Content-Type": "application/json"}
        async with self._free:
            answer = await self._exchange("POST", self._url, headers, body)
        return of_sending(answer, message) if isinstance(answer, Answer) else answer

    async def ask(self, key: str) -> Sent | NotSent | None:
        """GET <url>/<key>: 200 delivered, 404 never had it, anything else cannot tell."""
        if not self._settings.can_be_asked or not is_key(key):
            return None
        url = httpx.URL(f"{self._url}/{quote(key, safe='')}")
        async with self._free:
            answer = await self._exchange("GET", url, self._signed(key.encode()), b"")
        return of_asking(answer, key) if isinstance(answer, Answer) else None

    async def close(self) -> None:
        """Close idle connections."""
        await self._http.aclose()

    def _signed(self, content: bytes) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))
        secret = self._settings.secret.get_secret_value().encode()
        digest = hmac.new(secret, timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
        return {"X-Amends-Timestamp": timestamp, "X-Amends-Signature": f"sha256={digest}"}

    async def _exchange(
        self, method: str, url: httpx.URL, headers: dict[str, str], body: bytes
    ) -> Answer | Refused | Unknown:
        """Talk to the pinned address under the gateway's own name (Host header and TLS certificate).

        Whoever calls holds a place in `_free`: time spent waiting for one must not count as the gateway's silence.
        """
        address = await self._pins.address()
        if isinstance(address, Refused):
            return address
        request = self._http.build_request(method, url, headers=headers, content=body)
        request.url = url.copy_with(host=address)
        request.extensions["sni_hostname"] = url.host
        try:
            # Each read has its own limit; a gateway that drips a byte a second needs one over all.
            async with asyncio.timeout(2 * self._settings.connect_seconds + self._settings.reply_seconds):
                response = await self._http.send(request, stream=True)
        except _NEVER_CONNECTED as error:
            if not isinstance(error, httpx.PoolTimeout):
                self._pins.drop(address)
            return Refused(f"gateway not reached ({type(error).__name__})", passing=True)
        except (httpx.HTTPError, TimeoutError) as error:
            return Unknown(f"no answer ({type(error).__name__})")
        return Answer(response.status_code, response.headers, await self._body(response))

    async def _body(self, response: httpx.Response) -> bytes:
        """At most 64 KiB of the answer; the status already decided, so a broken body is an empty one."""
        body = b""
        try:
            async with asyncio.timeout(self._settings.reply_seconds):
                async for chunk in response.aiter_raw(_ANSWER_BYTES):
                    body += chunk
                    if len(body) >= _ANSWER_BYTES:
                        break
        except (httpx.HTTPError, TimeoutError):
            return b""
        finally:
            await response.aclose()
        return body
