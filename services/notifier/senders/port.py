"""The port every sender implements: three possible outcomes, and the question what became of a key (I6)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from events.vocabulary import Medium

Clock = Callable[[], datetime]
"""Says what time it is, aware; `services/clock.py` in the live service, a fixed instant in tests."""

LONGEST_SEND = timedelta(seconds=30)
"""No send lasts longer, whatever the settings: the notifier's lease on a message leaves room for one."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_EVIDENCE_CHARACTERS = 200


class Message(NamedTuple):
    """One message to one person; every field is data, none is trusted to be harmless."""

    key: str
    """Stable name of this attempt, `<complaint uuid>/<notice>#<attempt>`: the idempotency key."""
    medium: Medium
    recipient: str
    """Address in the medium: mailbox, phone number, account."""
    subject: str
    text: str
    language: str
    """`zh` or `en`."""
    complaint_number: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took the message."""

    receipt: str
    """The provider's own id of it: evidence."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Definitely not sent."""

    reason: str
    """One line without the recipient's address: it is recorded and logged."""
    passing: bool
    """True when the same message may go out later; False when only another message or address can."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent: nobody may repeat it before asking (reliability section 5)."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The provider answers that it never had this key; sending it is safe."""


Sent = Delivered | Refused | Unknown


class Sender(Protocol):
    """One way out. Tries once; the layer above owns retries and how many go at a time."""

    async def send(self, message: Message) -> Sent:
        """Hand the message over once; every expected failure is a value, an exception is our bug."""

    async def ask(self, key: str) -> Sent | NotSent | None:
        """What became of the key; None when this provider cannot tell."""

    async def close(self) -> None:
        """Finish what was begun and let connections and files go."""


def is_key(key: str) -> bool:
    """True for visible ASCII: such a key is safe in a header and, quoted, in an address."""
    return _KEY.fullmatch(key) is not None


def one_line(text: str, hide: str = "") -> str:
    """A stranger's words as one short printable line, the recipient's address blotted out (I12)."""
    # A very short "address" would blot out half of every receipt.
    if len(hide) > 4:
        text = re.sub(re.escape(hide), "[recipient]", text, flags=re.IGNORECASE)
    return _UNPRINTABLE.sub(" ", text).strip()[:_EVIDENCE_CHARACTERS]
