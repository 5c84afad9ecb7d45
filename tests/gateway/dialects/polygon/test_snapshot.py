"""The vendor's snapshot of one ticker, made from a gateway's own bars."""

from datetime import date

import pytest

from polytape.errors import NotFoundError
from polytape.gateway.dialects.polygon.snapshot import snapshot
from polytape.gateway.gateway import Gateway
from polytape.model.market import Market
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.conftest import MARKET, NOW, day_span, flat_bars
from tests.store.bars import write

YESTERDAY, TODAY = date(2026, 11, 20), date(2026, 11, 23)  # with a weekend between them


async def test_it_has_today_the_last_minute_and_the_day_before(
    synthetic_gateway: Gateway,
) -> None:
    taken = await snapshot(synthetic_gateway, "AAPL", "r")
    assert (taken.request_id, taken.ticker.ticker) == ("r", "AAPL")
    minute, before = taken.ticker.min, taken.ticker.prev_day
    assert minute.t == NOW // 1_000 - 60_000  # 14:59 of 15:00
    assert taken.ticker.updated == minute.t * 1_000_000
    assert taken.ticker.todays_change == pytest.approx(minute.c - before.c)
    assert taken.ticker.todays_change_perc == pytest.approx((minute.c / before.c - 1) * 100)


async def test_what_there_is_none_of_is_zeros_as_the_vendor_has_it(market: Market) -> None:
    store = SegmentStore(open_storage("memory"), "polygon", MARKET)
    for day, price in ((YESTERDAY, 80.0), (TODAY, 100.0)):
        bar = flat_bars([MARKET.midnight(day)], price)
        write(store, "A", bar, day_span(day), NOW, series=Series.DAY)
    span = day_span(date(2026, 11, 10), date(2026, 11, 19))
    write(store, "A", flat_bars([]), span, NOW, series=Series.DAY)
    write(store, "A", flat_bars([]), day_span(TODAY), NOW)
    gateway = Gateway(None, market, lambda: NOW, Budget.of(100, 1.0), store)
    ticker = (await snapshot(gateway, "A", "r")).ticker
    assert (ticker.min.c, ticker.min.v) == (0.0, 0.0)
    assert (ticker.day.c, ticker.prev_day.c) == (100.0, 80.0)
    assert ticker.todays_change == 20.0
    assert ticker.todays_change_perc == pytest.approx(25.0)
    assert ticker.updated == MARKET.midnight(TODAY) * 1_000
    gateway.close()


async def test_a_symbol_without_bars_is_not_found(synthetic_gateway: Gateway) -> None:
    with pytest.raises(NotFoundError, match="Ticker not found"):
        await snapshot(synthetic_gateway, "ZZZZZZ", "r")
