"""The store of wrapped keys in SQL that every database of keys understands (ADR 0019)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from events.envelope import StreamId
from events.key_databases import Ask, Database
from events.keyring import Kept, Offer
from events.tokens import CustomerId

_NEW_KEY: Final = "INSERT INTO customer_keys VALUES (?, ?, ?, ?)"
_NEW_COMPLAINT: Final = "INSERT INTO customer_complaints VALUES (?, ?) ON CONFLICT DO NOTHING"
_NEW_MARK: Final = "INSERT INTO customer_marks VALUES (?, ?) ON CONFLICT DO NOTHING"
SOME: Final = 400
"""Values in one statement: older SQLite takes 999."""


class SqlKeyStore:
    """The store of keys in SQL that both databases understand; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def master(self, offered: str | None) -> str | None:
        """The digest of the master key this store was made with; the offered one where it is new."""
        with self._database.transaction(writing=offered is not None) as ask:
            found = ask("SELECT digest FROM customer_master", ())
            if not found and offered is not None:
                ask("INSERT INTO customer_master VALUES (?)", (offered,))
            return found[0][0] if found else offered

    def adopt(self, digest: str) -> bool:
        """Take another master key while there is no customer yet; whether that was so, or it was this one before."""
        with self._database.transaction(writing=True) as ask:
            found = ask("SELECT digest FROM customer_master", ())
            if found == [(digest,)]:
                return True
            if ask("SELECT 1 FROM customer_keys LIMIT 1", ()):
                return False
            ask("DELETE FROM customer_master", ())
            ask("INSERT INTO customer_master VALUES (?)", (digest,))
            return True

    def assign(self, offers: Sequence[Offer]) -> Mapping[StreamId, CustomerId]:
        """The customer of each complaint: as assigned before, else found by a mark, else the one offered."""
        with self._database.transaction(writing=True) as ask:
            select = "SELECT stream, customer FROM customer_complaints WHERE stream IN"
            found = dict(_among(ask, select, [offer.stream for offer in offers]))
            assigning = _Assigning(found, _marked(ask, [mark for offer in offers for mark in offer.marks]))
            customers = {offer.stream: assigning.customer(offer) for offer in offers}
            ask.many(_NEW_KEY, assigning.keys)
            ask.many(_NEW_COMPLAINT, assigning.complaints)
            ask.many(_NEW_MARK, assigning.marks)
            return customers

    def customers(self, streams: Iterable[StreamId]) -> Mapping[StreamId, CustomerId]:
        """The customers of complaints that have one."""
        with self._database.transaction() as ask:
            return dict(_among(ask, "SELECT stream, customer FROM customer_complaints WHERE stream IN", list(streams)))

    def by_marks(self, marks: Sequence[str]) -> Sequence[CustomerId]:
        """Everybody found by one of these marks, restricted ones too, in order of id."""
        with self._database.transaction() as ask:
            found = _among(ask, "SELECT customer FROM customer_marks WHERE mark IN", marks)
            return sorted({CustomerId(customer) for (customer,) in found})

    def akin(self, customer: CustomerId) -> Sequence[CustomerId]:
        """Everybody who shares an address or member id with that customer, and the customer, in order of id."""
        shared = "SELECT o.customer FROM customer_marks m JOIN customer_marks o ON o.mark = m.mark WHERE m.customer = ?"
        with self._database.transaction() as ask:
            return sorted({customer, *(CustomerId(other) for (other,) in ask(shared, (customer,)))})

    def leave(self, customer: CustomerId, leaving: bool) -> None:
        """Let no new complaint come under the key of a customer about to be erased, or let it again."""
        with self._database.transaction(writing=True) as ask:
            ask("UPDATE customer_keys SET leaving = ? WHERE customer = ?", (leaving, customer))

    def complaints(self, customer: CustomerId) -> Sequence[StreamId]:
        """All complaints assigned to that customer, in order of id."""
        with self._database.transaction() as ask:
            return _complaints(ask, customer)

    def keys(self, customers: Iterable[CustomerId], *, restricted: bool = False) -> Mapping[CustomerId, bytes]:
        """Wrapped keys of customers who may be read, and of restricted ones where asked; none of an erased one."""
        with self._database.transaction() as ask:
            select = "SELECT customer, wrapped, restricted FROM customer_keys WHERE customer IN"
            found = _among(ask, select, list(customers))
            return {
                CustomerId(customer): bytes(wrapped) for customer, wrapped, hidden in found if restricted or not hidden
            }

    def restrict(self, customer: CustomerId, restricted: bool) -> None:
        """Store only, or readable again."""
        with self._database.transaction(writing=True) as ask:
            ask("UPDATE customer_keys SET restricted = ? WHERE customer = ?", (restricted, customer))

    def erase(self, customer: CustomerId) -> bool:
        """Destroy key and marks for good, also in the file; whether there was a key."""
        with self._database.transaction(writing=True) as ask:
            had = bool(ask("SELECT 1 FROM customer_keys WHERE customer = ?", (customer,)))
            ask("DELETE FROM customer_keys WHERE customer = ?", (customer,))
            ask("DELETE FROM customer_marks WHERE customer = ?", (customer,))
        self._database.scrub()
        return had

    def everything(self) -> Iterator[Kept]:
        """All that is kept, for moving to another store."""
        last = ""
        with self._database.transaction() as ask:
            while some := _kept_after(ask, last):
                yield from some
                last = some[-1].customer

    def take(self, kept: Iterable[Kept]) -> int:
        """Put what another store kept here; how many customers were new."""
        number, every = 0, iter(kept)
        with self._database.transaction(writing=True) as ask:
            while some := list(islice(every, SOME)):
                known = _among(ask, "SELECT customer FROM customer_keys WHERE customer IN", [k.customer for k in some])
                new = [each for each in some if (each.customer,) not in set(known)]
                ask.many(_NEW_KEY, [(each.customer, each.wrapped, each.restricted, False) for each in new])
                ask.many(_NEW_COMPLAINT, [(stream, each.customer) for each in new for stream in each.complaints])
                ask.many(_NEW_MARK, [(mark, each.customer) for each in new for mark in each.marks])
                number += len(new)
        return number

    def close(self) -> None:
        """Give back the connection."""
        self._database.close()


class _Assigning:
    """Offers answered one after the other from what was found for all of them at once."""

    def __init__(self, assigned: Mapping[str, CustomerId], marked: Iterable[tuple[str, CustomerId]]) -> None:
        self._assigned = dict(assigned)
        self._marked: dict[str, set[CustomerId]] = {}
        for mark, customer in marked:
            self._marked.setdefault(mark, set()).add(customer)
        self.keys: list[tuple[CustomerId, bytes, bool, bool]] = []
        self.complaints: list[tuple[StreamId, CustomerId]] = []
        self.marks: list[tuple[str, CustomerId]] = []

    def customer(self, offer: Offer) -> CustomerId:
        """As assigned before, else the first with one of the marks, else a new one."""
        customer = self._assigned.get(offer.stream)
        if customer is None:
            found = sorted(each for mark in offer.marks for each in self._marked.get(mark, ()))
            customer = found[0] if found else offer.customer
            self.complaints.append((offer.stream, customer))
            self._assigned[offer.stream] = customer
            if not found:
                self.keys.append((customer, offer.wrapped, False, False))
        for mark in offer.marks:
            known = self._marked.setdefault(mark, set())
            if customer not in known:
                known.add(customer)
                self.marks.append((mark, customer))
        return customer


def _marked(ask: Ask, marks: Sequence[str]) -> list[tuple[str, CustomerId]]:
    """Which of these marks lead to a customer who may get something new: no restricted one, none about to leave."""
    select = (
        "SELECT m.mark, m.customer FROM customer_marks m "
        "JOIN customer_keys k ON k.customer = m.customer AND NOT k.restricted AND NOT k.leaving WHERE m.mark IN"
    )
    return [(mark, CustomerId(customer)) for mark, customer in _among(ask, select, marks)]


def _kept_after(ask: Ask, last: str) -> Sequence[Kept]:
    select = f"SELECT customer, wrapped, restricted FROM customer_keys WHERE customer > ? ORDER BY 1 LIMIT {SOME}"
    found = ask(select, (last,))
    customers = [customer for customer, _, _ in found]
    streams = _grouped(_among(ask, "SELECT customer, stream FROM customer_complaints WHERE customer IN", customers))
    marks = _grouped(_among(ask, "SELECT customer, mark FROM customer_marks WHERE customer IN", customers))
    return [
        Kept(each, bytes(wrapped), bool(restricted), tuple(map(StreamId, streams[each])), tuple(marks[each]))
        for each, wrapped, restricted in found
    ]


def _complaints(ask: Ask, customer: CustomerId) -> list[StreamId]:
    found = ask("SELECT stream FROM customer_complaints WHERE customer = ? ORDER BY stream", (customer,))
    return [StreamId(stream) for (stream,) in found]


def _grouped(rows: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for customer, value in sorted(rows):
        found[customer].append(value)
    return found


def _among(ask: Ask, select: str, values: Sequence[str]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(values), SOME):
        some = values[start : start + SOME]
        rows += ask(f"{select} ({','.join('?' * len(some))})", some)
    return rows
