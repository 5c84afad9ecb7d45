"""Laws that hold on both sides of the day from which 23 hours trade."""

from datetime import date, time, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polytape.engines.gap_run import gap_flow
from polytape.engines.options import GapOptions
from polytape.engines.relative_volume import usual_volume
from polytape.engines.zones import overnight
from polytape.history.plan import missing_of
from polytape.model.arrays import Ints
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.quality import check
from polytape.model.resample import bar_ends, resample
from polytape.model.spans import Span, SpanSet
from polytape.model.time_of_day import parse_time_of_day
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import day_number
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from tests.conftest import MARKET, flat_bars

# A Monday: the first trade date of 23 hours begins on Sunday evening.
FIRST = date(2026, 12, 7)
LONG = xnys(long_day_from=FIRST)
SPAN = Span(MARKET.midnight(date(2026, 11, 25)), MARKET.midnight(date(2026, 12, 19)))
WEEK = Span(MARKET.midnight(date(2026, 12, 4)), MARKET.midnight(date(2026, 12, 9)))
markets = st.sampled_from([MARKET, LONG])
instants = st.integers(SPAN.start, SPAN.end - 1)
# Both changes of the clock, an early close and the change of the hours among them.
DAYS = st.dates(date(2026, 2, 25), date(2026, 12, 31))
INTRADAY = [timeframe for timeframe in Timeframe if timeframe.series is Series.MINUTE]


@cache
def minutes_that_trade(market: Market, span: Span = SPAN) -> Ints:
    grid = np.arange(span.start, span.end, MINUTE_US)
    return grid[market.extended(grid)]


@st.composite
def priced(draw: st.DrawFn, market: Market) -> Bars:
    """Some trading minutes, each at its own price."""
    known = minutes_that_trade(market)
    places = draw(st.lists(st.integers(0, len(known) - 1), min_size=1, max_size=60, unique=True))
    stamps = known[sorted(places)]
    price = (stamps - SPAN.start) / MINUTE_US + 1
    return Bars.of(stamps, price, price + 0.5, price - 0.5, price, np.full(len(price), 100.0))


@given(markets, st.integers(0, 3 * 10**15))
def test_one_instant_is_as_many_are(market: Market, instant: int) -> None:
    """Trade dates, midnights and beginnings of days, one by one and in arrays."""
    day = market.date_of(instant)
    number = np.array([day_number(day)])
    assert day_number(day) == int(market.days_of(np.array([instant]))[0])
    assert market.day_start(day) == int(market.day_starts(number)[0])
    assert market.midnight(day) == int(market.to_utc(number * DAY_US)[0])
    assert market.calendar_date(instant) == market.local(instant).date()
    assert market.day_start(day) <= instant < market.day_span(day).end


@given(markets, DAYS, st.integers(0, 24 * 60 - 1))
def test_a_day_is_final_from_eleven_of_the_next_session_on(
    market: Market, day: date, minute: int
) -> None:
    """The slow rule, session by session."""
    now = market.midnight(day) + minute * MINUTE_US
    sessions = list(market.sessions(Span(now - 15 * DAY_US, now + 15 * DAY_US)))
    final = [
        own.day
        for own, following in zip(sessions, sessions[1:], strict=False)
        if now >= market.midnight(following.day) + 11 * HOUR_US
    ]
    edge = market.final_before(now)
    assert [one.day for one in sessions if one.extended.end <= edge] == final
    assert edge == market.day_start(market.date_of(edge))
    today = market.date_of(now)
    assert edge in (market.day_start(today), *(market.day_start(one.day) for one in sessions))


@given(st.data(), markets, st.sampled_from(INTRADAY), st.booleans())
def test_each_minute_is_in_exactly_one_bar_of_its_trade_date(
    data: st.DataObject, market: Market, timeframe: Timeframe, extended: bool
) -> None:
    minutes = data.draw(priced(market))
    bars = resample(minutes, timeframe, market=market, include_extended=extended)
    counted = minutes if extended else minutes.take(market.regular(minutes.timestamp))
    ends = bar_ends(bars.timestamp, timeframe, market)
    assert (ends[:-1] <= bars.timestamp[1:]).all()
    assert bars.volume.sum() == counted.volume.sum()
    for at, (start, end) in enumerate(zip(bars.timestamp, ends, strict=True)):
        own = counted.within(Span(int(start), int(end)))
        assert len(own)
        assert (bars.open[at], bars.close[at]) == (own.open[0], own.close[-1])
        assert (bars.high[at], bars.low[at]) == (own.high.max(), own.low.min())
        assert bars.volume[at] == own.volume.sum()
        assert len({market.date_of(int(stamp)) for stamp in own.timestamp}) == 1


@given(st.data(), markets, instants)
def test_overnight_high_and_low_are_those_of_the_minutes_since_the_close(
    data: st.DataObject, market: Market, as_of: int
) -> None:
    """Up to the opening bell of the trade date of the instant, by the slow rule."""
    minutes = data.draw(priced(market))
    minutes = minutes.take(minutes.timestamp + MINUTE_US <= as_of)
    day = market.date_of(as_of)
    night = []
    for bar in range(len(minutes)):
        stamp = int(minutes.timestamp[bar])
        own, before = market.session(day), market.session_before(day)
        assert before is not None
        if stamp >= before.close and (own is None or stamp < own.open):
            night.append(bar)
    found = overnight(minutes, as_of, market)
    assert found.high == (minutes.high[night].max() if night else None)
    assert found.low == (minutes.low[night].min() if night else None)


@given(st.data(), markets)
def test_what_is_missing_is_the_trade_dates_that_are_not_held(
    data: st.DataObject, market: Market
) -> None:
    """And nothing of closed days, whatever days are held."""
    sessions = list(market.sessions(SPAN))
    held = data.draw(st.sets(st.sampled_from([one.day for one in sessions])))
    known = SpanSet.of(market.day_span(day) for day in held)
    missing = SpanSet.of(missing_of(SPAN, known, market))
    for session in sessions:
        day = market.day_span(session.day).intersect(SPAN)
        assert (day in missing) == (session.day not in held)
        assert bool(missing.intersection(SpanSet.of([day]))) == (session.day not in held)


@given(st.data(), markets)
def test_a_minute_that_is_gone_is_a_gap_in_regular_hours_alone(
    data: st.DataObject, market: Market
) -> None:
    """At night and around the day minutes without a trade are nothing to look at."""
    known = minutes_that_trade(market, WEEK)
    gone = data.draw(st.sampled_from(known.tolist()))
    bars = flat_bars(known[known != gone].tolist())
    report = check(bars, Timeframe.MIN_1, WEEK, market=market)
    regular = bool(market.regular(np.array([gone]))[0])
    gaps = [gap.span for gap in report.gaps if gap.missing]
    assert gaps == ([Span(gone, gone + MINUTE_US)] if regular else [])
    assert not report.findings


@example(LONG, date(2026, 12, 8), 21, 0)
@given(markets, DAYS, st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_a_trade_date_is_within_it(
    market: Market, day: date, hour: int, minute: int
) -> None:
    """21:00 of a long day is the evening before; only an hour that the day has not is elsewhere."""
    instant = parse_time_of_day(f"{hour}:{minute:02}", "from", day, market)
    span = market.day_span(day)
    if span.end - span.start == DAY_US:
        assert instant in span
        assert market.local(instant).time() == time(hour, minute)


@given(markets, st.integers(0, 23 * 60))
def test_usual_volume_grows_through_the_trade_date(market: Market, minute: int) -> None:
    """A night comes before its day, not after it, though the clock shows later hours."""
    day = date(2026, 12, 16)
    usual = usual_volume(_flat(market), day, sessions=3, market=market)
    session = market.session(date(2026, 12, 15))
    assert session is not None
    instant = min(session.extended.start + (minute + 1) * MINUTE_US, session.extended.end)
    length = (instant - session.extended.start) // MINUTE_US
    assert usual.at(instant) == 100.0 * length


@pytest.mark.parametrize("market", [MARKET, LONG])
@given(instants)
def test_no_instant_is_too_early_for_todays_gaps(market: Market, as_of: int) -> None:
    """In the evening of a long day the trade date has begun, and its midnight lies ahead."""
    flow = gap_flow("X", as_of, market, GapOptions())
    queries = next(flow)
    days = flat_bars([market.midnight(s.day) for s in market.sessions(SPAN)])
    minutes = _flat(market)
    answers = [
        (minutes if query.timeframe is Timeframe.MIN_1 else days).within(query.span)
        for query in queries
    ]
    with pytest.raises(StopIteration) as ended:
        flow.send(answers)  # type: ignore[arg-type]
    assert ended.value.value.as_of.timestamp() * 1e6 == pytest.approx(as_of)


def test_nights_are_those_of_the_sessions() -> None:
    for market in (MARKET, LONG):
        places = np.flatnonzero(np.isin(market.days, [day_number(s.day) for s in
                                                      market.sessions(SPAN)]))  # fmt: skip
        starts, ends = market.overnights(places)
        expected = [session.overnight for session in market.sessions(SPAN)]
        assert [*map(Span, starts.tolist(), ends.tolist())] == expected
    friday = LONG.session(FIRST - timedelta(days=3))
    assert friday is not None
    assert not friday.overnight


@cache
def _flat(market: Market) -> Bars:
    return flat_bars(minutes_that_trade(market).tolist())
