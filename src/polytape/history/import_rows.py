"""Which imported rows are bars, and what is wrong with the others."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from polytape.model.arrays import Bools, Ints
from polytape.model.bars import PRICES, Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.quality import off_session
from polytape.model.timestamps import iso

# The rows that have each fault, by its text.
Faults: TypeAlias = dict[str, Bools]


def all_sound(bars: Bars) -> bool:
    """Whether `faults` would mark no row, at a tenth of its cost. NaN fails every comparison."""
    prices = all(
        bool((column > 0).all() and (column < np.inf).all())
        for column in (getattr(bars, name) for name in PRICES)
    )
    volume = bool((bars.volume >= 0).all() and (bars.volume < np.inf).all())
    return prices and volume and bool((bars.high >= bars.low).all())


def faults(bars: Bars) -> Faults:
    """What may be wrong with a bar, of whatever series."""
    prices = np.vstack([getattr(bars, name) for name in PRICES])
    volume: Bools = ~(bars.volume >= 0) | ~np.isfinite(bars.volume)
    return {
        "has a price that is no number": ~np.isfinite(prices).all(axis=0),
        "has a volume that is no number or negative": volume,
        "has a price not above 0": (prices <= 0).any(axis=0),
        "has its high below its low": bars.high < bars.low,
    }


def faults_of_days(bars: Bars, market: Market) -> Faults:
    """What may be wrong with a daily bar besides."""
    return {"is a daily bar of a day without a session": off_session(bars, market)}


def fault_lines(market: MarketBars, faults: Faults, numbers: Ints | None = None) -> Iterator[str]:
    """One line for each row and fault: its number in the file, where there are `numbers`; symbol,
    start, what is wrong.
    """
    places = list(market.places.items())
    for fault, rows in faults.items():
        for at in np.flatnonzero(rows):
            symbol = next(s for s, place in places if place.start <= at < place.stop)
            row = "" if numbers is None else f"row {numbers[at]}: "
            yield f"{row}{symbol} {iso(int(market.bars.timestamp[at]))} {fault}"
