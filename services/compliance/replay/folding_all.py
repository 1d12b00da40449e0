"""The whole ledger replayed on every core: each row hashed and folded from the same bytes, up to one root.

The root is that of the tree a checkpoint signs (RFC 6962), so a caller that compares both knows that what was folded
is what was sealed. Rows are read complaint by complaint, so memory holds one history a process and 40 bytes an event.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from events.catalogue import OF_OTHERS, decode, wire
from events.complaint import Complaint
from events.envelope import StreamId, contiguous
from events.folding import fold
from events.ledger import Ledger
from services.compliance.replay.histories import Opener, in_shares
from services.compliance.verification.verifier import HASH_BYTES, entry_hash, leaf_hash, root_of

Taken = Callable[[Complaint], bytes]
"""What is kept of each folded complaint; a function of a module."""


class Whole(NamedTuple):
    """What the ledger came to."""

    events: int
    complaints: int
    root: bytes
    """Over the leaf hashes of all events in ledger order."""
    state: str
    """SHA-256 over what was taken of each complaint, in order of id."""


class _Share(NamedTuple):
    """The streams between two ids."""

    positions: "array[int]"
    leaves: bytearray
    complaints: int
    taken: list[bytes]


def nothing(_: Complaint) -> bytes:
    """Keep nothing: the complaint was folded, which is all that was wanted."""
    return b""


def fold_all(opener: Opener, take: Taken = nothing, *, cores: int | None = None) -> Whole:
    """Every event up to the present head hashed, every complaint folded; raises what decoding and folding raise."""
    with opener() as ledger:
        head = ledger.head()
    shares = in_shares(partial(_share, head, take), opener, cores=cores)
    digest = sha256(b"".join(each for share in shares for each in share.taken))
    events, complaints = sum(len(share.positions) for share in shares), sum(share.complaints for share in shares)
    return Whole(events, complaints, root_of(_in_order(shares)), digest.hexdigest())


def _share(head: int, take: Taken, ledger: Ledger, first: StreamId, end: StreamId) -> _Share:
    found = _Share(array("Q"), bytearray(), 0, [])
    complaints = 0
    for _, rows in groupby(ledger.scan_streams(first, end), key=lambda row: row.stream):
        history = [row for row in rows if row.position <= head]
        for row in history:
            found.positions.append(row.position)
            found.leaves.extend(leaf_hash(entry_hash(wire(*row))))
        if history and history[0].topic not in OF_OTHERS:
            found.taken.append(take(fold(contiguous(decode(*row) for row in history))))
            complaints += 1
    return found._replace(complaints=complaints)


def _in_order(shares: Sequence[_Share]) -> Iterable[bytes]:
    """The leaf hashes in ledger order; positions may skip, so they are ranked."""
    leaves = memoryview(b"".join(share.leaves for share in shares))
    positions = [position for share in shares for position in share.positions]
    for index in sorted(range(len(positions)), key=positions.__getitem__):
        yield bytes(leaves[index * HASH_BYTES : (index + 1) * HASH_BYTES])
