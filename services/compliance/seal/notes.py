"""Signing a text so that a stranger can check it: C2SP signed notes with Ed25519, and keys as text."""

import base64
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""The algorithm's byte in front of a public key."""
DASH = "—"


class NotSigned(Exception):
    """A note is not signed by the key it must be signed by, or is no note."""


class PublicKey(NamedTuple):
    """A public key under the name it signs with."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """The key id: the first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key)."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        """`name+id+key`, as verifiers want it."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.raw).decode()}"


def public_key(text: str) -> PublicKey:
    """A key written as `name+id+key`; raises ValueError."""
    name, _, rest = text.strip().partition("+")
    id_, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    key = PublicKey(name, raw[1:])
    if not is_name(name) or raw[:1] != ED25519 or len(raw) != 33 or key.id.hex() != id_:
        raise ValueError(f"{text.strip()!r} is no public key of the form name+id+key")
    return key


def is_name(name: str) -> bool:
    """Whether a key may be called that: no spaces, no plus sign."""
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)


class Signer(NamedTuple):
    """A private key under a name."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """What others check with."""
        return PublicKey(self.name, self.private.public_key().public_bytes_raw())

    def signature(self, text: str) -> str:
        """The signature line for a text."""
        signed = base64.b64encode(self.public.id + self.private.sign(text.encode())).decode()
        return f"{DASH} {self.name} {signed}\n"


def signed(text: str, *signers: Signer) -> str:
    """A note: the text, an empty line, a signature line of each; raises ValueError for a text that cannot be one."""
    if not text.endswith("\n") or any(sign < " " and sign != "\n" for sign in text):
        raise ValueError("a note's text ends with a line break and holds no other control characters")
    return "".join([text, "\n", *(signer.signature(text) for signer in signers)])


def opened(note: str, *keys: PublicKey) -> str:
    """The text of a note that every one of these keys has signed; raises NotSigned."""
    text, empty, lines = note.rpartition("\n\n")
    if not empty:
        raise NotSigned("no signed note")
    text += "\n"
    found = set(lines.split("\n"))
    for key in keys:
        if not any(_is_of(key, line, text) for line in found):
            raise NotSigned(f"not signed by {key}")
    return text


def _is_of(key: PublicKey, line: str, text: str) -> bool:
    start = f"{DASH} {key.name} "
    if not line.startswith(start):
        return False
    try:
        signature = base64.b64decode(line.removeprefix(start), validate=True)
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature[4:], text.encode())
    except (ValueError, InvalidSignature):
        return False
    return signature[:4] == key.id
