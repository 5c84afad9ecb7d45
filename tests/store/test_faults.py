"""Kills, several processes, foreign readers: nothing acknowledged is lost, nothing claimed is short."""

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from polytape.errors import ConfigurationError, DataFetchError
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, open_storage
from polytape.store.compact import compact, forget
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.writer import DAY, FIRST, bars_of, span_of

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
ALL = Span(FIRST - DAY, FIRST + 60 * DAY)


@contextmanager
def writer(folder: Path, symbol: str, seed: int, *mode: str) -> Iterator[subprocess.Popen[str]]:
    """A writing process; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(folder), symbol, str(seed), *mode],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def check_whole(folder: Path, symbol: str, acknowledged: list[int]) -> None:
    """Every slice that is covered holds just what its write said, and no acknowledged write is
    lost.
    """
    store = SegmentStore(FolderStorage(folder), "test", MARKET)
    slices = store.coverage(symbol, Series.MINUTE, ALL)
    for part in slices:
        truth = bars_of(part.coverage.fetched_at).within(part.span)
        assert store.read(symbol, Series.MINUTE, part.span).same(truth)
    newest = {
        at: p.coverage.fetched_at
        for p in slices
        for at in range(p.span.start, p.span.end, DAY // 2)
    }
    for number in acknowledged:
        span = span_of(number)
        for at in range(span.start, span.end, DAY // 2):
            assert newest[at] >= number
    store.close()


# Python 3.12 warns of forks beside threads; the child touches none of them.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_by_kills(tmp_path: Path, kills: int) -> None:
    """Forked writers are killed after a random number of bytes of their reports, at any moment."""
    chance = random.Random(7)
    acknowledged: list[int] = []
    for seed in range(kills):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # the child writes until it is killed
            os.dup2(write, 1)
            sys.stdout = os.fdopen(1, "w")
            from tests.store.writer import main

            try:
                main(str(tmp_path), "AAPL", str(seed), *(["compact"] if seed % 3 == 0 else []))
            finally:
                os._exit(0)
        os.close(write)
        report = os.read(read, 1 + chance.randrange(12))
        select.select([], [], [], chance.uniform(0, 0.01))  # somewhere inside a later write
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(read, 65_536):
            report += more
        os.close(read)
        acknowledged += [int(line) for line in report.decode().split("\n")[:-1] if line]
        if seed % 25 == 24:
            check_whole(tmp_path, "AAPL", acknowledged)
    assert len(acknowledged) >= kills
    store = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    for folder in store.catalog.folders(Series.MINUTE):
        compact(store, folder)
    check_whole(tmp_path, "AAPL", acknowledged)
    store.close()


def test_two_processes_and_a_compactor_write_one_symbol_without_loss(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with writer(tmp_path, "AAPL", 1) as one, writer(tmp_path, "AAPL", 2, "compact") as two:
        for process in (one, two):
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(40)]
    check_whole(tmp_path, "AAPL", acknowledged)


def test_a_store_reads_while_another_process_writes_and_compacts(tmp_path: Path) -> None:
    with writer(tmp_path, "AAPL", 3, "compact") as process:
        assert process.stdout is not None
        process.stdout.readline()
        store = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
        for _ in range(60):
            number = int(process.stdout.readline())
            bars = store.read("AAPL", Series.MINUTE, span_of(number))
            assert np.all(np.diff(bars.timestamp) > 0)
            assert number + 1.0 in bars.close or any(
                p.coverage.fetched_at > number
                for p in store.coverage("AAPL", Series.MINUTE, span_of(number))
            )
        store.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    with pytest.raises((DataFetchError, ConfigurationError), match="file"):
        SegmentStore(open_storage(str(blocked)), "test", MARKET)


def some_store(folder: Path) -> SegmentStore:
    """Overlapping answers, a market-wide one, and an empty one."""
    store = SegmentStore(FolderStorage(folder), "test", MARKET)
    for number in (1, 2, 3, 4):
        cover = Coverage("AAPL", span_of(number), number, True)
        store.write(Series.MINUTE, MarketBars.of({"AAPL": bars_of(number)}), [cover])
    whole = {"AAPL": bars_of(2), "MSFT": bars_of(2)}
    store.write(Series.MINUTE, MarketBars.of(whole), [Coverage(None, span_of(2), 10, True)])
    store.write(
        Series.MINUTE,
        MarketBars.of({}),
        [Coverage("MSFT", Span(span_of(2).start, span_of(2).start + DAY // 4), 11, True)],
    )
    return store


def truth_of(store: SegmentStore) -> list[tuple[str, int, float]]:
    stored = {symbol: store.read(symbol, Series.MINUTE, ALL) for symbol in ("AAPL", "MSFT")}
    return [
        (symbol, int(t), float(c))
        for symbol, bars in stored.items()
        for t, c in zip(bars.timestamp, bars.close, strict=True)
    ]


def run_duckdb(query: str) -> list[Any]:
    return duckdb.connect().execute(query).fetchall()


def test_duckdb_and_polars_read_a_compacted_folder_as_it_is(tmp_path: Path) -> None:
    store = some_store(tmp_path)
    for folder in store.catalog.folders(Series.MINUTE):
        compact(store, folder)
    pattern = str(tmp_path / "bars/1min/*/*.parquet")
    query = f"SELECT symbol, epoch_us(timestamp), close FROM '{pattern}' ORDER BY symbol, timestamp"
    assert run_duckdb(query) == truth_of(store)
    frame = pl.read_parquet(pattern).sort("symbol", "timestamp")
    stamps = frame["timestamp"].dt.epoch("us")
    assert list(zip(frame["symbol"], stamps, frame["close"], strict=True)) == truth_of(store)
    store.close()


def test_the_documented_query_reads_any_store_exactly(tmp_path: Path) -> None:
    store = some_store(tmp_path)
    page = (ROOT / "docs/reference/store.md").read_text()
    query = page.split("```sql\n")[1].split("```")[0].replace("STORE", str(tmp_path))
    (folder, *_) = store.catalog.folders(Series.MINUTE)
    rows = len(truth_of(store))
    with store.storage.try_lock(folder):  # nobody compacts: the deleted rows are still there
        forget(store, "AAPL", Series.MINUTE, Span(span_of(3).start, span_of(3).end - DAY // 4))
    assert len(store.catalog.segments(folder)) > 4
    assert 0 < len(truth_of(store)) < rows
    assert run_duckdb(query) == truth_of(store)
    store.close()


NO_ROOM = """
import resource, sys
from pathlib import Path
from polytape.errors import DataFetchError
from tests.store.test_faults import some_store
from tests.store.writer import bars_of, span_of
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.store.coverage import Coverage

store = some_store(Path(sys.argv[1]))
before = store.read("AAPL", Series.MINUTE, span_of(2))
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))  # a file cannot grow further: a full disk
try:
    store.write(Series.MINUTE, MarketBars.of({"AAPL": bars_of(7)}), [Coverage("AAPL", span_of(7), 99, True)])
except DataFetchError as error:
    print(error)
assert store.read("AAPL", Series.MINUTE, span_of(2)).same(before)
assert all(part.coverage.fetched_at != 99 for part in store.coverage("AAPL", Series.MINUTE))
print([p.name for p in Path(sys.argv[1]).rglob("*") if p.is_file() and p.suffix not in (".parquet", ".json")])
"""


def test_a_disk_without_room_is_named_and_nothing_half_is_left(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path)], capture_output=True, text=True, check=False,
        cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, left = done.stdout.splitlines()
    assert said.startswith(f"{tmp_path}/bars/1min/")
    assert "File too large" in said
    assert left == "[]"
    assert "Traceback" not in done.stderr
