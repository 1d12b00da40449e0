"""Personal texts under a key per customer: sealed before they reach the ledger, readable while the key exists (M16).

A key is wrapped by the installation's master key and lives in a store of its own, so that a backup of the ledger
holds no key. Destroying a customer's key makes every copy of their texts unreadable at once (ADR 0019).
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Final, NamedTuple, Protocol, TypeVar

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from events.envelope import StreamId
from events.privacy import CLOSED_BY, OPENED_BY
from events.stores import Row
from events.tokens import CustomerId, customers_in, replaced, token, tokens_in

KEY_BYTES: Final = 64
"""AES-256-SIV (RFC 5297): half for the tag, half for the text."""
CACHED: Final = 20_000
"""Ciphers kept in memory; about 1 KB each."""

K = TypeVar("K")
V = TypeVar("V")

Seal = Callable[[str], str]
"""A personal text -> its token."""


class Wanted(NamedTuple):
    """A complaint that needs a customer: which one follows from what tells them."""

    stream: StreamId
    known_by: frozenset[str] = frozenset()
    """Addresses and member ids in one spelling; never the name alone. Only their keyed digests are stored."""


class Offer(NamedTuple):
    """A complaint as the store of keys sees it; the key offered is used where no customer is found."""

    stream: StreamId
    marks: tuple[str, ...]
    customer: CustomerId
    wrapped: bytes


class KeyStore(Protocol):
    """Where wrapped keys live; all methods block, each is one transaction that survives a power cut."""

    def master(self, offered: str | None) -> str | None:
        """The digest of the master key this store was made with; the offered one where it is new."""

    def adopt(self, digest: str) -> bool:
        """Take another master key while there is no customer yet; whether that was so, or it was this one before."""

    def assign(self, offers: Sequence[Offer]) -> Mapping[StreamId, CustomerId]:
        """The customer of each complaint: as assigned before, else found by a mark, else the one offered."""

    def customers(self, streams: Iterable[StreamId]) -> Mapping[StreamId, CustomerId]:
        """The customers of complaints that have one."""

    def by_marks(self, marks: Sequence[str]) -> Sequence[CustomerId]:
        """Everybody found by one of these marks, restricted ones too, in order of id."""

    def akin(self, customer: CustomerId) -> Sequence[CustomerId]:
        """Everybody who shares an address or member id with that customer, and the customer, in order of id."""

    def leave(self, customer: CustomerId, leaving: bool) -> None:
        """Let no new complaint come under the key of a customer about to be erased, or let it again."""

    def complaints(self, customer: CustomerId) -> Sequence[StreamId]:
        """All complaints assigned to that customer, in order of id."""

    def keys(self, customers: Iterable[CustomerId], *, restricted: bool = False) -> Mapping[CustomerId, bytes]:
        """Wrapped keys of customers who may be read, and of restricted ones where asked; none of an erased one."""

    def restrict(self, customer: CustomerId, restricted: bool) -> None:
        """Store only, or readable again."""

    def erase(self, customer: CustomerId) -> bool:
        """Destroy key and marks for good, also in the file; whether there was a key. Raises KeysUnavailable."""

    def everything(self) -> "Iterable[Kept]":
        """All that is kept, for moving to another store."""

    def take(self, kept: "Iterable[Kept]") -> int:
        """Put what another store kept here; how many customers were new."""

    def close(self) -> None:
        """Give back the connection."""


class Kept(NamedTuple):
    """One customer as kept: key, state, complaints, marks."""

    customer: CustomerId
    wrapped: bytes
    restricted: bool
    complaints: tuple[StreamId, ...]
    marks: tuple[str, ...]


class Cipher:
    """One customer's key at work."""

    def __init__(self, customer: CustomerId, key: bytes) -> None:
        self.customer = customer
        self._siv = AESSIV(key)

    def seal(self, stream: StreamId) -> Seal:
        """How texts of that complaint become tokens: equal texts give equal tokens, other complaints other ones."""
        siv, customer, place = self._siv, self.customer, [stream.encode()]
        return lambda text: token(customer, _text(siv.encrypt(text.encode("utf-8", "surrogatepass"), place)))

    def open(self, stream: StreamId, sealed: str) -> bytes | None:
        """A token's text as a JSON string; None for one of another place or made by somebody else."""
        try:
            return orjson.dumps(self._siv.decrypt(_bytes(sealed), [stream.encode()]).decode())
        except (InvalidTag, ValueError):
            return None


class Keyring:
    """The keys of all customers, for the processes that may read; safe for threads."""

    def __init__(self, store: KeyStore, master: bytes, *, read_only: bool = False) -> None:
        """Raises WrongMasterKey for a store made with another one."""
        self.store = store
        self.master = master
        digest = check_of(master)
        if store.master(None if read_only else digest) not in (digest, None):
            raise WrongMasterKey(WrongMasterKey.__doc__)
        self._wrap = AESSIV(_derived(master, b"wrap", KEY_BYTES))
        self._index = _derived(master, b"index", 32)
        self._ciphers: OrderedDict[CustomerId, Cipher] = OrderedDict()
        self._customers: OrderedDict[StreamId, CustomerId] = OrderedDict()
        self._lock = Lock()
        self._forgotten = 0
        """How often keys were dropped: what was fetched before is not kept."""

    def mark(self, known_by: str) -> str:
        """The keyed digest under which an address or member id is found; worthless without the master key."""
        return hmac.digest(self._index, known_by.encode(), "sha256").hex()

    def seals(self, wanted: Sequence[Wanted]) -> Mapping[StreamId, Seal]:
        """How the texts of these complaints are sealed; new customers get a key, on the disk before this returns.

        What is added where the key was destroyed is unreadable from the start: its key is thrown away here.
        """
        with self._lock:
            found = {each.stream: self._customers[each.stream] for each in wanted if each.stream in self._customers}
        missing = [each for each in wanted if each.stream not in found]
        if missing:
            found |= self._assigned(missing)
        ciphers = self._sealing(found.values())
        return {stream: ciphers[customer].seal(stream) for stream, customer in found.items()}

    def _assigned(self, wanted: Sequence[Wanted]) -> Mapping[StreamId, CustomerId]:
        offers = {each.stream: self._offer(each) for each in wanted}
        found = self.store.assign([offer for offer, _ in offers.values()])
        taken = {offer.customer: cipher for offer, cipher in offers.values() if found[offer.stream] == offer.customer}
        with self._lock:
            _keep(self._customers, found)
            _keep(self._ciphers, taken)
        return found

    def _sealing(self, customers: Iterable[CustomerId]) -> Mapping[CustomerId, Cipher]:
        """A cipher for each: also a restricted customer's texts are stored."""
        wanted = set(customers)
        found = dict(self.ciphers(wanted))
        for customer, wrapped in self.store.keys(wanted - found.keys(), restricted=True).items():
            found[customer] = Cipher(customer, self._unwrapped(customer, wrapped))
        thrown_away = {each: Cipher(each, secrets.token_bytes(KEY_BYTES)) for each in wanted - found.keys()}
        return found | thrown_away

    def _offer(self, wanted: Wanted) -> tuple[Offer, Cipher]:
        key = secrets.token_bytes(KEY_BYTES)
        marks = tuple(sorted(map(self.mark, wanted.known_by)))
        customer = named(key)
        wrapped = self._wrap.encrypt(key, [customer.encode()])
        return Offer(wanted.stream, marks, customer, wrapped), Cipher(customer, key)

    def ciphers(self, customers: Iterable[CustomerId]) -> Mapping[CustomerId, Cipher]:
        """The ciphers of customers who may be read."""
        wanted = set(customers)
        with self._lock:
            found = {each: self._ciphers[each] for each in wanted & self._ciphers.keys()}
            forgotten = self._forgotten
        if missing := wanted - found.keys():
            new = {each: Cipher(each, self._unwrapped(each, key)) for each, key in self.store.keys(missing).items()}
            with self._lock:
                if forgotten == self._forgotten:  # a key fetched before an erasure must not be kept after it
                    _keep(self._ciphers, new)
            found |= new
        return found

    def _unwrapped(self, customer: CustomerId, wrapped: bytes) -> bytes:
        try:
            return self._wrap.decrypt(wrapped, [customer.encode()])
        except InvalidTag:
            raise WrongMasterKey(WrongMasterKey.__doc__) from None

    def opened(self, rows: Sequence[Row], *, whole: bool = True) -> list[Row]:
        """The rows with personal texts readable where the key exists; tokens stay where it does not.

        Rows of whole streams tell themselves of an erasure; for others the store is asked, whatever is in memory.
        """
        closed = closed_streams(rows)
        if not whole:
            self.forget(customers_in(row.state for row in rows))
        elif closed:
            self.forget(customers_in(row.state for row in rows if row.stream in closed))
        ciphers = self._ciphers_of(rows, closed)
        return [row if row.stream in closed else _opened(row, ciphers) for row in rows]

    def _ciphers_of(self, rows: Sequence[Row], closed: set[StreamId]) -> Mapping[CustomerId, Cipher]:
        """What opens the rows that are neither restricted nor erased."""
        return self.ciphers(customers_in(row.state for row in rows if row.stream not in closed))

    def texts(self, rows: Sequence[Row]) -> dict[str, str]:
        """Every readable token of these rows, whole streams, with its text: what a disclosure hands out."""
        found: dict[str, str] = {}
        closed = closed_streams(rows)
        ciphers = self._ciphers_of(rows, closed)
        for row in (row for row in rows if row.stream not in closed):
            for customer, sealed in tokens_in(row.state):
                text = ciphers[customer].open(row.stream, sealed) if customer in ciphers else None
                if text is not None:
                    found[token(customer, sealed)] = orjson.loads(text)
        return found

    def compared(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with every text there is a key for, also where use is restricted: to compare with, not to show."""
        ciphers = self._sealing(customers_in(row.state for row in rows))
        return [_opened(row, ciphers) for row in rows]

    def forget(self, customers: Iterable[CustomerId]) -> None:
        """Keep no key of these customers in memory."""
        with self._lock:
            self._forgotten += 1
            for customer in customers:
                self._ciphers.pop(customer, None)

    def close(self) -> None:
        """Give back the store."""
        self.store.close()


class KeysUnavailable(Exception):
    """The store of keys does not answer: nothing was acknowledged, try again later."""


class WrongMasterKey(Exception):
    """主密钥与密钥库不符：请使用原来的 master.key / it does not fit the store of keys: use the former one."""


def named(key: bytes) -> CustomerId:
    """The pseudonym of whoever has that key: it commits to the key, so a token opens under one key only."""
    return CustomerId(_text(hashlib.sha256(b"amends customer key\x00" + key).digest()[:16]))


def check_of(master: bytes) -> str:
    """What a store of keys remembers of its master key, to refuse another one."""
    return _derived(master, b"check", 16).hex()


def closed_streams(rows: Iterable[Row]) -> set[StreamId]:
    """The complaints that are restricted or erased, as their rows tell."""
    closed: set[StreamId] = set()
    for row in rows:
        if row.topic in CLOSED_BY:
            closed.add(row.stream)
        elif row.topic in OPENED_BY:
            closed.discard(row.stream)
    return closed


def _opened(row: Row, ciphers: Mapping[CustomerId, Cipher]) -> Row:
    def plain(customer: CustomerId, sealed: str) -> bytes | None:
        cipher = ciphers.get(customer)
        return None if cipher is None else cipher.open(row.stream, sealed)

    return row._replace(state=replaced(row.state, plain))


def _keep(cache: OrderedDict[K, V], new: Mapping[K, V]) -> None:
    cache.update(new)
    while len(cache) > CACHED:
        cache.popitem(last=False)


def _derived(master: bytes, purpose: bytes, size: int) -> bytes:
    return hashlib.shake_256(b"amends " + purpose + b"\x00" + master).digest(size)


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
