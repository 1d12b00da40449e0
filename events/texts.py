"""What a text from outside must be, whoever sends it: visible, and free of what breaks stores and screens."""

import re
from collections.abc import Mapping
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")


def readable(text: str) -> str:
    """The same text; raises ValueError for one that nobody can see, and for control characters."""
    # The first question is much faster and settles almost every line; a line break or wide space is not printable.
    if not text.isprintable() and (found := _CONTROL.search(text)) is not None:
        raise ValueError(f"control character U+{ord(found.group()):04X} at {found.start()}")
    if _is_blank(text):
        raise ValueError("only white space")
    return text


def without_blanks(value: Any, path: str = "") -> Any:
    """The same data with every blank text empty, so that rules about what is missing see it.

    Raises ValueError that names the place of a text no store or screen can hold.
    """
    if isinstance(value, str):
        return "" if _is_blank(value) else _held(value, path)
    if isinstance(value, Mapping):
        return {_held(key, path): without_blanks(inner, f"{path}.{key}".lstrip(".")) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_blanks(inner, f"{path}.{number}") for number, inner in enumerate(value)]
    return value


def _is_blank(text: str) -> bool:
    return bool(text) and (text.isspace() or (not text.isprintable() and _UNSEEN.fullmatch(text) is not None))


def _held(text: str, path: str) -> str:
    if not text.isprintable() and (found := _CONTROL.search(text)) is not None:
        raise ValueError(f"{path or 'text'}: control character U+{ord(found.group()):04X} at {found.start()}")
    return text
