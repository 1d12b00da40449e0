"""Checks evidence of an Amends ledger offline: one file, Python 3.9 or later, standard library only (ADR 0015).

Hashing and proofs after RFC 6962 and RFC 9162, Ed25519 after RFC 8032, signed notes, checkpoints and tlog-proofs after
C2SP. Nothing of the program that wrote the evidence is used here. Bundles carry this file as `verify.py`.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import stat
import struct
import sys
import unicodedata
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info < (3, 9):  # noqa: UP036  # strangers run it with the Python they have
    print("需要 Python 3.9 或更新版本 / Python 3.9 or later is needed")
    sys.exit(2)

try:
    from cryptography.exceptions import InvalidSignature as _InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as _Ed25519PublicKey

    ENGINE = "cryptography"
except Exception:  # absent, or a build that does not load: the arithmetic below does the same
    ENGINE = "pure Python (RFC 8032)"
"""What checks the signatures."""

HASH_BYTES = 32


class Refused(Exception):
    """Something is not as it must be; `place` says where, the sentences say what."""

    def __init__(self, place: str, zh: str, en: str) -> None:
        self.place, self.zh, self.en = place, zh, en
        super().__init__(f"{place}: {zh} / {en}")


# --- The tree (RFC 6962, section 2.1) ---


def entry_hash(line: bytes) -> bytes:
    """The log entry of an event: SHA-256 of its event line, without the line break."""
    return hashlib.sha256(line).digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes in order; memory grows with the logarithm of their number."""
    sha256 = hashlib.sha256
    whole: list[bytes] = []  # roots of complete subtrees, largest first: the ones in the binary form of the size
    for bits, node in enumerate(leaf_hashes):
        while bits & 1:
            node = sha256(b"\x01" + whole.pop() + node).digest()
            bits >>= 1
        whole.append(node)
    if not whole:
        return sha256(b"").digest()
    root = whole.pop()
    while whole:
        root = sha256(b"\x01" + whole.pop() + root).digest()
    return root


def check_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at that index of the tree with that size and root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf_hash, root, *proof]):
        return False
    at, last, reached = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def check_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of size2 continues the tree of size1 (RFC 9162, section 2.1.4.2)."""
    if not 0 <= size1 <= size2 or not _are_hashes([root1, root2, *proof]):
        return False
    if size1 in (0, size2):
        return not proof and root1 == (hashlib.sha256(b"").digest() if size1 == 0 else root2)
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    if not path:
        return False
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == root1 and new == root2


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


# --- Ed25519 (RFC 8032, section 5.1) ---

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z
_NEUTRAL = (0, 1, 1, 0)


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message is of that key (RFC 8032, section 5.1.7).

    Keys and signatures that are not written in the one canonical way are refused, and keys of small order.
    """
    if len(public_key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _L:
        return False
    if _public_point(public_key) is None or _decompressed(signature[:32]) is None:
        return False
    if ENGINE == "cryptography":
        try:
            _Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (_InvalidSignature, ValueError):
            return False
        return True
    return verify_ed25519_in_python(public_key, message, signature)


def verify_ed25519_in_python(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """As verify_ed25519, without any library: [S]B - [k]A must be R, compared as bytes."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    key = _public_point(public_key)
    if s >= _L or key is None or _decompressed(signature[:32]) is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _L
    negative = (_P - key[0], key[1], key[2], _P - key[3])
    return _compressed(_sum_of_multiples(s, _base(), k, negative)) == signature[:32]


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _sum_of_multiples(m: int, p: _Point, n: int, q: _Point) -> _Point:
    """[m]p + [n]q, the bits of both taken together."""
    table = (None, p, q, _add(p, q))
    total: _Point = _NEUTRAL
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        choice = table[(m >> bit & 1) + 2 * (n >> bit & 1)]
        if choice is not None:
            total = _add(total, choice)
    return total


def _decompressed(encoded: bytes) -> _Point | None:
    """The point of 32 bytes; None where they are not the canonical form of a point (section 5.1.3)."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _SQRT_M1 % _P
    if (x * x - x2) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _compressed(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    encoded: bytes = (y | (x & 1) << 255).to_bytes(32, "little")
    return encoded


@lru_cache(maxsize=256)
def _public_point(public_key: bytes) -> _Point | None:
    """The point of a public key; None where any signature would fit it (small order), or it is no point."""
    point = _decompressed(public_key)
    if point is None:
        return None
    eightfold = point
    for _ in range(3):
        eightfold = _add(eightfold, eightfold)
    is_neutral = eightfold[0] % _P == 0 and (eightfold[1] - eightfold[2]) % _P == 0
    return None if is_neutral else point


@lru_cache(maxsize=1)
def _base() -> _Point:
    base = _decompressed((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))
    assert base is not None
    return base


# --- Keys, notes, checkpoints, proofs as text (C2SP) ---


class VerifierKey(NamedTuple):
    """A public key under its name."""

    name: str
    key_id: bytes
    """The first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key)."""
    public: bytes

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


class Note(NamedTuple):
    """A text and who signed it."""

    text: str
    """With its last line break, without the signatures."""
    signers: tuple[VerifierKey, ...]


class Checkpoint(NamedTuple):
    """The head of a log: how many entries, which root."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()
    """Lines after the root, signed with it."""

    @property
    def time(self) -> str | None:
        """When the log says it was signed, `2026-03-02T12:50:00.000000Z`; None where it does not say."""
        return next((line[len("time ") :] for line in self.extension if line.startswith("time ")), None)


class Proof(NamedTuple):
    """That an entry stands at an index of a log."""

    leaf: int
    """Its index, from 0."""
    hashes: tuple[bytes, ...]
    checkpoint: str
    """The signed note, as it is."""
    extra: bytes = b""
    """What the log adds for the reader; proven only as far as the reader proves it."""


_ED25519 = b"\x01"
_BREAKS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURES = 16
"""Signatures a note may carry."""
_NOTE_CHARACTERS = 100_000
_PROOF_HASHES = 64


def parse_verifier_key(text: str, place: str = "key") -> VerifierKey:
    """A key written as `name+hash+base64`; raises Refused."""
    parts = text.strip().split("+", 2)
    key = _decoded(parts[2]) if len(parts) == 3 else None
    if key is None or not parts[0] or any(sign.isspace() for sign in parts[0]):
        raise Refused(place, "不是公钥（名称+编号+base64）", "not a public key (name+id+base64)")
    if len(key) != 33 or key[:1] != _ED25519:
        raise Refused(place, "不是 Ed25519 公钥", "not an Ed25519 key")
    made = verifier_key(parts[0], key[1:])
    if parts[1] != made.key_id.hex():
        raise Refused(place, "公钥编号与公钥不符", "the key's id does not fit the key")
    if _public_point(made.public) is None:
        raise Refused(place, "公钥不是曲线上的有效点", "the key is no valid point of the curve")
    return made


def verifier_key(name: str, public: bytes) -> VerifierKey:
    """The key of that name, with its id."""
    return VerifierKey(name, hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4], public)


def verify_note(text: str, keys: Iterable[VerifierKey], place: str = "note") -> Note:
    """The text of a signed note and which of the keys signed it; raises Refused.

    Signatures of other keys are passed over; a wrong one of a known key refuses the whole note.
    """
    body, signatures = _note_parts(text, place)
    known = {(key.name, key.key_id): key for key in keys}
    signers: list[VerifierKey] = []
    for name, signature in signatures:
        key = known.get((name, signature[:4]))
        if key is None or key in signers:
            continue
        if not verify_ed25519(key.public, body.encode(), signature[4:]):
            raise Refused(place, f"{name} 的签名不对", f"the signature of {name} is wrong")
        signers.append(key)
    if not signers:
        zh, en = "没有已知公钥的签名；更换过密钥的，请一并给出旧公钥", "not signed by a known key"
        raise Refused(place, zh, f"{en}; where keys were rotated give the former one as well")
    return Note(body, tuple(signers))


def _note_parts(text: str, place: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(text) > _NOTE_CHARACTERS or _BREAKS.search(text) or not text.endswith("\n") or "\n\n" not in text:
        raise Refused(place, "不是签名文本（C2SP signed note）", "not a signed note (C2SP)")
    split = text.rindex("\n\n") + 1
    body, lines = text[:split], text[split + 1 :].split("\n")[:-1]
    if not lines or len(lines) > _SIGNATURES:
        raise Refused(place, f"签名应为 1 至 {_SIGNATURES} 个", f"1 to {_SIGNATURES} signatures are expected")
    return body, [_signature(line, place) for line in lines]


def _signature(line: str, place: str) -> tuple[str, bytes]:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    signature = _decoded(encoded)
    if mark != "—" or not name or "+" in name or any(c.isspace() for c in name) or signature is None:
        raise Refused(place, "签名行的格式不对", "a signature line has another form")
    if len(signature) < 5:
        raise Refused(place, "签名太短", "a signature is too short")
    return name, signature


def parse_checkpoint(text: str, place: str = "checkpoint") -> Checkpoint:
    """The checkpoint in a note or in the text of one; checks no signature; raises Refused."""
    body = text[: text.rindex("\n\n") + 1] if "\n\n" in text else text
    lines = body.split("\n")
    root = _decoded(lines[2]) if len(lines) >= 4 else None
    if root is None or len(root) != HASH_BYTES or not lines[0] or lines[-1] or "" in lines[:-1]:
        raise Refused(place, "不是检查点（来源、条数、根）", "not a checkpoint (origin, size, root)")
    if not _NUMBER.fullmatch(lines[1]):
        raise Refused(place, f"条数 {lines[1][:20]!r} 不是数字", f"the size {lines[1][:20]!r} is no number")
    return Checkpoint(lines[0], int(lines[1]), root, tuple(lines[3:-1]))


class Endorsement(NamedTuple):
    """The word of a key that hands over: who follows, and the last checkpoint it signed itself."""

    place: str
    old: VerifierKey
    new: VerifierKey
    size: int
    root: bytes


ENDORSEMENT = "amends seal key endorsement v1"


def parse_endorsement(note: str, known: Iterable[VerifierKey], place: str) -> Endorsement:
    """An endorsement, signed by one of the known keys and by the key it names; raises Refused."""
    fields, new = _endorsed(note, place)
    root = _decoded(fields.get("root", ""))
    if root is None or not _NUMBER.fullmatch(fields.get("size", "")):
        raise Refused(place, "不是更换公钥的声明", "not the endorsement of a key")
    signers = verify_note(note, [*known, new], place).signers
    old = [key for key in signers if key != new]
    if new not in signers or len(old) != 1 or old[0].name != new.name:
        raise Refused(place, "声明应由新旧两个公钥签名", "an endorsement is signed by the old key and the new one")
    return Endorsement(place, old[0], new, int(fields["size"]), root)


def _endorsed(note: str, place: str) -> tuple[dict[str, str], VerifierKey]:
    """What an endorsement says, and the key it names."""
    lines = note.split("\n")
    if lines[0] != ENDORSEMENT:
        raise Refused(place, "不是更换公钥的声明", "not the endorsement of a key")
    fields = dict(line.partition(" ")[::2] for line in lines[1:6])
    new = parse_verifier_key(fields.get("key", ""), place)
    if fields.get("origin") != new.name:
        raise Refused(place, "更换公钥的声明属于另一日志", "the endorsement belongs to another log")
    return fields, new


class Succession:
    """Keys and all that follow from them; a key that has handed over signs nothing beyond what it said then."""

    def __init__(self, keys: Iterable[VerifierKey], endorsements: Iterable[Endorsement]) -> None:
        self.trusted = list(keys)
        self.last: dict[VerifierKey, Endorsement] = {}
        """Of a key that handed over: its word. Where there are several, the one that allows least."""
        self.heirs: dict[VerifierKey, set[VerifierKey]] = {}
        """The keys a key has named to follow it."""
        self.problems: list[Refused] = []
        """Keys that have named several."""
        words = sorted(endorsements, key=lambda word: word.size)
        while now := [word for word in words if word.old in self.trusted]:
            words = [word for word in words if word not in now]
            for word in now:
                self._take(word)

    def _take(self, word: Endorsement) -> None:
        self.last.setdefault(word.old, word)
        heirs = self.heirs.setdefault(word.old, set())
        if heirs and word.new not in heirs:
            zh = f"密钥 {word.old.key_id.hex()} 交接给了两个密钥"
            self.problems.append(Refused(word.place, zh, f"key {word.old.key_id.hex()} has handed over to two keys"))
        heirs.add(word.new)
        if word.new not in self.trusted:
            self.trusted.append(word.new)

    def opened(self, note: str, place: str) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
        """A checkpoint and the trusted keys that signed it while they were the ones to sign; raises Refused."""
        opened = verify_note(note, self.trusted, place)
        head = parse_checkpoint(opened.text, place)
        named = [key for key in opened.signers if key.name == head.origin]
        if not named:
            raise Refused(place, "签名者不是该日志", "signed under the name of another log")
        signers = tuple(key for key in named if self._may_sign(key, head))
        if not signers:
            raise Refused(place, "由已交接的密钥签署", "signed by a key after it had handed over to another")
        return head, signers

    def _may_sign(self, key: VerifierKey, head: Checkpoint) -> bool:
        word = self.last.get(key)
        return word is None or head.size < word.size or (head.size, head.root) == (word.size, word.root)


class Consistency(NamedTuple):
    """That a log continues a smaller one of itself."""

    size: int
    """Of the smaller one."""
    hashes: tuple[bytes, ...]
    checkpoint: str
    """Of the larger one, a signed note."""


def parse_consistency(text: str, place: str = "consistency") -> Consistency:
    """`old <size>`, the hashes, an empty line, the checkpoint (the body of c2sp.org/tlog-witness); raises Refused."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    size = lines[0][len("old ") :] if lines[0].startswith("old ") else ""
    if not blank or not _NUMBER.fullmatch(size):
        raise Refused(place, "不是一致性证明", "not a proof of consistency")
    return Consistency(int(size), _path(lines[1:], place), checkpoint)


def parse_proof(text: str, place: str = "proof") -> Proof:
    """A proof in the form of c2sp.org/tlog-proof@v1; raises Refused."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != PROOF_FORMAT or not blank or len(text) > _NOTE_CHARACTERS:
        raise Refused(place, f"不是 {PROOF_FORMAT} 证明", f"not a proof of the form {PROOF_FORMAT}")
    extra: bytes | None = b""
    if len(lines) > 1 and lines[1].startswith("extra "):
        extra = _decoded(lines.pop(1)[len("extra ") :])
    index = lines[1][len("index ") :] if len(lines) > 1 and lines[1].startswith("index ") else ""
    if extra is None or not _NUMBER.fullmatch(index):
        raise Refused(place, "证明的行不对", "the lines of the proof are wrong")
    return Proof(int(index), _path(lines[2:], place), checkpoint, extra)


def _path(lines: Sequence[str], place: str) -> tuple[bytes, ...]:
    hashes = [_decoded(line) for line in lines]
    path = tuple(each for each in hashes if each is not None and len(each) == HASH_BYTES)
    if len(path) != len(lines) or len(path) > _PROOF_HASHES:
        raise Refused(place, "证明中的哈希不对", "a hash of the proof is wrong")
    return path


PROOF_FORMAT = "c2sp.org/tlog-proof@v1"


def _decoded(text: str) -> bytes | None:
    """Base64 in its one canonical form, or None."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if base64.b64encode(value).decode() == text else None


# --- Receipt codes ---


class Code(NamedTuple):
    """What a receipt's code says: where the complaint's first event stands, and how its entry begins."""

    position: int
    """Place in the ledger; may be higher than the index in the log, never lower than index + 1."""
    prefix: bytes
    """The first 20 bytes of the entry."""


CODE_PREFIX = 20
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_POSITION_DIGITS = 7
_ALIKE = str.maketrans("OIL", "011", "- \u2010\u2011\u2012\u2013\u2014")


def parse_code(text: str, place: str = "code") -> Code:
    """The code of a receipt, however it was typed; raises Unreadable, also for a mistyped sign."""
    plain = unicodedata.normalize("NFKC", text[:200]).upper().translate(_ALIKE)
    values = [_DIGITS.find(sign) for sign in plain]
    shortest = _POSITION_DIGITS + CODE_PREFIX * 8 // 5 + 1
    if -1 in values or not shortest <= len(values) <= shortest + 6:
        raise Unreadable(place, f"证明码应为 {shortest} 位字母和数字", f"a code has {shortest} letters and digits")
    check = 0
    for value in values:
        check = _doubled(check) ^ value
    if check:
        raise Unreadable(place, "证明码有一位抄错或两位颠倒", "a sign of the code is wrong, or two have changed places")
    number = 0
    for value in values[:-1]:
        number = number << 5 | value
    position = number >> 8 * CODE_PREFIX
    if position == 0 or (
        len(values) > shortest and position >> 5 * (len(values) - shortest + _POSITION_DIGITS - 1) == 0
    ):
        raise Unreadable(place, "证明码的位置不对", "the position in the code is wrong")
    return Code(position, (number & (1 << 8 * CODE_PREFIX) - 1).to_bytes(CODE_PREFIX, "big"))


def _doubled(value: int) -> int:
    """Times x in the field of 32 elements: x^5 = x^2 + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


# --- What a check says ---


class Statement(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


class Finding(NamedTuple):
    """What is wrong, and where."""

    place: str
    zh: str
    en: str


class Unreadable(Refused):
    """It cannot be judged: no evidence of a form this program knows."""


class Verdict(NamedTuple):
    """What the evidence proves, what it only claims, and what is wrong with it."""

    proven: Sequence[Statement] = ()
    claimed: Sequence[Statement] = ()
    findings: Sequence[Finding] = ()
    facts: dict[str, Any] = {}
    is_readable: bool = True

    @property
    def exit_code(self) -> int:
        """0 valid, 1 false, 2 cannot be judged."""
        return (1 if self.findings else 0) if self.is_readable else 2

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "verdict": ("valid", "false", "unreadable")[self.exit_code],
            **self.facts,
            "signatures_checked_with": ENGINE,
            "proven": [each._asdict() for each in self.proven],
            "claimed": [each._asdict() for each in self.claimed],
            "findings": [each._asdict() for each in self.findings],
        }

    def lines(self, language: str) -> Iterator[str]:
        """The same for people."""
        zh = language == "zh"
        for statement in self.proven:
            yield ("[已证明] " if zh else "[proven]  ") + getattr(statement, language)
        for statement in self.claimed:
            yield ("[仅声明] " if zh else "[claimed] ") + getattr(statement, language)
        for finding in self.findings:
            yield ("[有问题] " if zh else "[wrong]   ") + f"{finding.place}: {getattr(finding, language)}"
        yield ("签名校验：" if zh else "Signatures checked with: ") + ENGINE
        yield _VERDICTS[self.exit_code][zh]


_VERDICTS = (("VALID", "有效"), ("NOT VALID: see above", "无效：见上"), ("CANNOT BE JUDGED", "无法判定"))


def _wrong(refused: Refused) -> Finding:
    return Finding(refused.place, refused.zh, refused.en)


def _unexpected(failure: Exception) -> Finding:
    what = type(failure).__name__
    return Finding("-", f"校验程序无法处理（{what}）", f"the verifier cannot handle this ({what})")


# --- Reading a bundle: a zip file or the folder it was unpacked to ---

MANIFEST, EVENTS, CHECKPOINT, KEYS = "manifest.json", "events.jsonl", "checkpoint.txt", "keys/"
ATTACHMENTS, DISCLOSED, CONSISTENCY = "attachments.json", "disclosed.json", "consistency.txt"
TIMELINES = ("timeline.zh.html", "timeline.en.html")
VERIFIER, README = "verify.py", "README.txt"
FORMAT, VERSION = "amends-bundle", 1

MOST_PARTS = 20_000
MOST_KEYS = 1_000
MOST_BYTES = 2 * 1024**3
MOST_TEXT_BYTES = 64 * 1024**2
"""Of any part that is read as a whole; attachments are only hashed."""
MOST_RATIO = 200
"""How many times larger than in the zip a part may be."""
_NAME = re.compile(r"[A-Za-z0-9@_+=~-][A-Za-z0-9@._+=~-]*(/[A-Za-z0-9@_+=~-][A-Za-z0-9@._+=~-]*)*")
_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_FIRST_OF_1980, _MADE_BY, _READABLE = 1 << 5 | 1, 3 << 8 | 20, 0o100644 << 16
"""How every part of a bundle is packed: no time of its own, on Unix, readable by all."""
_BLOCK = 1 << 20


class Parts:
    """The files of a bundle; names are checked, sizes are bounded."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.crcs: dict[str, int] = {}
        """Of the parts whose digest was asked for."""
        self._folded: set[str] = set()
        self._total = 0

    def add(self, name: str, size: int) -> None:
        """Take a part in; raises Unreadable for a name or size no bundle has."""
        if len(name) > 200 or not _NAME.fullmatch(name):
            raise Unreadable(name[:80], "文件名不允许（路径、上级目录或特殊字符）", "a path no bundle may hold")
        if name.casefold() in self._folded:
            raise Unreadable(name, "同一文件名出现两次", "the same name twice")
        self._folded.add(name.casefold())
        self.sizes[name] = size
        self._total += size
        if len(self.sizes) > MOST_PARTS or self._total > MOST_BYTES:
            raise Unreadable(name, "文件太多或太大", "too many parts, or too large")

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content, a piece at a time."""
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        """The content of a part of text; raises Refused where it is missing, damaged or too large."""
        if name not in self.sizes:
            raise Refused(name, "缺少此文件", "this part is missing")
        if self.sizes[name] > MOST_TEXT_BYTES:
            raise Unreadable(name, "文件太大", "this part is too large")
        return b"".join(self.blocks(name))

    def digest(self, name: str) -> str:
        """SHA-256 of a part in hexadecimal."""
        found, crc = hashlib.sha256(), 0
        for block in self.blocks(name):
            found.update(block)
            crc = zlib.crc32(block, crc)
        self.crcs[name] = crc
        return found.hexdigest()

    def is_packed_anew(self) -> bool:
        """Whether the packing is another than the issuer's: then times and attributes in it say nothing."""
        return False

    def close(self) -> None:
        """Nothing to give back."""


class _Folder(Parts):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        for at, folders, files in os.walk(folder):
            for name in folders + files:
                path = Path(at, name)
                inside = path.relative_to(folder).as_posix()
                mode = path.lstat().st_mode
                if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                    raise Unreadable(inside[:80], "不是普通文件", "not a plain file")
                if stat.S_ISREG(mode):
                    self.add(inside, path.lstat().st_size)

    def blocks(self, name: str) -> Iterator[bytes]:
        with Path(self._folder, name).open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


class _Zip(Parts):
    def __init__(self, path: Path) -> None:
        super().__init__()
        _check_end(path)
        self._path = path
        self._zip = zipfile.ZipFile(path)
        try:
            for part in self._zip.infolist():
                if _is_plain_file(part):
                    self.add(part.filename, part.file_size)
        except BaseException:
            self._zip.close()
            raise

    def blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as part:
                while block := part.read(_BLOCK):
                    yield block
        except _DAMAGE as damage:
            raise Refused(name, "文件已损坏", f"this part is damaged ({type(damage).__name__})") from damage

    def close(self) -> None:
        self._zip.close()

    def is_packed_anew(self) -> bool:
        directory, start = b"", 0
        with self._path.open("rb") as file:
            for name in [MANIFEST, *sorted(self.sizes.keys() - {MANIFEST})]:
                encoded, size = name.encode(), self.sizes[name]
                entry = (20, 0, 0, 0, _FIRST_OF_1980, self.crcs.get(name, 0), size, size, len(encoded), 0)
                local = _LOCAL.pack(b"PK\x03\x04", *entry) + encoded
                directory += _CENTRAL.pack(b"PK\x01\x02", _MADE_BY, *entry, 0, 0, 0, _READABLE, start) + encoded
                file.seek(start)
                if file.read(len(local)) != local:
                    return True
                start += len(local) + size
            count = len(self.sizes)
            end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
            file.seek(start)
            return file.read(len(directory) + len(end) + 1) != directory + end


_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


def _check_end(path: Path) -> None:
    """Look at the end of a zip before anything is read into memory; raises Unreadable."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size))
        end = file.read()
    if len(end) != _END.size or not end.startswith(b"PK\x05\x06"):
        raise Unreadable(path.name, "不是 zip 文件，或不完整", "not a zip file, or cut off")
    _, disk, first, here, parts, length, start, comment = _END.unpack(end)
    if disk or first or here != parts or comment or start + length != size - _END.size:
        raise Unreadable(path.name, "zip 结构不完整或有附加内容", "the zip is incomplete or has something added")
    if parts > MOST_PARTS or length > MOST_PARTS * 400 or size > MOST_BYTES:
        raise Unreadable(path.name, "文件太多或太大", "too many parts, or too large")


def _is_plain_file(part: zipfile.ZipInfo) -> bool:
    """False for a folder; raises Unreadable for what no bundle holds."""
    name, kind = part.filename, stat.S_IFMT(part.external_attr >> 16)
    if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(name[:80], "加密或压缩方式不支持", "encrypted, or packed in an unknown way")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Unreadable(name[:80], "不是普通文件", "not a plain file")
    if part.file_size > _BLOCK and part.file_size > MOST_RATIO * part.compress_size:
        raise Unreadable(name[:80], "压缩率异常，可能是压缩炸弹", "unpacks to far too much: a zip bomb")
    return not (name.endswith("/") and part.file_size == 0 and _NAME.fullmatch(name[:-1]))


def open_parts(path: Path) -> Parts:
    """The parts of a zip file or of a folder; raises Unreadable."""
    try:
        return _Folder(path) if path.is_dir() else _Zip(path)
    except (*_DAMAGE, OSError) as failure:
        if isinstance(failure, FileNotFoundError):
            raise Unreadable(path.name, "没有这个文件", "there is no such file") from failure
        raise Unreadable(path.name, "无法读取", f"cannot be read ({type(failure).__name__})") from failure


# --- Judging a bundle ---

_COMPANY = {
    "company.policy_published": str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "urn:amends"), "company/policies")),
    "company.organisation_published": str(
        uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "urn:amends"), "company/organisation")
    ),
}
"""Facts of the company a bundle holds, and the stream each stands in."""


class Event(NamedTuple):
    """One event line."""

    line: int
    """From 1."""
    raw: bytes
    fields: dict[str, Any]

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{EVENTS}, {self.line}"

    @property
    def kind(self) -> str:
        """Its wire name."""
        return str(self.fields["type"])

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        data: dict[str, Any] = self.fields["data"]
        return data


class Trust(NamedTuple):
    """What the reader holds from elsewhere; without any of it a bundle proves only that it is whole in itself."""

    keys: Sequence[VerifierKey] = ()
    checkpoint: str | None = None
    fingerprint: str | None = None
    """SHA-256 of the manifest, in hexadecimal."""
    endorsements: Sequence[tuple[str, str]] = ()
    """Notes by which keys handed over, each with the place it comes from."""


NOTHING_HELD = Trust()


class _Bundle:
    """One bundle while it is judged; a step may use what the steps before it have found."""

    def __init__(self, parts: Parts, trust: Trust) -> None:
        self.parts, self.trust = parts, trust
        self.proven: list[Statement] = []
        self.claimed: list[Statement] = []
        self.findings: list[Finding] = []
        self.left_open: list[Finding] = []
        self.facts: dict[str, Any] = {}
        self.manifest: dict[str, Any] = {}
        self.note = ""
        self.head = Checkpoint("", 0, b"")
        self.events: list[Event] = []
        self.own: list[Event] = []
        """The complaint's own events."""
        self.indexes: list[int] = []
        self.digests: dict[str, str] = {}

    def prove(self, zh: str, en: str) -> None:
        self.proven.append(Statement(zh, en))

    def claim(self, zh: str, en: str) -> None:
        self.claimed.append(Statement(zh, en))

    def text(self, name: str) -> str:
        try:
            return self.parts.read(name).decode()
        except UnicodeDecodeError:
            raise Refused(name, "不是 UTF-8 文本", "not text in UTF-8") from None

    def leave_open(self, place: str, zh: str, en: str) -> None:
        """Neither proven nor false: for that something is needed that the reader can ask for."""
        self.left_open.append(Finding(place, zh, en))

    def verdict(self, *, is_readable: bool = True) -> Verdict:
        told = [*self.findings, *self.left_open]
        return Verdict(self.proven, self.claimed, told, self.facts, is_readable and bool(self.findings or not told))


def verify_bundle(path: Path, trust: Trust = NOTHING_HELD) -> Verdict:
    """What a bundle proves; never raises for a bad one."""
    try:
        parts = open_parts(path)
    except Unreadable as refused:
        return Verdict(findings=[_wrong(refused)], is_readable=False)
    bundle = _Bundle(parts, trust)
    try:
        for step in _FIRST:
            step(bundle)
        for step in _THEN:
            try:
                step(bundle)
            except Refused as refused:
                bundle.findings.append(_wrong(refused))
    except Unreadable as refused:
        bundle.findings.append(_wrong(refused))
        return bundle.verdict(is_readable=False)
    except Refused as refused:
        bundle.findings.append(_wrong(refused))
    except Exception as failure:  # catch-all: a log of somebody's own making may hold events of any shape
        bundle.findings.append(_unexpected(failure))
        return bundle.verdict(is_readable=False)
    finally:
        parts.close()
    return bundle.verdict()


def _read_manifest(bundle: _Bundle) -> None:
    if MANIFEST not in bundle.parts.sizes:
        raise Unreadable(MANIFEST, "缺少清单：不是证据包", "no manifest: this is not a bundle")
    raw = bundle.parts.read(MANIFEST)
    manifest = _json(raw, MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Unreadable(MANIFEST, "不是证据包", "this is not a bundle of evidence")
    if manifest.get("version") != VERSION:
        version = str(manifest.get("version"))[:20]
        zh, en = f"格式版本 {version}：需要更新的校验程序", f"format version {version}: a newer verifier is needed"
        raise Unreadable(MANIFEST, zh, en)
    bundle.manifest = manifest
    bundle.facts["fingerprint"] = hashlib.sha256(raw).hexdigest()


def _check_digests(bundle: _Bundle) -> None:
    """Every part is the one the manifest names, and there is no other."""
    listed = bundle.manifest.get("parts")
    if not isinstance(listed, dict):
        raise Refused(MANIFEST, "没有文件列表", "the list of parts is missing")
    found = bundle.parts.sizes.keys() - {MANIFEST}
    for name in sorted(listed.keys() - found):
        bundle.findings.append(Finding(str(name)[:200], "缺少此文件", "this part is missing"))
    for name in sorted(found - listed.keys()):
        bundle.findings.append(Finding(name, "清单中没有此文件", "this part is not in the manifest"))
    for name in sorted(found & listed.keys()):
        try:
            bundle.digests[name] = bundle.parts.digest(name)
        except Unreadable:
            raise
        except Refused as damaged:
            bundle.findings.append(_wrong(damaged))
            continue
        if listed[name] != {"sha256": bundle.digests[name], "size": bundle.parts.sizes[name]}:
            bundle.findings.append(Finding(name, "内容与清单的摘要不符", "its content differs from the manifest"))
    if MANIFEST not in bundle.parts.crcs:
        bundle.parts.digest(MANIFEST)
    if bundle.parts.is_packed_anew():
        zh = "文件不是出具时的打包形式：文件时间、属性和次序不说明任何问题，以内容为准"
        bundle.claim(
            zh, "it is not packed as issued: times, attributes and order of the files say nothing, contents count"
        )


def _check_checkpoint(bundle: _Bundle) -> None:
    """The checkpoint is signed by a key of the bundle; by one the reader holds, where they named any."""
    bundle.note = bundle.text(CHECKPOINT)
    head, (signer, *_) = _succession_of(bundle).opened(bundle.note, CHECKPOINT)
    bundle.head = head
    bundle.facts.update(origin=head.origin, size=head.size, root=head.root.hex(), signed_at=head.time)
    root, when = head.root.hex()[:16], head.time or "?"
    bundle.prove(
        f"检查点由 {signer.name} 签名：{head.size} 条，根 {root}…，签名时间 {when}",
        f"the checkpoint is signed by {signer.name}: {head.size} entries, root {root}…, signed at {when}",
    )
    if bundle.trust.keys:
        zh, en = (
            "签名公钥就是您给出的公钥，或由它依次更换而来",
            "the signing key is yours, or follows from it by rotation",
        )
        bundle.prove(zh, en)
    else:
        bundle.claim(
            f"签名公钥 {signer}：请与公司公布的公钥核对，或用 --public-key 给出",
            f"the key {signer} is the company's: compare it with the published one, or give that with --public-key",
        )


def _succession_of(bundle: _Bundle) -> Succession:
    """The keys of the bundle; of them only those the reader's keys vouch for, where the reader has some."""
    names = sorted(name for name in bundle.parts.sizes if name.startswith(KEYS))
    if len(names) > MOST_KEYS:
        raise Unreadable(KEYS, "公钥太多", "too many keys")
    published = [parse_verifier_key(bundle.text(name), name) for name in names if name.endswith(".vkey")]
    words = [(bundle.text(name), name) for name in names if name.endswith(".endorsement")]
    return _succession(published, [*words, *bundle.trust.endorsements], bundle.trust)


def _succession(published: Sequence[VerifierKey], words: Iterable[tuple[str, str]], trust: Trust) -> Succession:
    """The reader's keys and what follows from them; all published ones where the reader has none; raises Refused."""
    notes = list(words)
    known = {*published, *trust.keys, *(_endorsed(note, place)[1] for note, place in notes)}
    found = [parse_endorsement(note, known, place) for note, place in notes]
    keys = Succession(trust.keys or published, found)
    if keys.problems:
        raise keys.problems[0]
    return keys


def _check_outside(bundle: _Bundle) -> None:
    """The checkpoint belongs to the same history as the one the reader holds from elsewhere."""
    proof = _consistency(bundle)
    if bundle.trust.checkpoint is None:
        zh = "日志没有另一个版本：请与您另外保存的检查点核对（--checkpoint）"
        bundle.claim(zh, "the log has no other version: compare with a checkpoint kept elsewhere (--checkpoint)")
        return
    outside, head = parse_checkpoint(bundle.trust.checkpoint, "--checkpoint"), bundle.head
    if outside.origin != head.origin:
        zh, en = f"是另一日志的检查点：{outside.origin}", f"a checkpoint of another log: {outside.origin}"
        raise Refused("--checkpoint", zh, en)
    if outside.size == head.size:
        if outside.root != head.root:
            zh, en = "条数相同而根不同：历史被改写", "the same size and another root: history was rewritten"
            raise Refused(CHECKPOINT, zh, en)
    elif proof is None or not _continues(bundle, proof, outside):
        zh = f"证据包没有与该检查点（{outside.size} 条）的一致性证明：请用 amends bundle --checkpoint 重新出具"
        en = f"no proof of consistency with that one of {outside.size}: ask for `amends bundle --checkpoint`"
        bundle.leave_open(CHECKPOINT, zh, en)
        return
    zh = f"检查点与您保存的检查点（{outside.size} 条）属于同一段历史"
    bundle.prove(zh, f"the checkpoint continues the one you hold, of {outside.size} entries")


def _consistency(bundle: _Bundle) -> Consistency | None:
    """The proof that the log continues an older checkpoint, where the bundle has one."""
    if CONSISTENCY not in bundle.parts.sizes:
        return None
    proof = parse_consistency(bundle.text(CONSISTENCY), CONSISTENCY)
    if proof.checkpoint != bundle.note:
        raise Refused(CONSISTENCY, "证明用的是另一检查点", "the proof belongs to another checkpoint")
    return proof


def _continues(bundle: _Bundle, proof: Consistency, outside: Checkpoint) -> bool:
    """Whether the proof is for that checkpoint; raises Refused where it is and fails."""
    if proof.size != outside.size:
        return False
    if not check_consistency(outside.size, outside.root, bundle.head.size, bundle.head.root, proof.hashes):
        raise Refused(
            CONSISTENCY, "一致性证明不成立：历史被改写", "the proof of consistency fails: history was rewritten"
        )
    return True


def _read_events(bundle: _Bundle) -> None:
    """The event lines: one complaint's own, versions 1..n, and facts of the company."""
    raw = bundle.parts.read(EVENTS)
    lines = raw.split(b"\n")
    if lines.pop() or not lines:
        raise Refused(EVENTS, "没有事件，或最后一行不完整", "no events, or the last line is cut off")
    bundle.events = [_event(number, line) for number, line in enumerate(lines, start=1)]
    complaint = str(bundle.manifest.get("complaint"))
    bundle.own = [event for event in bundle.events if event.fields["complaint_id"] == complaint]
    for event in bundle.events:
        if event.fields["complaint_id"] not in (complaint, _COMPANY.get(event.kind)):
            raise Refused(event.place, "是另一投诉的事件", "an event of another complaint")
    _check_versions(bundle.own, first=1)
    _check_complaint(bundle.own, complaint)
    for stream in _COMPANY.values():
        _check_versions([event for event in bundle.events if event.fields["complaint_id"] == stream], first=None)
    bundle.facts.update(complaint=complaint, number=bundle.own[0].data.get("number"), events=len(bundle.own))


def _check_versions(events: Sequence[Event], first: int | None) -> None:
    for before, event in zip([None, *events], events):  # noqa: B905  # Python 3.9 has no strict
        version = event.fields["version"]
        wanted = first if before is None else before.fields["version"] + 1
        if wanted is not None and version != wanted:
            zh, en = f"版本应为 {wanted}，却是 {version}", f"version {wanted} is expected, {version} stands here"
            raise Refused(event.place, zh, en)
        if before is not None and event.fields["position"] <= before.fields["position"]:
            raise Refused(event.place, "事件顺序不对", "events are out of order")


def _check_complaint(own: Sequence[Event], complaint: str) -> None:
    """The stream is the complaint's that its first fact tells of."""
    if not own or own[0].kind != "complaint.received":
        raise Refused(EVENTS, "投诉没有从受理开始", "the complaint does not begin with its reception")
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "urn:amends")
    source = f"complaint/{own[0].data.get('channel')}/{own[0].data.get('external_ref')}"
    if str(uuid.uuid5(namespace, source)) != complaint:
        raise Refused(own[0].place, "投诉编号与渠道编号不符", "the complaint id does not follow from its reference")


def _check_proofs(bundle: _Bundle) -> None:
    """Each event stands in the log, in this order."""
    for event in bundle.events:
        name = proof_name(event.line)
        proof = parse_proof(bundle.text(name), name)
        if proof.checkpoint != bundle.note or proof.extra:
            raise Refused(name, "证明用的是另一检查点", "the proof belongs to another checkpoint")
        leaf = leaf_hash(entry_hash(event.raw))
        if not check_inclusion(leaf, proof.leaf, bundle.head.size, proof.hashes, bundle.head.root):
            zh, en = f"第 {event.line} 行事件不在日志中", f"the event of line {event.line} is not in the log"
            raise Refused(name, zh, en)
        if proof.leaf >= event.fields["position"] or (bundle.indexes and proof.leaf <= bundle.indexes[-1]):
            raise Refused(name, "事件在日志中的顺序不同", "the log has these events in another order")
        bundle.indexes.append(proof.leaf)
    own, others = len(bundle.own), len(bundle.events) - len(bundle.own)
    bundle.prove(
        f"投诉的 {own} 个事件和公司的 {others} 个事件一字未改，都在日志中，顺序一致",
        f"the complaint's {own} events and {others} of the company are in the log, word for word, in order",
    )
    zh = "事件中的时间和内容是公司当时写下的；证明的是此后没有改过，不是写得属实"
    en = "times and contents are what the company wrote then: proven is that nothing changed since, not that it is true"
    bundle.claim(zh, en)
    zh = f"到检查点为止，该投诉没有第 {len(bundle.own)} 个之后的事件"
    bundle.claim(zh, f"up to the checkpoint the complaint has no event after number {len(bundle.own)}")


def proof_name(line: int) -> str:
    """The part that proves the event of that line, counted from 1."""
    return f"proofs/{line:06}.tlog-proof"


def _check_copies(bundle: _Bundle) -> None:
    """The readable policy and organisation are the texts of proven events, and none is missing."""
    copies = _copies(bundle)
    for name, text in copies.items():
        if bundle.text(name) != text:
            raise Refused(name, "与已证明的事件内容不同", "differs from the proven event")
    known = {event.data.get("policy_id"): event for event in bundle.events if event.kind in _COMPANY}
    for event in bundle.own:
        policy = event.fields.get("policy")
        if policy is not None and (policy not in known or known[policy].line > event.line):
            raise Refused(event.place, f"缺少其政策 {policy}", f"its policy {policy} is missing")
    received = bundle.own[0].line
    people = [event for event in bundle.events if event.kind == "company.organisation_published"]
    if not people or (people[0].line > received and people[0].fields["version"] != 1):
        raise Refused(EVENTS, "缺少受理时的组织架构", "the organisation at reception is missing")
    names = "、".join(sorted(copies)), ", ".join(sorted(copies))
    bundle.prove(
        f"政策和组织架构与已证明的事件一致：{names[0]}", f"policy and organisation are those proven: {names[1]}"
    )


def _copies(bundle: _Bundle) -> dict[str, str]:
    """Part -> text, of everything the company's events published; raises Refused for a text of another digest."""
    copies: dict[str, str] = {}
    for event in bundle.events:
        if event.kind not in _COMPANY:
            continue
        text = event.data.get("text")
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != event.data.get("sha256"):
            raise Refused(event.place, "文本与其摘要不符", "the text does not fit its digest")
        is_policy = event.kind == "company.policy_published"
        name = f"policy/{event.data.get('policy_id')}" if is_policy else f"organisation/{event.fields['version']}"
        copies[f"{name}.toml"] = text
    return copies


def _check_attachments(bundle: _Bundle) -> None:
    """The list follows from proven events; each file that is there has the digest it is known by."""
    wanted = attachments_of(bundle.own)
    for each in wanted:
        each["included"] = f"attachments/{each['sha256']}" in bundle.parts.sizes
    if _json(bundle.parts.read(ATTACHMENTS), ATTACHMENTS) != wanted:
        raise Refused(ATTACHMENTS, "与事件中的附件不同", "differs from the attachments the events name")
    names = {f"attachments/{each['sha256']}" for each in wanted}
    there = [name for name in bundle.parts.sizes if name.startswith("attachments/")]
    for name in there:
        if name not in names:
            raise Refused(name, "没有事件提到此附件", "no event names this attachment")
        if bundle.digests.get(name) != name.split("/", 1)[1]:
            raise Refused(name, "附件内容与其摘要不符", "the attachment does not have the digest it is known by")
    count = len(names)
    bundle.prove(
        f"{count} 个附件的摘要已证明，其中 {len(there)} 个在包内且内容相符",
        f"the digests of {count} attachments are proven; {len(there)} are in the bundle and fit",
    )


def attachments_of(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Every file the events of a complaint name, with the version of the event, first to last."""
    named = []
    for event in events:
        several = event.data.get("attachments") or []
        one = [event.data] if event.kind == "complaint.evidence_added" else []
        for file in [*several, *one]:
            fields = {name: file.get(name) for name in ("name", "media_type", "sha256", "size")}
            named.append({**fields, "version": event.fields["version"]})
    return named


_ENTRY = re.compile(r'data-version="(\d+)" data-entry="([0-9a-f]{64})"')


def _check_timelines(bundle: _Bundle) -> None:
    """The readable timelines show each event once, in order; their words are the company's."""
    wanted = [(str(event.fields["version"]), entry_hash(event.raw).hex()) for event in bundle.own]
    for name in TIMELINES:
        if _ENTRY.findall(bundle.text(name)) != wanted:
            raise Refused(name, "时间线与事件不一致", "the timeline does not show these events")
    zh = f"时间线（{'、'.join(TIMELINES)}）列出全部事件，其文字由公司生成：以 {EVENTS} 为准"
    en = f"the timelines ({', '.join(TIMELINES)}) list every event in words the company made: {EVENTS} is what counts"
    bundle.claim(zh, en)
    zh = f"{README} 和 {VERIFIER} 是公司附上的：请用从别处取得的校验程序再核对一次"
    bundle.claim(zh, f"{README} and {VERIFIER} come from the company: check once more with a verifier from elsewhere")


_TOKEN = re.compile(r"~1~[A-Za-z0-9_-]{22}~[A-Za-z0-9_-]{22,}")


def _check_disclosed(bundle: _Bundle) -> None:
    """Disclosed texts belong to tokens of the events; that a text is the one behind its token only the key proves."""
    tokens = {token for event in bundle.own for token in _TOKEN.findall(event.raw.decode())}
    if DISCLOSED not in bundle.parts.sizes:
        if tokens:
            zh, en = f"{len(tokens)} 段个人文字已加密", f"{len(tokens)} personal texts are encrypted"
            bundle.claim(f"{zh}，证明的是密文", f"{en}: proven are the ciphertexts")
        return
    disclosed = _json(bundle.parts.read(DISCLOSED), DISCLOSED)
    texts = disclosed.get("texts") if isinstance(disclosed, dict) else None
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise Refused(DISCLOSED, "格式不对", "it has another form")
    if disclosed != {"complaint": bundle.own[0].fields["complaint_id"], "texts": texts}:
        raise Refused(DISCLOSED, "不属于本投诉，或多了内容", "it is not this complaint's, or says more")
    if strange := sorted(texts.keys() - tokens):
        raise Refused(DISCLOSED, f"事件中没有 {strange[0][:60]}", f"no event holds {strange[0][:60]}")
    bundle.claim(
        f"{len(texts)} 段个人文字由公司解密：没有客户的密钥无法证明文字与密文对应",
        f"{len(texts)} personal texts were decrypted by the company: without the customer's key nobody can prove "
        "that a text belongs to its ciphertext",
    )


def _check_manifest(bundle: _Bundle) -> None:
    """The manifest says nothing but what follows from the other parts."""
    policies = sorted(str(e.data.get("policy_id")) for e in bundle.events if e.kind == "company.policy_published")
    wanted = {
        "format": FORMAT,
        "version": VERSION,
        "origin": bundle.head.origin,
        "checkpoint": {"size": bundle.head.size, "root": bundle.head.root.hex()},
        "complaint": bundle.own[0].fields["complaint_id"],
        "number": bundle.own[0].data.get("number"),
        "policies": policies,
        "events": len(bundle.events),
        "parts": {name: {"sha256": d, "size": bundle.parts.sizes[name]} for name, d in bundle.digests.items()},
    }
    canonical = json.dumps(wanted, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if bundle.parts.read(MANIFEST) != canonical.encode():
        raise Refused(MANIFEST, "清单与内容不符", "the manifest differs from what is here")
    fingerprint = bundle.facts["fingerprint"]
    if bundle.trust.fingerprint is None:
        zh = f"清单指纹 {fingerprint}：由出具人另行告知时可证明全部文件未变（--fingerprint）"
        bundle.claim(zh, f"the fingerprint {fingerprint}: told by the issuer it proves every file (--fingerprint)")
    elif bundle.trust.fingerprint.strip().lower() != fingerprint:
        raise Refused(MANIFEST, "清单指纹与您给出的不同", "the fingerprint is not the one you gave")
    else:
        bundle.prove("清单指纹相符：全部文件与出具时相同", "the fingerprint fits: every file is as issued")


_FIRST: tuple[Callable[[_Bundle], None], ...] = (_read_manifest, _check_digests, _check_checkpoint, _read_events)
_THEN: tuple[Callable[[_Bundle], None], ...] = (
    _check_proofs,
    _check_outside,
    _check_copies,
    _check_attachments,
    _check_timelines,
    _check_disclosed,
    _check_manifest,
)


def _event(number: int, line: bytes) -> Event:
    place = f"{EVENTS}, {number}"
    fields = _json(line, place)
    kinds = {"complaint_id": str, "type": str, "version": int, "position": int, "data": dict}
    if not isinstance(fields, dict) or not all(type(fields.get(name)) is kind for name, kind in kinds.items()):
        raise Refused(place, "不是事件", "not an event")
    return Event(number, line, fields)


def _json(raw: bytes, place: str) -> Any:
    """JSON that can be read in one way only; raises Refused."""
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise Refused(place, "不是合格的 JSON", "not sound JSON") from wrong


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _no_constant(name: str) -> None:
    raise ValueError(name)


# --- Judging a receipt ---


def verify_code(code: str, proof: str, trust: Trust = NOTHING_HELD) -> Verdict:
    """What a receipt's code and a proof show: that the complaint is in the log, and in whose."""
    proven: list[Statement] = []
    claimed: list[Statement] = []
    facts: dict[str, Any] = {}
    try:
        wanted, shown = parse_code(code, "code"), parse_proof(proof, "proof")
        head = parse_checkpoint(shown.checkpoint, "proof")
        facts.update(origin=head.origin, size=head.size, root=head.root.hex(), signed_at=head.time, index=shown.leaf)
        _check_entry(wanted, shown, head)
        if not trust.keys and trust.checkpoint is None:  # anybody can make up a log of one entry
            zh = "没有公钥，也没有您自己保存的检查点，无法判定：请用 --public-key 给出公钥，或另附您保存的检查点"
            en = "without a key or a checkpoint of your own nothing can be judged: give --public-key, or a checkpoint"
            raise Unreadable("proof", zh, f"{en} you hold")
        when = head.time or "?"
        zh = f"证明码对应的投诉在日志 {head.origin} 中，序号 {shown.leaf}，至迟自 {when} 起"
        en = f"the complaint of this code is in the log {head.origin}, index {shown.leaf}, since {when} or before"
        proven.append(Statement(zh, en))
        zh = "签名时间是日志自己写下的：您在该时间之前收到的检查点才是独立的证据"
        claimed.append(
            Statement(zh, "that time is the log's own word: a checkpoint you had by then is evidence of its own")
        )
        _check_trust(shown, head, trust, proven, claimed)
    except Refused as refused:
        return Verdict((), (), [_wrong(refused)], facts, not isinstance(refused, Unreadable))
    return Verdict(proven, claimed, (), facts)


def _check_entry(wanted: Code, shown: Proof, head: Checkpoint) -> None:
    if len(shown.extra) != HASH_BYTES or shown.extra[:CODE_PREFIX] != wanted.prefix or shown.leaf >= wanted.position:
        raise Refused("proof", "证明不属于此证明码", "the proof is not of this code")
    if not check_inclusion(leaf_hash(shown.extra), shown.leaf, head.size, shown.hashes, head.root):
        raise Refused("proof", "该条不在日志中", "the entry is not in the log")


def _check_trust(
    shown: Proof, head: Checkpoint, trust: Trust, proven: list[Statement], claimed: list[Statement]
) -> None:
    if trust.checkpoint is not None:
        held = parse_checkpoint(trust.checkpoint, "checkpoint")
        if held.origin != head.origin or (held.size == head.size and held.root != head.root):
            zh, en = "证明针对的是另一段历史", "the proof is of another history than the checkpoint you hold"
            raise Refused("checkpoint", zh, en)
        if held.size != head.size:
            zh, en = (
                "证明不是针对您的检查点：请用 amends prove --checkpoint 重新出具",
                "the proof is of another checkpoint",
            )
            raise Unreadable("checkpoint", zh, f"{en}: ask for `amends prove --checkpoint` with yours")
        proven.append(Statement("证明针对您保存的检查点", "the proof is of the checkpoint you hold"))
    if trust.keys:
        _, (signer, *_) = _succession((), trust.endorsements, trust).opened(shown.checkpoint, "proof")
        proven.append(Statement(f"检查点由 {signer.name} 签名", f"the checkpoint is signed by {signer.name}"))
    else:
        zh, en = "检查点的签名没有核对：请用 --public-key 给出公钥", "the signature of the checkpoint was not checked"
        claimed.append(Statement(zh, f"{en}: give the key with --public-key"))


# --- The command line ---


def main(argv: Sequence[str]) -> int:
    """Judge a bundle or a receipt; the exit code: 0 valid, 1 false, 2 cannot be judged."""
    asked = _arguments().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        verdict = _judged(asked)
    except Refused as refused:
        verdict = Verdict(findings=[_wrong(refused)], is_readable=False)
    except Exception as failure:  # catch-all: whatever is handed in, the answer is a verdict
        verdict = Verdict(findings=[_unexpected(failure)], is_readable=False)
    if asked.json:
        print(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        print("\n".join(verdict.lines("en" if asked.en else "zh")))
    return verdict.exit_code


def _arguments() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(
        prog="verify.py",
        description="校验证据包或回执证明码 / checks a bundle of evidence, or the code of a receipt. "
        "0 = 有效 valid, 1 = 无效 false, 2 = 无法判定 cannot be judged",
    )
    asked.add_argument(
        "files", nargs="*", metavar="FILE", help="证据包（zip 或文件夹）/ the bundle, or PROOF [CHECKPOINT]"
    )
    asked.add_argument("--code", help="回执上的证明码 / the code of a receipt: --code CODE PROOF [CHECKPOINT]")
    asked.add_argument(
        "--public-key", action="append", default=[], metavar="KEY", help="公钥或公钥文件 / the key, or its file"
    )
    asked.add_argument(
        "--endorsement", action="append", default=[], metavar="FILE", help="密钥交接声明 / how a key handed over"
    )
    asked.add_argument("--checkpoint", metavar="FILE", help="另外保存的检查点 / a checkpoint kept elsewhere")
    asked.add_argument("--fingerprint", metavar="HEX", help="出具人告知的指纹 / the fingerprint the issuer told you")
    asked.add_argument("--json", action="store_true", help="机器可读 / for machines")
    asked.add_argument("--en", action="store_true", help="English instead of Chinese")
    return asked


def _judged(asked: argparse.Namespace) -> Verdict:
    files = list(asked.files)
    keys = [key for given in asked.public_key for key in _given_keys(given)]
    words = [(_given_text(name), name[:80]) for name in asked.endorsement]
    if asked.code is not None:
        if not 1 <= len(files) <= 2:
            raise Unreadable(
                "--code", "用法：--code 证明码 证明文件 [检查点文件]", "use: --code CODE PROOF [CHECKPOINT]"
            )
        outside = files[1] if len(files) == 2 else asked.checkpoint
        trust = Trust(keys, _given_checkpoint(outside), endorsements=words)
        return verify_code(asked.code, _given_text(files[0]), trust)
    if len(files) > 1:
        raise Unreadable(files[1], "一次只能校验一个证据包", "one bundle at a time")
    trust = Trust(keys, _given_checkpoint(asked.checkpoint), asked.fingerprint, words)
    return verify_bundle(Path(files[0]) if files else _here(), trust)


def _here() -> Path:
    """The unpacked bundle this file lies in."""
    return Path(__file__).resolve().parent


def _given_keys(given: str) -> list[VerifierKey]:
    """A key as it is, or every key in a file of keys, one a line."""
    is_key = given.count("+") >= 2 and not Path(given).is_file()
    lines = [given] if is_key else _given_text(given).splitlines()
    keys = [parse_verifier_key(line, "--public-key") for line in lines if line.strip()]
    if not keys:
        raise Unreadable("--public-key", f"{given[:80]} 中没有公钥", f"no key in {given[:80]}")
    return keys


def _given_checkpoint(name: str | None) -> str | None:
    """The one checkpoint of a file; with another file of the reader's nothing can be judged, and nothing is false."""
    if name is None:
        return None
    text = _given_text(name).rstrip("\n") + "\n"
    try:
        parse_checkpoint(text, name[:80])
    except Refused as refused:
        zh, en = f"应是单独一个检查点：{refused.zh}", f"one checkpoint by itself is wanted: {refused.en}"
        raise Unreadable(refused.place, zh, en) from refused
    return text


def _given_text(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            return file.read(_NOTE_CHARACTERS + 1).decode().replace("\r\n", "\n")
    except (OSError, ValueError) as failure:
        what = type(failure).__name__
        raise Unreadable(name[:80], f"无法读取（{what}）", f"cannot be read ({what})") from failure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
