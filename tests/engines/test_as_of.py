"""What was complete at an instant, what is asked for to have it, and what is said where it lacks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.as_of import (
    MAX_DAYS_BACK,
    AsOfBars,
    bars_as_of,
    bars_at,
    complete,
    days_back,
    days_query,
    few,
    minutes_query,
    missing_days,
    parse_windows,
    stale,
)
from polytape.engines.holes import name_days
from polytape.engines.options import PERIODS, Period
from polytape.engines.periods import last_period, on_dates
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.resample import bar_end, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import day_number
from polytape.model.units import DAY_US, MINUTE_US
from tests.conftest import MARKET, day_span, flat_bars

INTRADAY = [timeframe for timeframe in Timeframe if timeframe.series is Series.MINUTE]
# From Thursday to Tuesday over the change to summer time.
WEEK = day_span(date(2024, 3, 7), date(2024, 3, 12))
# Any, and those at which bars end.
on_the_grid = st.integers(0, (WEEK.end - WEEK.start) // (15 * MINUTE_US)).map(
    lambda place: WEEK.start + place * 15 * MINUTE_US
)
instants = st.one_of(st.integers(WEEK.start, WEEK.end), on_the_grid)


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at", MARKET)


def regular_minutes(span: Span) -> Iterator[int]:
    for session in MARKET.sessions(span):
        yield from range(session.open, session.close, MINUTE_US)


MINUTES = flat_bars(list(regular_minutes(WEEK)))
DAYS = flat_bars([MARKET.midnight(session.day) for session in MARKET.sessions(WEEK)])


@given(instants, st.sampled_from(list(Timeframe)))
def test_complete_bars_are_those_that_have_ended(as_of: int, timeframe: Timeframe) -> None:
    stored = MINUTES if timeframe.series is Series.MINUTE else DAYS
    bars = resample(stored, timeframe, market=MARKET)
    found = complete(bars, timeframe, as_of, MARKET)
    ended = [s for s in bars.timestamp.tolist() if bar_end(s, timeframe, MARKET) <= as_of]
    assert found.timestamp.tolist() == ended


@pytest.mark.parametrize(
    ("timeframe", "end"),
    [
        (Timeframe.MIN_1, "2024-03-08 10:00"),
        (Timeframe.MIN_15, "2024-03-08 10:00"),
        (Timeframe.MIN_240, "2024-03-08 16:00"),
        (Timeframe.DAY, "2024-03-09 00:00"),
    ],
)
def test_a_bar_is_complete_at_its_end_and_not_before(timeframe: Timeframe, end: str) -> None:
    stored = MINUTES if timeframe.series is Series.MINUTE else DAYS
    bars = resample(stored, timeframe, market=MARKET)
    before, after = (complete(bars, timeframe, at(end) + n, MARKET) for n in (-1, 0))
    assert len(after) == len(before) + 1
    assert bar_end(int(after.timestamp[-1]), timeframe, MARKET) == at(end)


@given(instants, st.sampled_from(INTRADAY), st.booleans())
def test_longer_bars_are_of_complete_minutes_alone(
    as_of: int, timeframe: Timeframe, extended: bool
) -> None:
    """Whatever minutes are given, no bar holds one that was not complete."""
    found = bars_at(MINUTES, timeframe, as_of, MARKET, include_extended=extended)
    known = MINUTES.take(MINUTES.timestamp + MINUTE_US <= as_of)
    assert found.same(bars_at(known, timeframe, as_of, MARKET, include_extended=extended))
    assert timeframe.length_us is not None
    assert np.all(found.timestamp + timeframe.length_us <= as_of)


@given(instants)
def test_the_bars_at_an_instant_are_made_once(as_of: int) -> None:
    known = AsOfBars(MINUTES, DAYS, as_of, MARKET)
    assert known.minutes.same(complete(MINUTES, Timeframe.MIN_1, as_of, MARKET))
    assert known.days.same(complete(DAYS, Timeframe.DAY, as_of, MARKET))
    assert known.fives.same(bars_at(MINUTES, Timeframe.MIN_5, as_of, MARKET))
    assert known.quarters.same(bars_at(MINUTES, Timeframe.MIN_15, as_of, MARKET))
    assert known.fives is known.fives
    assert known.quarters is known.quarters


def test_both_series_are_asked_for_at_once(market: Market) -> None:
    as_of = at("2024-03-12 11:00")
    flow = bars_as_of("X", as_of, market)
    assert next(flow) == (minutes_query("X", as_of, market), days_query("X", as_of, market))
    with pytest.raises(StopIteration) as done:
        flow.send((MINUTES, DAYS))
    known: AsOfBars = done.value.value
    assert known.minutes.same(complete(MINUTES, Timeframe.MIN_1, as_of, market))
    assert (known.as_of, known.market) == (as_of, market)


@given(instants)
def test_the_price_is_the_close_of_the_last_complete_minute(as_of: int) -> None:
    closes = np.arange(1, len(MINUTES) + 1).astype(np.float64)
    minutes = replace(MINUTES, close=closes, high=closes)
    known = AsOfBars(minutes, DAYS, as_of, MARKET)
    done = closes[MINUTES.timestamp + MINUTE_US <= as_of]
    assert known.price == (done[-1] if len(done) else None)


@given(instants, st.sampled_from(PERIODS))
def test_the_last_period_is_that_of_the_pivots(as_of: int, period: Period) -> None:
    completed = last_period(DAYS, period, as_of, MARKET)
    last = AsOfBars(MINUTES, DAYS, as_of, MARKET).last(period)
    if completed is None or last is None:
        assert completed is last is None
        return
    assert last.bars.same(completed.bars)
    assert (last.span, last.missing) == (completed.span, completed.missing)


@given(instants, st.integers(1, 400))
def test_what_is_asked_for_are_whole_days_up_to_the_instant(as_of: int, days: int) -> None:
    today = MARKET.date_of(as_of)
    first = MARKET.midnight(today - timedelta(days=days))
    minutes = minutes_query("X", as_of, MARKET, days)
    assert (minutes.symbol, minutes.timeframe) == ("X", Timeframe.MIN_1)
    assert minutes.span == days_back(as_of, MARKET, days) == Span(first, as_of)
    daily = days_query("X", as_of, MARKET, days)
    assert (daily.symbol, daily.timeframe) == ("X", Timeframe.DAY)
    assert daily.span == Span(first, MARKET.midnight(today))  # its own day is never complete
    assert minutes.adjusted
    assert daily.adjusted


def test_days_are_the_calendars_not_24_hours() -> None:
    span = days_back(at("2024-03-11 12:00"), MARKET, 2)
    assert span.start == at("2024-03-09 00:00")
    assert span.end - span.start == 2 * DAY_US + 11 * 60 * MINUTE_US


@pytest.mark.parametrize(
    "days", [0, -1, 1.5, True, "7", None, float("nan"), MAX_DAYS_BACK + 1, 10**400]
)
def test_days_back_are_a_whole_number_within_reason(days: object) -> None:
    for span in (days_back, lambda as_of, market, n: minutes_query("X", as_of, market, n)):
        with pytest.raises(ValidationError, match=r"^days_back="):
            span(0, MARKET, days)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=r"^windows="):
        parse_windows([days])
    assert days_back(at("2024-03-11 12:00"), MARKET, MAX_DAYS_BACK)


@given(st.lists(st.integers(1, 40), min_size=1))
def test_windows_are_each_once_the_shortest_first(windows: list[int]) -> None:
    parsed = parse_windows(windows)
    assert parsed == parse_windows(np.array(windows)) == tuple(sorted(set(windows)))
    assert parse_windows(parsed) == parsed
    assert parse_windows(windows[0]) == (windows[0],)  # one alone needs no brackets


@pytest.mark.parametrize("windows", [None, 0, "7", [], (), [7, "x"], [[7]], {"a": 7}.keys()])
def test_what_is_no_windows_is_refused(windows: object) -> None:
    with pytest.raises(ValidationError, match=r"^windows="):
        parse_windows(windows)


@pytest.mark.parametrize(
    ("as_of", "last_day", "note"),
    [
        ("2024-03-12 12:00", 11, ()),
        ("2024-03-11 12:00", 8, ()),  # Monday: Friday was the last session
        ("2024-03-10 12:00", 8, ()),
        ("2024-03-12 12:00", 8,
         ("the last daily bar is of 2024-03-08, the last session was on 2024-03-11",)),
        ("2024-03-11 12:00", 7,
         ("the last daily bar is of 2024-03-07, the last session was on 2024-03-08",)),
    ],
)  # fmt: skip
def test_days_that_lack_the_last_session_are_stale(
    market: Market, as_of: str, last_day: int, note: tuple[str, ...]
) -> None:
    days = DAYS.within(day_span(date(2024, 3, 7), date(2024, 3, last_day)))
    assert stale(days, at(as_of), market) == note


def test_no_days_at_all_are_said(market: Market) -> None:
    assert stale(Bars.empty(), at("2024-03-12 12:00"), market) == ("no daily bar before it",)


@given(st.integers(0, 30), st.integers(0, 30))
def test_too_few_are_said_with_how_many_are_needed(count: int, needed: int) -> None:
    note = few(count, needed)
    assert note == (() if count >= needed else (f"{counted(count, 'bar')}, {needed} are needed",))


YEAR = [session.day for session in MARKET.sessions(day_span(date(2024, 1, 2), date(2024, 12, 31)))]


def bars_of(days: list[date], timeframe: Timeframe = Timeframe.DAY) -> Bars:
    return resample(flat_bars(list(map(MARKET.midnight, days))), timeframe, market=MARKET)


@given(st.sets(st.sampled_from(YEAR), min_size=1))
def test_days_between_the_first_and_the_last_bar_are_missed(lacking: set[date]) -> None:
    held = [day for day in YEAR if day not in lacking]
    missing = missing_days(bars_of(held), MARKET)
    assert list(missing) == [day for day in YEAR if day in lacking and held[0] < day < held[-1]]
    utc = flat_bars([day_number(day) * DAY_US for day in held])
    assert missing_days(utc, MARKET) == missing
    assert on_dates(utc, MARKET).same(bars_of(held))


def test_holes_of_minutes_are_days_too() -> None:
    monday = day_span(date(2024, 3, 11), date(2024, 3, 11))
    holed = MINUTES.take((MINUTES.timestamp < monday.start) | (MINUTES.timestamp >= monday.end))
    assert missing_days(holed, MARKET) == (date(2024, 3, 11),)
    assert missing_days(resample(holed, Timeframe.MIN_15, market=MARKET), MARKET) == (
        date(2024, 3, 11),
    )
    assert missing_days(MINUTES, MARKET) == missing_days(Bars.empty(), MARKET) == ()


@pytest.mark.parametrize("timeframe", [Timeframe.WEEK, Timeframe.MONTH])
def test_bars_longer_than_a_day_have_no_days_to_miss(timeframe: Timeframe) -> None:
    assert missing_days(bars_of(YEAR, timeframe), MARKET) == ()


def test_many_days_are_named_by_the_first_and_the_last() -> None:
    assert name_days(YEAR[:2]) == "2024-01-02, 2024-01-03"
    assert name_days(YEAR) == "2024-01-02 to 2024-12-31 (252 sessions)"
