"""How many bars an answer can have is known before any is read: never less than it has."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.answer_size import most_bars, most_series_bars
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import DAY_US, MINUTE_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW, day_span

FIRST = MARKET.midnight(date(2023, 1, 1))
LONG_DAY = xnys(long_day_from=date(2024, 1, 2))
YEARS = day_span(date(2004, 1, 1), date(2023, 12, 31))


@given(
    start=st.integers(0, 400 * 1_440),
    minutes=st.integers(0, 40 * 1_440),
    timeframe=st.sampled_from(Timeframe),
    extended=st.booleans(),
    limit=st.none() | st.integers(1, 50),
)
def test_no_made_up_answer_is_larger_than_it_was_said_to_be(
    start: int,
    minutes: int,
    timeframe: Timeframe,
    extended: bool,
    limit: int | None,
    synthetic: Synthetic,
) -> None:
    span = Span(FIRST + start * MINUTE_US, FIRST + (start + minutes) * MINUTE_US)
    query = BarsQuery("AAPL", timeframe, span, limit, include_extended=extended)
    stored = synthetic.bars(query.of_series(MARKET)).bars
    answer = query.answer(stored, (), market=MARKET, today=date(2026, 11, 23))
    assert len(stored) <= most_series_bars(query, MARKET, NOW)
    assert len(answer) <= most_bars(query, MARKET, NOW)


@pytest.mark.realdata
@pytest.mark.parametrize("symbol", ["SPY", "AIG", "BAC", "IBM"])
def test_no_real_answer_is(symbol: str, real: FlatFiles) -> None:
    span = day_span(date(2013, 10, 7), date(2013, 10, 11))
    query = series_query(symbol, Series.MINUTE, span)
    bars = real.bars(query).bars
    assert 1_500 < len(bars) <= most_bars(query, MARKET, NOW)


@pytest.mark.parametrize(
    ("timeframe", "least", "most"),
    [
        ("1min", 5_032 * 960, 5_036 * 960), ("5min", 5_032 * 192, 5_036 * 196),
        ("240min", 5_032 * 4, 5_036 * 8), ("1day", 5_032, 5_036),
        ("1week", 1_043, 1_046), ("1month", 240, 263),
    ],
)  # fmt: skip
def test_it_is_not_absurdly_large(timeframe: str, least: int, most: int) -> None:
    """Twenty years have 5,033 sessions of 960 minutes."""
    query = BarsQuery("AAPL", Timeframe(timeframe), YEARS)
    assert least <= most_bars(query, MARKET, NOW) <= most


def test_the_long_day_has_more_minutes_from_its_date_on() -> None:
    query = BarsQuery("AAPL", Timeframe.MIN_1, day_span(date(2023, 12, 1), date(2024, 1, 31)))
    more = most_bars(query, LONG_DAY, NOW) - most_bars(query, MARKET, NOW)
    assert 21 * 420 <= more <= 23 * 420


def test_nothing_is_traded_after_now_and_a_limit_cuts() -> None:
    query = BarsQuery("AAPL", Timeframe.MIN_1, Span(NOW, NOW + 9_000 * DAY_US))
    assert most_bars(query, MARKET, NOW) == 0
    assert most_bars(BarsQuery("AAPL", Timeframe.MIN_1, YEARS, 5), MARKET, NOW) == 5
    assert most_series_bars(BarsQuery("AAPL", Timeframe.MIN_1, YEARS, 5), MARKET, NOW) > 10**6
