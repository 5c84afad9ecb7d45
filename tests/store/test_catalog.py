"""Which segments there are: damaged ones set aside, vanished ones forgotten, footers read once."""

import errno
import gc
from pathlib import Path
from typing import Any

import pytest

from polytape.errors import DataFetchError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.catalog import SegmentCatalog
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars, write, write_market


class Counting(FolderStorage):
    """A folder that notes which files are opened, and refuses those it is told to."""

    opened: list[str]
    refused: int | None

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        object.__setattr__(self, "opened", [])
        object.__setattr__(self, "refused", None)

    def refuse(self, error: int | None) -> None:
        object.__setattr__(self, "refused", error)

    def open(self, name: str) -> Any:
        self.opened.append(name)
        if self.refused is not None:
            raise OSError(self.refused, "refused")
        return super().open(name)


@pytest.mark.parametrize("how", ["cut", "flip", "empty", "text"])
def test_a_damaged_segment_is_set_aside_and_the_rest_goes_on(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    for symbol in ("GOOD", "BAD"):
        bars = some_bars([FIRST + n * HOUR // 60 for n in range(500)])
        write(store, symbol, bars, WEEK, 1, series=Series.DAY)
    path = next(p for p in tmp_path.rglob("*.parquet")
                if b"BAD" in p.read_bytes())  # fmt: skip
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "text": b"hello",
                      "flip": content[:200] + bytes([content[200] ^ 255]) + content[201:]}[how])  # fmt: skip
    fresh = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    if how == "flip":  # the footer is sound; the pages are not
        with pytest.raises(Exception, match="damaged"):
            fresh.read("BAD", Series.DAY, WEEK)
    assert not len(fresh.read("BAD", Series.DAY, WEEK))
    assert fresh.coverage("BAD", Series.DAY) == []
    assert len(fresh.read("GOOD", Series.DAY, WEEK)) == 500
    assert path.with_name(path.name + ".damaged").exists()
    assert path.name in caplog.text


def test_a_segment_that_cannot_be_opened_now_is_not_set_aside(tmp_path: Path) -> None:
    write(SegmentStore(FolderStorage(tmp_path), "test", MARKET), "A", some_bars([FIRST]), WEEK, 1)
    storage = Counting(tmp_path)
    store = SegmentStore(storage, "test", MARKET)
    for error in (errno.EACCES, errno.EMFILE, errno.EIO):
        storage.refuse(error)
        with pytest.raises(DataFetchError, match=r"2024-01/.*\.parquet: refused"):
            store.read("A", Series.MINUTE, WEEK)
    storage.refuse(None)
    assert len(store.read("A", Series.MINUTE, WEEK)) == 1
    assert list(tmp_path.rglob("*.damaged")) == []


def test_a_footer_is_read_once_whatever_is_asked(tmp_path: Path) -> None:
    writer = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    for number in range(3):
        hour = Span(FIRST + number * HOUR, FIRST + (number + 1) * HOUR)
        write(writer, "A", some_bars([hour.start]), hour, number)
    storage = Counting(tmp_path)
    catalog = SegmentCatalog(storage, MARKET)
    (folder,) = catalog.folders(Series.MINUTE)
    for _ in range(3):
        catalog.forget()
        assert len(catalog.segments(folder)) == 3
        assert [cover.fetched_at for cover, _ in catalog.coverage(folder, "A")] == [0, 1, 2]
        assert catalog.symbols(Series.MINUTE) == {"A"}
    assert len(storage.opened) == len(set(storage.opened)) == 3


def test_what_was_compacted_away_is_not_remembered(tmp_path: Path) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "s", MARKET)
    for hour in range(12):
        span = Span(FIRST + hour * HOUR, FIRST + (hour + 1) * HOUR)
        # The symbol is this test's own: its coverage is counted below.
        write(store, "GONE", some_bars([span.start]), span, hour + 1)
        assert len(store.read("GONE", Series.MINUTE, span)) == 1
        assert store.symbols(Series.MINUTE) == ["GONE"]
        for folder in store.catalog.folders(Series.MINUTE):
            compact(store, folder)
    (folder,) = store.catalog.folders(Series.MINUTE)
    (segment,) = store.catalog.segments(folder)
    assert store.symbols(Series.MINUTE) == ["GONE"]
    assert len(store.coverage("GONE", Series.MINUTE)) >= 1
    gc.collect()
    alive = [one for one in gc.get_objects() if isinstance(one, Coverage) and one.symbol == "GONE"]
    assert {id(cover) for cover in alive} == {id(cover) for cover in segment.coverage}
    store.close()


def test_a_segment_of_another_folder_or_that_is_gone_is_not_found() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    write(store, "A", some_bars([FIRST]), WEEK, 1)
    folder, later = store.catalog.folders(Series.MINUTE)
    (segment,) = store.catalog.segments(folder)
    assert store.catalog.segment(folder, segment.name) is segment
    store.drop(folder, [segment.name])
    assert store.catalog.segments(folder) == []
    with pytest.raises(FileNotFoundError):
        store.catalog.segment(folder, segment.name)
    assert len(store.catalog.segments(later)) == 1


def test_a_long_span_looks_into_the_folders_that_are_there() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    years = Span(FIRST - 2_000 * DAY, FIRST + 2_000 * DAY)
    for start in (FIRST - 900 * DAY, FIRST):
        write(store, "A", some_bars([start]), Span(start, start + HOUR), 1)
    store.storage.put("bars/1min/lost+found/x", lambda sink: sink.write(b""))
    names = [folder for folder, _ in store.catalog.overlapping(Series.MINUTE, years)]
    assert names == ["bars/1min/2021-08", "bars/1min/2024-01"]
    assert len(store.read("A", Series.MINUTE, years)) == 2
    # A short one names them, there or not.
    assert len(list(store.catalog.overlapping(Series.MINUTE, WEEK))) == 2


def test_symbols_are_those_that_have_a_bar() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    assert store.catalog.series() == []
    assert store.symbols(Series.DAY) == []
    write_market(store, {s: some_bars([FIRST]) for s in ("B", "A", "NA")}, WEEK, 1)
    write(store, "EMPTY", some_bars([]), WEEK, 2)
    write(store, "D", some_bars([FIRST]), WEEK, 2, series=Series.DAY)
    assert store.symbols(Series.MINUTE) == ["A", "B", "NA"]
    assert store.symbols(Series.DAY) == ["D"]
    assert store.catalog.series() == [Series.MINUTE, Series.DAY]
