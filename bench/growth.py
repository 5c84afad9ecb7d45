"""How time and memory grow with bars, symbols and clients: `python -m bench.growth`.

Writes bench/growth.json, and the plot docs/pictures/growth.png. A slope is that of the line through
the points with both axes as logarithms: 1 is in proportion, 0 is not at all. BENCH_FULL=1 goes as
far as 10,000,000 bars and 10,000 symbols.
"""

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.gateway import QUERY, wrk
from bench.machine import date_text, machine_text
from bench.made import MARKET, YEAR, minutes_of_year
from bench.scene import Scene
from bench.stored import fill_year
from bench.table import CannotMeasureError, is_full
from polytape.client.answers import CachedAnswer
from polytape.engines.volume_profile import volume_profile
from polytape.model.bars import Bars
from polytape.model.query import parse_query
from polytape.model.resample import resample
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import MINUTE_US
from polytape.net.storage import FolderStorage
from polytape.store.segments import SegmentStore
from polytape.wire import arrow
from polytape.wire.api.messages import BarsMetadata

GROWTH = Path(__file__).parent / "growth.json"
PLOT = Path(__file__).parents[1] / "docs" / "pictures" / "growth.png"
ROUNDS = 3
SPAN = ("2004-01-01", "2026-11-01")


@dataclass(frozen=True)
class Line:
    """What one thing takes, by the number of another."""

    name: str
    by: str
    unit: str
    points: list[tuple[int, float]]

    @property
    def slope(self) -> float:
        """The power of the number that it grows with."""
        numbers, values = zip(*self.points, strict=True)
        return slope_of(numbers, values)

    def to_json(self) -> dict[str, Any]:
        """As `growth.json` has it."""
        points = [[number, float(f"{value:.4g}")] for number, value in self.points]
        return {
            "name": self.name, "by": self.by, "unit": self.unit, "slope": round(self.slope, 2),
            "points": points,
        }  # fmt: skip


def slope_of(numbers: tuple[int, ...], values: tuple[float, ...]) -> float:
    """The least-squares slope of the logarithms."""
    return float(np.polyfit(np.log(numbers), np.log(values), 1)[0])


def main() -> None:
    """All lines, printed, written and drawn."""
    lines = []
    with Scene() as scene:
        for make in (by_bars, by_symbols, by_clients):
            for line in make(scene):
                lines.append(line)
                ends = ", ".join(f"{number:,}: {value:.3g}" for number, value in line.points)
                print(f"{line.name:44} slope {line.slope:5.2f}  {line.unit}: {ends}", flush=True)
    written = [line.to_json() for line in lines]
    report = {"machine": machine_text(), "date": date_text(), "full": is_full(), "lines": written}
    GROWTH.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    draw(written, PLOT)


def by_bars(scene: Scene) -> Iterator[Line]:
    """What the caller's side does with an answer, and what engines do with bars."""
    del scene
    counts = [1_000, 10_000, 100_000, 1_000_000, *([10_000_000] if is_full() else [])]
    query = parse_query("AAPL", *SPAN, "1min", MARKET)
    metadata = BarsMetadata(symbol="AAPL", timeframe="1min", count=0, source="made-up")
    every = {count: _walk(count) for count in counts}
    bodies = {count: b"".join(arrow.stream(bars, metadata)) for count, bars in every.items()}

    def read(count: int) -> object:
        bars = arrow.from_table(_table(bodies[count]))[0]
        answer = CachedAnswer.of(query, bars, metadata, fetched_at=query.span.end, market=MARKET)
        return answer.frames.make()

    works: dict[str, Callable[[int], object]] = {
        "write an answer as Arrow": lambda count: list(arrow.stream(every[count], metadata)),
        "read it into a frame": read,
        "resample to 15min": lambda n: resample(every[n], Timeframe.MIN_15, market=MARKET),
        "volume profile": lambda count: volume_profile(every[count]),
    }
    for name, work in works.items():
        yield Line(name, "bars", "s", [(count, _seconds(work, count)) for count in counts])
    peaks = [(count, _peak_mb(read, count)) for count in counts]
    yield Line("memory of reading it", "bars", "MB", peaks)


def by_symbols(scene: Scene) -> Iterator[Line]:
    """A year of one symbol's minutes, among others in the same files; and the list of them all."""
    counts = [10, 100, 1_000, *([10_000] if is_full() else [])]
    whole, reads, opens = minutes_of_year(scene.source), [], []
    for count in counts:
        folder = scene.folder / f"grown-{count}"
        store = fill_year(folder, whole, count)
        reads.append((count, _seconds(partial(_symbol_year, store), count)))
        store.close()
        opens.append((count, _seconds(partial(_symbols, folder), count)))
    yield Line("a symbol-year from the store", "symbols", "s", reads)
    yield Line("opening a store, and its list of symbols", "symbols", "s", opens)


def by_clients(scene: Scene) -> Iterator[Line]:
    """Connections that ask as fast as they can: what a request takes, and the gateway's memory."""
    times, sizes = [], []
    try:
        for count in (1, 10, 100, 1_000):
            loads = [
                wrk(f"{scene.gateway}/api/v1/bars?{QUERY}", connections=count, seconds=2)
                for _ in range(ROUNDS)
            ]
            times.append((count, 1 / statistics.median(load.rate for load in loads)))
            sizes.append((count, scene.gateway_mb()))
    except (CannotMeasureError, FileNotFoundError) as reason:
        print(f"by clients: {reason}")
        return
    yield Line("a warm request of 390 bars", "clients", "s", times)
    yield Line("memory of the gateway", "clients", "MB", sizes)


def draw(lines: list[dict[str, Any]], path: Path) -> None:
    """Three panels, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.4), dpi=110, layout="constrained")
    subjects = list(dict.fromkeys(line["by"] for line in lines))
    for axes, subject in zip(figure.subplots(1, len(subjects), squeeze=False)[0], subjects,
                             strict=True):  # fmt: skip
        for line in (one for one in lines if one["by"] == subject and one["unit"] == "s"):
            numbers, values = zip(*line["points"], strict=True)
            axes.loglog(numbers, values, marker="o", markersize=3, linewidth=1.2,
                        label=f"{line['name']} ({line['slope']:.2f})")  # fmt: skip
        axes.set_xlabel(subject)
        axes.set_ylabel("seconds")
        axes.grid(visible=True, which="major", linewidth=0.3)
        axes.legend(fontsize=6, frameon=False)
    figure.savefig(path)


def _walk(count: int) -> Bars:
    """A random walk of minutes, one after the other."""
    steps = np.random.default_rng(count).standard_normal(count)
    close = 100 * np.exp(0.0005 * steps.cumsum() / max(1, (count / 100_000) ** 0.5))
    stamps = YEAR.start + np.arange(count, dtype=np.int64) * MINUTE_US
    volume = np.full(count, 100.0)
    return Bars.of(stamps, close, close * 1.0005, close * 0.9995, close, volume)


def _symbol_year(store: SegmentStore, _: int) -> object:
    """Read one symbol's year."""
    return store.read("AAPL", Series.MINUTE, YEAR)


def _symbols(folder: Path, count: int) -> None:
    """Open a store anew, and list its symbols."""
    store = SegmentStore.existing(FolderStorage(folder), MARKET)
    assert len(store.symbols(Series.MINUTE)) == count
    store.close()


def _table(body: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(body).read_all()


def _seconds(work: Callable[[int], object], count: int) -> float:
    work(count)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work(count)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _peak_mb(work: Callable[[int], object], count: int) -> float:
    tracemalloc.start()
    try:
        work(count)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    main()
