"""Resampling against a slow twin, and against what real days showed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.resample import (
    bar_end,
    bar_ends,
    bar_start,
    complete_through,
    days_from_minutes,
    merge,
    resample,
    wall_grid,
    whole_bars,
)
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import day_number, iso, to_us
from polytape.model.units import HOUR_US, MINUTE_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.conftest import MARKET, day_span, flat_bars

ZONE = ZoneInfo("America/New_York")
INTRADAY = [t for t in Timeframe if t.series is Series.MINUTE]
# Trading days round both changes of the clock, early closes and ordinary ones.
DAYS = [date(2024, 3, 8), date(2024, 3, 11), date(2024, 11, 1), date(2024, 11, 4),
        date(2024, 11, 29), date(2024, 7, 2)]  # fmt: skip


def rows(bars: Bars) -> list[naive.Row]:
    names = ("open", "high", "low", "close", "volume")
    columns = [getattr(bars, name).tolist() for name in names]
    return list(zip(bars.timestamp.tolist(), *columns, strict=True))


@st.composite
def minutes(draw: st.DrawFn) -> Bars:
    """Some minutes of a few days, in order, with whole volumes."""
    picked = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
    stamps: list[int] = []
    for day in sorted(picked):
        places = draw(st.lists(st.integers(4 * 60, 20 * 60 - 1), max_size=25, unique=True))
        midday = [
            datetime(day.year, day.month, day.day, p // 60, p % 60, tzinfo=ZONE) for p in places
        ]
        stamps += sorted(map(to_us, midday))
    prices = draw(st.lists(st.integers(100, 200), min_size=len(stamps), max_size=len(stamps)))
    base = np.array(prices, float)
    volume = draw(st.lists(st.integers(0, 10_000), min_size=len(stamps), max_size=len(stamps)))
    return Bars.of(stamps, base, base + 2, base - 3, base + 1, volume, base)


@given(minutes(), st.sampled_from(INTRADAY))
def test_longer_bars_are_those_of_the_slow_twin(
    market: Market, bars: Bars, timeframe: Timeframe
) -> None:
    made = resample(bars, timeframe, market=market)
    assert rows(made) == naive.resample(rows(bars), timeframe.value)


@given(minutes(), st.sampled_from(INTRADAY))
def test_without_extended_hours_long_bars_begin_at_the_opening_bell(
    market: Market, bars: Bars, timeframe: Timeframe
) -> None:
    made = resample(bars, timeframe, market=market, include_extended=False)
    regular = bars.take(market.regular(bars.timestamp))
    anchored = timeframe.value in ("60min", "120min", "240min")
    assert rows(made) == naive.resample(rows(regular), timeframe.value, anchored=anchored)


@given(minutes(), st.sampled_from(INTRADAY))
def test_volume_is_conserved_and_ranges_hold(
    market: Market, bars: Bars, timeframe: Timeframe
) -> None:
    made = resample(bars, timeframe, market=market)
    assert made.volume.sum() == bars.volume.sum()
    assert np.all(np.diff(made.timestamp) > 0)
    assert np.all((made.low <= made.open) & (made.close <= made.high))


@given(minutes())
def test_resampling_in_two_steps_is_resampling_in_one(market: Market, bars: Bars) -> None:
    twice = resample(
        resample(bars, Timeframe.MIN_5, market=market), Timeframe.MIN_60, market=market
    )
    once = resample(bars, Timeframe.MIN_60, market=market)
    assert rows(twice) == rows(once)


@pytest.mark.parametrize("timeframe", [Timeframe.WEEK, Timeframe.MONTH])
def test_weeks_begin_on_sunday_and_months_on_the_first(
    market: Market, synthetic: Synthetic, timeframe: Timeframe
) -> None:
    span = day_span(date(2023, 12, 20), date(2024, 12, 10))
    days = synthetic.bars(series_query("AAPL", Series.DAY, span)).bars
    made = resample(days, timeframe, market=market)
    assert rows(made) == naive.resample(rows(days), timeframe.value)
    starts = {naive.local(int(s)).strftime("%a" if timeframe is Timeframe.WEEK else "%d")
              for s in made.timestamp}  # fmt: skip
    assert starts == {"Sun" if timeframe is Timeframe.WEEK else "01"}


@given(st.sampled_from(list(Timeframe)), st.integers(0, 2**40), st.booleans())
def test_a_bar_holds_its_start_and_ends_where_the_next_begins(
    timeframe: Timeframe, offset: int, anchored: bool
) -> None:
    check_one_bar(to_us(datetime(2004, 1, 1, tzinfo=ZONE)) + offset * 500, timeframe, anchored)


CHANGES = [date(2024, 3, 10), date(2024, 11, 3), date(2026, 3, 8), date(2026, 11, 1)]


@given(
    st.sampled_from(CHANGES),
    st.integers(-6 * 60, 30 * 60),
    st.sampled_from(INTRADAY),
    st.booleans(),
)
def test_so_it_does_on_the_nights_on_which_the_clock_is_changed(
    day: date, minute: int, timeframe: Timeframe, anchored: bool
) -> None:
    check_one_bar(MARKET.midnight(day) + minute * MINUTE_US, timeframe, anchored)


def check_one_bar(instant: int, timeframe: Timeframe, anchored: bool) -> None:
    start = bar_start(instant, timeframe, MARKET, anchored=anchored)
    end = bar_end(instant, timeframe, MARKET, anchored=anchored)
    assert start <= instant < end
    assert bar_start(start, timeframe, MARKET, anchored=anchored) == start
    assert bar_start(end - 1, timeframe, MARKET, anchored=anchored) == start
    assert bar_start(end, timeframe, MARKET, anchored=anchored) == end
    assert int(bar_ends(np.array([start]), timeframe, MARKET)[0]) == end


@pytest.mark.parametrize("day", CHANGES[:2])
@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("timeframe", [Timeframe.MIN_60, Timeframe.MIN_120, Timeframe.MIN_240])
def test_bars_of_such_a_night_lie_on_the_clock_grid_of_new_york(
    day: date, anchored: bool, timeframe: Timeframe
) -> None:
    """Each minute is in one bar, and every bar begins where the slow twin's does. An hour that
    occurs twice is two bars of an hour.
    """
    length, anchor = timeframe.length_us or 0, MARKET.opening_bell_us if anchored else 0
    first = MARKET.midnight(day) - 150 * MINUTE_US  # 21:30: both grids begin a place
    first = bar_start(first, timeframe, MARKET, anchored=anchored)
    stamps = list(range(first, MARKET.day_span(day).end, MINUTE_US))
    made = wall_grid(np.array(stamps), length, MARKET, anchor).tolist()
    twin = naive.grid_starts(stamps, length // MINUTE_US, anchored=anchored)
    if timeframe is Timeframe.MIN_60:
        again = [s for s in stamps if s not in twin and s in made]
        expected = [] if day.month == 3 else [1]
        assert [naive.local(stamp).hour for stamp in again] == expected
    else:
        assert made == twin
    assert merge(flat_bars(stamps), np.array(made)).timestamp.tolist() == sorted(set(made))


def test_hours_of_a_short_and_of_a_long_night_by_hand() -> None:
    def starts(day: date, timeframe: Timeframe) -> list[str]:
        span = MARKET.day_span(day)
        grid = np.arange(span.start, span.start + 7 * HOUR_US, MINUTE_US)
        labels = np.unique(wall_grid(grid, timeframe.length_us or 0, MARKET)).tolist()
        return [f"{naive.local(label):%H:%M %Z}" for label in labels]

    spring, autumn = CHANGES[:2]
    assert starts(spring, Timeframe.MIN_120)[:4] == ["00:00 EST", "03:00 EDT", "04:00 EDT",
                                                     "06:00 EDT"]  # fmt: skip
    assert starts(spring, Timeframe.MIN_240)[:2] == ["00:00 EST", "04:00 EDT"]
    assert starts(autumn, Timeframe.MIN_120)[:3] == ["00:00 EDT", "02:00 EST", "04:00 EST"]
    assert starts(autumn, Timeframe.MIN_240)[:2] == ["00:00 EDT", "04:00 EST"]


def test_bars_begin_at_the_bell_of_their_market() -> None:
    """London's, from 08:00 to 16:30, in summer."""
    open_, close = (to_us(datetime(2024, 7, 2, *clock, tzinfo=UTC)) for clock in ((7, 0), (15, 30)))
    days, opens, closes = (np.array([n]) for n in (day_number(date(2024, 7, 2)), open_, close))
    london = Market(ZoneInfo("Europe/London"), "XLON", days, opens, closes, 8 * HOUR_US)
    stamps = list(range(open_ - HOUR_US, close + HOUR_US, MINUTE_US))
    regular = resample(flat_bars(stamps), Timeframe.MIN_240, market=london, include_extended=False)
    assert [iso(int(s))[11:16] for s in regular.timestamp] == ["07:00", "11:00", "15:00"]
    assert regular.volume.tolist() == [24_000, 24_000, 3_000]
    grid = wall_grid(np.array(stamps), 4 * HOUR_US, london)
    assert [iso(int(s))[11:16] for s in np.unique(grid)] == ["03:00", "07:00", "11:00", "15:00"]
    (day,) = resample(flat_bars(stamps), Timeframe.WEEK, market=london).timestamp
    assert iso(int(day)) == "2024-06-29T23:00:00Z"


def test_whole_bars_reach_to_the_end_of_the_last_bar() -> None:
    span = Span(0, 20 * MINUTE_US)
    assert whole_bars(span, Timeframe.MIN_15, MARKET) == Span(0, 30 * MINUTE_US)
    assert whole_bars(span, Timeframe.MIN_1, MARKET) == span
    assert whole_bars(Span(5, 5), Timeframe.MIN_15, MARKET) == Span(5, 5)


def test_complete_through_is_the_start_of_the_bar_that_is_forming() -> None:
    span = day_span(date(2024, 1, 2), date(2024, 1, 3))
    now = to_us(datetime(2024, 1, 3, 10, 7, tzinfo=ZONE))
    assert iso(complete_through(span, Timeframe.MIN_15, now, MARKET)) == "2024-01-03T15:00:00Z"
    assert complete_through(span, Timeframe.DAY, now, MARKET) == MARKET.midnight(date(2024, 1, 3))
    assert complete_through(span, Timeframe.MIN_15, span.end + 5, MARKET) == span.end
    assert complete_through(span, Timeframe.MIN_15, span.start - 5, MARKET) == span.start


def test_a_bar_that_begins_at_the_bell_is_complete_when_it_ends() -> None:
    """At 10:28 the bar of 09:30 to 10:30 is still forming, though an hour began at 10:00."""
    span = day_span(date(2024, 1, 3))
    regular = BarsQuery("X", Timeframe.MIN_60, span, include_extended=False)
    for minute, complete in ((28, "14:30"), (31, "15:30")):
        now = to_us(datetime(2024, 1, 3, 10, minute, tzinfo=ZONE))
        assert iso(regular.complete_through(now, MARKET))[11:16] == complete


def test_vwap_is_weighted_by_volume_and_unknown_where_a_part_is(market: Market) -> None:
    flat = [10.0, 10.0]
    stamps = [0, MINUTE_US]
    known = Bars.of(stamps, flat, flat, flat, flat, [100, 300], [10.0, 11.00005], [1, 2])
    made = resample(known, Timeframe.MIN_5, market=market)
    assert made.vwap.tolist() == [10.75]
    assert made.transactions.tolist() == [3]
    partly = Bars.of(stamps, flat, flat, flat, flat, [100, 300], [10.0, np.nan])
    assert np.isnan(resample(partly, Timeframe.MIN_5, market=market).vwap).all()
    dry = Bars.of(stamps, flat, flat, flat, flat, [0, 0], [10.0, 11.0])
    assert np.isnan(resample(dry, Timeframe.MIN_5, market=market).vwap).all()


def test_days_from_minutes_close_with_the_auction(market: Market) -> None:
    """The close is the open of the 16:00 minute; without one the last regular close."""
    session = market.session(date(2024, 7, 2))
    assert session is not None
    stamps = [session.open - MINUTE_US, session.open, session.close - MINUTE_US, session.close]
    made_of = Bars.of(
        stamps, [9, 10, 11, 15], [9, 12, 13, 16], [9, 8, 10, 14], [9, 11, 12, 14], [5, 6, 7, 8]
    )
    day = days_from_minutes(made_of, market)
    assert rows(day) == [(MARKET.midnight(session.day), 10.0, 15.0, 8.0, 15.0, 26.0)]
    without = days_from_minutes(made_of.take(slice(0, 3)), market)
    assert rows(without) == [(MARKET.midnight(session.day), 10.0, 13.0, 8.0, 12.0, 18.0)]
    assert not len(days_from_minutes(made_of.take(slice(0, 1)), market))


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", [Timeframe.MIN_5, Timeframe.MIN_15, Timeframe.MIN_60])
@pytest.mark.parametrize("symbol", ["SPY", "AIG", "BAC", "IBM"])
def test_real_minutes_resample_as_the_slow_twin_does(
    market: Market, real: FlatFiles, symbol: str, timeframe: Timeframe
) -> None:
    span = day_span(date(2013, 10, 7), date(2013, 10, 11))
    stored = real.bars(series_query(symbol, Series.MINUTE, span)).bars
    assert len(stored) > 1_500
    query = BarsQuery(symbol, timeframe, span)
    made = query.answer(stored, (), market=market, today=date(2026, 1, 1))
    assert rows(made) == naive.resample(rows(stored), timeframe.value)


@pytest.mark.realdata
def test_an_early_close_ends_at_12_59(market: Market, real: FlatFiles) -> None:
    span = day_span(date(2015, 12, 24))
    query = BarsQuery("GOOG", Timeframe.MIN_1, span, include_extended=False)
    stored = real.bars(series_query("GOOG", Series.MINUTE, span)).bars
    made = query.answer(stored, (), market=market, today=date(2026, 1, 1))
    assert naive.local(int(made.timestamp[0])).strftime("%H:%M") == "09:30"
    assert naive.local(int(made.timestamp[-1])).strftime("%H:%M") == "12:59"
    assert naive.local(int(stored.timestamp[-1])).hour > 13


@pytest.mark.realdata
@pytest.mark.parametrize("symbol", ["SPY", "AIG", "BAC", "IBM"])
def test_official_days_open_high_and_low_are_near_those_of_regular_minutes(
    market: Market, real: FlatFiles, symbol: str
) -> None:
    """Minutes give nearly the official range, never the official volume: they must not mix."""
    span = day_span(date(2013, 10, 7), date(2013, 10, 11))
    official = real.bars(series_query(symbol, Series.DAY, span)).bars
    made = days_from_minutes(real.bars(series_query(symbol, Series.MINUTE, span)).bars, market)
    assert list(made.timestamp) == list(official.timestamp)
    for name in ("open", "high", "low", "close"):
        assert getattr(made, name) == pytest.approx(getattr(official, name), rel=2e-3)
    assert not np.array_equal(made.volume, official.volume)


def test_the_last_bar_that_starts_inside_a_span_is_whole() -> None:
    """A span that ends with a bar stays; a microsecond more takes the whole next bar."""
    hour = 3_600_000_000
    start = MARKET.midnight(date(2024, 7, 2)) + 10 * hour
    timeframe = Timeframe("60min")
    assert whole_bars(Span(start, start + hour), timeframe, MARKET) == Span(start, start + hour)
    more = Span(start, start + hour + 1)
    assert whole_bars(more, timeframe, MARKET) == Span(start, start + 2 * hour)
