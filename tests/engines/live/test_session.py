"""The session's values bar by bar are those of the session engine."""

import math

from hypothesis import given

from polytape.engines.flow import run_with
from polytape.engines.live.session import LiveSession
from polytape.engines.options import NoOptions
from polytape.engines.session import session_flow
from polytape.engines.vwap import session_bars
from polytape.model.bar import Bar
from polytape.model.bars import Bars
from polytape.model.money import money
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from polytape.model.units import MINUTE_US
from tests.conftest import MARKET
from tests.engines.live.arrivals import arrivals, minutes, prefixes


@given(arrivals(minutes(most=15)))
def test_after_each_bar_they_are_the_session_engines(order: list[Bar]) -> None:
    """At the end of the last bar: price, pre-market price and open."""
    live = LiveSession()
    for bar, bars in prefixes(order):
        live.push(bar)

        def answer(query: BarsQuery, bars: Bars = bars) -> Bars:
            return bars if query.timeframe is Timeframe.MIN_1 else Bars.empty()

        last = int(bars.timestamp[-1]) + MINUTE_US
        data = run_with(session_flow("X", last, MARKET, NoOptions()), answer)
        values = live.value
        assert values is not None
        rounded = {
            name: None if (price := getattr(values, name)) is None else money(price, 6)
            for name in ("price", "pre_market_price", "open_price")
        }
        assert rounded == {
            "price": data.current_price,
            "pre_market_price": data.pre_market_price,
            "open_price": data.open_price,
        }


@given(arrivals(minutes()))
def test_range_is_of_regular_hours_and_volume_of_all(order: list[Bar]) -> None:
    """Both of the day of the last bar."""
    live = LiveSession()
    for bar, bars in prefixes(order):
        live.push(bar)
        values, today = live.value, session_bars(bars)
        regular = today.take(MARKET.regular(today.timestamp))
        assert values is not None
        assert values.day == MARKET.date_of(int(bars.timestamp[-1]))
        assert math.isclose(values.volume, float(today.volume.sum()), abs_tol=1e-9)
        low, high = (values.low, values.high)
        assert (low, high) == (
            (regular.low.min(), regular.high.max()) if len(regular) else (None, None)
        )


def test_without_bars_there_is_none() -> None:
    """And the first one begins it."""
    assert LiveSession().value is None
