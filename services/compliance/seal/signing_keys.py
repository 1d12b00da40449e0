"""The key that signs checkpoints: made once, kept apart from what is published, replaced under the old one's word.

In the directory of keys: `signing.key` (PKCS 8, readable by its owner alone) and, while a rotation runs, `next.key`.
Published beside the log: `keys/<key id>.vkey` of every key there was, and `keys/<key id>.endorsement`, in which the
key before it names it and says how far it has signed itself.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events import durable
from events.envelope import instant
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.notes import NotSigned, PublicKey, Signer, opened, public_key, signed
from services.compliance.seal.seal_store import SealStore

PUBLISHED = "keys/"
ENDORSEMENT = "amends seal key endorsement v1"
"""First line of an endorsement: no checkpoint begins so, for an origin of ours begins with `amends.log/`."""
SIGNING, NEXT = "signing.key", "next.key"


class NoKey(Exception):
    """The key that signs checkpoints is missing or cannot be read."""


class SigningKeys:
    """The directory of private keys."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self) -> bool:
        """Make the key where there is none; whether one was made."""
        if self.exists():
            return False
        self._write(SIGNING)
        return True

    def exists(self) -> bool:
        """Whether there is a key to sign with."""
        return (self.directory / SIGNING).exists()

    def current(self) -> Ed25519PrivateKey:
        """The key that signs now; raises NoKey."""
        return self._read(SIGNING)

    def begin_rotation(self) -> None:
        """Make the next key; the sealer takes it over when it looks next."""
        if not self.rotation_begun():
            self._write(NEXT)

    def rotation_begun(self) -> bool:
        """Whether a next key waits."""
        return (self.directory / NEXT).exists()

    def next(self) -> Ed25519PrivateKey:
        """The key that will sign; raises NoKey."""
        return self._read(NEXT)

    def end_rotation(self) -> None:
        """The next key signs from now on; the one before is gone, so that nobody can sign with it any more."""
        durable.put(self.directory / NEXT, self.directory / SIGNING)

    def _read(self, name: str) -> Ed25519PrivateKey:
        file = self.directory / name
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), None)
        except (OSError, ValueError, TypeError) as failure:
            raise NoKey(f"{file}: 无法读取封存私钥 / the seal's private key cannot be read: {failure}") from failure
        if not isinstance(key, Ed25519PrivateKey):
            raise NoKey(f"{file}: 不是 Ed25519 私钥 / no Ed25519 key")
        return key

    def _write(self, name: str) -> None:
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(self.directory / name, text)


class Endorsement(NamedTuple):
    """What a key says when it hands over: who follows, and the last checkpoint it signed itself."""

    origin: str
    key: PublicKey
    """The key that follows."""
    size: int
    root: bytes
    time: str

    def text(self) -> str:
        """The body that the old key and the new one sign."""
        root = base64.b64encode(self.root).decode()
        return f"{ENDORSEMENT}\norigin {self.origin}\nkey {self.key}\nsize {self.size}\nroot {root}\ntime {self.time}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """A body as `text` makes it; raises NotSigned for any other."""
        try:
            head, origin, key, size, root, time, _ = text.split("\n")
            read = cls(
                origin.removeprefix("origin "),
                public_key(key.removeprefix("key ")),
                int(size.removeprefix("size ")),
                base64.b64decode(root.removeprefix("root "), validate=True),
                time.removeprefix("time "),
            )
        except (ValueError, binascii.Error) as other:
            raise NotSigned("no endorsement of a key") from other
        if head != ENDORSEMENT or read.text() != text:
            raise NotSigned("no endorsement of a key")
        return read


def publish_key(store: SealStore, key: PublicKey) -> None:
    """Put a public key beside the log, for good."""
    store.write(f"{PUBLISHED}{key.id.hex()}.vkey", f"{key}\n".encode())


def endorse(store: SealStore, old: Signer, new: Signer, last: Checkpoint, at: datetime) -> None:
    """Publish that the new key follows the old one; both sign, so that nobody can be named against their will."""
    words = Endorsement(last.origin, new.public, last.size, last.root, instant(at))
    path = f"{PUBLISHED}{new.public.id.hex()}.endorsement"
    # A rotation that was cut off begins again and has signed more since: the later word holds.
    store.replace(path, signed(words.text(), old, new).encode(), store.read(path))
    publish_key(store, new.public)


def published_keys(store: SealStore) -> Iterator[PublicKey]:
    """Every key there was, as published; raises NotSigned for a damaged one."""
    for path in store.names(PUBLISHED):
        if path.endswith(".vkey"):
            try:
                yield public_key((store.read(path) or b"").decode())
            except ValueError as damaged:
                raise NotSigned(f"{path} 已损坏 / is damaged: {damaged}") from damaged


def published_checkpoint(store: SealStore, note: str) -> Checkpoint:
    """What a note promises that any published key has signed; raises NotSigned."""
    for key in published_keys(store):
        with suppress(NotSigned):
            return Checkpoint.read(opened(note, key))
    raise NotSigned("检查点没有已公布密钥的签名 / the served checkpoint is not signed by a published key")


def predecessors(store: SealStore, key: PublicKey) -> list[PublicKey]:
    """The keys that stand behind a key, nearest first: each has endorsed the one after it."""
    every = {each for each in published_keys(store) if each.name == key.name}
    found: list[PublicKey] = []
    while (before := _endorser(store, key, every)) is not None and before not in found:
        found.append(before)
        key = before
    return found


def has_handed_over(store: SealStore, key: PublicKey) -> bool:
    """Whether another key follows that one: what it signs now is refused."""
    return any(key in predecessors(store, each) for each in published_keys(store))


def _endorser(store: SealStore, key: PublicKey, every: set[PublicKey]) -> PublicKey | None:
    note = store.read(f"{PUBLISHED}{key.id.hex()}.endorsement")
    for old in every - {key} if note else ():
        try:
            if Endorsement.read(opened((note or b"").decode(), old, key)).key == key:
                return old
        except (NotSigned, UnicodeDecodeError):
            continue
    return None
