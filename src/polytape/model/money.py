"""Money as decimals: 189.84 dollars are Decimal("189.84"), not the binary fraction beside it."""

from decimal import Decimal


def money(value: float, decimals: int | None = None) -> Decimal:
    """The shortest decimal text of a float as a decimal, rounded where `decimals` says so."""
    return Decimal(repr(float(value if decimals is None else round(value, decimals))))
