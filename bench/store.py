"""The store beside its limits, as ratios within one run: `python -m bench.store [--full]`.

Reads stand beside a bare Parquet file that holds nothing but the same rows; imports beside polars
reading, sorting and writing the same file. `--full` adds the store of 10,000 symbols.
"""

import gzip
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from pyarrow import parquet

from bench.run import MARKET, compare, heading
from polytape.cli.clock import now_us
from polytape.history.import_tables import ColumnMapping
from polytape.history.importer import Importer
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segment import to_table
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.source import Synthetic

YEAR = Span(MARKET.midnight(date(2024, 1, 1)), MARKET.midnight(date(2025, 1, 1)))
MONTH = Span(MARKET.midnight(date(2024, 6, 10)), MARKET.midnight(date(2024, 7, 10)))


def main() -> None:
    """All of them, in folders that go afterwards."""
    root = Path(tempfile.mkdtemp(prefix="polytape-bench-"))
    try:
        heading()
        source = Synthetic(MARKET, lambda: YEAR.end)
        whole = source.bars(series_query("AAPL", Series.MINUTE, YEAR)).bars
        for symbols in (10, 2_000, *([10_000] if "--full" in sys.argv else [])):
            reads(root / f"s{symbols}", symbols, whole)
        piles(root / "pile", whole)
        imports(root / "import")
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"largest memory of this process: {used:,.0f} MB")
    finally:
        shutil.rmtree(root)


def reads(folder: Path, symbols: int, whole: Bars) -> None:
    """A year and a month of one symbol, among others that share its files."""
    store = SegmentStore(FolderStorage(folder), "bench", MARKET)
    others = whole.take(slice(None, None, max(1, symbols // 40)))  # fewer bars where many symbols
    names = ["AAPL", *(f"S{number:05d}" for number in range(symbols - 1))]
    for month in range(1, 13):
        start = MARKET.midnight(date(2024, month, 1))
        end = MARKET.midnight(date(2024 + month // 12, month % 12 + 1, 1))
        span = Span(start, end)
        other = others.within(span)
        parts = {name: whole.within(span) if name == "AAPL" else other for name in names}
        store.write(Series.MINUTE, MarketBars.of(parts), [Coverage(None, span, 1, True)])
    bare = folder / "bare.parquet"
    parquet.write_table(to_table(whole, ["AAPL"], [len(whole)]), bare, compression="zstd")
    assert store.read("AAPL", Series.MINUTE, YEAR).same(whole)
    compare(
        f"year of minutes, 1 of {symbols:,} symbols | bare read_table",
        lambda: store.read_table("AAPL", Series.MINUTE, YEAR),
        lambda: parquet.read_table(bare),
    )
    compare(
        f"30 days, 1 of {symbols:,} symbols | the year from the store",
        lambda: store.read_table("AAPL", Series.MINUTE, MONTH),
        lambda: store.read_table("AAPL", Series.MINUTE, YEAR),
    )
    store.close()


def piles(folder: Path, whole: Bars) -> None:
    """A month with 500 small segments: of 50 symbols 10 each, and all of one symbol."""
    month = Span(MARKET.midnight(date(2024, 6, 1)), MARKET.midnight(date(2024, 7, 1)))
    bars = whole.within(month)
    for name, symbols in (("of 50 symbols", 50), ("of one symbol", 1)):
        store = SegmentStore(FolderStorage(folder / str(symbols)), "bench", MARKET)
        each = 500 // symbols
        step = (month.end - month.start) // each
        for number in range(500):
            part = Span(
                month.start + number % each * step, month.start + (number % each + 1) * step
            )
            part = Span(part.start, month.end if number % each == each - 1 else part.end)
            symbol = f"S{number // each:02d}"
            market = MarketBars.of({symbol: bars.within(part)})
            store.write(Series.MINUTE, market, [Coverage(symbol, part, number, True)])
        (month_folder,) = store.catalog.folders(Series.MINUTE)
        merged = SegmentStore(FolderStorage(folder / f"{symbols}m"), "bench", MARKET)
        shutil.copytree(folder / str(symbols) / "bars", folder / f"{symbols}m" / "bars")
        compact(merged, month_folder)
        assert store.read("S00", Series.MINUTE, month).same(bars)
        compare(
            f"a month from 500 small segments {name} | compacted",
            lambda s=store: s.read("S00", Series.MINUTE, month),  # type: ignore[misc]
            lambda m=merged: m.read("S00", Series.MINUTE, month),  # type: ignore[misc]
        )
        store.close()
        merged.close()


def imports(folder: Path) -> None:
    """Flat files of 1.5 million rows: `polytape history import` and polars, both as processes."""
    files = [flat_file(folder, date(2024, 6, 3) + timedelta(days=day)) for day in range(3)]
    compare(
        "import one file of 1,500,000 rows, in process | polars",
        lambda: bring(folder, files[0]),
        lambda: by_polars(files[0]),
        rounds=3,
    )
    ours = [sys.executable, "-m", "polytape", "history", "import", "--store"]
    for what, chosen in (("one file", files[:1]), ("three files", files)):
        names = [str(path) for path in chosen]
        compare(
            f"import {what} of 1,500,000 rows | polars read, sort, write",
            lambda n=names: run(folder, [*ours, str(folder / "store"), *n]),  # type: ignore[misc]
            lambda n=names: run(folder, [sys.executable, "-c", POLARS, *n]),  # type: ignore[misc]
            rounds=3,
        )
    for command in ([*ours, str(folder / "store"), str(files[0])],):
        run(folder, command)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"largest memory of an import or of polars: {used:,.0f} MB")


POLARS = """
import sys, polars
for path in sys.argv[1:]:
    kinds = {"ticker": polars.String, "volume": polars.Float64}
    frame = polars.read_csv(path, schema_overrides=kinds)
    frame.sort("ticker", "window_start").write_parquet(path + ".parquet", compression="zstd")
"""


def bring(folder: Path, path: Path) -> None:
    """Import a file into an empty store."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    store = SegmentStore(FolderStorage(folder / "store"), "bench", MARKET)
    list(Importer(store, MARKET, now_us).run([path], "flatfiles", ColumnMapping()))
    store.close()


def by_polars(path: Path) -> None:
    """Read, sort, write."""
    kinds = {"ticker": pl.String, "volume": pl.Float64}
    frame = pl.read_csv(path, schema_overrides=kinds).sort("ticker", "window_start")
    frame.write_parquet(path.with_suffix(".parquet"), compression="zstd")


def run(folder: Path, command: list[str]) -> None:
    shutil.rmtree(folder / "store", ignore_errors=True)
    subprocess.run(command, check=True, capture_output=True)


def flat_file(folder: Path, day: date) -> Path:
    """A day of 10,000 symbols, 150 minutes each."""
    path = folder / "minute_aggs_v1" / f"{day:%Y/%m/%Y-%m-%d}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(day.toordinal())
    start = (MARKET.midnight(day) + MARKET.opening_bell_us) * 1_000
    count = 1_500_000
    close = np.round(20 + chance.standard_normal(count).cumsum() % 200, 2)
    symbols = np.sort(
        [f"{n:X}".translate(str.maketrans("0123456789", "GHIJKLMNOP")) for n in range(10_000)]
    )
    frame = pl.DataFrame(
        {
            "ticker": np.repeat(symbols, 150),
            "volume": chance.integers(1, 50_000, count),
            "open": close,
            "close": close,
            "high": close + 0.05,
            "low": np.maximum(close - 0.05, 0.01),
            "window_start": start + np.tile(np.arange(150) * 2, 10_000) * 60_000_000_000,
            "transactions": chance.integers(1, 500, count),
        }
    ).with_columns(pl.col("high", "low").round(2))
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(frame.write_csv().encode())
    return path


if __name__ == "__main__":
    main()
