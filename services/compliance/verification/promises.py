"""What was promised about the log, by whom: keys, who stands behind them, and signed checkpoints."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Finding, Kind
from services.compliance.verification.verifier import (
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
    """Where it was found: `checkpoint`, a file of the archive, a file given from outside."""
    origin: str
    size: int
    root: bytes
    time: str
    """When it was signed, as it says; empty for none."""
    is_outside: bool
    signers: tuple[VerifierKey, ...]


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

    def promise(self, note: str, place: str, *, is_outside: bool = False) -> Promise:
        """What a note promises; raises Refused unless a trusted key signed it while it was the one to sign."""
        head, signers = self._succession.opened(note, place)
        return Promise(place, head.origin, head.size, head.root, head.time or "", is_outside, signers)

    def is_by(self, promise: Promise, own: VerifierKey) -> bool:
        """Whether that key signed it, or the key that handed over to it."""
        heirs = self._succession.heirs
        return own in promise.signers or any(own in heirs.get(signer, ()) for signer in promise.signers)

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
    """The checkpoints there are: served, archived, from outside; those that hold and those that do not."""

    def __init__(
        self, seal: PublishedSeal, given: Sequence[VerifierKey], outside: Sequence[tuple[str, str]], *, every: bool
    ) -> None:
        self._seal = seal
        self.keys = Keys(seal, given)
        self.good: list[Promise] = []
        self.findings = [unsigned(problem) for problem in self.keys.problems]
        served = seal.text(SERVED)
        self.has_seal = served is not None
        if served is None and (given or self.keys.roots or any(seal.names("checkpoints/"))):
            self.findings.append(_gone())
        if served is not None:
            self._take(served, SERVED)
        self.sealed = max((promise.size for promise in self.good), default=0)
        for name, notes in self._archive(every=every):
            for note in notes:
                self._take(note, name)
        for place, note in outside:
            self._take(note, place, is_outside=True)
        self.is_bound = bool(outside)
        """Something is compared that whoever holds the ledger cannot reach."""
        self.origin = self.good[0].origin if self.good else None
        self._refuse_other_logs()

    def expect(self, own: VerifierKey) -> None:
        """Find fault with a served checkpoint that this installation's own key has not signed."""
        served = next((promise for promise in self.good if promise.place == SERVED), None)
        if served is not None and not self.keys.is_by(served, own):
            en = "the served checkpoint is not signed by this installation's key"
            self.findings.append(Finding(Kind.SIGNATURE, "当前检查点不是本机密钥所签", en, place=SERVED))

    def archived_between(self, low: int, high: int) -> list[Promise]:
        """All good checkpoints of the archive over more than the one and fewer than the other number of events."""
        found = []
        for _, notes in self._archive(every=True):
            for note in notes:
                with suppress(Refused):
                    if low < parse_checkpoint(note).size < high:
                        found.append(self.keys.promise(note, "checkpoints"))
        return [promise for promise in found if promise.origin == self.origin]

    def _archive(self, *, every: bool) -> Iterator[tuple[str, list[str]]]:
        """Name and notes of each file of the archive: all of them, or the last of each day."""
        names = [name for name in self._seal.names("checkpoints/") if name.endswith(".txt")]
        days = {name[: len("checkpoints/2026-03-02")]: name for name in names}
        for name in names if every else days.values():
            notes = self._seal.notes(name)
            yield name, notes if every else notes[-1:]

    def _take(self, note: str, place: str, *, is_outside: bool = False) -> None:
        try:
            self.good.append(self.keys.promise(note, place, is_outside=is_outside))
        except Refused as refused:
            self.findings.append(unsigned(refused))

    def _refuse_other_logs(self) -> None:
        for promise in self.good:
            if promise.origin != self.origin:
                en = f"checkpoint of another log, {promise.origin}"
                self.findings.append(
                    Finding(Kind.SIGNATURE, f"属于另一日志 {promise.origin} 的检查点", en, place=promise.place)
                )
        self.good = [promise for promise in self.good if promise.origin == self.origin]


def _gone() -> Finding:
    zh, en = (
        "封存不见了：有密钥或历次检查点，却没有当前检查点",
        "the seal is gone: there are keys or checkpoints of before",
    )
    return Finding(Kind.GONE, zh, f"{en}, and none is served", place=SERVED)


def unsigned(refused: Refused) -> Finding:
    """A note that does not hold."""
    return Finding(Kind.SIGNATURE, refused.zh, refused.en, place=refused.place)
