"""What stays readable when a customer's key is destroyed must not tell who the customer was (M16, ADR 0019).

Told are names, telephones, other addresses and member ids, however they are written. What tells nobody is passed
over: a name that stands for no name, a single letter, a number of three signs, and words that are a colleague's id.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from events.commands import Refusal, refuse
from events.reception import Customer
from events.tokens import HIDDEN, masked

_NO_LETTERS = re.compile(r"[\W_]+")
_NO_DIGITS = re.compile(r"\D+")
_TELEPHONE = re.compile(r"\+?[\d\s().\-–·/_]{7,}")
_ABROAD = re.compile(r"(?:00|\+)?86(?=1\d{10}$)")
_AREA = re.compile(r"0(?:10|2\d|\d{3})(?=\d{7,8}$)")
_POLITE = re.compile(r"(?:先生|女士|小姐|老师|太太)$")
_NOBODY = {
    "客户",
    "顾客",
    "用户",
    "匿名",
    "游客",
    "本人",
    "customer",
    "anonymous",
    "unknown",
    "none",
    "n/a",
    "guest",
    "test",
}
_SHORTEST_NAME, _SHORTEST_WORD, _SHORTEST_ID, _SHORTEST_NUMBER = 2, 3, 4, 7
"""Letters of a whole name, of a Latin name's part, signs of an id, digits of a telephone: less is there by chance."""


def names_customer(
    customers: Iterable[Customer], texts: Mapping[str, str | None], colleagues: Collection[str] = ()
) -> Refusal | None:
    """Why a text cannot be taken: it holds what tells the customer; the field it came in -> the text.

    Ids of `colleagues` are read as what they are.
    """
    told = [each for customer in customers for each in _told(customer)]
    if not told:
        return None
    for field, text in texts.items():
        words = _without(text or "", colleagues)
        if any(_tells(known, words) for known in told):
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
        if known and HIDDEN not in masked(known) and _folded(known) not in _NOBODY:
            yield known


def _without(text: str, colleagues: Collection[str]) -> str:
    for colleague in colleagues:
        text = text.replace(colleague, " ")
    return text


def _tells(known: str, text: str) -> bool:
    if _TELEPHONE.fullmatch(known.strip()):
        return any(number in _NO_DIGITS.sub("", text) for number in _numbers(known))
    bare = _bare(_POLITE.sub("", known.strip()))
    if not bare.isascii():
        return len(bare) >= _SHORTEST_NAME and bare in _bare(text)
    return _is_among(bare, known, text)


def _is_among(bare: str, known: str, text: str) -> bool:
    """A Latin name, a mail address or an id: as whole words, for a short one is part of many others."""
    if any(sign.isdecimal() or sign == "@" for sign in known):
        return len(bare) >= _SHORTEST_ID and _stands_in(bare, text)
    parts = [part for part in _words(known) if len(part) >= _SHORTEST_WORD]
    whole = len(bare) >= _SHORTEST_NAME and len(_words(known)) > 1 and _stands_in(bare, text)
    return whole or not set(parts).isdisjoint(_words(text))


def _stands_in(bare: str, text: str) -> bool:
    """Whether words next to each other spell it."""
    words = _words(text)
    return any(bare in _spelled(words[start:], len(bare)) for start in range(len(words)))


def _spelled(words: Sequence[str], length: int) -> Iterator[str]:
    """What these words spell together, word by word, up to that length."""
    spelled = ""
    for word in words:
        spelled += word
        if len(spelled) > length:
            return
        yield spelled


def _numbers(known: str) -> set[str]:
    """A telephone as people tell it: with or without the country's and the town's prefix."""
    number = _NO_DIGITS.sub("", known)
    told = {number, _ABROAD.sub("", number), _AREA.sub("", number)}
    return {each for each in told if len(each) >= _SHORTEST_NUMBER}


def _words(text: str) -> list[str]:
    """Latin words and numbers, folded; accents and apostrophes are written by some and left out by others."""
    return re.findall(r"[a-z0-9]+", re.sub(r"['’](?:s\b)?", "", _folded(text)))


def _bare(text: str) -> str:
    """Nothing but letters and digits, folded."""
    return _NO_LETTERS.sub("", _folded(text))


def _folded(text: str) -> str:
    """Without what people write differently: width, capitals, accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in parts if not unicodedata.combining(sign))).strip()
