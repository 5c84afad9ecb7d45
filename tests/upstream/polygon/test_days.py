"""Whole days of the market: the vendor's lists of daily bars."""

from datetime import date

import pytest

from polytape.errors import IncompleteDataError
from polytape.fake_vendor.mischief import Mischief
from polytape.model.timeframes import Series
from tests.conftest import day_span
from tests.fakes.vendor import Street

pytestmark = pytest.mark.socket

DAY = date(2026, 11, 12)


def test_the_markets_day_is_every_symbols_daily_bar(wall: Street) -> None:
    days = wall.source().days
    market = days.market_day(Series.DAY, DAY)
    assert market is not None
    for symbol in ("AAPL", "SPY"):
        assert market.of_symbol(symbol).same(wall.true_bars(symbol, Series.DAY, day_span(DAY)))
    assert days.market_day(Series.MINUTE, DAY) is None
    closed = days.market_day(Series.DAY, date(2026, 11, 14))
    assert closed is not None
    assert len(closed) == 0


def test_a_list_costs_one_request_and_is_of_days_alone(wall: Street) -> None:
    """Of minutes there is none: nobody is asked for it."""
    days = wall.source().days
    assert days.has_day(Series.DAY, DAY)
    assert not days.has_day(Series.MINUTE, DAY)
    assert days.market_day(Series.MINUTE, DAY) is None
    assert wall.asked() == []
    days.market_day(Series.DAY, DAY)
    assert wall.asked() == [f"/v2/aggs/grouped/locale/us/market/stocks/{DAY}"]


def test_an_empty_list_of_a_trading_day_is_an_error(wall: Street) -> None:
    """It would cover every symbol with nothing."""
    wall.vendor.routes.market.universe = ()
    with pytest.raises(IncompleteDataError, match="2026-11-12, a trading day, is empty"):
        wall.source().days.market_day(Series.DAY, DAY)


def test_a_list_that_lost_rows_is_an_error(wall: Street) -> None:
    """It says how many there are."""
    wall.vendor.every = Mischief.LOST_ROWS
    with pytest.raises(IncompleteDataError):
        wall.source().days.market_day(Series.DAY, DAY)


def test_a_list_is_never_replaced(wall: Street) -> None:
    """A file may be; a list is final once it is complete."""
    days = wall.source().days
    days.mark_stored(Series.DAY, DAY)
    assert days.replaced(Series.DAY, [DAY]) == []
    assert wall.asked() == []
