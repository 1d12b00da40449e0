"""Texts of others made harmless for spreadsheets: no formula, no control sign, no cell too long (pitfalls, CSV)."""

import re
from typing import Final

_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
"""What starts a formula in one program or another: plain, full-width and small forms, and the minus sign."""
_UNSEEN: Final = (
    " \\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\xa0\\u00ad\\u061c\\u1680\\u180e\\u2000-\\u200f\\u202a-\\u202f"
    "\\u205f-\\u206f\\u3000\\ufeff"
)
"""Spaces, control signs and signs of no width: programs drop them before they look at a cell."""
_FORMULA: Final = re.compile(
    # At the start of the cell and of each line in it. Behind `;` and tab too: where those part the columns, a comma
    # between quotation marks is no border, and the rest of the text begins a cell.
    rf"(^|[\n\r\v\f\x85\u2028\u2029;\t])([{_UNSEEN}\"']*)([{_SIGNS}])"
)
_LEADING: Final = re.compile(r"[\t\r\n\0]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
LONGEST: Final = 32_767
"""Characters a cell of XLSX may have."""


def harmless(text: str) -> str:
    """A text no spreadsheet reads as a formula: an apostrophe stands before what could start one."""
    guarded = _FORMULA.sub(r"\1\2'\3", text)
    if _LEADING.match(guarded):
        guarded = f"'{guarded}"
    return printable(guarded)


def printable(text: str) -> str:
    """The text with each control sign replaced by U+FFFD, which XML and CSV readers can carry; line breaks stay."""
    return _CONTROL.sub("\ufffd", text)


def fitting(text: str) -> str:
    """As much of the text as a cell of XLSX holds, with `…` where something is missing."""
    # Excel counts UTF-16: a sign beyond U+FFFF is two.
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 <= LONGEST:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
