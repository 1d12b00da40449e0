"""What stands in the ledger instead of a personal text: `~1~<customer>~<ciphertext>`, opaque to all without the key."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NewType

CustomerId = NewType("CustomerId", str)
"""The pseudonym of a customer: 22 characters that commit to the key; it tells nothing about the person (ADR 0019)."""

_TOKEN: Final = re.compile(r"~1~([A-Za-z0-9_-]{22})~([A-Za-z0-9_-]{22,})")
_STORED: Final = re.compile(rb'"~1~([A-Za-z0-9_-]{22})~([A-Za-z0-9_-]{22,})"')
_MARK: Final = b'"~1~'
HIDDEN: Final = "***"
"""What a reader without the right, or without the key, sees."""


def token(customer: CustomerId, sealed: str) -> str:
    """The text that stands for a personal one."""
    return f"~1~{customer}~{sealed}"


def masked(text: str) -> str:
    """A text that people may see: each token in it is hidden."""
    return _TOKEN.sub(HIDDEN, text) if "~1~" in text else text


def masked_json(value: Any) -> Any:
    """JSON that people may see: every text in it masked, also the names of fields."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(name): masked_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked_json(each) for each in value]
    return value


def customer_of(text: str) -> CustomerId | None:
    """Whose token a text is; None where it is none."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else CustomerId(found[1])


def tokens_in(state: bytes) -> Iterator[tuple[CustomerId, str]]:
    """The tokens of a stored event, each as customer and ciphertext."""
    if _MARK in state:
        for found in _STORED.finditer(state):
            yield CustomerId(found[1].decode()), found[2].decode()


def customers_in(states: Iterable[bytes]) -> set[CustomerId]:
    """Whose personal texts these stored events hold."""
    return {customer for state in states for customer, _ in tokens_in(state)}


def replaced(state: bytes, plain: Callable[[CustomerId, str], bytes | None]) -> bytes:
    """A stored event with its tokens replaced by JSON strings; a token `plain` knows nothing of stays."""

    def put(found: re.Match[bytes]) -> bytes:
        text = plain(CustomerId(found[1].decode()), found[2].decode())
        return found[0] if text is None else text

    return _STORED.sub(put, state) if _MARK in state else state
