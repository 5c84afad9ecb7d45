"""Session data: nothing in it was incomplete at its instant."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.engines.result import run_with
from polytape.engines.session import SessionData, session_data
from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.newyork import midnight
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Source
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.model.test_resample import rows

TODAY = date(2026, 11, 23)


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at")


def run(source: Source, symbol: str, moment: int, market: Market, *, lie: int = 0) -> SessionData:
    """Drive the engine from a source. With `lie`, every answer reaches that much too far."""
    splits = source.splits(symbol) or ()

    def answer(query: BarsQuery) -> Bars:
        base = source.bars(symbol, query.timeframe.series, further(query, lie)).bars
        asked = BarsQuery(symbol, query.timeframe, further(query, lie))
        return asked.answer(base, splits, market=market, today=TODAY)

    return run_with(session_data(symbol, moment, market=market), answer)


def further(query: BarsQuery, more: int) -> Span:
    return Span(query.span.start, query.span.end + more)


@settings(max_examples=12)
@given(moment=st.integers(at("2024-06-28 00:00"), at("2024-07-09 00:00")))
def test_bars_that_were_not_complete_change_nothing(
    synthetic: Synthetic, market: Market, moment: int
) -> None:
    """A server that answers minutes from the future does not leak them into the past."""
    honest = run(synthetic, "AAPL", moment, market)
    assert run(synthetic, "AAPL", moment, market, lie=30 * MINUTE_US) == honest


def test_the_numbers_are_those_of_the_slow_twin(synthetic: Synthetic, market: Market) -> None:
    moment = at("2024-07-02 10:37")
    told = run(synthetic, "SPY", moment, market)
    month = Span(midnight(date(2024, 6, 2)), moment)
    minutes = synthetic.bars("SPY", Series.MINUTE, month).bars
    assert synthetic.splits("SPY") == () or all(
        s.execution_date > TODAY for s in synthetic.splits("SPY") or ()
    )
    for name, frame, length in (("atr_5min", "5min", 5), ("atr_15min", "15min", 15),
                                ("atr_2hour", "120min", 120)):  # fmt: skip
        bars = naive.resample(rows(minutes), frame)
        done = [row for row in bars if row[0] + length * MINUTE_US <= moment]
        slow = naive.atr(done, 14, "wilder")[-1]
        assert float(getattr(told, name)) == pytest.approx(slow, abs=1e-6)
    assert told.current_price == Decimal(repr(float(minutes.close[-1])))
    assert told.atr_high is not None
    assert told.atr_low is not None
    assert told.atr_high - told.atr_low == 2 * (told.daily_atr or 0)


@pytest.mark.parametrize(
    ("moment", "has_pre", "has_open"),
    [
        ("2024-07-02 03:00", False, False),
        ("2024-07-02 08:00", True, False),
        ("2024-07-02 09:30:59", True, False),  # the opening minute is not complete
        ("2024-07-02 09:31", True, True),
        ("2024-07-02 22:00", True, True),
        ("2024-07-04 12:00", False, False),  # a holiday
    ],
)
def test_what_is_known_depends_on_the_time_of_day(
    synthetic: Synthetic, market: Market, moment: str, has_pre: bool, has_open: bool
) -> None:
    told = run(synthetic, "AAPL", at(moment), market)
    assert (told.pre_market_price is not None, told.open_price is not None) == (has_pre, has_open)
    assert told.current_price is not None
    assert ("no trading day" in (told.error or "")) == moment.startswith("2024-07-04")


def test_the_daily_range_is_of_the_days_before(synthetic: Synthetic, market: Market) -> None:
    morning = run(synthetic, "AAPL", at("2024-07-02 05:00"), market)
    evening = run(synthetic, "AAPL", at("2024-07-02 21:00"), market)
    assert morning.daily_atr == evening.daily_atr


def test_a_symbol_that_is_not_there_is_told_not_raised(market: Market) -> None:
    def answer(_: BarsQuery) -> Bars:
        raise NotFoundError("no symbol NOPE")

    told = run_with(session_data("NOPE", at("2024-07-02 10:00"), market=market), answer)
    assert told.error == "no symbol NOPE"


def test_no_bars_at_all_are_told_with_how_many_are_needed(market: Market) -> None:
    engine = session_data("AAPL", at("2024-07-02 10:00"), market=market)
    told = run_with(engine, lambda _: Bars.empty())
    assert told.current_price is told.atr_high is told.daily_atr is None
    assert "daily_atr needs 15 complete 1day bars, there are 0" in str(told.error)


@pytest.mark.realdata
def test_a_real_afternoon(real: FlatFiles, market: Market) -> None:
    told = run(real, "SPY", at("2013-10-11 14:30"), market)
    assert told.error is None
    assert told.open_price == Decimal("168.9")
    assert told.current_price == Decimal("170.15")
    assert told.session_datetime.timestamp() == at("2013-10-11 14:30") / 1e6
