"""Files brought in: whole days, explicit zones, every bad row reported, none guessed."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from polytape.errors import DataFetchError, ValidationError
from polytape.history.export import Exporter, Form
from polytape.history.import_tables import ColumnMapping
from polytape.history.importer import (
    FileImport,
    Format,
    Importer,
    OnError,
    files_of,
    flat_file_of,
)
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.periods import all_time
from polytape.store.segments import SegmentStore
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import DATA, MARKET, NOW, day_span
from tests.upstream.flatfiles.files import DAY, line, put

NY = ZoneInfo("America/New_York")
ALL_TIME = all_time(MARKET)
HEADER = "symbol,timestamp,open,high,low,close,volume"


@pytest.fixture
def store() -> SegmentStore:
    return SegmentStore(open_storage("memory"), "polygon", MARKET)


def bring(
    store: SegmentStore,
    path: Path,
    form: Format,
    on_error: OnError = "fail",
    mapping: ColumnMapping | None = None,
) -> list[FileImport]:
    importer = Importer(store, MARKET, lambda: NOW, on_error)
    return list(importer.run([path], form, mapping or ColumnMapping()))


def csv(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


@pytest.mark.realdata
def test_the_real_folder_is_the_same_from_the_store(store: SegmentStore, real: FlatFiles) -> None:
    assert len(bring(store, DATA, "flatfiles")) == 116
    span = day_span(date(2013, 10, 7), date(2013, 10, 11))
    for symbol in ("SPY", "IBM"):
        for series in Series:
            truth = real.bars(series_query(symbol, series, span)).bars
            assert store.read(symbol, series, span).same(truth)
    slices = store.coverage("SPY", Series.MINUTE, day_span(date(2013, 10, 1), date(2013, 10, 11)))
    assert slices[0].span.start == day_span(date(2013, 10, 4)).start


def test_a_flat_file_covers_its_day_for_the_whole_market(
    store: SegmentStore, tmp_path: Path
) -> None:
    put(tmp_path, "minute_aggs_v1", DAY, [line("ZZZ"), line("NA", 1)])
    put(tmp_path, "day_aggs_v1", DAY, ["ZZZ,10,10,11,12,9,99,1"])
    bring(store, tmp_path, "flatfiles")
    assert len(store.read("NA", Series.MINUTE, day_span(DAY))) == 1
    assert store.read("ZZZ", Series.DAY, ALL_TIME).timestamp.tolist() == [day_span(DAY).start]
    (part,) = store.coverage("UNHEARD", Series.MINUTE)
    assert (part.span, part.coverage.final) == (day_span(DAY), True)


@pytest.mark.parametrize(
    ("rows", "zone"),
    [
        (["A,2024-07-02T13:30:00Z,1,2,1,2,10", "A,2024-07-02T13:31:00Z,1,2,1,2,10.5"], None),
        (["A,2024-07-02T09:30:00-04:00,1,2,1,2,10", "A,2024-07-02T09:31-04:00,1,2,1,2,10.5"], None),
        (["a,2024-07-02 09:31,1,2,1,2,10.5", "A,2024-07-02 09:30:00,1,2,1,2,10"], NY),
    ],
)
def test_a_csv_is_read_whatever_its_stamps_if_their_zone_is_known(
    store: SegmentStore, tmp_path: Path, rows: list[str], zone: ZoneInfo | None
) -> None:
    bring(store, csv(tmp_path, *rows), "csv", mapping=ColumnMapping(zone=zone))
    bars = store.read("A", Series.MINUTE, day_span(DAY))
    assert [str(t) for t in bars.timestamp.astype("M8[us]").astype("M8[m]")] == [
        "2024-07-02T13:30", "2024-07-02T13:31"
    ]  # fmt: skip
    assert bars.volume.tolist() == [10, 10.5]
    assert [p.span for p in store.coverage("A", Series.MINUTE)] == [day_span(DAY)]


def test_columns_are_mapped_and_a_symbol_may_be_named(store: SegmentStore, tmp_path: Path) -> None:
    path = csv(tmp_path, "2024-07-02,1,2,1,2,10", header="Date,O,H,L,C,Vol")
    columns = {
        "timestamp": "Date",
        "open": "O",
        "high": "H",
        "low": "L",
        "close": "C",
        "volume": "Vol",
    }
    mapping = ColumnMapping(Series.DAY, columns, NY, "brk.b")
    bring(store, path, "csv", mapping=mapping)
    assert store.read("BRK.B", Series.DAY, ALL_TIME).timestamp.tolist() == [day_span(DAY).start]


GOOD = "A,2024-07-02T13:30:00Z,1,2,1,2,10"


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("A,2024-07-02T13:31:00Z,,2,1,2,10", "price that is no number"),
        ("A,2024-07-02T13:31:00Z,nan,2,1,2,10", "no number"),
        ("A,2024-07-02T13:31:00Z,x,2,1,2,10", "no number"),
        ("A,2024-07-02T13:31:00Z,1,1,2,1,10", "high below its low"),
        ("A,2024-07-02T13:31:00Z,0,2,1,2,10", "not above 0"),
        ("A,2024-07-02T13:31:00Z,1,2,1,2,-1", "volume"),
        ("A,2024-07-02T13:30:00Z,1,2,1,2,11", "came before"),
    ],
)
def test_a_row_that_is_no_bar_is_refused_or_left_out_as_wanted(
    store: SegmentStore, tmp_path: Path, bad: str, named: str
) -> None:
    path = csv(tmp_path, GOOD, bad)
    with pytest.raises(DataFetchError, match=named):
        bring(store, path, "csv")
    assert store.catalog.series() == []
    (report,) = bring(store, path, "csv", "report")
    assert (report.bars, len(report.refused)) == (1, 1)
    assert named in report.refused[0]
    assert store.read("A", Series.MINUTE, ALL_TIME).volume.tolist() == [10]


@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_a_flat_file_that_was_cut_to_its_header_covers_no_trading_day(
    store: SegmentStore, tmp_path: Path, on_error: OnError
) -> None:
    """It would say of the whole market that nothing traded. Nor does one of which no row is left."""
    put(tmp_path, "day_aggs_v1", DAY, [])
    with pytest.raises(DataFetchError, match="a trading day: get it again"):
        bring(store, tmp_path, "flatfiles", on_error)
    put(tmp_path, "day_aggs_v1", DAY, ["A,1,1,1,1,2,0,1"])
    if on_error == "skip":
        assert [file.bars for file in bring(store, tmp_path, "flatfiles", on_error)] == [0]
    assert store.catalog.series() == []


@pytest.mark.parametrize(
    ("rows", "header", "named"),
    [
        (["A,2024-07-02 09:30,1,2,1,2,10"], HEADER, "carry no zone"),
        (["A,2024-07-02,1,2,1,2,10"], HEADER, "carry no zone"),
        ([GOOD, "A,2024-07-02 09:31,1,2,1,2,10"], HEADER, "some stamps carry a zone"),
        (["A,soon Z,1,2,1,2,10"], HEADER, "cannot be read"),
        (["A,2024-07-02T13:30:00Z,1,2,1,2,10,x"], f"{HEADER},vwap", "column vwap"),
        ([GOOD], "ticker,time,o,h,l,c,v", "has no column symbol, timestamp"),
    ],
)
def test_a_file_that_would_have_to_be_guessed_is_refused(
    store: SegmentStore, tmp_path: Path, rows: list[str], header: str, named: str
) -> None:
    with pytest.raises(DataFetchError, match=named):
        bring(store, csv(tmp_path, *rows, header=header), "csv", "skip")
    assert store.catalog.series() == []


def test_a_wall_clock_hour_that_occurs_twice_is_not_guessed(
    store: SegmentStore, tmp_path: Path
) -> None:
    path = csv(tmp_path, "A,2024-11-03 01:30,1,2,1,2,10")
    with pytest.raises(DataFetchError, match="cannot be read"):
        bring(store, path, "csv", mapping=ColumnMapping(zone=NY))


def test_paths_with_nothing_to_import_are_named(store: SegmentStore, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    wrong: list[tuple[Path, Format]] = [
        (tmp_path / "empty", "csv"),
        (tmp_path / "no", "csv"),
        (csv(tmp_path, GOOD), "flatfiles"),
    ]
    for path, form in wrong:
        with pytest.raises(ValidationError, match="PATHS"):
            bring(store, path, form)


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("folders", [True, False])
def test_what_is_exported_comes_in_again(
    store: SegmentStore, tmp_path: Path, form: Form, folders: bool
) -> None:
    bring(store, csv(tmp_path, GOOD, "B,2024-07-02T13:31:00Z,1.25,2,1,2,10.5"), "csv")
    exporter, out = Exporter(store, Series.MINUTE, ALL_TIME, form), tmp_path / "out"
    if folders:
        assert exporter.to_folders(["A", "B"], out) == {"A": 1, "B": 1}
    else:
        assert exporter.to_file(["A", "B"], out / f"all.{form}") == {"A": 1, "B": 1}
    other = SegmentStore(open_storage("memory"), "polygon", MARKET)
    bring(other, tmp_path / "out", form)
    for symbol in ("A", "B"):
        assert other.read(symbol, Series.MINUTE, ALL_TIME).same(
            store.read(symbol, Series.MINUTE, ALL_TIME)
        )


def test_parquet_with_aware_stamps_of_any_zone(store: SegmentStore, tmp_path: Path) -> None:
    stamps = pd.DatetimeIndex(["2024-07-02 09:30"]).tz_localize(NY)
    frame = pd.DataFrame({"symbol": ["A"], "timestamp": stamps, "open": [1.0], "high": [1.0],
                          "low": [1.0], "close": [1.0], "volume": [5]})  # fmt: skip
    frame.to_parquet(tmp_path / "a.parquet")
    bring(store, tmp_path, "parquet")
    bars = store.read("A", Series.MINUTE, ALL_TIME)
    assert np.array_equal(bars.timestamp.astype("M8[us]"), np.array(["2024-07-02T13:30"], "M8[us]"))


WEEK = [date(2024, 7, day) for day in (8, 9, 10, 11, 12)]
DAILY = "A,{},1,2,1,2,10"


@pytest.mark.parametrize(
    ("form", "zone"),
    [
        ("{}T00:00:00Z", None),
        ("{}T00:00:00+00:00", None),
        ("{} 00:00:00-04:00", None),
        ("{}T04:00:00Z", None),
        ("{}T00:00:00+09:00", None),
        ("{}", None),
        ("{}", "UTC"),
        ("{} 00:00:00", "UTC"),
        ("{}", "America/New_York"),
        ("{} 16:00", "America/New_York"),
        ("{} 04:00", "UTC"),
    ],
)
def test_a_midnight_of_any_zone_is_the_date_of_a_daily_bar(
    store: SegmentStore, tmp_path: Path, form: str, zone: str | None
) -> None:
    """A bar that lands a day early lets an engine see the future."""
    path = csv(tmp_path, *(DAILY.format(form.format(day)) for day in WEEK))
    mapping = ColumnMapping(Series.DAY, zone=ZoneInfo(zone) if zone else None)
    bring(store, path, "csv", mapping=mapping)
    stored = store.read("A", Series.DAY, ALL_TIME).timestamp.tolist()
    assert stored == list(map(MARKET.midnight, WEEK))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_parquet_midnight_of_any_zone_is_the_date_of_a_daily_bar(
    store: SegmentStore, tmp_path: Path, zone: str
) -> None:
    stamps = pd.DatetimeIndex(WEEK).tz_localize(zone)
    frame = pd.DataFrame({"symbol": "A", "timestamp": stamps, "open": 1.0, "high": 2.0,
                          "low": 1.0, "close": 2.0, "volume": 5})  # fmt: skip
    for form in (frame, frame.assign(timestamp=stamps.tz_convert("UTC"))):
        form.to_parquet(tmp_path / "a.parquet")
        if zone != "Asia/Tokyo" or form is frame:
            bring(store, tmp_path, "parquet", mapping=ColumnMapping(Series.DAY))
            stored = store.read("A", Series.DAY, ALL_TIME).timestamp.tolist()
            assert stored == list(map(MARKET.midnight, WEEK))


def test_a_daily_bar_of_a_day_without_a_session_is_refused_with_its_row(
    store: SegmentStore, tmp_path: Path
) -> None:
    days = ["2024-07-05", "2024-07-07", "2024-07-04"]
    path, mapping = csv(tmp_path, *map(DAILY.format, days)), ColumnMapping(Series.DAY)
    expected = r"bars\.csv: row 3: A 2024-07-04T04:00:00Z is a daily bar of a day without a session"
    with pytest.raises(DataFetchError, match=expected + r" \(2 such rows"):
        bring(store, path, "csv", mapping=mapping)
    (report,) = bring(store, path, "csv", "skip", mapping)
    assert (report.bars, [line[:5] for line in report.refused]) == (1, ["row 3", "row 2"])
    put(tmp_path, "day_aggs_v1", date(2024, 7, 7), ["ZZZ,10,10,11,12,9,99,1"])
    with pytest.raises(DataFetchError, match=r"ZZZ .* a day without a session"):
        bring(store, tmp_path, "flatfiles")


@pytest.mark.parametrize("series", list(Series))
def test_a_row_without_a_stamp_is_refused(
    store: SegmentStore, tmp_path: Path, series: Series
) -> None:
    path = csv(tmp_path, DAILY.format("2024-07-02"), DAILY.format(""))
    with pytest.raises(DataFetchError, match="row 2 has none"):
        bring(store, path, "csv", mapping=ColumnMapping(series, zone=NY))


def test_rows_of_another_day_do_not_belong_into_a_flat_file(
    store: SegmentStore, tmp_path: Path
) -> None:
    put(tmp_path, "minute_aggs_v1", DAY, [line("A"), line("A", 24 * 60), line("B", -24 * 60)])
    with pytest.raises(DataFetchError, match="is not of 2024-07-02"):
        bring(store, tmp_path, "flatfiles")
    (report,) = bring(store, tmp_path, "flatfiles", "skip")
    assert (report.bars, len(report.refused)) == (1, 2)
    assert store.symbols(Series.MINUTE) == ["A"]


def test_flat_files_come_in_order_of_their_days_and_each_is_stored_before_the_next(
    store: SegmentStore, tmp_path: Path
) -> None:
    days = [date(2024, 7, day) for day in (3, 1, 2)]
    for day in days:
        shift = (day - DAY).days * 24 * 60
        put(tmp_path, "minute_aggs_v1", day, [line("A", shift)])
    importer = Importer(store, MARKET, lambda: NOW)
    for number, done in enumerate(importer.run([tmp_path], "flatfiles", ColumnMapping()), start=1):
        assert flat_file_of(done.path) == (date(2024, 7, number), Series.MINUTE)
        assert len(store.read("A", Series.MINUTE, ALL_TIME)) == number


def test_files_and_folders_are_found_by_their_ending(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.csv", "sub/c.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = tmp_path / "other.txt"
    named.touch()
    assert [path.name for path in files_of([tmp_path], "csv")] == ["a.csv", "b.csv"]
    assert files_of([named, tmp_path / "sub"], "parquet") == [named, tmp_path / "sub" / "c.parquet"]


def test_only_what_is_old_enough_is_final(store: SegmentStore, tmp_path: Path) -> None:
    today = MARKET.date_of(NOW)
    bring(store, csv(tmp_path, GOOD, f"A,{today}T14:30:00Z,1,2,1,2,10"), "csv")
    assert [part.coverage.final for part in store.coverage("A", Series.MINUTE)] == [True, False]
