"""Zones round levels: weekly, daily, ATR, and the market's own structure.

| zone | centre | half-width |
|---|---|---|
| weekly: given levels, or the last completed week's high, low, close | level | 2.0 x ATR(15min) |
| daily: given levels, or the last completed day's | level | 0.5 x ATR(15min) |
| ATR high, low | price +/- ATR(1day) | ATR(5min) |
| structure: PDH, PDL, PDC, ONH, ONL | level | 0.5 x ATR(5min) |

A level below the price is support, one at or above it resistance.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from polytape.engines.result import Result
from polytape.engines.validation import is_number
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of
from polytape.model.spans import Span

Side: TypeAlias = Literal["support", "resistance"]
Family: TypeAlias = Literal["weekly", "daily", "atr", "market-structure"]

MOST_WEEKLY, MOST_DAILY = 4, 6
WEEKLY_ATRS, DAILY_ATRS, STRUCTURE_ATRS, ATR_ATRS = 2.0, 0.5, 0.5, 1.0


@dataclass(frozen=True, repr=False)
class Zone(Result):
    """A zone in dollars. `inputs` names the price that it stands on, so that a price used twice is
    known to be one.
    """

    name: str
    family: Family
    type: str
    level: float
    low: float
    high: float
    side: Side
    inputs: str

    def __repr__(self) -> str:
        return f"{self.name} {self.level:.2f} ({self.low:.2f}-{self.high:.2f}, {self.side})"


@dataclass(frozen=True, slots=True)
class Anchors:
    """Prices that zones stand on; None where they are not known."""

    high: float | None = None
    low: float | None = None
    close: float | None = None

    @classmethod
    def of(cls, bars: Bars) -> "Anchors":
        """Those of some completed days taken together."""
        if not len(bars):
            return cls()
        return cls(float(bars.high.max()), float(bars.low.min()), float(bars.close[-1]))

    def named(self, prefix: str) -> Iterator[tuple[str, float]]:
        """PDH, PDL, PDC for the prefix PD, as far as known."""
        for letter, price in (("H", self.high), ("L", self.low), ("C", self.close)):
            if price is not None:
                yield f"{prefix}{letter}", price


def weekly_zones(
    price: float,
    atr_15min: float,
    *,
    levels: Sequence[float] | None = None,
    week: Anchors | None = None,
    multiplier: float = WEEKLY_ATRS,
) -> tuple[Zone, ...]:
    """WL1 to WL4 of given levels, else PWH, PWL, PWC of the last completed week."""
    named = _given("weekly_levels", "WL", levels, MOST_WEEKLY)
    if named is None:
        named = list((week or Anchors()).named("PW"))
    return _around(named, "weekly", "weekly", price, multiplier * _atr("atr_15min", atr_15min))


def daily_zones(
    price: float,
    atr_15min: float,
    *,
    levels: Sequence[float] | None = None,
    day: Anchors | None = None,
    multiplier: float = DAILY_ATRS,
) -> tuple[Zone, ...]:
    """DL1 to DL6 of given levels, else PDH, PDL, PDC of the last completed day."""
    named = _given("daily_levels", "DL", levels, MOST_DAILY)
    half = multiplier * _atr("atr_15min", atr_15min)
    if named is not None:
        return _around(named, "daily", "daily-level", price, half)
    return _around((day or Anchors()).named("PD"), "daily", "daily-zone", price, half)


def atr_zones(
    price: float, atr_day: float, atr_5min: float, *, multiplier: float = ATR_ATRS
) -> tuple[Zone, ...]:
    """One daily ATR above and below the price."""
    reach, half = _atr("atr_day", atr_day), multiplier * _atr("atr_5min", atr_5min)
    return _around(
        (("ATR high", price + reach), ("ATR low", price - reach)), "atr", "atr", price, half
    )


def structure_zones(
    price: float,
    atr_5min: float,
    *,
    day: Anchors | None = None,
    overnight: Anchors | None = None,
    multiplier: float = STRUCTURE_ATRS,
) -> tuple[Zone, ...]:
    """PDH, PDL, PDC of the last completed day, ONH and ONL of the night."""
    night = overnight or Anchors()
    named = [*(day or Anchors()).named("PD"), *Anchors(night.high, night.low).named("ON")]
    half = multiplier * _atr("atr_5min", atr_5min)
    return _around(named, "market-structure", "market-structure", price, half)


def overnight(minutes: Bars, as_of: int, market: Market) -> Anchors:
    """High and low from the last regular close before the day of `as_of` to the earlier of `as_of`
    and that day's open. `minutes` are those complete at `as_of` (microseconds UTC).
    """
    day = date_of(as_of)
    before, session = market.session_before(day), market.session(day)
    if before is None:
        return Anchors()
    ends = as_of if session is None else min(as_of, session.open)
    night = minutes.within(Span(before.close, max(before.close, ends)))
    if not len(night):
        return Anchors()
    return Anchors(float(night.high.max()), float(night.low.min()))


def _around(
    named: Iterable[tuple[str, float]], family: Family, kind: str, price: float, half: float
) -> tuple[Zone, ...]:
    return tuple(
        Zone(
            name,
            family,
            kind,
            level,
            level - half,
            level + half,
            "support" if level < price else "resistance",
            name,
        )
        for name, level in named
        if level > 0
    )


def _given(
    param: str, prefix: str, levels: Sequence[float] | None, most: int
) -> list[tuple[str, float]] | None:
    if levels is None:
        return None
    most_price = float(np.finfo(np.float64).max)
    sound = hasattr(levels, "__len__") and all(
        is_number(level) and 0 < level <= most_price for level in levels
    )
    if not sound or not 1 <= len(levels) <= most:
        raise ValidationError(param, levels, f"1 to {most} prices above 0")
    return [(f"{prefix}{n}", float(level)) for n, level in enumerate(levels, 1)]


def _atr(param: str, value: float) -> float:
    if not is_number(value) or not 0 <= value < np.inf:
        raise ValidationError(param, value, "dollars, 0 or more")
    return float(value)
