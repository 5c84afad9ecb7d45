"""Minutes of trade dates that begin the evening before, filed by the calendar and by trade date."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.history.import_tables import ColumnMapping
from polytape.history.importer import Importer
from polytape.model.market import Market, xnys
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.flatfiles import filing, listing
from polytape.upstream.flatfiles.days import FlatFileDays
from polytape.upstream.flatfiles.listing import FlatFileListing
from polytape.upstream.flatfiles.parsing import Open, read_flat
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET
from tests.upstream.flatfiles.files import put

# A Monday: the first trade date of 23 hours begins on Sunday evening.
FIRST, TUESDAY, FRIDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 11)
LONG = xnys(long_day_from=FIRST)
SPAN = Span(MARKET.midnight(date(2026, 12, 2)), LONG.day_span(FRIDAY).end)
SESSIONS = list(LONG.sessions(SPAN))
FOLDER = "minute_aggs_v1"
# Whether a file is named after the calendar's date of a minute, or after its trade date.
FILINGS: list[Callable[[int], date]] = [MARKET.date_of, LONG.date_of]
trading_minutes = st.sampled_from(SESSIONS).flatmap(
    lambda one: st.integers(0, (one.extended.end - one.extended.start) // MINUTE_US - 1).map(
        lambda n: one.extended.start + n * MINUTE_US
    )
)


def row(stamp: int, close: float = 10.0) -> str:
    return f"ZZZ,100,10.0,{close},12.0,9.0,{stamp * 1_000},7"


def write(root: Path, stamps: Iterable[int], named: Callable[[int], date]) -> None:
    """The minutes of ZZZ, in the files that a way of filing names."""
    by_file: dict[date, list[str]] = defaultdict(list)
    for stamp in stamps:
        by_file[named(stamp)].append(row(stamp))
    for name, rows in by_file.items():
        put(root, FOLDER, name, rows)


def evening(day: date, hour: int = 2) -> int:
    """An instant in the evening before a trade date, so many hours after it began."""
    return LONG.day_start(day) + hour * HOUR_US


@settings(max_examples=8)  # each writes a dozen files
@given(st.sets(trading_minutes, min_size=1, max_size=30), st.sampled_from(FILINGS))
def test_no_minute_is_lost_however_the_vendor_files_evenings(
    stamps: set[int], named: Callable[[int], date]
) -> None:
    """Each one is in exactly one trade date, symbol by symbol and in whole days of the market."""
    with TemporaryDirectory() as folder:
        write(Path(folder), stamps, named)
        for session in SESSIONS:  # a file of every trading day, as there is
            if not (files := FlatFileListing.of(Path(folder))).file(Series.MINUTE, session.day):
                put(Path(folder), FOLDER, session.day, ["AAA" + row(session.open)[3:]])
        source = FlatFiles(Path(folder), LONG)
        answer = source.bars(series_query("ZZZ", Series.MINUTE, SPAN, use_cache=False))
        assert answer.bars.timestamp.tolist() == sorted(stamps)
        assert (answer.missing, answer.notes) == ((), ())
        files = FlatFileListing.of(Path(folder))
        seen: list[int] = []
        for session in SESSIONS:
            day = FlatFileDays(files, LONG).market_day(Series.MINUTE, session.day)
            assert day is not None
            of_day = day.of_symbol("ZZZ").timestamp.tolist()
            assert {LONG.date_of(stamp) for stamp in of_day} <= {session.day}
            seen += of_day
        assert seen == sorted(stamps)
        assert source.last_bar("ZZZ").timestamp.tolist() == [max(stamps)]


@given(st.dates(date(2026, 11, 20), date(2026, 12, 24)))
def test_a_file_holds_the_days_that_may_lie_in_it(day: date) -> None:
    for market in (MARKET, LONG):
        names = filing.files_of_day(day, market)
        assert names[-1] == day
        assert len(names) == (2 if market is LONG and day >= FIRST else 1)
        assert all(day in filing.days_of_file(name, market) for name in names)
        spans = SpanSet.of(filing.span_of_file(name, market) for name in names)
        assert market.day_span(day) in spans
        before = filing.evening_before(day, market)
        assert (before.end - before.start) == (4 * HOUR_US if len(names) > 1 else 0)


def test_of_a_minute_in_both_files_the_trade_dates_own_counts(tmp_path: Path) -> None:
    stamp = evening(TUESDAY)
    put(tmp_path, FOLDER, FIRST, [row(stamp, close=11.0)])
    put(tmp_path, FOLDER, TUESDAY, [row(stamp, close=11.5)])
    bars = FlatFiles(tmp_path, LONG).bars(series_query("ZZZ", Series.MINUTE, SPAN)).bars
    assert bars.close.tolist() == [11.5]


@pytest.mark.parametrize("filed", [False, True])
def test_an_evening_that_no_file_holds_is_missing(tmp_path: Path, filed: bool) -> None:
    """Tuesday's file alone: its evening is in Monday's, unless evenings are filed by trade date."""
    put(tmp_path, FOLDER, TUESDAY, [row(MARKET.midnight(TUESDAY) + 10 * HOUR_US)])
    if filed:
        put(tmp_path, FOLDER, TUESDAY, [row(evening(TUESDAY)), "AAA" + row(evening(TUESDAY))[3:]])
    query = series_query("ZZZ", Series.MINUTE, LONG.day_span(TUESDAY))
    answer = FlatFiles(tmp_path, LONG).bars(query)
    expected = () if filed else (filing.evening_before(TUESDAY, LONG),)
    assert answer.missing == expected
    assert answer.provisional == expected
    assert FlatFiles(tmp_path, MARKET).bars(query).missing == (
        MARKET.day_span(FIRST).intersect(query.span),
    )


def test_a_running_trade_date_has_the_evening_that_is_filed(tmp_path: Path) -> None:
    """On Monday morning, with a file of Sunday: what is there is answered, and nothing of it kept."""
    sunday = date(2026, 12, 6)
    put(tmp_path, FOLDER, sunday, [row(evening(FIRST))])
    now = MARKET.midnight(FIRST) + 10 * HOUR_US
    source = FlatFiles(tmp_path, LONG, now=lambda: now)
    answer = source.bars(series_query("ZZZ", Series.MINUTE, LONG.day_span(FIRST)))
    assert answer.bars.timestamp.tolist() == [evening(FIRST)]
    assert (answer.missing, answer.provisional) == ((), (LONG.day_span(FIRST),))
    assert "2026-12-07 is not there yet" in answer.notes[0]
    assert source.days.market_day(Series.MINUTE, FIRST) is None


def test_a_day_is_read_again_once_its_evening_comes_late(tmp_path: Path) -> None:
    put(tmp_path, FOLDER, TUESDAY, [row(MARKET.midnight(TUESDAY) + 10 * HOUR_US)])
    days = FlatFileDays(FlatFileListing.of(tmp_path), LONG, MemoryAnswers())
    days.mark_stored(Series.MINUTE, TUESDAY)
    assert days.replaced(Series.MINUTE, [TUESDAY]) == []
    put(tmp_path, FOLDER, FIRST, [row(evening(TUESDAY))])
    assert days.replaced(Series.MINUTE, [TUESDAY]) == [TUESDAY]
    market = days.market_day(Series.MINUTE, TUESDAY)
    assert market is not None
    assert len(market) == 2


def test_minutes_of_hours_that_are_not_known_are_told(tmp_path: Path) -> None:
    """Without the setting a day is the calendar's: an evening under the next name is a stray."""
    put(tmp_path, FOLDER, TUESDAY, [row(evening(TUESDAY)), row(evening(TUESDAY, 14))])
    answer = FlatFiles(tmp_path, MARKET).bars(
        series_query("ZZZ", Series.MINUTE, MARKET.day_span(TUESDAY))
    )
    assert len(answer.bars) == 1
    (note,) = answer.notes
    assert note.startswith("minutes of ZZZ filed under 2026-12-08 that are of other days")
    assert "POLYTAPE_LONG_DAY_FROM" in note


def test_before_the_change_one_file_is_one_day(tmp_path: Path) -> None:
    friday = date(2026, 12, 4)
    stamps = [MARKET.midnight(friday) + hour * HOUR_US for hour in (0, 4, 19, 23)]
    write(tmp_path, stamps, MARKET.date_of)
    for market in (MARKET, LONG):
        days = FlatFileDays(FlatFileListing.of(tmp_path), market)
        day = days.market_day(Series.MINUTE, friday)
        assert day is not None
        assert day.bars.timestamp.tolist() == [s for s in stamps if market.date_of(s) == friday]
    assert SPAN.end - LONG.day_start(FIRST) == 5 * DAY_US


@given(st.sets(trading_minutes, max_size=30), st.sampled_from(FILINGS))
def test_imported_files_cover_no_evening_that_another_file_may_hold(
    stamps: set[int], named: Callable[[int], date]
) -> None:
    """Whatever the order, no file says that nobody traded where another one has minutes."""
    by_file: dict[date, list[int]] = defaultdict(list)
    for stamp in sorted(stamps):
        by_file[named(stamp)].append(stamp)
    for name in {*by_file, *(session.day for session in SESSIONS)}:
        own = by_file.get(name, [])
        known = filing.span_known_from(name, np.array(own, np.int64), LONG)
        assert [stamp for stamp in sorted(stamps) if stamp in known] == own
        core = Span(MARKET.midnight(name), LONG.day_span(name).end)
        assert core in known
        assert known in filing.span_of_file(name, LONG)


@pytest.mark.parametrize("named", FILINGS)
def test_an_import_loses_no_evening(tmp_path: Path, named: Callable[[int], date]) -> None:
    stamps = [evening(FIRST), evening(FIRST, 14), evening(TUESDAY), evening(TUESDAY, 14)]
    write(tmp_path, stamps, named)
    store = SegmentStore(open_storage("memory"), "polygon", LONG)
    importer = Importer(store, LONG, lambda: SPAN.end)
    done = list(importer.run([tmp_path], "flatfiles", ColumnMapping()))
    assert sum(one.bars for one in done) == len(stamps)
    assert store.read("ZZZ", Series.MINUTE, SPAN).timestamp.tolist() == stamps
    covered = SpanSet.of(part.span for part in store.coverage("ZZZ", Series.MINUTE, SPAN))
    assert all(Span(stamp, stamp + MINUTE_US) in covered for stamp in stamps)


@pytest.mark.parametrize("market", [MARKET, LONG])
def test_a_long_query_parses_each_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    """Memory has room for some files alone, and the second file of a trade date is the next one's
    first.
    """
    monkeypatch.setattr(listing, "CACHE_BYTES", 2_000)
    parsed: list[str] = []

    def counted(opened: Open, path: str) -> MarketBars:
        parsed.append(path)
        return read_flat(opened, path)

    monkeypatch.setattr(listing, "read_flat", counted)
    for session in SESSIONS:
        put(tmp_path, FOLDER, session.day, [row(session.open + n * MINUTE_US) for n in range(8)])
    answer = FlatFiles(tmp_path, market).bars(series_query("ZZZ", Series.MINUTE, SPAN))
    assert len(answer.bars) == 8 * len(SESSIONS)
    assert len(parsed) == len(set(parsed)) == len(SESSIONS)
