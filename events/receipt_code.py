"""The code on a customer's receipt: where the complaint stands in the ledger and what it said, fit for typing."""

from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: no I, L, O or U, so that nothing is misread."""
HASH_BYTES = 20
"""Of the 32 of the entry: 160 bits, so that nobody can prepare two complaints for one code (ADR 0015)."""
POSITION_SIGNS = 7
GROUP = 5


def receipt_code(position: int, line: bytes) -> str:
    """The code of a complaint's first event, from its position and its event line: 8 groups of 5 signs.

    Position in at least 7 signs, 20 bytes of SHA-256 in 32, one sign that tells a typing mistake (ADR 0015).
    """
    return spelled(position, sha256(line).digest()[:HASH_BYTES])


def spelled(position: int, prefix: bytes) -> str:
    """The code that says this position and these 20 bytes, in the form it is given out."""
    number = position << 8 * HASH_BYTES | int.from_bytes(prefix, "big")
    signs = max(POSITION_SIGNS, -(-position.bit_length() // 5)) + HASH_BYTES * 8 // 5
    values = [number >> 5 * place & 31 for place in range(signs - 1, -1, -1)]
    text = "".join(ALPHABET[value] for value in [*values, _check(values)])
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def _check(values: list[int]) -> int:
    """The sign that makes the whole a multiple of x: any wrong sign and any two neighbours exchanged show."""
    remainder = 0
    for value in values:
        remainder = _times_x(remainder) ^ value
    return _times_x(remainder)


def _times_x(value: int) -> int:
    """Times x in the field of 32 elements, x^5 = x^2 + 1."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled
