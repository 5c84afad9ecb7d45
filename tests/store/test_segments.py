"""One contract for every storage, and a random-operations machine beside a dictionary."""

import shutil
import tempfile
from contextlib import suppress
from datetime import date
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.wall_clock import WallClock
from polytape.net.storage import FolderStorage, Storage
from polytape.store.compact import compact, forget
from polytape.store.coverage import Coverage, without
from polytape.store.segment import to_bars
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars, write, write_market
from tests.store.interrupted import Crash, Interrupted

Rows = dict[str, dict[int, float]]


class DictStore:
    """The store's meaning without its files: everything ever written, in the order of fetching."""

    def __init__(self) -> None:
        self.writes: list[tuple[Series, Coverage, Rows]] = []

    def write(self, series: Series, parts: dict[str, Bars], coverage: list[Coverage]) -> None:
        for cover in coverage:
            rows = {
                s: {
                    int(t): float(c)
                    for t, c in zip(b.timestamp, b.close, strict=True)
                    if t in cover.span
                }
                for s, b in parts.items()
            }
            self.writes.append((series, cover, rows))

    def at(
        self, symbol: str, series: Series, hour: int
    ) -> tuple[Coverage, dict[int, float]] | None:
        """The last word on an hour."""
        best = None
        for kind, cover, rows in self.writes:
            speaks = (
                kind is series
                and hour in cover.span
                and (cover.symbol == symbol or cover.symbol is None)
                and symbol not in cover.excluded_symbols
            )
            if speaks and (best is None or cover.fetched_at >= best[0].fetched_at):
                best = (cover, rows.get(symbol, {}))
        return best

    def forget(self, symbol: str, series: Series, span: Span) -> None:
        left = []
        for kind, cover, rows in self.writes:
            if kind is not series:
                left.append((kind, cover, rows))
                continue
            left += [(kind, part, rows) for part in without(cover, symbol, span)]
        self.writes = left


SYMBOLS = ["AAPL", "KIMpL", "NA", "ZZZ"]
HOURS = 8 * 24
spans = st.tuples(st.integers(0, HOURS - 1), st.integers(1, 60)).map(
    lambda p: Span(FIRST + p[0] * HOUR, FIRST + (p[0] + p[1]) * HOUR)
)
series = st.sampled_from(list(Series))


def die() -> None:
    """The process is gone."""
    raise Crash


class StoreMachine(RuleBasedStateMachine):
    """Writes, compactions (some die), deletions and reads, in one store that two objects have open,
    over days: deletions are forgotten in the end.
    """

    def make_storage(self) -> Storage:
        return Interrupted()

    @initialize()
    def start(self) -> None:
        storage = self.make_storage()
        names = map("{:08d}".format, count())
        self.stores = [
            SegmentStore(
                storage, "test", MARKET, name=lambda: next(names), now=lambda: self.fetched_at
            )
            for _ in range(2)
        ]
        self.model = DictStore()
        self.fetched_at = 0

    @rule(kind=series, span=spans, symbols=st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True),
          every=st.integers(1, 30), whole=st.booleans(), final=st.booleans(), who=st.integers(0, 1))  # fmt: skip
    def write(
        self,
        kind: Series,
        span: Span,
        symbols: list[str],
        every: int,
        whole: bool,
        final: bool,
        who: int,
    ) -> None:
        self.fetched_at += 1
        stamps = list(range(span.start, span.end, every * HOUR))
        prices = {s: 10.0 + self.fetched_at + n / 10 for n, s in enumerate(symbols)}
        parts = {s: some_bars(stamps, price) for s, price in prices.items()}
        coverage = [
            Coverage(s, span, self.fetched_at, final) for s in ([None] if whole else symbols)
        ]
        self.stores[who].write(kind, MarketBars.of(parts), coverage)
        self.model.write(kind, parts, coverage)

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans, who=st.integers(0, 1))
    def write_nothing(self, kind: Series, symbol: str, span: Span, who: int) -> None:
        """Fetched, and found empty."""
        self.fetched_at += 1
        cover = Coverage(symbol, span, self.fetched_at, True)
        self.stores[who].write(kind, MarketBars.of({}), [cover])
        self.model.write(kind, {}, [cover])

    @rule()
    def days_pass(self) -> None:
        self.fetched_at += 3 * DAY

    @rule(kind=series, at=st.integers(0, 25), who=st.integers(0, 1))
    def compact_and_die(self, kind: Series, at: int, who: int) -> None:
        storage = self.stores[who].storage
        if isinstance(storage, Interrupted):
            storage.before(at, die)
            with suppress(Crash):
                for folder in self.stores[who].catalog.folders(kind):
                    compact(self.stores[who], folder)
            storage.undisturbed()

    @rule(kind=series, who=st.integers(0, 1))
    def compact(self, kind: Series, who: int) -> None:
        catalog = self.stores[who].catalog
        for folder in catalog.folders(kind):
            compact(self.stores[who], folder)
            assert len(catalog.segments(folder)) <= 1

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans, who=st.integers(0, 1))
    def forget(self, kind: Series, symbol: str, span: Span, who: int) -> None:
        self.fetched_at += 1
        forget(self.stores[who], symbol, kind, span)
        self.model.forget(symbol, kind, span)

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans, who=st.integers(0, 1))
    def read(self, kind: Series, symbol: str, span: Span, who: int) -> None:
        store = self.stores[who]
        bars = store.read(symbol, kind, span)
        assert to_bars(store.read_table(symbol, kind, span)).same(bars)
        closes = {int(t): float(c) for t, c in zip(bars.timestamp, bars.close, strict=True)}
        slices = {p.span.start: p for p in store.coverage(symbol, kind, span)}
        covered = {h: p for p in slices.values() for h in range(p.span.start, p.span.end, HOUR)}
        assert list(bars.timestamp) == sorted(closes)
        for hour in range(span.start, span.end, HOUR):
            truth = self.model.at(symbol, kind, hour)
            assert (truth is None) == (hour not in covered)
            if truth is not None:
                assert (covered[hour].coverage.fetched_at, covered[hour].coverage.final) == (
                    truth[0].fetched_at,
                    truth[0].final,
                )
                assert closes.get(hour) == truth[1].get(hour)
            else:
                assert hour not in closes

    @invariant()
    def slices_are_disjoint(self) -> None:
        if hasattr(self, "stores"):
            slices = self.stores[0].coverage("AAPL", Series.MINUTE)
            assert all(a.span.end <= b.span.start for a, b in pairwise(slices))

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()


class FolderMachine(StoreMachine):
    """The same in a folder."""

    def make_storage(self) -> Storage:
        self.root = Path(tempfile.mkdtemp(prefix="polytape-test-"))
        return FolderStorage(self.root)

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "root"):
            shutil.rmtree(self.root)


TestMemory = StoreMachine.TestCase
TestMemory.settings = settings(max_examples=25, stateful_step_count=20)
TestFolder = FolderMachine.TestCase
TestFolder.settings = settings(max_examples=15, stateful_step_count=20)


def test_a_storage_keeps_files_whole(storage: Storage) -> None:
    assert storage.put("a/b/one", lambda sink: sink.write(b"12345")) == 5
    storage.put("a/b/two", lambda sink: sink.write(b""))
    assert sorted(storage.names("a/b")) == ["one", "two"]
    assert storage.folders("a") == ["b"]
    assert (storage.read("a/b/one"), storage.size("a/b/one")) == (b"12345", 5)
    storage.rename("a/b/one", "a/b/three")
    storage.delete("a/b/two")
    storage.delete("a/b/two")
    assert storage.names("a/b") == ["three"]
    assert storage.names("nowhere") == storage.folders("nowhere") == []
    with pytest.raises(FileNotFoundError):
        storage.read("a/b/one")


def test_a_put_that_fails_leaves_nothing(storage: Storage) -> None:
    def half(sink: Any) -> None:
        sink.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match=r"full|space"):
        storage.put("a/b", half)
    assert storage.names("a") == []


def test_every_column_comes_back_to_the_last_bit(storage: Storage) -> None:
    store = SegmentStore(storage, "test", MARKET)
    bars = Bars.of([FIRST, FIRST + HOUR], [0.1, 1e-9], [3.3, 1e9], [0.1, 1e-9], [0.3, 2.0],
                   [0.5, 1e12], [np.nan, 1.23456789], [np.nan, 7])  # fmt: skip
    write(store, "NA", bars, WEEK, 1)
    assert store.read("NA", Series.MINUTE, WEEK).same(bars)
    assert to_bars(store.read_table("NA", Series.MINUTE, WEEK)).same(bars)
    assert store.read_table("ZZ", Series.MINUTE, WEEK).num_rows == 0
    assert store.symbols(Series.MINUTE) == ["NA"]
    assert store.catalog.series() == [Series.MINUTE]
    again = SegmentStore(storage, "test", MARKET)
    assert again.read("NA", Series.MINUTE, WEEK).same(bars)
    assert not len(again.read("AAPL", Series.MINUTE, WEEK))


def test_a_bar_that_no_coverage_speaks_of_is_never_read() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    day = Span(FIRST, FIRST + DAY)
    write(store, "A", some_bars([FIRST, FIRST + DAY]), day, 1)
    assert store.read("A", Series.MINUTE, WEEK).timestamp.tolist() == [FIRST]
    write(store, "A", some_bars([]), Span(FIRST, FIRST), 2)  # an empty span says nothing
    assert [part.span for part in store.coverage("A", Series.MINUTE)] == [day]


def test_folders_are_of_the_stores_own_zone() -> None:
    """February begins 14 hours earlier in Tokyo than in New York."""
    tokyo = WallClock(ZoneInfo("Asia/Tokyo"))
    store = SegmentStore(memory(), "test", tokyo)
    edge = tokyo.midnight(date(2024, 2, 1))
    write(store, "A", some_bars([edge - HOUR, edge]), Span(edge - DAY, edge + DAY), 1)
    folders = store.catalog.folders(Series.MINUTE)
    assert folders == ["bars/1min/2024-01", "bars/1min/2024-02"]
    assert [store.catalog.segments(folder)[0].rows for folder in folders] == [1, 1]
    assert len(store.read("A", Series.MINUTE, Span(edge - DAY, edge + DAY))) == 2


def test_large_symbols_have_row_groups_of_their_own(tmp_path: Path) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    step = HOUR // 60
    sizes = {"A": 10, "B": 9_000, "C": 20, "D": 40_000, "E": 5, "F": 8_000}
    parts = {s: some_bars([FIRST + n * step // 2 for n in range(k)]) for s, k in sizes.items()}
    month = Span(FIRST, FIRST + 40 * DAY)
    write_market(store, parts, month, 1, series=Series.DAY)
    (folder,) = store.catalog.folders(Series.DAY)
    (segment,) = store.catalog.segments(folder)
    assert list(zip(segment.firsts, segment.lasts, strict=True)) == [
        ("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("D", "D"), ("E", "F")
    ]  # fmt: skip
    for symbol, bars in parts.items():
        assert store.read(symbol, Series.DAY, month).same(bars)
    assert not len(store.read("DD", Series.DAY, month))
    assert len(store.coverage("DD", Series.DAY)) == 1
