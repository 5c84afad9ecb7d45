"""The made-up market by night, on both sides of the day from which nights trade."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.quality import check
from polytape.model.query import series_query
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import DAY_US, HOUR_US
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET

# A Monday: its night is the first one.
FIRST = date(2026, 12, 7)
LONG = xnys(long_day_from=FIRST)
SPAN = Span(MARKET.midnight(date(2026, 11, 30)), LONG.day_span(date(2026, 12, 18)).end)
LATER = SPAN.end + DAY_US
SHORT_DAY, LONG_DAY = (Synthetic(market, lambda: LATER) for market in (MARKET, LONG))
symbols = st.sampled_from(["SPY", "AAPL", "BRK.B"])


def minutes(source: Synthetic, symbol: str, span: Span = SPAN) -> Bars:
    return source.bars(series_query(symbol, Series.MINUTE, span)).bars


def at_night(bars: Bars, market: Market = LONG) -> Bars:
    nights = [session.overnight for session in market.sessions(SPAN)]
    return Bars.concat(bars.within(night) for night in nights)


@given(symbols)
def test_nights_are_added_and_nothing_else_is_changed(symbol: str) -> None:
    short, long = minutes(SHORT_DAY, symbol), minutes(LONG_DAY, symbol)
    nights = at_night(long)
    assert len(long) == len(short) + len(nights)
    assert Bars.concat([short, nights]).tidy().same(long)
    assert len(nights) > 100
    assert nights.timestamp[0] >= LONG.day_start(FIRST) + HOUR_US
    per_day = np.unique(LONG.days_of(nights.timestamp))
    assert len(per_day) == len([s for s in LONG.sessions(SPAN) if s.day >= FIRST])


@given(symbols, st.integers(0, SPAN.end - SPAN.start))
def test_any_cut_of_a_night_gives_the_same_bars(symbol: str, cut: int) -> None:
    middle = SPAN.start + cut
    parts = Span(SPAN.start, middle), Span(middle, SPAN.end)
    cut_bars = Bars.concat(minutes(LONG_DAY, symbol, part) for part in parts)
    assert cut_bars.same(minutes(LONG_DAY, symbol))


def test_a_night_is_sound_thin_and_of_its_trade_date() -> None:
    bars = minutes(LONG_DAY, "SPY")
    assert not check(bars, Timeframe.MIN_1, SPAN, market=LONG).findings
    nights = at_night(bars)
    assert nights.volume.sum() < 0.02 * bars.volume.sum()
    days = LONG_DAY.bars(series_query("SPY", Series.DAY, SPAN)).bars
    made = days_from_minutes(bars, LONG)
    assert days.timestamp.tolist() == made.timestamp.tolist()
    short = SHORT_DAY.bars(series_query("SPY", Series.DAY, SPAN)).bars
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(days, name), getattr(short, name))
    assert ((days.volume > short.volume) == (LONG.days_of(days.timestamp) >= _number())).all()


def test_no_night_bar_is_from_the_future() -> None:
    now = LONG.day_start(FIRST) + 3 * HOUR_US
    source = Synthetic(LONG, lambda: now)
    bars = minutes(source, "SPY")
    assert LONG.date_of(int(bars.timestamp[-1])) == FIRST
    assert now - HOUR_US < bars.timestamp[-1] < now
    assert source.last_bar("SPY").timestamp.tolist() == [bars.timestamp[-1]]
    assert not len(minutes(source, "SPY", Span(now, LATER)))


def _number() -> int:
    return int(LONG.days_of(np.array([LONG.day_start(FIRST)]))[0])
