"""Prices as traded on a day beside those in today's shares. Light: works on plain values."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

# The fields of results that are prices in dollars: what one share cost. Widths and ATRs are not.
PRICES = frozenset({
    "price", "level", "open", "high", "low", "close", "centre", "middle", "poc", "vwap",
    "value_area_low", "value_area_high", "open_low", "open_high", "before", "after",
})  # fmt: skip
# Fields that hold several by name.
PRICE_TABLES = frozenset({"levels", "anchors"})
SUFFIX = "_as_traded"


def beside_as_traded(record: Mapping[str, Any], factor: float | None) -> dict[str, Any]:
    """A record of plain values, and inside it every other, with `low_as_traded` after `low` and so
    on: the price times the factor, None where that is not known.
    """
    made: dict[str, Any] = {}
    for name, value in record.items():
        made[name] = _each(value, partial(beside_as_traded, factor=factor))
        if name in PRICES and isinstance(value, float):
            made[name + SUFFIX] = _traded(value, factor)
        elif name in PRICE_TABLES and isinstance(value, Mapping):
            made[name + SUFFIX] = {key: _traded(price, factor) for key, price in value.items()}
    return made


def only_as_traded(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as `beside_as_traded` made it with the prices as traded in place of the others."""
    return {
        name: record.get(f"{name}{SUFFIX}", _each(value, only_as_traded))
        for name, value in record.items()
        if not str(name).endswith(SUFFIX)
    }


def only_in_todays_shares(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as `beside_as_traded` made it without the prices as traded."""
    return {
        name: _each(value, only_in_todays_shares)
        for name, value in record.items()
        if not str(name).endswith(SUFFIX)
    }


def as_traded_text(factor: float | None) -> str:
    """How prices of that day differ from those shown."""
    if factor is None:
        return "prices as traded on that day are not known: the server names no splits"
    if factor == 1:
        return "prices as traded on that day are those shown"
    return f"prices as traded on that day: times {factor:g}, for the splits since"


def _traded(price: float | None, factor: float | None) -> float | None:
    return None if price is None or factor is None else price * factor


def _each(value: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """A value with every record in it changed."""
    if isinstance(value, Mapping):
        return change(value)
    return [_each(item, change) for item in value] if isinstance(value, list) else value
