"""The engines beside straightforward ways to the same numbers, and the scan of many symbols.

The older tools' way is a loop over the rows of a frame: tests/naive.py.
"""

import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import cast

import pandas as pd
from tests import naive

from bench.made import AS_OF, AS_OF_TEXT, DAYS, MARKET, MINUTES, minutes_of_year
from bench.scene import Scene
from bench.stored import fill_for_scans
from bench.table import Row, Sides, at_least, faster, is_full, timed
from polytape.client.frames import to_frame
from polytape.engines.as_of import AsOfBars, days_back
from polytape.engines.flow import run_with
from polytape.engines.options import WINDOWS, ScanOptions
from polytape.engines.scan_result import ScanResult
from polytape.engines.scanner import scan_flow
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.resample import resample
from polytape.model.timeframes import Series, Timeframe
from polytape.scan.many import scan_many

CORES = 2
HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
LEVELS = 100


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    scans = Scans(scene)
    many = 2_000 if is_full() else 200
    return [
        Row("resample", "resampling one year of minutes to 15min", "pandas resample().agg()", "ms",
            faster(10), lambda: _resampling(scene)),
        Row("scan-one", "one full scan, one symbol, bars in memory",
            "the older tools' three runs on the same bars", "ms", faster(50), scans.beside_older),
        Row("scan-many", f"scan of {many:,} symbols from the store",
            "two processes of the pure engines alone", "1/s", at_least(0.7),
            lambda: scans.of_many(many)),
    ]  # fmt: skip


def _resampling(scene: Scene) -> Sides:
    minutes = minutes_of_year(scene.source)
    columns = {name: getattr(minutes, name) for name in HOW}
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(minutes.timestamp.view("M8[us]")))
    return timed(
        lambda: resample(minutes, Timeframe.MIN_15, market=MARKET),
        lambda: frame.resample("15min").agg(HOW).dropna(),
    )


class Scans:
    """Scans of bars in memory, and of a store."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def minutes(self) -> Bars:
        """What a scan reads of AAPL."""
        return self.scene.source.bars(series_query("AAPL", Series.MINUTE, MINUTES)).bars

    @cached_property
    def days(self) -> Bars:
        """Its days."""
        return self.scene.source.bars(series_query("AAPL", Series.DAY, DAYS)).bars

    def scan(self) -> ScanResult:
        """All engines on one symbol."""
        return pure_scan("AAPL", self.minutes, self.days)

    def beside_older(self) -> Sides:
        """Beside fractals, volume profiles and zones, each by rows."""
        assert self.scan().zones
        return timed(self.scan, self._three_runs, rounds=3)

    def _three_runs(self) -> None:
        known = AsOfBars(self.minutes, self.days, AS_OF, MARKET)
        swings = naive.zigzag(_rows_of(known.quarters), 11, 1.0, 14, apart=True)
        prices = [float(known.quarters.close[at]) for at, _ in swings]
        for back in WINDOWS:
            bars = known.fives.within(days_back(AS_OF, MARKET, back))
            volumes = naive.profile(_rows_of(bars), LEVELS)
            bottom = float(bars.low.min())
            step = (float(bars.high.max()) - bottom) / LEVELS
            most = sorted(range(LEVELS), key=volumes.__getitem__)[-10:]
            prices += [bottom + at * step for at in most]
        ranges = naive.atr(_rows_of(known.quarters), 14, "wilder")
        naive.clusters([(price, 1.0) for price in prices], cast("float", ranges[-1]))

    def of_many(self, count: int) -> Sides:
        """Symbols a second from a store, beside those of the engines on bars in memory."""
        folder = self.scene.folder / "scans"
        symbols = fill_for_scans(folder, self.scene.source, count)

        def from_store() -> float:
            began = time.perf_counter()
            many = scan_many(symbols, store=folder, as_of=AS_OF_TEXT, workers=CORES)
            assert not many.errors
            return count / (time.perf_counter() - began)

        def pure() -> float:
            return _pure_rate(symbols[:: max(1, count // 100)], folder)

        sides: tuple[list[float], list[float]] = ([], [])
        for _ in range(3):
            sides[0].append(from_store())
            sides[1].append(pure())
        return Sides(*sides)


def pure_scan(symbol: str, minutes: Bars, days: Bars) -> ScanResult:
    """A scan of bars in memory."""

    def answer(query: BarsQuery) -> Bars:
        return days if query.timeframe.series is Series.DAY else minutes

    return run_with(scan_flow(symbol, AS_OF, MARKET, ScanOptions()), answer)


def _rows_of(bars: Bars) -> list[naive.Row]:
    """A frame's rows, as a loop over it gives them."""
    names = ("open", "high", "low", "close", "volume")
    rows = to_frame(bars).iterrows()
    return [(at, *(float(row[name]) for name in names)) for at, (_, row) in enumerate(rows)]  # type: ignore[misc]


def _pure_rate(symbols: list[str], folder: Path) -> float:
    """Scans a second by so many processes as there are cores, started at one moment, with their
    bars in memory.
    """
    command = [sys.executable, "-m", "bench.engines", str(folder), *symbols]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(CORES)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    return sum(float(worker.communicate()[0]) for worker in workers)


def _scan_in_memory(folder: str, symbols: list[str]) -> None:
    """What one such process does."""
    from polytape.net.storage import FolderStorage
    from polytape.store.segments import SegmentStore

    store = SegmentStore.existing(FolderStorage(Path(folder)), MARKET)
    bars = [
        (name, store.read(name, Series.MINUTE, MINUTES), store.read(name, Series.DAY, DAYS))
        for name in symbols
    ]
    pure_scan(*bars[0])
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for symbol, minutes, days in bars:
        pure_scan(symbol, minutes, days)
    print(len(bars) / (time.perf_counter() - began))


if __name__ == "__main__":
    _scan_in_memory(sys.argv[1], sys.argv[2:])
