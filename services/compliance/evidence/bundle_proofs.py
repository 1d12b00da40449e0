"""What a bundle and a receipt take from the seal: where events stand in the log, and proofs of it as text."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from events.ledger import Ledger
from events.stores import Row
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.proofs import SealedTree
from services.compliance.seal.resuming import LedgerDisagrees, entry_of_row
from services.compliance.seal.seal_store import SealStore
from services.compliance.seal.signing_keys import PUBLISHED, published_checkpoint
from services.compliance.seal.tiles import CHECKPOINT
from services.compliance.seal.tree import leaf_of


class NotSealed(Exception):
    """The log does not go as far as the event yet, or there is no log."""


class Altered(Exception):
    """The ledger holds something else than what was sealed: `amends verify` finds out where it begins."""


class Sealed(NamedTuple):
    """The log as far as one checkpoint goes."""

    note: str
    """The checkpoint, signed."""
    head: Checkpoint
    tree: SealedTree
    keys: Mapping[str, bytes]
    """Public keys and endorsements, `keys/<id>.vkey` -> content."""


def sealed_by(store: SealStore) -> Sealed:
    """The log as far as its newest checkpoint goes.

    Raises NotSealed where there is none, NotSigned for one that no published key has signed, SealStoreAway.
    """
    note = store.read(CHECKPOINT)
    if note is None:
        raise NotSealed(
            "尚未封存：请运行 amends seal 或 amends up / nothing is sealed yet: run `amends seal` or `amends up`"
        )
    text = note.decode(errors="replace")
    published_checkpoint(store, text)
    return sealed_at(store, text)


def sealed_at(store: SealStore, note: str) -> Sealed:
    """The log as far as a checkpoint of it goes; raises NotSigned for another text, SealStoreAway."""
    head = Checkpoint.read(body_of(note))
    keys = {name: store.read(name) or b"" for name in store.names(PUBLISHED)}
    return Sealed(note, head, SealedTree(store, head.size), keys)


def body_of(note: str) -> str:
    """What is signed in a note."""
    return f"{note.rpartition(chr(10) * 2)[0]}\n"


def indexes_of(ledger: Ledger, rows: Iterable[Row], sealed: Sealed) -> list[int]:
    """The index of each row in the log, for rows in ledger order; raises NotSealed, Altered.

    Positions may skip, so an index is its position less what was skipped before. That is counted only where the log
    holds another leaf at the index expected: one look at the ledger up to there for all rows together.
    """
    indexes: list[int] = []
    counted, position, skipped = 0, 0, 1
    for row in rows:
        if row.position > sealed.head.position:
            raise NotSealed(
                f"位置 {row.position} 的事件尚未封存（已封存到 {sealed.head.position}）：请运行 amends seal 或稍候 / "
                f"the event at position {row.position} is not sealed yet, the seal has reached {sealed.head.position}: "
                "run `amends seal`, or wait a moment"
            )
        try:
            leaf = leaf_of(entry_of_row(row))
        except LedgerDisagrees:
            leaf = b""
        if not _stands_at(sealed, row.position - skipped, leaf):
            counted, position = counted + ledger.count(position, row.position), row.position
            skipped = position - counted + 1
            if not _stands_at(sealed, position - skipped, leaf):
                raise Altered(
                    f"位置 {row.position} 的事件与封存的不同：台账被改动，请运行 amends verify / "
                    f"the event at position {row.position} is not what was sealed: the ledger was altered, "
                    "run `amends verify`"
                )
        indexes.append(row.position - skipped)
    return indexes


def _stands_at(sealed: Sealed, index: int, leaf: bytes) -> bool:
    return 0 <= index < sealed.head.size and sealed.tree.leaf(index) == leaf


PROOF = "c2sp.org/tlog-proof@v1"
"""First line of a proof."""


def proof_text(index: int, sealed: Sealed, extra: bytes = b"") -> str:
    """The proof that the log holds the entry of that index, as text (c2sp.org/tlog-proof); raises TilesMissing."""
    more = [f"extra {base64.b64encode(extra).decode()}"] if extra else []
    return "\n".join([PROOF, *more, f"index {index}", *_lines(sealed.tree.inclusion(index)), "", sealed.note])


def consistency_text(earlier: int, sealed: Sealed) -> str:
    """The proof that the log continues itself as it was with fewer entries (the body of c2sp.org/tlog-witness)."""
    return "\n".join([f"old {earlier}", *_lines(sealed.tree.consistency(earlier)), "", sealed.note])


def _lines(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]
