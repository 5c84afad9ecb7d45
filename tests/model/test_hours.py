"""Hours by date: on both sides of the day from which 23 of them trade."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape import PolygonClient
from polytape.cli.clock import this_market
from polytape.engines.as_of import AsOfBars, complete, days_back, days_query
from polytape.engines.periods import last_period
from polytape.engines.zones import overnight
from polytape.errors import ValidationError
from polytape.model.hours import DAY_HOURS, HoursRule, long_day
from polytape.model.instants import parse_instant, parse_span
from polytape.model.market import Market, xnys
from polytape.model.quality import OUTSIDE_HOURS, check
from polytape.model.resample import bar_end, bar_ends, complete_through, days_from_minutes, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.scan.many import _market
from polytape.store.periods import periods
from tests.conftest import MARKET, flat_bars

# A Monday: the first trade date of 23 hours begins on Sunday evening.
FIRST = date(2026, 12, 7)
LONG = xnys(long_day_from=FIRST)
SPAN = Span(MARKET.midnight(date(2026, 11, 25)), MARKET.midnight(date(2026, 12, 19)))
CHANGE = LONG.day_start(FIRST)
instants = st.integers(SPAN.start, SPAN.end - 1)
minutes = st.integers(0, (SPAN.end - SPAN.start) // MINUTE_US - 1).map(
    lambda n: SPAN.start + n * MINUTE_US
)
INTRADAY = [timeframe for timeframe in Timeframe if timeframe.series is Series.MINUTE]


def at(text: str) -> int:
    return parse_instant(f"2026-{text} America/New_York", "at", MARKET)


def trades(instant: int, market: Market) -> bool:
    return bool(market.extended(np.array([instant]))[0])


def minutes_that_trade(market: Market) -> list[int]:
    grid = np.arange(SPAN.start, SPAN.end, MINUTE_US)
    stamps: list[int] = grid[market.extended(grid)].tolist()
    return stamps


@pytest.mark.parametrize(
    ("when", "day", "open_before", "open_after"),
    [
        ("12-04 19:59", "2026-12-04", True, True),
        ("12-04 20:00", "2026-12-04", False, False),  # Friday: the next trade date is not a session
        ("12-06 19:59", "2026-12-06", False, False),
        ("12-06 20:59", "2026-12-07", False, False),  # Sunday, in the pause
        ("12-06 21:00", "2026-12-07", False, True),
        ("12-07 03:59", "2026-12-07", False, True),
        ("12-07 04:00", "2026-12-07", True, True),
        ("12-07 19:59", "2026-12-07", True, True),
        ("12-07 20:00", "2026-12-08", False, False),
        ("12-07 21:00", "2026-12-08", False, True),
        ("12-11 21:00", "2026-12-12", False, False),  # Friday
        ("11-25 21:00", "2026-11-25", False, False),  # before the change: the calendar's day
        ("11-27 17:00", "2026-11-27", False, False),  # an early close
    ],
)
def test_by_hand(when: str, day: str, open_before: bool, open_after: bool) -> None:
    instant = at(when)
    assert str(LONG.date_of(instant)) == day
    assert (trades(instant, MARKET), trades(instant, LONG)) == (open_before, open_after)


@given(instants)
def test_before_the_change_nothing_differs(instant: int) -> None:
    if instant >= CHANGE:
        return
    day = MARKET.date_of(instant)
    assert LONG.date_of(instant) == day
    assert LONG.day_start(day) == MARKET.midnight(day)
    assert trades(instant, LONG) == trades(instant, MARKET)
    assert LONG.session(day) == MARKET.session(day)
    assert LONG.final_before(instant) == MARKET.final_before(instant)


@given(instants)
def test_a_trade_date_holds_what_it_is_told_to_hold(instant: int) -> None:
    """Days follow each other without a gap; a date's daily bar is stamped on it, at midnight."""
    day = LONG.date_of(instant)
    span = LONG.day_span(day)
    assert instant in span
    assert LONG.date_of(span.end) == day + timedelta(days=1)
    assert LONG.date_of(LONG.midnight(day)) == day
    hours = (span.end - span.start) // HOUR_US
    # Its evening is the first trade date's already.
    assert hours == (20 if day == FIRST - timedelta(days=1) else 24)


@given(instants)
def test_what_trades_is_in_the_session_of_its_trade_date_and_of_no_other(instant: int) -> None:
    session = LONG.session(LONG.date_of(instant))
    assert trades(instant, LONG) == (session is not None and instant in session.extended)
    inside = [s.day for s in LONG.sessions(SPAN) if instant in s.extended]
    assert inside == ([LONG.date_of(instant)] if trades(instant, LONG) else [])
    around = Span(instant, instant + 1)
    assert [s.day for s in LONG.sessions(around)] == ([session.day] if session else [])


def test_sessions_are_of_23_hours_from_the_change_on() -> None:
    for session in LONG.sessions(SPAN):
        night = (session.overnight.end - session.overnight.start) // HOUR_US
        length = (session.extended.end - session.extended.start) // HOUR_US
        assert (night, length) == ((7, 23) if session.day >= FIRST else (0, length))
        assert session.regular == MARKET.session(session.day).regular  # type: ignore[union-attr]
        assert session.extended.end == MARKET.session(session.day).extended.end  # type: ignore[union-attr]


@given(st.lists(minutes, min_size=1, max_size=40), st.sampled_from(INTRADAY))
def test_no_bar_holds_hours_of_two_trade_dates(stamps: list[int], timeframe: Timeframe) -> None:
    known = [stamp for stamp in sorted(set(stamps)) if trades(stamp, LONG)]
    bars = resample(flat_bars(known), timeframe, market=LONG)
    assert bars.volume.sum() == len(known) * 100.0 or not known
    ends = bar_ends(bars.timestamp, timeframe, LONG)
    for start, end in zip(bars.timestamp.tolist(), ends.tolist(), strict=True):
        inside = {LONG.date_of(stamp) for stamp in known if start <= stamp < end}
        assert len(inside) == 1
        assert inside == {LONG.date_of(start)}


def test_a_day_of_minutes_is_its_trade_dates() -> None:
    known = minutes_that_trade(LONG)
    days = days_from_minutes(flat_bars(known), LONG)
    sessions = list(LONG.sessions(SPAN))
    assert days.timestamp.tolist() == [MARKET.midnight(session.day) for session in sessions]
    per_bar = days.volume / 100.0
    expected = [(s.extended.end - s.extended.start) // MINUTE_US for s in sessions]
    assert per_bar.tolist() == expected


@given(instants)
def test_a_days_minutes_are_final_at_eleven_of_the_next_and_the_night_goes_with_its_date(
    now: int,
) -> None:
    edge = LONG.final_before(now)
    eleven = {s.day: LONG.midnight(s.day) + 11 * HOUR_US for s in LONG.sessions(SPAN)}
    for session, following in zip([*LONG.sessions(SPAN)], [*LONG.sessions(SPAN)][1:], strict=False):
        final = now >= eleven[following.day]
        assert (session.extended.end <= edge) == final
        assert (session.extended.start < edge) == final
        assert (MARKET.midnight(session.day) < edge) == final  # its daily bar


@given(instants)
def test_a_daily_bar_counts_once_its_trade_date_is_over(as_of: int) -> None:
    days = flat_bars([MARKET.midnight(session.day) for session in LONG.sessions(SPAN)])
    done = complete(days, Timeframe.DAY, as_of, LONG)
    over = [s.day for s in LONG.sessions(SPAN) if LONG.day_span(s.day).end <= as_of]
    assert [LONG.date_of(start) for start in done.timestamp.tolist()] == over
    query = days_query("X", as_of, LONG)
    assert done.same(days.within(query.span))
    assert days_back(as_of, LONG, 1).start == LONG.day_start(LONG.date_of(as_of) - timedelta(1))
    last = last_period(days, "day", as_of, LONG)
    assert (None if last is None else LONG.date_of(int(last.bars.timestamp[0]))) == (
        over[-1] if over else None
    )
    through = complete_through(SPAN, Timeframe.DAY, as_of, LONG)
    assert through <= max(as_of, SPAN.start)
    assert done.same(days.take(days.timestamp < through)) or not over


def test_a_week_is_over_on_friday_evening_where_the_next_date_begins() -> None:
    days = flat_bars([MARKET.midnight(session.day) for session in LONG.sessions(SPAN)])
    for market, week in ((MARKET, date(2026, 11, 30)), (LONG, FIRST)):
        last = last_period(days, "week", at("12-11 20:30"), market)
        assert last is not None
        assert market.date_of(int(last.bars.timestamp[0])) == week
    friday = bar_end(MARKET.midnight(FIRST), Timeframe.WEEK, LONG)
    assert friday == at("12-12 20:00")


@pytest.mark.parametrize(
    ("as_of", "first", "last"),
    [
        ("12-07 09:45", "12-04 16:00", "12-07 09:29"),  # Monday: from Friday's close
        ("12-06 22:00", "12-04 16:00", "12-06 21:59"),  # Sunday evening is Monday's night
        ("12-07 22:00", "12-07 16:00", "12-07 21:59"),
        ("12-08 12:00", "12-07 16:00", "12-08 09:29"),
        ("12-03 21:00", "12-02 16:00", "12-03 09:29"),  # before the change an evening is its day's
    ],
)
def test_the_night_runs_from_the_last_close_to_the_open_of_its_trade_date(
    as_of: str, first: str, last: str
) -> None:
    known = np.array(minutes_that_trade(LONG))
    prices = (known - SPAN.start) / MINUTE_US + 1
    bars = flat_bars(known.tolist())
    bars.high[:], bars.low[:], bars.close[:], bars.open[:] = prices, prices, prices, prices
    moment = at(as_of)
    bars = AsOfBars(bars, flat_bars([]), moment, LONG).minutes
    night = overnight(bars, moment, LONG)
    assert night.low == (at(first) - SPAN.start) / MINUTE_US + 1
    assert night.high == (at(last) - SPAN.start) / MINUTE_US + 1


@given(minutes, st.sampled_from([MARKET, LONG]))
def test_bars_outside_the_known_hours_are_served_and_told(stamp: int, market: Market) -> None:
    bars = flat_bars([stamp])
    assert resample(bars, Timeframe.MIN_15, market=market).volume.sum() == bars.volume.sum()
    report = check(bars, Timeframe.MIN_1, SPAN, market=market)
    assert (OUTSIDE_HOURS in report.counts()) == (not trades(stamp, market))


def test_they_are_told_once_a_day() -> None:
    stamps = [at("12-09 02:00"), at("12-09 02:01"), at("12-10 01:00"), at("12-10 10:00")]
    report = check(flat_bars(stamps), Timeframe.MIN_1, SPAN, market=MARKET)
    told = [f.detail for f in report.findings if f.kind == OUTSIDE_HOURS]
    assert told == [
        "2 bars, 2026-12-09 02:00 to 02:01 of the market's time, when nothing is known to trade",
        "1 bar, 2026-12-10 01:00 to 01:00 of the market's time, when nothing is known to trade",
    ]
    assert not check(flat_bars(stamps), Timeframe.MIN_1, SPAN, market=LONG).findings


def test_a_date_is_its_trade_date_in_a_query() -> None:
    span = parse_span("2026-12-08", "2026-12-08", LONG)
    assert span == Span(at("12-07 20:00"), at("12-08 20:00"))
    assert MARKET.midnight(date(2026, 12, 8)) in span  # the daily bar's stamp
    assert parse_span("2026-12-02", "2026-12-02", LONG) == MARKET.day_span(date(2026, 12, 2))


@given(instants, st.integers(1, 40 * DAY_US), st.sampled_from(Series))
def test_the_folders_of_a_store_are_the_calendars(start: int, length: int, series: Series) -> None:
    """A store that was written under one table of hours is read under another."""
    span = Span(start, start + length)
    assert list(periods(series, span, LONG)) == list(periods(series, span, MARKET))


def test_rules_are_in_the_order_of_their_dates() -> None:
    late = HoursRule(date(2030, 1, 1))
    for wrong in ((), (late, DAY_HOURS), (DAY_HOURS, DAY_HOURS)):
        with pytest.raises(ValidationError, match="hours"):
            Market(MARKET.zone, "X", MARKET.days, MARKET.opens, MARKET.closes, hours=wrong)
    both = Market(
        MARKET.zone, "X", MARKET.days, MARKET.opens, MARKET.closes,
        hours=(DAY_HOURS, long_day(FIRST), late),
    )  # fmt: skip
    assert both.day_span(date(2030, 1, 2)) == MARKET.day_span(date(2030, 1, 2))
    assert both.session(FIRST) == LONG.session(FIRST)


def test_one_setting_tells_gateway_client_and_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_market().hours == PolygonClient().market.hours == _market().hours == (DAY_HOURS,)
    monkeypatch.setenv("POLYTAPE_LONG_DAY_FROM", FIRST.isoformat())
    for market in (this_market(), PolygonClient().market, _market()):
        assert market.hours == (DAY_HOURS, long_day(FIRST))
