"""Live minutes as bars of a timeframe: at any moment what resampling all of them gives."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.client.live_series import LiveBar, LiveSeries
from polytape.model.bar import Bar, bar_rows
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.resample import days_from_minutes, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_us
from polytape.model.units import DAY_US, MINUTE_US
from polytape.upstream.synthetic.source import Synthetic

MARKET = xnys()
# Tuesday to Friday; the fourth of July is a holiday, the third closes early.
FIRST, TODAY = date(2024, 7, 2), date(2024, 7, 5)
EDGE = MARKET.midnight(TODAY)
WEEK = Span(MARKET.midnight(date(2024, 6, 17)), EDGE + DAY_US)
SOURCE = Synthetic(MARKET, lambda: WEEK.end)
MINUTES = SOURCE.bars(series_query("AAPL", Series.MINUTE, WEEK)).bars
TODAYS = MINUTES.within(Span(EDGE, EDGE + DAY_US))
DAYS = days_from_minutes(MINUTES, MARKET)
INTRADAY = [frame for frame in Timeframe if frame.series is Series.MINUTE]


def history_of(timeframe: Timeframe, *, extended: bool) -> Bars:
    """What the gateway has of the time before today."""
    before = Span(WEEK.start, EDGE)
    if timeframe.series is Series.DAY:
        return DAYS.within(before)
    minutes = MINUTES.within(before)
    return resample(minutes, timeframe, market=MARKET, include_extended=extended)


def truth(timeframe: Timeframe, minutes: Bars, *, extended: bool) -> Bars:
    """The batch result on everything."""
    if timeframe.series is Series.DAY:
        days = Bars.concat([DAYS.within(Span(0, EDGE)), days_from_minutes(minutes, MARKET)])
        return resample(days, timeframe, market=MARKET)
    whole = Bars.concat([MINUTES.within(Span(0, EDGE)), minutes])
    return resample(whole, timeframe, market=MARKET, include_extended=extended)


def loaded(timeframe: Timeframe, minutes: Bars, *, extended: bool = True) -> LiveSeries:
    series = LiveSeries("AAPL", timeframe, MARKET, include_extended=extended)
    series.load(history_of(timeframe, extended=extended), minutes, EDGE)
    return series


def same_bars(left: Bars, right: Bars) -> None:
    for name, column in left.columns().items():
        np.testing.assert_array_equal(column, getattr(right, name), err_msg=name)


@pytest.mark.parametrize("timeframe", list(Timeframe))
@pytest.mark.parametrize("extended", [True, False])
@settings(max_examples=10)
@given(data=st.data())
def test_history_and_live_minutes_are_the_batch(
    timeframe: Timeframe, extended: bool, data: st.DataObject
) -> None:
    """Wherever the seam is, in whatever order minutes come, and however often."""
    seam = data.draw(st.integers(0, len(TODAYS)))
    end = data.draw(st.integers(seam, min(len(TODAYS), seam + 60)))
    series = loaded(timeframe, TODAYS.take(slice(0, seam)), extended=extended)
    overlap = data.draw(st.integers(max(0, seam - 30), seam))
    rows = data.draw(st.permutations(list(bar_rows(TODAYS.take(slice(overlap, end))))))
    for row in rows:
        series.push(row)
    series.take()
    same_bars(series.bars(), truth(timeframe, TODAYS.take(slice(0, end)), extended=extended))


def closes(series: LiveSeries, rows: list[Bar]) -> list[LiveBar]:
    """Push bars and collect what was closed, each time."""
    got = []
    for row in rows:
        series.push(row)
        got += [bar for bar in series.take() if not bar.forming and not bar.revision]
    return got


@pytest.mark.parametrize("timeframe", INTRADAY)
def test_each_bar_closes_once_and_is_then_complete(timeframe: Timeframe) -> None:
    """As the next one begins."""
    series = loaded(timeframe, TODAYS.take(slice(0, 0)))
    closed = closes(series, list(bar_rows(TODAYS)))
    whole = [*bar_rows(truth(timeframe, TODAYS, extended=True).within(Span(EDGE, WEEK.end)))]
    assert [bar.plain() for bar in closed] == whole[:-1]
    assert series.forming is not None
    assert series.forming.timestamp == whole[-1].timestamp
    series.through(series.forming.end)
    (last,) = series.take()
    assert (last.plain(), last.forming, last.revision) == (whole[-1], False, 0)
    assert series.take() == []
    assert series.forming is None


def test_a_minute_that_comes_again_revises_its_bar() -> None:
    """The last one counts; a closed bar says how often it changed."""
    series = loaded(Timeframe.MIN_5, TODAYS.take(slice(0, 0)))
    rows = list(bar_rows(TODAYS))[:12]
    closes(series, rows)
    again = replace(rows[0], close=rows[0].close + 5.0)
    series.push(again)
    (revised,) = series.take()
    assert (revised.revision, revised.forming) == (1, False)
    series.push(again)
    assert series.take() == []  # with the same values it is no news


def test_minutes_of_the_history_are_its_own() -> None:
    """A late correction of yesterday changes nothing here."""
    series = loaded(Timeframe.MIN_5, TODAYS.take(slice(0, 3)))
    yesterday = next(bar_rows(MINUTES.within(Span(0, EDGE)).last(1)))
    series.push(Bar(yesterday.timestamp, 1.0, 1.0, 1.0, 1.0, 1.0))
    assert series.take() == []


def test_it_goes_on_past_midnight() -> None:
    """The next day's bars are made of its minutes."""
    series = loaded(Timeframe.DAY, TODAYS)
    start = EDGE + 3 * DAY_US + 10 * 60 * MINUTE_US  # Monday, ten o'clock
    series.push(Bar(start, 10.0, 11.0, 9.0, 10.5, 100.0, 10.2, 5.0))
    closed, monday = series.take()
    assert not closed.forming
    assert monday.forming
    assert monday.open == 10.0
    assert monday.timestamp == MARKET.midnight(date(2024, 7, 8))


def test_an_empty_history_is_no_error() -> None:
    """A symbol on its first day."""
    series = LiveSeries("NEW", Timeframe.WEEK, MARKET)
    series.load(Bars.empty(), Bars.empty(), EDGE)
    assert not len(series.bars())
    series.push(
        next(bar_rows(TODAYS.within(MARKET.sessions(Span(EDGE, EDGE + 1)).__next__().regular)))
    )
    (bar,) = series.take()
    assert bar.forming


def test_a_live_bar_is_shown_in_new_yorks_time() -> None:
    """Not as microseconds of 1970; `datetime` is for those who compute."""
    start = to_us(datetime(2024, 7, 2, 13, 30, tzinfo=UTC))
    bar = LiveBar(start, 1.0, 2.5, 0.5, 2.0, 1_234.0, symbol="AAPL", end=start + 300_000_000)
    assert bar.datetime == datetime(2024, 7, 2, 13, 30, tzinfo=UTC)
    assert repr(bar) == (
        "LiveBar(AAPL Tue 2024-07-02 09:30 to Tue 2024-07-02 09:35 New York, open 1, high 2.5, "
        "low 0.5, close 2, volume 1,234)"
    )
    assert repr(replace(bar, forming=True)).endswith(", forming)")
