"""The vendor's endpoints of single days, made from a gateway's own source and store."""

from datetime import date

import pytest
from msgspec import UNSET

from polytape.errors import AuthenticationError, NotFoundError
from polytape.gateway.dialects.polygon.days import grouped, open_close, page, previous
from polytape.gateway.dialects.polygon.snapshot import snapshot
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW, day_span, flat_bars
from tests.store.bars import write_market

DAY = date(2026, 11, 20)
MIDNIGHT = MARKET.midnight(DAY)


def store_gateway() -> Gateway:
    """A store alone, which has one day of the whole market."""
    store = SegmentStore(open_storage("memory"), "polygon", MARKET)
    parts = {"A": flat_bars([MIDNIGHT], 100.0), "B": flat_bars([MIDNIGHT], 5.0)}
    write_market(store, parts, day_span(DAY), NOW, series=Series.DAY)
    return Gateway(None, xnys(), lambda: NOW, Budget.of(100, 1.0), store)


async def test_a_day_of_the_market_comes_out_of_the_store() -> None:
    gateway = store_gateway()
    rows = await grouped(gateway, DAY, adjusted=False)
    assert [(row.T, row.c, row.v) for row in rows] == [("A", 100.0, 100.0), ("B", 5.0, 100.0)]
    # Each carries 16:00 of its day.
    assert {row.t for row in rows} == {(MIDNIGHT + 16 * 3_600_000_000) // 1_000}
    assert gateway.store is not None
    split = Split(date(2026, 11, 23), "A", 1.0, 4.0)
    Reference(gateway.store.storage).put_splits([split], NOW)
    first, second = await grouped(gateway, DAY, adjusted=True)
    assert (first.c, first.v, second.c) == (25.0, 400.0, 5.0)
    assert await grouped(gateway, date(2026, 11, 21), adjusted=True) == []  # a Saturday
    with pytest.raises(AuthenticationError, match="no whole days"):
        await grouped(gateway, date(2026, 11, 19), adjusted=False)
    gateway.close()


async def test_the_previous_day_is_the_last_one_before_today(
    synthetic_gateway: Gateway, synthetic: Synthetic
) -> None:
    (row,) = await previous(synthetic_gateway, "AAPL", adjusted=False)
    truth = synthetic.bars(series_query("AAPL", Series.DAY, day_span(DAY))).bars
    assert (row.T, row.o, row.c) == ("AAPL", truth.open[0], truth.close[0])
    assert row.t == (MIDNIGHT + 16 * 3_600_000_000) // 1_000


async def test_a_days_prices_before_and_after_the_bell(
    synthetic_gateway: Gateway, synthetic: Synthetic
) -> None:
    day = await open_close(synthetic_gateway, "AAPL", DAY, adjusted=False)
    bars = synthetic.bars(series_query("AAPL", Series.MINUTE, day_span(DAY))).bars
    assert (day.pre_market, day.after_hours) == (bars.open[0], bars.close[-1])
    for closed in (date(2026, 11, 21), date(2027, 1, 4)):
        with pytest.raises(NotFoundError, match="Data not found"):
            await open_close(synthetic_gateway, "AAPL", closed, adjusted=False)


async def test_a_page_of_days_is_as_the_vendor_writes_it(synthetic_gateway: Gateway) -> None:
    rows = await previous(synthetic_gateway, "AAPL", adjusted=False)
    answer = page(rows, ticker="AAPL", adjusted=False, request_id="r")
    assert (answer.ticker, answer.results_count, answer.query_count) == ("AAPL", 1, 1)
    assert (answer.status, answer.adjusted, answer.request_id) == ("OK", False, "r")
    empty = page([], ticker=None, adjusted=True, request_id="r")
    assert (empty.ticker, empty.results, empty.count) == (UNSET, UNSET, 0)


@pytest.mark.parametrize("clock", ["16:30", "20:30"])
async def test_the_days_of_a_market_that_trades_by_night(clock: str) -> None:
    """In the evening the next trade date has begun: its midnight lies ahead, and nothing fails."""
    long = xnys(long_day_from=date(2026, 11, 2))
    now = parse_instant(f"{DAY} {clock} America/New_York", "now", MARKET)
    source = Synthetic(long, lambda: now)
    gateway = Gateway(source.upstream(), long, lambda: now, Budget.of(100, 1.0))
    day = await open_close(gateway, "AAPL", date(2026, 11, 19), adjusted=False)
    bars = source.bars(series_query("AAPL", Series.MINUTE, long.day_span(date(2026, 11, 19)))).bars
    session = long.session(date(2026, 11, 19))
    assert session is not None
    early = bars.within(Span(session.overnight.end, session.open))
    assert (day.pre_market, day.after_hours) == (early.open[0], bars.close[-1])
    (row,) = await previous(gateway, "AAPL", adjusted=False)
    assert row.t == (MARKET.midnight(DAY if clock > "20" else date(2026, 11, 19))
                     + 16 * 3_600_000_000) // 1_000  # fmt: skip
    taken = (await snapshot(gateway, "AAPL", "r")).ticker
    assert taken.prev_day.c == row.c
    assert (taken.min.v == 0) == (clock > "20")  # nothing trades before 21:00
    gateway.close()
