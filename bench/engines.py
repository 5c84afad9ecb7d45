"""The engines beside straightforward twins, and the scan of many symbols beside a bare read.

`python -m bench.engines` prints the medians of alternating rounds. The twins are those of the
tests (tests/naive.py) on rows of a pandas frame.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from tests import naive

from bench.run import MARKET, compare, heading
from polytape.client.frames import to_frame
from polytape.engines.as_of import AsOfBars, days_back
from polytape.engines.camarilla import camarilla_of
from polytape.engines.confluence import confluence
from polytape.engines.flow import run_with
from polytape.engines.fractals import fractals
from polytape.engines.levels import PriceContext, make_level
from polytape.engines.options import PERIODS, WINDOWS, ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.engines.volume_profile import volume_profile
from polytape.engines.zone_run import zones_at
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.scan.many import scan_many
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import Synthetic

NOW = parse_instant("2026-11-20 20:00 America/New_York", "now", MARKET)
AS_OF = parse_instant("2026-11-20 14:30 America/New_York", "as_of", MARKET)
MINUTES = Span(MARKET.midnight(date(2026, 10, 20)), AS_OF)
DAYS = Span(MARKET.midnight(date(2025, 10, 1)), MARKET.midnight(date(2026, 11, 20)))
SYMBOLS = 2_000


def main() -> None:
    """All of them."""
    source = Synthetic(MARKET, lambda: NOW)
    minutes = source.bars(series_query("AAPL", Series.MINUTE, MINUTES)).bars
    days = source.bars(series_query("AAPL", Series.DAY, DAYS)).bars
    heading()
    known = AsOfBars(minutes, days, AS_OF, MARKET)
    against_twins(known)
    together(known)
    linear(source)
    many_symbols(source)


def rows_of(bars: Bars) -> list[naive.Row]:
    """A frame's rows, as a loop over it gives them."""
    names = ("open", "high", "low", "close", "volume")
    rows = to_frame(bars).iterrows()
    return [(at, *(float(row[name]) for name in names)) for at, (_, row) in enumerate(rows)]  # type: ignore[misc]


def against_twins(known: AsOfBars) -> None:
    """Each engine beside its row-loop twin."""
    quarters, fives = known.quarters, known.fives
    compare(
        f"fractals of {len(quarters):,} 15-minute bars / a row loop over the frame",
        lambda: fractals(quarters),
        lambda: naive.zigzag(rows_of(quarters), 11, 1.0, 14, apart=True),
        rounds=3,
    )
    compare(
        f"profile of {len(fives):,} 5-minute bars / a row loop over the frame",
        lambda: volume_profile(fives),
        lambda: naive.profile(rows_of(fives), 100),
        rounds=3,
    )


def together(known: AsOfBars) -> None:
    """All five engines on one symbol, minutes in memory, longer bars made."""

    def ours() -> None:
        swings = fractals(known.quarters).swings
        context = PriceContext(float(known.minutes.close[-1]), 1.0, 5.0, AS_OF)
        items = [
            make_level(f"s{s.index}", "fractal", "fractal", s.price, context=context)
            for s in swings
        ]
        for back in WINDOWS:
            profile = volume_profile(known.fives.within(days_back(AS_OF, MARKET, back)))
            items += [
                make_level(f"h{back}{n.rank}", f"hvn-{back}d", "hvn", n.price, context=context)
                for n in profile.hvns
            ]
        for period in PERIODS:
            made = camarilla_of(known.days, period, AS_OF, known.market)
            assert made is not None
            items += [
                make_level(f"{period}{name}", "cam-daily", "camarilla", price, context=context)
                for name, price in made.levels.items()
            ]
        zones_at("AAPL", known)
        confluence(items, context, swings=[s.price for s in swings], bars=known.quarters)

    def scan() -> None:
        def answer(query: BarsQuery) -> Bars:
            return known.days if query.timeframe.series is Series.DAY else known.minutes

        run_with(scan_flow("AAPL", AS_OF, known.market, ScanOptions()), answer)

    compare("all five engines on one symbol / a whole scan (resampling too)", ours, scan)


def linear(source: Synthetic) -> None:
    """Cost by bars: four times the bars, beside four times the time."""
    span = Span(MARKET.midnight(date(2026, 8, 20)), AS_OF)
    quarter = source.bars(series_query("AAPL", Series.MINUTE, span)).bars
    part = quarter.last(len(quarter) // 4)

    def four(call: Callable[[Bars], object]) -> Callable[[], object]:
        return lambda: [call(part) for _ in range(4)]

    engines: dict[str, Callable[[Bars], object]] = {
        "profile": volume_profile, "fractals": fractals,
    }  # fmt: skip
    for name, engine in engines.items():
        whole = f"{name} of {len(quarter):,} bars / four of a quarter of them"
        compare(whole, partial(engine, quarter), four(engine))


def many_symbols(source: Synthetic) -> None:
    """The scan of a local store on all cores, beside reading the same bars in this process."""
    symbols = [s for s, info in listing().items() if info.active][:SYMBOLS]
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), source, symbols)
        began = time.perf_counter()
        many = scan_many(symbols, store=folder, as_of=AS_OF_TEXT)
        took = time.perf_counter() - began
        store = SegmentStore.existing(FolderStorage(Path(folder)), MARKET)
        began = time.perf_counter()
        bars = 0
        for symbol in sorted(symbols):
            bars += len(store.read(symbol, Series.MINUTE, MINUTES))
            store.read(symbol, Series.DAY, DAYS)
        reading = time.perf_counter() - began
        few = _seconds(lambda: scan_many(symbols[: SYMBOLS // 4], store=folder, as_of=AS_OF_TEXT))
        store.close()
        memory = [_memory(part, folder) for part in (symbols, symbols[: SYMBOLS // 4])]
    row(f"scan of {len(symbols):,} symbols / reading their bars in one process", took, reading)
    row("the same / four times a quarter of the symbols", took, few * 4)
    row("memory of a process, MB: all symbols / a quarter of them", *(m / 1e3 for m in memory))
    zones = statistics.median(len(found.zones) for found in many.results.values())
    print(
        f"  {len(symbols) / took:.0f} symbols/s, {len(many.errors)} errors, {zones:.0f} zones and"
    )
    print(f"  {bars / len(symbols):,.0f} minutes a symbol")


def row(what: str, ours: float, peer: float) -> None:
    """A line of one measurement, in seconds."""
    print(f"{what:66} {ours * 1e3:9.0f} {peer * 1e3:9.0f} {ours / peer:7.2f}")


def _memory(symbols: list[str], folder: str) -> float:
    """The largest size of a process that scans symbols one after the other, in MB."""
    code = (
        "import sys, resource; from polytape.engines.options import ScanOptions\n"
        "from polytape.scan.many import ScanTask\n"
        "symbols = tuple(sys.stdin.read().split())\n"
        f"ScanTask(symbols, {folder!r}, {AS_OF}, ScanOptions(), drawn=False).run()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=" ".join(symbols), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return float(done.stdout)


AS_OF_TEXT = "2026-11-20 14:30 America/New_York"


def _fill(folder: Path, source: Synthetic, symbols: list[str]) -> None:
    """A compacted store of these symbols."""
    store = SegmentStore(FolderStorage(folder), "synthetic/0", MARKET)
    for series, span in ((Series.MINUTE, MINUTES), (Series.DAY, DAYS)):
        # Days of many symbols are costly to make up: 100 from all over the list stand for the rest,
        # the busiest and the quietest among them.
        sample = symbols[:: max(1, len(symbols) // 100)]
        made = {s: source.bars(series_query(s, series, span)).bars for s in sample}
        pool = list(made.values())
        bars = {s: pool[n % len(pool)] for n, s in enumerate(symbols)}
        for at in range(0, len(symbols), 250):
            part = {s: bars[s] for s in symbols[at : at + 250]}
            coverage = [Coverage(s, span, NOW, True) for s in part]
            store.write(series, MarketBars.of(part), coverage)
    for series in Series:
        for period in store.catalog.folders(series):
            compact(store, period)
    store.close()


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
