"""Bars as they arrive live: minutes of several days with gaps, pre-market and early closes; some
come again with other values, some late.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import strategies as st

from polytape.model.bar import Bar, bar_rows, bars_from
from polytape.model.bars import Bars
from polytape.model.units import MINUTE_US
from tests.conftest import MARKET

# Two ordinary days, an early close, the days round both changes of the clock, a Sunday.
DAYS = [date(2024, 7, 1), date(2024, 7, 2), date(2024, 7, 3), date(2024, 11, 1), date(2024, 11, 3),
        date(2024, 11, 4), date(2024, 3, 11)]  # fmt: skip


@st.composite
def minutes(draw: st.DrawFn, most: int = 12) -> Bars:
    """Some minutes of some days, at any hour, with ties, bars of one price and without volume."""
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
    seed = draw(st.integers(0, 2**32 - 1))
    chance = np.random.default_rng(seed)
    stamps: list[int] = []
    for day in sorted(days):
        count = draw(st.integers(0, most))
        places = chance.choice(np.arange(4 * 60, 20 * 60), count, replace=False)
        stamps += [MARKET.midnight(day) + int(p) * MINUTE_US for p in np.sort(places)]
    size = len(stamps)
    rough = draw(st.sampled_from([0, 1, 5, 60]))
    close = 5_000 + np.cumsum(chance.integers(-rough, rough + 1, size))
    open_ = close + chance.integers(-rough, rough + 1, size)
    high = np.maximum(open_, close) + chance.integers(0, rough + 1, size)
    low = np.minimum(open_, close) - chance.integers(0, rough + 1, size)
    vwap = np.where(chance.random(size) < 0.3, np.nan, (high + low) / 200)
    volume = chance.integers(0, 400, size) / draw(st.sampled_from([1, 7]))
    return Bars.of(stamps, open_ / 100, high / 100, low / 100, close / 100, volume, vwap)


@st.composite
def arrivals(draw: st.DrawFn, bars: st.SearchStrategy[Bars]) -> list[Bar]:
    """The bars one by one; some came before with other values, some come late."""
    rows = list(bar_rows(draw(bars)))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    order: list[Bar] = []
    for row in rows:
        if chance.random() < 0.2:
            order.append(replace(row, high=row.high + 1, close=row.high + 1, volume=1.0))
        order.append(row)
    for _ in range(draw(st.integers(0, 4)) if order else 0):
        late = order.pop(int(chance.integers(len(order))))
        order.append(replace(late, volume=late.volume + 3))
    return order


def prefixes(order: list[Bar]) -> Iterator[tuple[Bar, Bars]]:
    """Each bar that arrives, and all bars then, as the batch engines take them."""
    for count, bar in enumerate(order, 1):
        yield bar, bars_from(order[:count]).tidy()
