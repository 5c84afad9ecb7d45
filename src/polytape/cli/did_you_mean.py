"""Symbols that may be meant by one that there is not: `polytape.model.near_symbols` finds them."""

from collections.abc import Container

from polytape.model.near_symbols import WELL_KNOWN, candidates, near

__all__ = ["WELL_KNOWN", "candidates", "hint"]


def hint(symbol: str, known: Container[str]) -> str:
    """Which of the symbols that there are may be meant by one that there is not; "" for none."""
    names = near(symbol, known.__contains__)
    return f" (did you mean {' or '.join(names)}?)" if names else ""
