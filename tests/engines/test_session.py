"""Session data: nothing in it was incomplete at its instant."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.engines.flow import run_with
from polytape.engines.options import NoOptions
from polytape.engines.session import SessionData, session_flow
from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.conftest import MARKET, day_span
from tests.model.test_resample import rows

TODAY = date(2026, 11, 23)


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at", MARKET)


def run(
    source: Synthetic | FlatFiles, symbol: str, moment: int, market: Market, *, lie: int = 0
) -> SessionData:
    """Drive the engine from a source. With `lie`, every answer reaches that much too far."""
    splits = source.upstream().reference.splits(symbol) or ()

    def answer(query: BarsQuery) -> Bars:
        further = query.over(Span(query.span.start, query.span.end + lie))
        stored = source.bars(further.of_series(market)).bars
        return further.answer(stored, splits, market=market, today=TODAY)

    return run_with(session_flow(symbol, moment, market, NoOptions()), answer)


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
    session = run(synthetic, "SPY", moment, market)
    month = Span(MARKET.midnight(date(2024, 6, 2)), moment)
    minutes = synthetic.bars(series_query("SPY", Series.MINUTE, month)).bars
    assert synthetic.splits("SPY") == () or all(
        s.execution_date > TODAY for s in synthetic.splits("SPY") or ()
    )
    for name, frame, length in (("atr_5min", "5min", 5), ("atr_15min", "15min", 15),
                                ("atr_2hour", "120min", 120)):  # fmt: skip
        bars = naive.resample(rows(minutes), frame)
        done = [row for row in bars if row[0] + length * MINUTE_US <= moment]
        slow = naive.atr(done, 14, "wilder")[-1]
        assert float(getattr(session, name)) == pytest.approx(slow, abs=1e-6)
    assert session.current_price == Decimal(repr(float(minutes.close[-1])))
    assert session.atr_high is not None
    assert session.atr_low is not None
    assert session.atr_high - session.atr_low == 2 * (session.daily_atr or 0)


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
    session = run(synthetic, "AAPL", at(moment), market)
    assert (session.pre_market_price is not None, session.open_price is not None) == (
        has_pre,
        has_open,
    )
    assert session.current_price is not None
    assert ("no trading day" in (session.error or "")) == moment.startswith("2024-07-04")


@pytest.mark.parametrize(
    ("moment", "lost", "said"),
    [
        ("2024-07-02 03:59", "2024-07-02", None),  # before the first hour nobody trades
        ("2024-07-02 04:00", "2024-07-02", None),
        ("2024-07-02 04:01", "2024-07-02", "no minute bar of 2024-07-02 before"),
        ("2024-07-02 12:00", "2024-07-02", "the price is of 2024-07-01"),
        ("2024-07-02 12:00", "2024-07-03", None),
        ("2024-07-02 03:00", "2024-07-01", "last minute bar is of 2024-06-28, the last session"),
        (
            "2024-07-04 12:00",
            "2024-07-04",
            "2024-07-04 is no trading day (exchange holiday); levels of Wed 2024-07-03",
        ),
        ("2024-07-04 12:00", "2024-07-03", "the last minute bar is of 2024-07-02"),
    ],
)
def test_another_days_price_is_never_given_without_a_word(
    synthetic: Synthetic, market: Market, moment: str, lost: str, said: str | None
) -> None:
    """As on a day whose file is not there."""
    day = day_span(date.fromisoformat(lost))

    def answer(query: BarsQuery) -> Bars:
        bars = synthetic.bars(query.of_series(market)).bars
        return bars.take((bars.timestamp < day.start) | (bars.timestamp >= day.end))

    session = run_with(session_flow("AAPL", at(moment), market, NoOptions()), answer)
    assert session.current_price is not None
    assert (session.error is None) if said is None else (said in str(session.error))


def test_the_daily_range_is_of_the_days_before(synthetic: Synthetic, market: Market) -> None:
    morning = run(synthetic, "AAPL", at("2024-07-02 05:00"), market)
    evening = run(synthetic, "AAPL", at("2024-07-02 21:00"), market)
    assert morning.daily_atr == evening.daily_atr


def test_a_symbol_that_is_not_there_is_said_not_raised(market: Market) -> None:
    def answer(_: BarsQuery) -> Bars:
        raise NotFoundError("no symbol NOPE")

    session = run_with(session_flow("NOPE", at("2024-07-02 10:00"), market, NoOptions()), answer)
    assert session.error == "no symbol NOPE"


def test_no_bars_at_all_are_said_with_how_many_are_needed(market: Market) -> None:
    flow = session_flow("AAPL", at("2024-07-02 10:00"), market, NoOptions())
    session = run_with(flow, lambda _: Bars.empty())
    assert session.current_price is session.atr_high is session.daily_atr is None
    assert "daily_atr needs 15 complete 1day bars, there are 0" in str(session.error)


@pytest.mark.realdata
def test_a_real_afternoon(real: FlatFiles, market: Market) -> None:
    session = run(real, "SPY", at("2013-10-11 14:30"), market)
    assert session.error is None
    assert session.open_price == Decimal("168.9")
    assert session.current_price == Decimal("170.15")
    assert session.session_datetime.timestamp() == at("2013-10-11 14:30") / 1e6
