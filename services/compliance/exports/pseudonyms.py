"""Customers under names that tell nothing: their id where the ledger holds one, else a salted digest (M16)."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator

from events.reception import Customer
from events.tokens import customer_of


class Pseudonyms:
    """Names for the customers of one export. The salt is forgotten with it, so no list of names can be tried."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or secrets.token_bytes(32)

    def of(self, customer: Customer) -> str | None:
        """The pseudonym of a customer; None for somebody without name and contact."""
        for text in _known_by(customer):
            return customer_of(text) or self.digest(text)
        return None

    def digest(self, text: str) -> str:
        """A word that stands for a text within this export, and for nothing outside it."""
        return hmac.digest(self._salt, text.encode(), hashlib.sha256).hex()[:32]


def _known_by(customer: Customer) -> Iterator[str]:
    """What tells one customer from another, the best first."""
    if customer.member_id:
        yield customer.member_id
    yield from (contact.address for contact in customer.contacts)
    if customer.name:
        yield customer.name
