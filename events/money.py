"""Money as the ledger holds it: a decimal of two places, never a float (S002-6.1)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, NewType

from pydantic import AfterValidator

CENT = Decimal("0.01")
MOST = Decimal(10) ** 12
"""More is a mistake of whoever typed it."""


def rounded(amount: Decimal) -> Decimal:
    """To two places, half up (design, section 6)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _money(amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount < MOST:
        raise ValueError("an amount of money is nothing or more, below a million million")
    return rounded(amount)


def _exact(amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount < MOST:
        raise ValueError("an amount of money is nothing or more, below a million million")
    return amount if amount.as_tuple().exponent < CENT.as_tuple().exponent else amount.quantize(CENT)  # type: ignore[operator]  # finite


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isupper() and code.isalpha()):
        raise ValueError("a currency is three capital letters, CNY")
    return code


Money = Annotated[Decimal, AfterValidator(_money)]
"""Nothing or more, in the currency named beside it."""

ExactMoney = Annotated[Decimal, AfterValidator(_exact)]
"""The same with every place kept, at least two: what is computed from it is rounded once, at the end (S002-6.1)."""

CurrencyCode = NewType("CurrencyCode", str)
Currency = Annotated[CurrencyCode, AfterValidator(_currency)]
"""ISO 4217, `CNY`."""
