"""Average true range."""

from dataclasses import dataclass
from datetime import date
from typing import get_args

import numpy as np

from polytape.engines.as_of import missing_days
from polytape.engines.holes import no_bar_of
from polytape.engines.options import AtrMethod
from polytape.engines.validation import as_bars, require
from polytape.errors import one_of
from polytape.model.arrays import Floats
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.market import Market, xnys

BLOCK = 64


@dataclass(frozen=True, eq=False)
class Atr:
    """ATR at each bar, in dollars, known once that bar is complete; NaN where there are too few
    bars before it. `needed` bars give the first value. `notes` name the trading days between the
    first and the last bar that have none: the values run over them.
    """

    values: Floats
    period: int
    method: AtrMethod
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """Bars that the first value takes."""
        return self.period + 1

    @property
    def last(self) -> float | None:
        """The most recent value, None with too few bars."""
        return float(self.values[-1]) if len(self.values) >= self.needed else None

    def __repr__(self) -> str:
        if self.last is None:
            return f"ATR({self.period}, {self.method}): needs {counted(self.needed, 'bar')}"
        return "; ".join((f"ATR({self.period}, {self.method}) = {self.last:.4f}", *self.notes))


def true_range(bars: Bars) -> Floats:
    """max(H - L, |H - C[i-1]|, |L - C[i-1]|); the first bar has only H - L."""
    before = np.append(bars.close[:1], bars.close[:-1])
    span = np.maximum(np.abs(bars.high - before), np.abs(bars.low - before))
    span[:1] = 0.0
    widest: Floats = np.maximum(bars.high - bars.low, span)
    return widest


def atr(
    bars: object,
    *,
    period: int = 14,
    method: AtrMethod = "wilder",
    market: Market | None = None,
) -> Atr:
    """ATR by one of three methods; "ATR does not match" is nearly always this choice.

    "wilder" (Wilder 1978, TA-Lib): the first value, at index n, is the mean of TR[1..n], then
    (ATR * (n-1) + TR) / n. "ema": span n, not adjusted, from the first bar on. "sma": the mean
    of the last n true ranges. `market` says which days trade, for `notes`; New York's by default.

    Raises: ValidationError for bad parameters or bars.
    """
    sound = isinstance(period, int) and not isinstance(period, bool) and period >= 1
    require("period", period, sound, "a whole number above 0")
    require("method", method, method in get_args(AtrMethod), one_of(get_args(AtrMethod)))
    checked = as_bars(bars)
    ranges = true_range(checked)
    values = np.full(len(ranges), np.nan)
    if len(ranges) > period:
        values[period:] = _averages(ranges, period, method)
    return Atr(values, period, method, _notes(missing_days(checked, market or xnys())))


def _notes(missing: tuple[date, ...]) -> tuple[str, ...]:
    return (f"{no_bar_of(missing)}: the range runs over the hole",) if missing else ()


def _averages(ranges: Floats, period: int, method: AtrMethod) -> Floats:
    """The averages from the bar at place `period` on."""
    if method == "sma":
        sums = np.cumsum(ranges)
        means: Floats = (sums[period:] - sums[:-period]) / period
        return means
    if method == "wilder":
        seed = float(np.mean(ranges[1 : period + 1]))
        return _smooth(seed, ranges[period + 1 :], 1 / period)
    return _smooth(float(ranges[0]), ranges[1:], 2 / (period + 1))[period:]


def _smooth(seed: float, ranges: Floats, weight: float) -> Floats:
    """The seed, then each value `weight` of the way to the next range.

    Block by block: what a block adds to a start of zero is computed for all blocks together, and
    only the starts follow one another. Each bar gets the same sums whatever comes after it, so that
    a longer history never changes an earlier value, not in the last bit.
    """
    fade = 1 - weight
    blocks = -(-len(ranges) // BLOCK)
    padded = np.zeros(blocks * BLOCK)
    padded[: len(ranges)] = ranges * weight
    own = padded.reshape(blocks, BLOCK)
    for at in range(1, BLOCK):
        own[:, at] += own[:, at - 1] * fade
    fading = fade ** np.arange(1, BLOCK + 1)
    start = seed
    for at in range(blocks):
        own[at] += start * fading
        start = float(own[at, -1])
    return np.append(seed, own.ravel()[: len(ranges)])
