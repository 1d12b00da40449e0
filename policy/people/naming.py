"""What stays readable when a customer's key is destroyed must not tell who the customer was (M16, ADR 0019)."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from events.commands import Refusal, refuse
from events.reception import Customer
from events.tokens import HIDDEN, masked

_GAPS = re.compile(r"(?<=[\d+])[\s().\-]+(?=\d)")
_NUMBER = re.compile(r"\d+")
_SHORTEST = 2
"""Letters of a name that tells somebody; one alone is a word of the language."""
_TELEPHONE = 7
"""Digits of a number that is told with a prefix or without."""


def names_customer(customers: Iterable[Customer], texts: Mapping[str, str | None]) -> Refusal | None:
    """Why a text cannot be taken: it holds a name, an address or a member id; the field it came in -> the text."""
    told = {each for customer in customers for each in _told(customer)}
    for field, text in texts.items():
        if text and any(_holds(_folded(text), each) for each in told):
            return refuse(
                "names_customer",
                "M16",
                f"{field} 在抹除后仍可读，请勿写客户的姓名、联系方式或会员号",
                f"{field} stays readable after an erasure: write it without the customer's name, contacts or member id",
                field=field,
            )
    return None


def _told(customer: Customer) -> Iterator[str]:
    """What tells the customer and can be read: what is hidden from us nobody can repeat from here."""
    for known in (customer.name, customer.member_id, *(contact.address for contact in customer.contacts)):
        if known and HIDDEN not in masked(known) and len(folded := _folded(known)) >= _SHORTEST:
            yield folded


def _folded(text: str) -> str:
    """Without what people write differently: width, capitals, gaps in numbers."""
    return _GAPS.sub("", unicodedata.normalize("NFKC", text).casefold()).strip()


def _holds(text: str, known: str) -> bool:
    digits = known.removeprefix("+")
    if digits.isdecimal() and len(digits) >= _TELEPHONE:
        numbers = [number for number in _NUMBER.findall(text) if len(number) >= _TELEPHONE]
        return any(number.endswith(digits) or digits.endswith(number) for number in numbers)
    if known.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(known)}(?![a-z0-9])", text) is not None
    return known in text
