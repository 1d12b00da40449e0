"""What was promised about the log, by whom: keys, who stands behind them, and signed checkpoints."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from struct import Struct
from typing import NamedTuple

from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Finding, Kind
from services.compliance.verification.verifier import (
    HASH_BYTES,
    Checkpoint,
    Endorsement,
    Refused,
    Succession,
    VerifierKey,
    parse_checkpoint,
    parse_endorsement,
    parse_verifier_key,
)

SERVED = "checkpoint"
"""Where the newest checkpoint stands."""


class Promise(NamedTuple):
    """A signed checkpoint that holds: so many events had this root."""

    place: str
    """Where it was found: `checkpoint`, a file of the archive, a file given from outside; ` #2` is its second note."""
    origin: str
    size: int
    root: bytes
    time: str
    """When it was signed, as it says; empty for none."""
    is_outside: bool

    @property
    def is_served(self) -> bool:
        """Whether it is the newest beside the log."""
        return self.place == SERVED and not self.is_outside


class Keys:
    """The keys a verification trusts: given ones, or what lies beside the log, and all that these endorse."""

    def __init__(self, seal: PublishedSeal, given: Sequence[VerifierKey] = ()) -> None:
        self.problems: list[Refused] = []
        """Published keys and endorsements that are damaged, and keys that handed over to several."""
        published = list(self._published(seal))
        endorsed = list(self._endorsements(seal, {*published, *given}))
        followers = {word.new for word in endorsed}
        self.roots = list(given) or [key for key in published if key not in followers]
        """Whom everything rests on; more than one where a key was replaced without the word of the one before."""
        self._succession = Succession(self.roots, endorsed)
        self.problems += self._succession.problems

    def opened(self, note: str, place: str) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
        """A checkpoint and who signed it; raises Refused unless a trusted key did while it was the one to sign."""
        return self._succession.opened(note, place)

    def is_by(self, signers: Sequence[VerifierKey], own: VerifierKey) -> bool:
        """Whether that key is among them, or the key that handed over to it."""
        heirs = self._succession.heirs
        return own in signers or any(own in heirs.get(signer, ()) for signer in signers)

    def _published(self, seal: PublishedSeal) -> Iterator[VerifierKey]:
        for name in seal.names("keys/"):
            if name.endswith(".vkey"):
                try:
                    yield parse_verifier_key(seal.text(name) or "", name)
                except Refused as damaged:
                    self.problems.append(damaged)

    def _endorsements(self, seal: PublishedSeal, known: set[VerifierKey]) -> Iterator[Endorsement]:
        for name in seal.names("keys/"):
            if name.endswith(".endorsement"):
                try:
                    yield parse_endorsement(seal.text(name) or "", known, name)
                except Refused as damaged:
                    self.problems.append(damaged)


def root_text(root: bytes) -> str:
    """A root as checkpoints write it."""
    return base64.b64encode(root).decode()


class Promises:
    """The checkpoints there are: served, archived, from outside; those that hold and those that do not.

    Whoever keeps copies for years has a million of them: each takes about 150 bytes here.
    """

    def __init__(
        self,
        seal: PublishedSeal,
        given: Sequence[VerifierKey],
        outside: Iterable[tuple[str, Iterable[str]]],
        *,
        every: bool,
    ) -> None:
        self._seal = seal
        self.keys = Keys(seal, given)
        self.findings = [unsigned(problem) for problem in self.keys.problems]
        self.origin: str | None = None
        self._places: list[str] = []
        self._good: list[bytes] = []
        """Each packed, so that they sort by size, those beside the log first."""
        self._served_by: tuple[VerifierKey, ...] = ()
        self.sealed = 0
        """Events the served checkpoint covers."""
        served = seal.text(SERVED)
        self.has_seal = served is not None
        if served is not None:
            self._take_all(SERVED, [served])
        elif given or self.keys.roots or any(seal.names("checkpoints/")):
            self.findings.append(_gone())
        for name, notes in self._archive(every=every):
            self._take_all(name, notes)
        beside = len(self._good)
        for place, kept in outside:
            self._take_all(place, kept, is_outside=True)
        self.is_bound = len(self._good) > beside
        """Something is compared that whoever holds the ledger cannot reach."""
        self._good.sort()

    def __len__(self) -> int:
        return len(self._good)

    def by_size(self) -> Iterator[tuple[int, list[Promise]]]:
        """Every promise that is good, with all others over as many events, the fewest first."""
        for size, promises in groupby(map(self._unpacked, self._good), key=lambda promise: promise.size):
            yield size, list(promises)

    def expect(self, own: VerifierKey) -> None:
        """Find fault with a served checkpoint that this installation's own key has not signed."""
        if self._served_by and not self.keys.is_by(self._served_by, own):
            en = "the served checkpoint is not signed by this installation's key"
            self.findings.append(Finding(Kind.SIGNATURE, "当前检查点不是本机密钥所签", en, place=SERVED))

    def archived_between(self, low: int, high: int) -> list[Promise]:
        """All good checkpoints of the archive over more than the one and fewer than the other number of events."""
        found = []
        for _, notes in self._archive(every=True):
            for note in notes:
                with suppress(Refused):
                    if low < parse_checkpoint(note).size < high:
                        head, _ = self.keys.opened(note, "checkpoints")
                        found.append(Promise("checkpoints", *head[:3], head.time or "", is_outside=False))
        return [promise for promise in found if promise.origin == self.origin]

    def _archive(self, *, every: bool) -> Iterator[tuple[str, list[str]]]:
        """Name and notes of each file of the archive: all of them, or the last of each day."""
        names = [name for name in self._seal.names("checkpoints/") if name.endswith(".txt")]
        days = {name[: len("checkpoints/2026-03-02")]: name for name in names}
        for name in names if every else days.values():
            notes = self._seal.notes(name)
            yield name, notes if every else notes[-1:]

    def _take_all(self, place: str, notes: Iterable[str], *, is_outside: bool = False) -> None:
        """The notes of one place; of those that do not hold the first is told."""
        is_told = False
        self._places.append(place)
        for number, note in enumerate(notes, start=1):
            try:
                head, signers = self.keys.opened(note, _numbered(place, number))
                self.origin = self.origin or head.origin
                if head.origin != self.origin:
                    zh, en = f"属于另一日志 {head.origin} 的检查点", f"checkpoint of another log, {head.origin}"
                    raise Refused(_numbered(place, number), zh, en)
            except Refused as refused:
                if not is_told:
                    self.findings.append(unsigned(refused))
                is_told = True
                continue
            if place == SERVED and not is_outside:
                self.sealed, self._served_by = head.size, signers
            self._good.append(self._packed(head, number, is_outside=is_outside))

    def _packed(self, head: Checkpoint, number: int, *, is_outside: bool) -> bytes:
        place = len(self._places) - 1
        return _PACKED.pack(head.size, is_outside, place, number, head.root) + (head.time or "").encode()

    def _unpacked(self, packed: bytes) -> Promise:
        size, is_outside, place, number, root = _PACKED.unpack_from(packed)
        time = packed[_PACKED.size :].decode()
        return Promise(_numbered(self._places[place], number), self.origin or "", size, root, time, is_outside)


_PACKED = Struct(f">Q?II{HASH_BYTES}s")


def _numbered(place: str, number: int) -> str:
    return place if number == 1 else f"{place} #{number}"


def _gone() -> Finding:
    zh, en = (
        "封存不见了：有密钥或历次检查点，却没有当前检查点",
        "the seal is gone: there are keys or checkpoints of before",
    )
    return Finding(Kind.GONE, zh, f"{en}, and none is served", place=SERVED)


def unsigned(refused: Refused) -> Finding:
    """A note that does not hold."""
    return Finding(Kind.SIGNATURE, refused.zh, refused.en, place=refused.place)
