"""Stores that the rows read: of many symbols, filled from made-up bars."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from bench.made import DAYS, MARKET, MINUTES, NOW
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import Synthetic

# Bars are costly to make up: so many symbols from all over the list stand for the rest.
SAMPLE = 50
A_WRITE = 250


def fill_for_scans(folder: Path, source: Synthetic, count: int) -> list[str]:
    """A compacted store with what a scan reads of so many symbols; these."""
    symbols = [symbol for symbol, info in listing().items() if info.active][:count]
    store = SegmentStore(FolderStorage(folder), "synthetic/0", MARKET)
    for series, span in ((Series.MINUTE, MINUTES), (Series.DAY, DAYS)):
        sample = symbols[:: max(1, len(symbols) // SAMPLE)]
        pool = [source.bars(series_query(symbol, series, span)).bars for symbol in sample]
        bars = {symbol: pool[at % len(pool)] for at, symbol in enumerate(symbols)}
        for at in range(0, len(symbols), A_WRITE):
            part = {symbol: bars[symbol] for symbol in symbols[at : at + A_WRITE]}
            coverage = [Coverage(symbol, span, NOW, True) for symbol in part]
            store.write(series, MarketBars.of(part), coverage)
        for period in store.catalog.folders(series):
            compact(store, period)
    store.close()
    return symbols


def fill_year(folder: Path, whole: Bars, symbols: int) -> SegmentStore:
    """A year of months of the whole market: all bars of AAPL, and fewer of each other symbol."""
    store = SegmentStore(FolderStorage(folder), "bench", MARKET)
    others = whole.take(slice(None, None, max(1, symbols // 20)))
    names = ["AAPL", *(f"S{number:05d}" for number in range(symbols - 1))]
    for month in range(1, 13):
        start = MARKET.midnight(date(2024, month, 1))
        end = MARKET.midnight(date(2024 + month // 12, month % 12 + 1, 1))
        span = Span(start, end)
        other = others.within(span)
        parts = {name: whole.within(span) if name == "AAPL" else other for name in names}
        store.write(Series.MINUTE, MarketBars.of(parts), [Coverage(None, span, 1, True)])
    return store


def flat_file(folder: Path, day: date, symbols: int, minutes: int = 390) -> Path:
    """A day's flat file, as the vendor names and writes it."""
    path = folder / "minute_aggs_v1" / f"{day:%Y/%m/%Y-%m-%d}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(day.toordinal())
    start = (MARKET.midnight(day) + MARKET.opening_bell_us) * 1_000
    count = symbols * minutes
    close = np.round(20 + chance.standard_normal(count).cumsum() % 200, 2)
    letters = str.maketrans("0123456789", "GHIJKLMNOP")
    names = np.sort([f"{number:X}".translate(letters) for number in range(symbols)])
    frame = pl.DataFrame(
        {
            "ticker": np.repeat(names, minutes),
            "volume": chance.integers(1, 50_000, count),
            "open": close,
            "close": close,
            "high": close + 0.05,
            "low": np.maximum(close - 0.05, 0.01),
            "window_start": start + np.tile(np.arange(minutes), symbols) * 60_000_000_000,
            "transactions": chance.integers(1, 500, count),
        }
    ).with_columns(pl.col("high", "low").round(2))
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(frame.write_csv().encode())
    return path
