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

from polytape.engines.options import ZoneOptions
from polytape.engines.result import Result
from polytape.engines.validation import is_number, require
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.spans import Span

Side: TypeAlias = Literal["support", "resistance"]
Family: TypeAlias = Literal["weekly", "daily", "atr", "market-structure"]

MOST_WEEKLY, MOST_DAILY = 4, 6
USUAL = ZoneOptions()


@dataclass(frozen=True, repr=False)
class Zone(Result):
    """A zone in dollars. `inputs` names the price that it stands on: two zones of one input are one
    opinion.
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
        span = f"{self.low:.2f}-{self.high:.2f}"
        return f"{self.name} {self.level:.2f} ({span}, {self.family} {self.side})"

    def holds(self, price: float) -> bool:
        """Whether a price lies in it, its edges included."""
        return self.low <= price <= self.high


@dataclass(frozen=True, slots=True)
class Anchors:
    """High, low and close of a period, in dollars; None where unknown."""

    high: float | None = None
    low: float | None = None
    close: float | None = None

    @classmethod
    def of(cls, bars: Bars) -> "Anchors":
        """Those of some daily bars taken together."""
        if not len(bars):
            return cls()
        return cls(float(bars.high.max()), float(bars.low.min()), float(bars.close[-1]))

    def named(self, prefix: str) -> Iterator[tuple[str, float]]:
        """The known ones as PDH, PDL, PDC for the prefix PD."""
        for letter, price in (("H", self.high), ("L", self.low), ("C", self.close)):
            if price is not None:
                yield f"{prefix}{letter}", price


def weekly_zones(
    price: float,
    atr_15min: float,
    *,
    levels: Sequence[float] | None = None,
    week: Anchors | None = None,
    multiplier: float = USUAL.weekly_multiplier,
) -> tuple[Zone, ...]:
    """WL1 to WL4 of given levels, else PWH, PWL, PWC of the last completed week.

    Raises: ValidationError for bad levels, a bad multiplier or a bad ATR.
    """
    named = _given("weekly_levels", "WL", levels, MOST_WEEKLY)
    if named is None:
        named = list((week or Anchors()).named("PW"))
    half = _multiplier("weekly", multiplier) * _atr("atr_15min", atr_15min)
    return _around(named, "weekly", "weekly", price, half)


def daily_zones(
    price: float,
    atr_15min: float,
    *,
    levels: Sequence[float] | None = None,
    day: Anchors | None = None,
    multiplier: float = USUAL.daily_multiplier,
) -> tuple[Zone, ...]:
    """DL1 to DL6 of given levels, else PDH, PDL, PDC of the last completed day.

    Raises: ValidationError for bad levels, a bad multiplier or a bad ATR.
    """
    named = _given("daily_levels", "DL", levels, MOST_DAILY)
    half = _multiplier("daily", multiplier) * _atr("atr_15min", atr_15min)
    if named is not None:
        return _around(named, "daily", "daily-level", price, half)
    return _around((day or Anchors()).named("PD"), "daily", "daily-zone", price, half)


def atr_zones(
    price: float, atr_day: float, atr_5min: float, *, multiplier: float = USUAL.atr_multiplier
) -> tuple[Zone, ...]:
    """One daily ATR above and below the price.

    Raises: ValidationError for a bad multiplier or a bad ATR.
    """
    reach = _atr("atr_day", atr_day)
    half = _multiplier("atr", multiplier) * _atr("atr_5min", atr_5min)
    return _around(
        (("ATR high", price + reach), ("ATR low", price - reach)), "atr", "atr", price, half
    )


def structure_zones(
    price: float,
    atr_5min: float,
    *,
    day: Anchors | None = None,
    overnight: Anchors | None = None,
    multiplier: float = USUAL.structure_multiplier,
) -> tuple[Zone, ...]:
    """PDH, PDL, PDC of the last completed day, ONH and ONL of the night.

    Raises: ValidationError for a bad multiplier or a bad ATR.
    """
    night = overnight or Anchors()
    named = [*(day or Anchors()).named("PD"), *Anchors(night.high, night.low).named("ON")]
    half = _multiplier("structure", multiplier) * _atr("atr_5min", atr_5min)
    return _around(named, "market-structure", "market-structure", price, half)


@dataclass(frozen=True, slots=True)
class ZoneInputs:
    """What zones are made from: the price and ATRs in dollars, None where unknown; the last
    completed day and week, and the night.
    """

    price: float | None
    atr_5min: float | None
    atr_15min: float | None
    atr_day: float | None
    day: Anchors
    week: Anchors
    night: Anchors

    def zones(self, options: ZoneOptions) -> tuple[Zone, ...]:
        """The zones of every family that can be made.

        Raises: ValidationError for bad levels or multipliers.
        """
        zones: list[Zone] = []
        price, five, fifteen = self.price, self.atr_5min, self.atr_15min
        if price is None:
            return ()
        if fifteen is not None:
            levels, times = options.weekly_levels, options.weekly_multiplier
            zones += weekly_zones(price, fifteen, levels=levels, week=self.week, multiplier=times)
            levels, times = options.daily_levels, options.daily_multiplier
            zones += daily_zones(price, fifteen, levels=levels, day=self.day, multiplier=times)
        if self.atr_day is not None and five is not None:
            zones += atr_zones(price, self.atr_day, five, multiplier=options.atr_multiplier)
        if five is not None:
            times = options.structure_multiplier
            zones += structure_zones(
                price, five, day=self.day, overnight=self.night, multiplier=times
            )
        return tuple(zones)


def overnight(minutes: Bars, as_of: int, market: Market) -> Anchors:
    """High and low from the last regular close before the day of `as_of` (microseconds UTC) to the
    earlier of `as_of` and that day's open. `minutes` are those complete at `as_of`.
    """
    day = market.date_of(as_of)
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
            name=name,
            family=family,
            type=kind,
            level=level,
            low=level - half,
            high=level + half,
            side="support" if level < price else "resistance",
            inputs=name,
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
    sound = (
        hasattr(levels, "__len__")
        and all(is_number(level) and 0 < level <= most_price for level in levels)
        and 1 <= len(levels) <= most
    )
    shown = list(levels) if isinstance(levels, tuple) else levels
    require(param, shown, sound, f"1 to {most} prices above 0")
    return [(f"{prefix}{n}", float(level)) for n, level in enumerate(levels, 1)]


def _multiplier(zone: str, value: float) -> float:
    sound = is_number(value) and 0 < value < np.inf
    require(f"{zone}_multiplier", value, sound, "a number of ATRs above 0")
    return float(value)


def _atr(param: str, value: float) -> float:
    require(param, value, is_number(value) and 0 <= value < np.inf, "dollars, 0 or more")
    return float(value)
