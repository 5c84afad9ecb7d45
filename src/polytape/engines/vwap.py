"""Volume-weighted average price since the beginning of the session.

Sum of price times volume over sum of volume (Berkowitz, Logue, Noser: The Total Cost of
Transactions on the NYSE, Journal of Finance 43, 1988). A bar's price is its own vwap where it has
one, which is that of its trades; else its typical price, (high + low + close) / 3, as charting
programs take it. Each trading day begins anew.
"""

from dataclasses import dataclass

import numpy as np

from polytape.engines.validation import as_bars
from polytape.model.arrays import Bools, Floats
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys


@dataclass(frozen=True, eq=False)
class Vwap:
    """The session's VWAP at each bar, in dollars; NaN before its first volume. `own` says of each
    bar whether its own vwap counted, not its typical price.
    """

    values: Floats
    own: Bools

    @property
    def last(self) -> float | None:
        """The most recent value, None without volume."""
        known = len(self.values) and not np.isnan(self.values[-1])
        return float(self.values[-1]) if known else None

    def __repr__(self) -> str:
        return "VWAP: no volume" if self.last is None else f"VWAP = {self.last:.4f}"


def vwap(bars: object, *, include_extended: bool = True, market: Market | None = None) -> Vwap:
    """VWAP of each trading day from its first bar on, without extended hours from the opening bell
    on: bars outside [09:30, close) then count nothing. `market` is New York's by default.

    Raises: ValidationError for bad bars.
    """
    checked, market = as_bars(bars), market or xnys()
    own = checked.vwap > 0  # NaN is not
    weights = checked.volume
    if not include_extended:
        weights = np.where(market.regular(checked.timestamp), weights, 0.0)
    traded = np.where(own, checked.vwap, typical_price(checked)) * weights
    days = market.days_of(checked.timestamp)
    edges = np.flatnonzero(np.diff(days, prepend=days[:1] - 1, append=days[-1:] + 1))
    values = np.full(len(checked), np.nan)
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        dollars, shares = np.cumsum(traded[first:end]), np.cumsum(weights[first:end])
        np.divide(dollars, shares, out=values[first:end], where=shares > 0)
    return Vwap(values, own)


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
