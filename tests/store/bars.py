"""Bars, instants and storages that the store's tests share."""

from collections.abc import Callable
from datetime import date
from itertools import count

import numpy as np
from obstore.store import MemoryStore

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import ObjectStorage
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET

HOUR = 3_600_000_000
DAY = 24 * HOUR
FIRST = MARKET.midnight(date(2024, 1, 28))  # near a month's end: spans fall into two folders
WEEK = Span(FIRST, FIRST + 7 * DAY)


def some_bars(stamps: list[int], price: float = 10.0) -> Bars:
    """Bars that differ in every row."""
    column = np.full(len(stamps), price) + np.arange(len(stamps))
    return Bars.of(stamps, column, column, column, column, column * 10, column, column // 1)


def memory(monotonic: Callable[[], float] | None = None) -> ObjectStorage:
    """Storage in memory. By default no listing is reused: what one store writes every other one
    sees at once.
    """
    ticks = map(float, count())
    return ObjectStorage(MemoryStore(), "memory", monotonic=monotonic or ticks.__next__)


def write(
    store: SegmentStore, symbol: str, bars: Bars, span: Span, fetched_at: int, *,
    series: Series = Series.MINUTE, final: bool = True,
) -> None:  # fmt: skip
    """Store one symbol's bars of a span."""
    coverage = [Coverage(symbol, span, fetched_at, final)]
    store.write(series, MarketBars.of({symbol: bars}), coverage)


def write_market(
    store: SegmentStore, parts: dict[str, Bars], span: Span, fetched_at: int, *,
    series: Series = Series.MINUTE, final: bool = True,
) -> None:  # fmt: skip
    """Store a span of the whole market."""
    store.write(series, MarketBars.of(parts), [Coverage(None, span, fetched_at, final)])
