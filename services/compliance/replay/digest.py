"""Two digests of a ledger: of its bytes, and of what they mean; equal digests, equal ledgers (ADR 0018).

The ledger digest is the SHA-256 of every event line with its line break: what `sha256sum` says of a full export as JSON
lines. The state digest is the SHA-256 over the SHA-256 of the canonical JSON of each folded complaint, in order of id:
two releases that fold differently show here although their bytes are equal.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from events.catalogue import decode, wire
from events.complaint import Complaint
from events.envelope import StreamId, contiguous, instant
from events.folding import fold
from events.ledger import Ledger
from events.stores import Row
from services.compliance.replay.histories import Opener, histories, in_shares


class Digests(NamedTuple):
    """What a ledger comes to."""

    events: int
    complaints: int
    head: int
    """The last position."""
    ledger: str
    """Over the bytes, in ledger order."""
    state: str
    """Over the folded complaints, in order of id."""


def digests(opener: Opener) -> Digests:
    """Both digests of a ledger as it is now; what is recorded meanwhile does not count."""
    with opener() as ledger:
        head = ledger.head()
        events, of_ledger = ledger_digest(row for row in ledger.scan() if row.position <= head)
    complaints, of_state = state_digest(opener, head)
    return Digests(events, complaints, head, of_ledger, of_state)


def ledger_digest(rows: Iterable[Row]) -> tuple[int, str]:
    """How many rows, and the digest of their lines in that order."""
    count, digest = 0, hashlib.sha256()
    for row in rows:
        digest.update(wire(*row) + b"\n")
        count += 1
    return count, digest.hexdigest()


def state_digest(opener: Opener, head: int) -> tuple[int, str]:
    """How many complaints, and the digest of all of them as they are at that position."""
    every = [digest for share in in_shares(partial(_of_complaints, head), opener) for digest in share]
    return len(every), hashlib.sha256(b"".join(every)).hexdigest()


def _of_complaints(head: int, ledger: Ledger, first: StreamId, end: StreamId) -> list[bytes]:
    found = []
    for _, rows in histories(ledger, first, end):
        counted = [row for row in rows if row.position <= head]
        if counted:
            found.append(hashlib.sha256(canonical(fold(contiguous(decode(*row) for row in counted)))).digest())
    return found


def canonical(complaint: Complaint) -> bytes:
    """A folded complaint as JSON with one spelling: keys sorted, no spaces, instants in UTC, money as text."""
    return orjson.dumps(complaint, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return dict(value)
    if isinstance(value, tuple):
        return value._asdict() if hasattr(value, "_asdict") else list(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")
