"""How a gateway's answer is read.

2xx                                 Delivered; receipt is `id` in the JSON body or header `X-Message-Id`
409 naming an id, for the same key  Delivered before; any other 409: Unknown (known there, still going on)
401 407 408 425 429 503             Refused, passing: about us or the hour, not about the message
other 4xx, 301 302 307 308          Refused, lasting: redirects are never followed
other 5xx, 303, anything else       Unknown: a gateway that fails halfway may have sent it
no connection                       Refused, passing
connected, then silence or a break  Unknown
"""

import re

import httpx
import orjson

from services.notifier.senders.port import Delivered, Message, NotSent, Refused, Sent, Unknown, one_line

_TRY_LATER = frozenset({401, 407, 408, 425, 429, 503})
_MOVED = frozenset({301, 302, 307, 308})
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Answer:
    """Status and the few fields we read of a gateway's answer."""

    def __init__(self, status: int, headers: httpx.Headers, body: bytes) -> None:
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            parsed = None
        self._fields = parsed if isinstance(parsed, dict) else {}
        self._headers = headers
        self.status = status

    def id(self, hide: str = "") -> str:
        """The provider's own id of the message, or nothing."""
        found = self._fields.get("id") or self._headers.get("X-Message-Id") or ""
        return one_line(str(found), hide) if isinstance(found, str | int) else ""

    def is_about(self, key: str) -> bool:
        """False when the answer names another key."""
        return bool(self._fields.get("key", key) == key)

    def said(self, hide: str = "") -> str:
        """Status and, when it is a mere code, `code`: free text of a provider may hold personal data."""
        code = self._fields.get("code")
        fits = isinstance(code, str) and _CODE.fullmatch(code) is not None
        return one_line(f"HTTP {self.status} {code if fits else ''}", hide)


def of_sending(answer: Answer, message: Message) -> Sent:
    """What became of the message, by the table above (I6)."""
    said = answer.said(message.recipient)
    if 200 <= answer.status < 300:
        return Delivered(answer.id(message.recipient) or f"{said} without id")
    if answer.status == httpx.codes.CONFLICT:
        receipt = answer.id(message.recipient)
        known = receipt and answer.is_about(message.key)
        return Delivered(receipt) if known else Unknown(f"{said}: key known, no id")
    if answer.status in _TRY_LATER:
        return Refused(said, passing=True)
    if 400 <= answer.status < 500 or answer.status in _MOVED:
        return Refused(said, passing=False)
    return Unknown(said)


def of_asking(answer: Answer, key: str) -> Delivered | NotSent | None:
    """200 delivered, 404 never had it; anything else, or an answer about another key, cannot tell."""
    if not answer.is_about(key):
        return None
    if answer.status == httpx.codes.OK:
        return Delivered(answer.id() or f"{answer.said()} without id")
    return NotSent() if answer.status == httpx.codes.NOT_FOUND else None
