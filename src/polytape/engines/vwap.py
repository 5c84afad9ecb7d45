"""Volume-weighted average price since the beginning of the session, or since an anchor.

Sum of price times volume over sum of volume (Berkowitz, Logue, Noser: The Total Cost of
Transactions on the NYSE, Journal of Finance 43, 1988). A bar's price is its own vwap where it has
one, which is that of its trades; else its typical price, (high + low + close) / 3, as charting
programs take it. Bands lie multiples of the volume-weighted standard deviation of these prices
away: the root of sum(volume * price**2) / sum(volume) - VWAP**2, as charting programs have it
(https://www.tradingview.com/support/solutions/43000502018).
"""

from dataclasses import dataclass

import numpy as np

from polytape.engines.validation import as_bars
from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys


@dataclass(frozen=True, eq=False)
class Vwap:
    """VWAP and standard deviation at each bar, in dollars; NaN before the first volume. `own` says
    of each bar whether its own vwap counted, not its typical price.
    """

    values: Floats
    own: Bools
    deviations: Floats

    @property
    def last(self) -> float | None:
        """The most recent value, None without volume."""
        return _last(self.values)

    @property
    def deviation(self) -> float | None:
        """The most recent standard deviation, None without volume."""
        return _last(self.deviations)

    def band(self, multiple: float) -> tuple[Floats, Floats]:
        """The lower and the upper band, so many standard deviations from the VWAP."""
        away = multiple * self.deviations
        return self.values - away, self.values + away

    def __repr__(self) -> str:
        return "VWAP: no volume" if self.last is None else f"VWAP = {self.last:.4f}"


def vwap(
    bars: object,
    *,
    anchor: int | None = None,
    include_extended: bool = True,
    market: Market | None = None,
) -> Vwap:
    """VWAP of each trading day from its first bar on; with an `anchor` (microseconds UTC) one VWAP
    of all bars that start at or after it, over as many days as there are.

    Without extended hours bars outside [09:30, close) count nothing. `market` is New York's by
    default.

    Raises: ValidationError for bad bars.
    """
    checked, market = as_bars(bars), market or xnys()
    own = checked.vwap > 0  # NaN is not
    weights = checked.volume
    if not include_extended:
        weights = np.where(market.regular(checked.timestamp), weights, 0.0)
    prices = np.where(own, checked.vwap, typical_price(checked))
    values, deviations = np.full((2, len(checked)), np.nan)
    edges = _edges(checked.timestamp, anchor, market)
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = slice(first, end)
        values[part], deviations[part] = _averages(prices[part], weights[part])
    return Vwap(values, own, deviations)


def _edges(starts: Ints, anchor: int | None, market: Market) -> Ints:
    """Where a VWAP begins among the bars, and where the last one ends."""
    if anchor is not None:
        return np.array([np.searchsorted(starts, anchor), len(starts)])
    days = market.days_of(starts)
    return np.flatnonzero(np.diff(days, prepend=days[:1] - 1, append=days[-1:] + 1))


def _averages(prices: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the prices so far, at each."""
    mean, deviation = np.full((2, len(prices)), np.nan)
    shares = np.cumsum(weights)
    traded = shares > 0
    np.divide(np.cumsum(prices * weights), shares, out=mean, where=traded)
    # From the first price on: squares of whole prices would leave nothing but rounding.
    away = prices - prices[:1]
    first, second = (np.cumsum(power * weights)[traded] for power in (away, away**2))
    variance = second / shares[traded] - (first / shares[traded]) ** 2
    deviation[traded] = np.sqrt(np.maximum(variance, 0.0))
    return mean, deviation


def _last(values: Floats) -> float | None:
    known = len(values) and not np.isnan(values[-1])
    return float(values[-1]) if known else None


def typical_price(bars: Bars) -> Floats:
    """(high + low + close) / 3 of each bar."""
    mean: Floats = (bars.high + bars.low + bars.close) / 3
    return mean


def session_bars(
    bars: object, *, include_extended: bool = True, market: Market | None = None
) -> Bars:
    """The bars of the trading day of the last bar: all, or those of [09:30, close). `market` is New
    York's by default.

    Raises: ValidationError for bad bars.
    """
    checked, market = as_bars(bars), market or xnys()
    days = market.days_of(checked.timestamp)
    today = checked.take(days == days[-1:])
    return today if include_extended else today.take(market.regular(today.timestamp))
