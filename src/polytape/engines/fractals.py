"""Swing points: strict fractals, thinned to a zigzag by ATR, and the structure they make.

Definitions: Williams, Trading Chaos (1995), for the fractal; each swing carries the instant at
which it could be known. A swing that is `settled` is never rewritten by later bars; the last one of
a zigzag may still give way to a more extreme one of its kind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a field's name
from typing import Literal, TypeAlias

import numpy as np

from polytape.engines import validation
from polytape.engines.atr import atr
from polytape.engines.options import AtrMethod
from polytape.engines.result import SHOWN_IN, Result
from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.resample import bar_ends
from polytape.model.timeframes import Timeframe, parse_timeframe
from polytape.model.timestamps import to_datetime

Kind: TypeAlias = Literal["high", "low"]
Structure: TypeAlias = Literal[
    "UPTREND", "DOWNTREND", "EXPANDING", "CONTRACTING", "MIXED", "INSUFFICIENT_DATA"
]


@dataclass(frozen=True)
class Swing(Result):
    """A swing point. `datetime` is the start of its bar, `confirmed_at` the end of the last bar
    that confirms it, both UTC; `index` is its place among the bars; `atr` is that at its bar, in
    dollars.
    """

    datetime: Moment
    kind: Kind
    price: float
    atr: float
    index: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    confirmed_at: Moment
    settled: bool

    def __repr__(self) -> str:
        at = self.datetime.astimezone(SHOWN_IN)
        return f"{self.kind} {self.price:.2f} on {at:%a %Y-%m-%d %H:%M}"


@dataclass(frozen=True, repr=False)
class Fractals(Result):
    """Swings in order of time, and the structure of the last two highs and lows. With fewer than
    `needed` bars there are none. ATRs are smoothed by `atr_method`.
    """

    swings: tuple[Swing, ...]
    structure: Structure
    bars: int
    needed: int
    atr_method: AtrMethod
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Swing, ...]:
        """A row for each swing."""
        return self.swings

    def __repr__(self) -> str:
        if self.bars < self.needed:
            return f"Fractals: {self.bars} bars, {self.needed} are needed"
        last = ", ".join(map(repr, self.swings[-4:]))
        return f"Fractals: {self.structure}, {len(self.swings)} swings ({last})"


def fractals(
    bars: object,
    *,
    timeframe: str | Timeframe = "15min",
    fractal_length: int = 11,
    min_atr_distance: float = 1.0,
    atr_period: int = 14,
    atr_method: AtrMethod = "wilder",
    check_price_overlap: bool = True,
    market: Market | None = None,
) -> Fractals:
    """Swings of bars of one timeframe.

    A high is a candidate when it is strictly above the highs of the `fractal_length // 2` bars on
    each side, a low likewise; one bar that is both counts as a high first. Highs and lows
    alternate: of two of a kind the more extreme one counts, and a swing counts only
    `min_atr_distance` ATRs of its own bar away from the last one of the other kind. With
    `check_price_overlap` one whose bar overlaps the bar of the swing before it is then left out.
    `market` is New York's by default.

    Raises: ValidationError for bad parameters or bars.
    """
    parsed, checked = parse_timeframe(timeframe), validation.as_bars(bars)
    _check(fractal_length, min_atr_distance)
    side = fractal_length // 2
    ranges = atr(checked, period=atr_period, method=atr_method)
    needed = max(fractal_length, ranges.needed + side)
    zigzag = list(_zigzag(checked, ranges.values, side, min_atr_distance))
    chosen = _apart(checked, zigzag) if check_price_overlap else zigzag
    confirmed = bar_ends(checked.timestamp, parsed, market or xnys())[side:]
    swings = tuple(_swings(checked, ranges.values, confirmed, chosen, zigzag[-1:]))
    return Fractals(swings, structure_of(swings), len(checked), needed, atr_method)


def _check(fractal_length: int, min_atr_distance: float) -> None:
    odd = (
        validation.is_number(fractal_length, whole=True)
        and fractal_length >= 3  # noqa: PLR2004 - a bar and one neighbour on each side
        and fractal_length % 2 == 1
    )
    validation.require("fractal_length", fractal_length, odd, "an odd number, 3 or more")
    sound = validation.is_number(min_atr_distance) and min_atr_distance >= 0
    validation.require("min_atr_distance", min_atr_distance, sound, "a number of ATRs, 0 or more")


def structure_of(swings: tuple[Swing, ...]) -> Structure:
    """The structure of the last two highs and the last two lows."""
    highs = [swing.price for swing in swings if swing.kind == "high"][-2:]
    lows = [swing.price for swing in swings if swing.kind == "low"][-2:]
    if min(len(highs), len(lows)) < 2:  # noqa: PLR2004 - two of each are compared
        return "INSUFFICIENT_DATA"
    up, rising = np.sign(highs[1] - highs[0]), np.sign(lows[1] - lows[0])
    named: dict[tuple[float, float], Structure] = {
        (1.0, 1.0): "UPTREND",
        (-1.0, -1.0): "DOWNTREND",
        (1.0, -1.0): "EXPANDING",
        (-1.0, 1.0): "CONTRACTING",
    }
    return named.get((float(up), float(rising)), "MIXED")


def extremes(values: Floats, side: int) -> Bools:
    """Which values are strictly above `side` neighbours on each side; none near the edges."""
    count = len(values)
    is_extreme = np.zeros(count, np.bool_)
    if count <= 2 * side:
        return is_extreme
    middle = values[side : count - side]
    above = np.ones(len(middle), np.bool_)
    for step in range(1, side + 1):
        above &= middle > values[side - step : count - side - step]
        above &= middle > values[side + step : count - side + step]
    is_extreme[side : count - side] = above
    return is_extreme


def _zigzag(bars: Bars, ranges: Floats, side: int, distance: float) -> Iterator[tuple[int, Kind]]:
    """Alternating swings: each place is given once nothing later can replace it, the last one as
    it is.
    """
    highs, lows = extremes(bars.high, side), extremes(-bars.low, side)
    last: tuple[int, Kind] | None = None
    for place in np.flatnonzero((highs | lows) & ~np.isnan(ranges)).tolist():
        kinds: list[tuple[bool, Kind]] = [(bool(highs[place]), "high"), (bool(lows[place]), "low")]
        for kind in (kind for there, kind in kinds if there):
            price = _price(bars, place, kind)
            if last is None:
                last = place, kind
            elif last[1] == kind:
                beyond = price - _price(bars, *last)
                last = (place, kind) if (beyond if kind == "high" else -beyond) > 0 else last
            elif _away(price, _price(bars, *last), kind) >= distance * ranges[place]:
                yield last
                last = place, kind
    if last is not None:
        yield last


def _away(price: float, other: float, kind: Kind) -> float:
    """How far a swing lies on its own side of the last one of the other kind."""
    return price - other if kind == "high" else other - price


def _apart(bars: Bars, swings: list[tuple[int, Kind]]) -> list[tuple[int, Kind]]:
    """Those whose bar does not overlap the bar of the chosen one before it."""
    chosen: list[tuple[int, Kind]] = []
    for place, kind in swings:
        if chosen:
            before = chosen[-1][0]
            if bars.low[place] <= bars.high[before] and bars.low[before] <= bars.high[place]:
                continue
        chosen.append((place, kind))
    return chosen


def _price(bars: Bars, place: int, kind: Kind) -> float:
    return float(bars.high[place] if kind == "high" else bars.low[place])


def _swings(
    bars: Bars,
    ranges: Floats,
    confirmed: Ints,
    chosen: Iterable[tuple[int, Kind]],
    last: list[tuple[int, Kind]],
) -> Iterator[Swing]:
    """The swings at these places; the last of the zigzag is not settled."""
    for place, kind in chosen:
        yield Swing(
            datetime=to_datetime(int(bars.timestamp[place])),
            kind=kind,
            price=_price(bars, place, kind),
            atr=float(ranges[place]),
            index=place,
            open=float(bars.open[place]),
            high=float(bars.high[place]),
            low=float(bars.low[place]),
            close=float(bars.close[place]),
            volume=float(bars.volume[place]),
            confirmed_at=to_datetime(int(confirmed[place])),
            settled=(place, kind) not in last,
        )
