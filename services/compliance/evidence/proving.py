"""What a receipt's code proves: whether the complaint is in the log, at which index, and since when (ADR 0015)."""

import re
from bisect import bisect_right
from contextlib import suppress
from functools import lru_cache, partial
from typing import NamedTuple

from events.ledger import Ledger
from events.receipt_code import HASH_BYTES, spelled
from events.vocabulary import Word
from services.compliance.evidence.bundle_proofs import (
    Altered,
    NotSealed,
    Sealed,
    body_of,
    indexes_of,
    proof_text,
    sealed_at,
    sealed_by,
)
from services.compliance.seal.checkpoints import ARCHIVE, ORIGIN, Checkpoint, notes_in
from services.compliance.seal.notes import NotSigned
from services.compliance.seal.resuming import LedgerDisagrees, line_of_row
from services.compliance.seal.seal_store import SealStore
from services.compliance.seal.tree import entry_of
from services.compliance.verification.verifier import Code, parse_code


class Answer(Word):
    """What became of a code."""

    PROVEN = "proven", "在日志中", "in the log"
    UNKNOWN = "unknown", "台账中没有与此证明码相符的投诉", "no complaint of this ledger fits this code"
    NOT_SEALED = "not_sealed", "已入台账，尚未封存：请稍后再查", "in the ledger, not sealed yet: ask again in a moment"
    ALTERED = "altered", "台账内容与封存的不同", "the ledger holds something else than what was sealed"


class Proven(NamedTuple):
    """The answer to a code."""

    code: str
    """In the form it was given out."""
    answer: Answer
    why: str | None = None
    log_index: int | None = None
    since: str | None = None
    """When the first checkpoint was signed that contains it, `2026-03-02T12:50:00.000000Z`."""
    first: str | None = None
    """That checkpoint, a signed note."""
    checkpoint: str | None = None
    """The signed note the proof goes up to."""
    proof: str | None = None
    """For anyone who holds that checkpoint: `python3 verify.py --code CODE PROOF CHECKPOINT`."""

    def as_json(self) -> dict[str, object]:
        """The answer for machines."""
        return {
            "code": self.code,
            "in_log": self.answer is Answer.PROVEN,
            "answer": self.answer.value,
            "zh": self.why or self.answer.zh,
            "en": self.why or self.answer.en,
            "index": self.log_index,
            "since": self.since,
            "first_checkpoint": self.first,
            "checkpoint": self.checkpoint,
            "proof": self.proof,
        }


def prove(
    ledger: Ledger, store: SealStore, text: str, outside: str | None = None, *, firsts: "Firsts | None" = None
) -> Proven:
    """What a code proves, at the first checkpoint with its complaint or at the one given.

    `firsts` remembers what was found before. Raises Unreadable for a mistyped code, NotSigned for a text that is no
    checkpoint of ours, TilesMissing, SealStoreAway, LedgerUnavailable.
    """
    code = parse_code(text)
    known_as = spelled(*code)
    row = next(iter(ledger.rows_after(code.position - 1, 1)), None)
    try:
        line = b"" if row is None else line_of_row(row)
    except LedgerDisagrees as altered:
        return Proven(known_as, Answer.ALTERED, str(altered))
    entry = entry_of(line)
    if row is None or row.position != code.position or not _fits(code, entry):
        return Proven(known_as, Answer.UNKNOWN)
    try:
        sealed = sealed_by(store) if outside is None else _of_this_log(store, outside)
        index = indexes_of(ledger, [row], sealed)[0]
    except NotSealed as early:
        return Proven(known_as, Answer.NOT_SEALED, None if outside is None else str(early))
    except Altered as altered:
        return Proven(known_as, Answer.ALTERED, str(altered))
    first = (firsts or Firsts(store)).with_(index)
    since = None if first is None else Checkpoint.read(body_of(first)).time
    if outside is None and first is not None:  # so that what is handed out proves the time that is told
        sealed = _of_this_log(store, first)
    return Proven(known_as, Answer.PROVEN, None, index, since, first, sealed.note, proof_text(index, sealed, entry))


def _fits(code: Code, entry: bytes) -> bool:
    return entry[:HASH_BYTES] == code.prefix


def _of_this_log(store: SealStore, outside: str) -> Sealed:
    """The log up to a checkpoint from elsewhere; raises NotSigned where this log does not go through it."""
    newest = sealed_by(store)
    sealed = sealed_at(store, outside)
    if sealed.head.origin != newest.head.origin:
        raise NotSigned(f"是另一日志的检查点 / a checkpoint of another log: {sealed.head.origin}")
    if sealed.head.size > newest.head.size:
        raise NotSigned(
            f"该检查点有 {sealed.head.size} 条，封存只到 {newest.head.size} 条：封存被截短 / "
            f"that checkpoint has {sealed.head.size} entries, the seal only {newest.head.size}: the seal was cut"
        )
    if sealed.tree.root() != sealed.head.root:
        raise NotSigned("该检查点的根与封存的不同：历史被改写 / its root is not the seal's: history was rewritten")
    return sealed


class Firsts:
    """The first checkpoint that contains an index; it stays what it is, so the last ones asked for are remembered."""

    def __init__(self, store: SealStore) -> None:
        self._first = lru_cache(maxsize=REMEMBERED)(partial(_first_with, store))

    def with_(self, index: int) -> str | None:
        """That checkpoint, a signed note; None where the archive does not reach it."""
        with suppress(LookupError):
            return self._first(index)
        return None


REMEMBERED = 1_024
PIECE = 4_096
"""Bytes of the archive read at a time; a checkpoint has about 300."""


def _first_with(store: SealStore, index: int) -> str:
    """The first checkpoint of the archive that contains an index, found by halving; raises LookupError."""
    sizes = store.sizes(ARCHIVE)
    files = sorted(sizes)
    # It is in the last file that does not begin beyond the index, or the first of those that do.
    at = bisect_right(files, index, key=lambda name: _size(_head(store, name, 0)))
    for name in files[max(at - 1, 0) :]:
        low, high = 0, sizes[name]
        while high - low > PIECE:
            middle = (low + high) // 2
            head = _head(store, name, middle)
            if head is None or _size(head) > index:
                high = middle
            else:
                low = middle + head.start()
        content = store.part(name, low, high - low + PIECE)
        for head in _HEAD.finditer(content):
            if _size(head) > index:
                note = next(notes_in(content[head.start() :].decode(errors="replace")), None)
                if note is not None:
                    return note
    raise LookupError(index)


_HEAD = re.compile(rb"^" + re.escape(ORIGIN.encode()) + rb"\w+\n(\d+)\n", re.MULTILINE)


def _head(store: SealStore, name: str, start: int) -> re.Match[bytes] | None:
    """How the first checkpoint behind a place of a file begins."""
    return _HEAD.search(store.part(name, start, PIECE))


def _size(head: re.Match[bytes] | None) -> int:
    return 0 if head is None else int(head[1])
