"""Any bars at all, and what is said of them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.wire.api.messages import BarsMetadata

seconds = st.lists(st.integers(0, 4_000_000_000), max_size=20, unique=True)
prices = st.floats(0.0001, 1e6)
maybe = st.one_of(st.just(float("nan")), prices)


@st.composite
def some_bars(draw: st.DrawFn) -> Bars:
    stamps = sorted(draw(seconds))
    size: Any = {"min_size": len(stamps), "max_size": len(stamps)}
    columns = [draw(st.lists(prices, **size)) for _ in range(5)]
    transactions = st.one_of(st.just(float("nan")), st.integers(0, 2**40).map(float))
    return Bars.of(
        np.array(stamps, np.int64) * 1_000_000,
        *columns,
        *(draw(st.lists(kind, **size)) for kind in (maybe, transactions)),
    )


def metadata_of(bars: Bars, **more: Any) -> BarsMetadata:
    return BarsMetadata(symbol="X", timeframe="1min", count=len(bars), source="test", **more)


def many_bars(count: int) -> Bars:
    """A bar a minute, every third without a vwap."""
    column = np.arange(1.0, count + 1) / 7
    vwap = np.where(np.arange(count) % 3, column, np.nan)
    stamps = np.arange(count, dtype=np.int64) * 60_000_000
    return Bars.of(stamps, column, column, column, column, column, vwap, np.floor(column))
