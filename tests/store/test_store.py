"""One contract for every place, and a random-operations machine beside a dictionary."""

import shutil
import tempfile
from datetime import date
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from polytape.errors import ConfigurationError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import midnight
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage, open_storage
from polytape.store.compact import compact, forget
from polytape.store.coverage import Coverage
from polytape.store.decoded_rows import DecodedRows
from polytape.store.periods import periods
from polytape.store.segment import to_bars
from polytape.store.segments import SegmentStore

HOUR = 3_600_000_000
DAY = 24 * HOUR
FIRST = midnight(date(2024, 1, 28))  # near a month's end, so that spans fall into two folders


def some_bars(stamps: list[int], price: float = 10.0) -> Bars:
    column = np.full(len(stamps), price) + np.arange(len(stamps))
    return Bars.of(stamps, column, column, column, column, column * 10, column, column // 1)


class DictStore:
    """The store's meaning without its files: everything ever written, in the order of asking."""

    def __init__(self) -> None:
        self.said: list[tuple[Series, Coverage, dict[str, dict[int, float]]]] = []

    def write(self, series: Series, parts: dict[str, Bars], covers: list[Coverage]) -> None:
        for cover in covers:
            rows = {
                s: {
                    int(t): float(c)
                    for t, c in zip(b.timestamp, b.close, strict=True)
                    if t in cover.span
                }
                for s, b in parts.items()
            }
            self.said.append((series, cover, rows))

    def at(
        self, symbol: str, series: Series, hour: int
    ) -> tuple[Coverage, dict[int, float]] | None:
        """The last word on an hour."""
        best = None
        for kind, cover, rows in self.said:
            said = kind is series and cover.speaks_of(symbol) and hour in cover.span
            if said and (best is None or cover.asked >= best[0].asked):
                best = (cover, rows.get(symbol, {}))
        return best

    def forget(self, symbol: str, series: Series, span: Span) -> None:
        from polytape.store.coverage import without

        kept = []
        for kind, cover, rows in self.said:
            if kind is not series:
                kept.append((kind, cover, rows))
                continue
            kept += [(kind, left, rows) for left in without(cover, symbol, span)]
        self.said = kept


SYMBOLS = ["AAPL", "KIMpL", "NA", "ZZZ"]
HOURS = 8 * 24
spans = st.tuples(st.integers(0, HOURS - 1), st.integers(1, 60)).map(
    lambda p: Span(FIRST + p[0] * HOUR, FIRST + (p[0] + p[1]) * HOUR)
)
series = st.sampled_from(list(Series))


class StoreMachine(RuleBasedStateMachine):
    """Writes, compactions, deletions and reads, in one store that two objects have open."""

    def make_place(self) -> Storage:
        return open_storage("memory")

    @initialize()
    def start(self) -> None:
        self.storage = self.make_place()
        names = map("{:08d}".format, count())
        self.stores = [
            SegmentStore(self.storage, "test", name=lambda: next(names)) for _ in range(2)
        ]
        for store in self.stores:
            store.storage = self.unhurried(store.storage)
        self.model = DictStore()
        self.asked = 0

    def unhurried(self, place: Any) -> Any:
        """No listing holds for a while here: what one object writes the other sees at once."""
        place._monotonic = map(float, count()).__next__
        return place

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
        self.asked += 1
        stamps = list(range(span.start, span.end, every * HOUR))
        parts = {s: some_bars(stamps, 10.0 + self.asked + n / 10) for n, s in enumerate(symbols)}
        covers = [Coverage(s, span, self.asked, final) for s in ([None] if whole else symbols)]
        self.stores[who].write(kind, MarketBars.of(parts), covers)
        self.model.write(kind, parts, covers)

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans, who=st.integers(0, 1))
    def write_nothing(self, kind: Series, symbol: str, span: Span, who: int) -> None:
        """Asked, and found empty."""
        self.asked += 1
        cover = Coverage(symbol, span, self.asked, True)
        self.stores[who].write(kind, MarketBars.of({}), [cover])
        self.model.write(kind, {}, [cover])

    @rule(kind=series, who=st.integers(0, 1))
    def compact(self, kind: Series, who: int) -> None:
        for folder in self.stores[who].folders(kind):
            compact(self.stores[who], folder)
            assert len(self.stores[who].segments(folder)) <= 1

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans)
    def forget(self, kind: Series, symbol: str, span: Span) -> None:
        forget(self.stores[0], symbol, kind, span)
        self.model.forget(symbol, kind, span)

    @rule(kind=series, symbol=st.sampled_from(SYMBOLS), span=spans, who=st.integers(0, 1))
    def read(self, kind: Series, symbol: str, span: Span, who: int) -> None:
        store = self.stores[who]
        found = store.read(symbol, kind, span)
        assert to_bars(store.read_table(symbol, kind, span)).same(found)
        held = {int(t): float(c) for t, c in zip(found.timestamp, found.close, strict=True)}
        known = {p.span.start: p for p in store.coverage(symbol, kind, span)}
        covered = {h: p for p in known.values() for h in range(p.span.start, p.span.end, HOUR)}
        assert list(found.timestamp) == sorted(held)
        for hour in range(span.start, span.end, HOUR):
            truth = self.model.at(symbol, kind, hour)
            assert (truth is None) == (hour not in covered)
            if truth is not None:
                assert (covered[hour].cover.asked, covered[hour].cover.final) == (
                    truth[0].asked,
                    truth[0].final,
                )
                assert held.get(hour) == truth[1].get(hour)
            else:
                assert hour not in held

    @invariant()
    def covers_are_disjoint(self) -> None:
        if hasattr(self, "stores"):
            known = self.stores[0].coverage("AAPL", Series.MINUTE)
            assert all(a.span.end <= b.span.start for a, b in pairwise(known))


class FolderMachine(StoreMachine):
    """The same in a folder."""

    def make_place(self) -> Storage:
        self.root = Path(tempfile.mkdtemp(prefix="polytape-test-"))
        return FolderStorage(self.root)

    def unhurried(self, place: Any) -> Any:
        return place

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)


TestMemory = StoreMachine.TestCase
TestMemory.settings = settings(max_examples=25, stateful_step_count=20)
TestFolder = FolderMachine.TestCase
TestFolder.settings = settings(max_examples=15, stateful_step_count=20)


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path) if request.param == "folder" else open_storage("memory")


WEEK = Span(FIRST, FIRST + 7 * DAY)


def test_a_place_keeps_files_whole(place: Storage) -> None:
    assert place.put("a/b/one", lambda sink: sink.write(b"12345")) == 5
    place.put("a/b/two", lambda sink: sink.write(b""))
    assert sorted(place.names("a/b")) == ["one", "two"]
    assert place.folders("a") == ["b"]
    assert (place.read("a/b/one"), place.size("a/b/one")) == (b"12345", 5)
    place.rename("a/b/one", "a/b/three")
    place.delete("a/b/two")
    place.delete("a/b/two")
    assert place.names("a/b") == ["three"]
    assert place.names("nowhere") == place.folders("nowhere") == []
    with pytest.raises(FileNotFoundError):
        place.read("a/b/one")


def test_a_put_that_fails_leaves_nothing(place: Storage) -> None:
    def half(sink: Any) -> None:
        sink.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match=r"full|space"):
        place.put("a/b", half)
    assert place.names("a") == []


def test_every_column_comes_back_to_the_last_bit(place: Storage) -> None:
    store = SegmentStore(place, "test")
    bars = Bars.of([FIRST, FIRST + HOUR], [0.1, 1e-9], [3.3, 1e9], [0.1, 1e-9], [0.3, 2.0],
                   [0.5, 1e12], [np.nan, 1.23456789], [np.nan, 7])  # fmt: skip
    store.write(Series.MINUTE, MarketBars.of({"NA": bars}), [Coverage("NA", WEEK, 1, True)])
    assert store.read("NA", Series.MINUTE, WEEK).same(bars)
    assert to_bars(store.read_table("NA", Series.MINUTE, WEEK)).same(bars)
    assert store.read_table("ZZ", Series.MINUTE, WEEK).num_rows == 0
    assert store.symbols(Series.MINUTE) == ["NA"]
    assert store.series() == [Series.MINUTE]
    again = SegmentStore(place, "test")
    assert again.read("NA", Series.MINUTE, WEEK).same(bars)
    assert not len(again.read("AAPL", Series.MINUTE, WEEK))


def test_a_store_belongs_to_one_source_and_one_schema(place: Storage) -> None:
    SegmentStore(place, "synthetic/0")
    with pytest.raises(ConfigurationError, match="holds bars of synthetic/0, not of polygon"):
        SegmentStore(place, "polygon")
    place.put("store.json", lambda sink: sink.write(b'{"schema":99,"source":"polygon"}'))
    with pytest.raises(ConfigurationError, match="schema 99"):
        SegmentStore(place, "polygon")
    place.put("store.json", lambda sink: sink.write(b"?"))
    with pytest.raises(ConfigurationError, match="damaged"):
        SegmentStore(place, "polygon")


@pytest.mark.parametrize("how", ["cut", "flip", "empty", "text"])
def test_a_damaged_segment_is_set_aside_and_the_rest_goes_on(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test")
    for symbol in ("GOOD", "BAD"):
        bars = some_bars([FIRST + n * HOUR // 60 for n in range(500)])
        store.write(Series.DAY, MarketBars.of({symbol: bars}), [Coverage(symbol, WEEK, 1, True)])
    path = next(p for p in tmp_path.rglob("*.parquet")
                if b"BAD" in p.read_bytes())  # fmt: skip
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "text": b"hello",
                      "flip": content[:200] + bytes([content[200] ^ 255]) + content[201:]}[how])  # fmt: skip
    fresh = SegmentStore(FolderStorage(tmp_path), "test")
    if how == "flip":  # the footer is sound; the pages are not
        with pytest.raises(Exception, match="damaged"):
            fresh.read("BAD", Series.DAY, WEEK)
    assert not len(fresh.read("BAD", Series.DAY, WEEK))
    assert fresh.coverage("BAD", Series.DAY) == []
    assert len(fresh.read("GOOD", Series.DAY, WEEK)) == 500
    assert path.with_name(path.name + ".damaged").exists()
    assert path.name in caplog.text


def test_large_symbols_have_row_groups_of_their_own(tmp_path: Path) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test")
    step = HOUR // 60
    sizes = {"A": 10, "B": 9_000, "C": 20, "D": 40_000, "E": 5, "F": 8_000}
    parts = {s: some_bars([FIRST + n * step // 2 for n in range(k)]) for s, k in sizes.items()}
    month = Span(FIRST, FIRST + 40 * DAY)
    store.write(Series.DAY, MarketBars.of(parts), [Coverage(None, month, 1, True)])
    (folder,) = store.folders(Series.DAY)
    (segment,) = store.segments(folder)
    assert list(zip(segment.firsts, segment.lasts, strict=True)) == [
        ("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("D", "D"), ("E", "F")
    ]  # fmt: skip
    for symbol, bars in parts.items():
        assert store.read(symbol, Series.DAY, month).same(bars)
    assert not len(store.read("DD", Series.DAY, month))
    assert len(store.coverage("DD", Series.DAY)) == 1


def test_compaction_that_changes_a_row_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test")
    for asked in (1, 2):
        bars = some_bars([FIRST], price=float(asked))
        store.write(Series.DAY, MarketBars.of({"A": bars}), [Coverage("A", WEEK, asked, True)])
    (folder,) = store.folders(Series.DAY)
    before = {p.name for p in tmp_path.rglob("*.parquet")}
    real = SegmentStore.market
    monkeypatch.setattr(
        SegmentStore, "market",
        lambda self, f, s, g=None: MarketBars.of({"A": some_bars([FIRST], 9.0)})
        if s.name not in before else real(self, f, s, g),
    )  # fmt: skip
    with pytest.raises(Exception, match="not the old ones"):
        compact(store, folder)
    assert {p.name for p in tmp_path.rglob("*.parquet")} == before


def test_a_span_falls_into_months_or_years() -> None:
    span = Span(midnight(date(2023, 12, 30)), midnight(date(2024, 2, 2)))
    assert [name for name, _ in periods(Series.MINUTE, span)] == [
        "bars/1min/2023-12", "bars/1min/2024-01", "bars/1min/2024-02"
    ]  # fmt: skip
    parts = list(periods(Series.DAY, span))
    assert [name for name, _ in parts] == ["bars/1day/2023", "bars/1day/2024"]
    assert parts[0][1].end == parts[1][1].start == midnight(date(2024, 1, 1))


def test_what_was_compacted_away_is_not_remembered(tmp_path: Path) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "s")
    for hour in range(12):
        span = Span(FIRST + hour * HOUR, FIRST + (hour + 1) * HOUR)
        bars = some_bars([span.start])
        store.write(
            Series.MINUTE, MarketBars.of({"A": bars}), [Coverage("A", span, hour + 1, True)]
        )
        assert len(store.read("A", Series.MINUTE, span)) == 1
        assert store.symbols(Series.MINUTE) == ["A"]
        for folder in store.folders(Series.MINUTE):
            compact(store, folder)
    (folder,) = store.folders(Series.MINUTE)
    names = {segment.name for segment in store.segments(folder)}
    assert store.symbols(Series.MINUTE) == ["A"]
    assert len(store.coverage("A", Series.MINUTE)) >= 1
    assert set(store._index) == set(store._symbols) == names
    store.close()


def test_one_symbol_remembered_twice_counts_once() -> None:
    rows = DecodedRows()
    for _ in range(3):
        rows._remember("x", "A", some_bars([FIRST]))
    held = rows._small_bytes
    rows._remember("x", "B", some_bars([FIRST]))
    assert rows._small_bytes == 2 * held
