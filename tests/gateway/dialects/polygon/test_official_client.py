"""The vendor's own client package, pointed at a gateway in front of the (fake) vendor."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from massive import RESTClient
from massive.exceptions import BadResponse

from polytape import PolygonClient
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.timestamps import to_datetime
from polytape.net.storage import open_storage
from polytape.store.answers import StoredAnswers
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.fakes.vendor import UNIVERSE, Street, street

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)
WEEK = ("2026-11-09", "2026-11-13")


@pytest.fixture(scope="module")
def wall() -> Iterator[Street]:
    with street(NOW) as made:
        yield made


@pytest.fixture(scope="module")
def url(wall: Street) -> Iterator[str]:
    """A gateway with a store, asking the vendor."""
    storage = open_storage("memory")
    source = wall.source("advanced", memory=StoredAnswers(storage))
    store = SegmentStore(storage, "polygon", MARKET)
    budget = source.vendor.budget
    gateway = Gateway(source.upstream(), xnys(), lambda: wall.time.now, budget, store)
    with running(create_app(gateway)) as made:
        yield made


@pytest.fixture
def client(url: str) -> Iterator[RESTClient]:
    made = RESTClient(api_key="any", base=url, retries=0)
    yield made
    made.client.clear()


def ours(url: str, symbol: str, start: str, end: str, timeframe: str) -> list[tuple[Any, ...]]:
    with PolygonClient(url) as client:
        frame = client.fetch_bars(symbol, start, end, timeframe)
    columns = [frame[name].tolist() for name in ("open", "high", "low", "close", "volume")]
    stamps = (frame["timestamp"].astype("int64") // 1_000).tolist()
    return list(zip(stamps, *columns, strict=True))


def theirs(aggs: Any) -> list[tuple[Any, ...]]:
    return [(a.timestamp, a.open, a.high, a.low, a.close, int(a.volume)) for a in aggs]


@pytest.mark.parametrize(
    ("multiplier", "timespan", "timeframe"),
    [(1, "minute", "1min"), (5, "minute", "5min"), (15, "minute", "15min"), (1, "hour", "60min"),
     (2, "hour", "120min"), (4, "hour", "240min"), (1, "day", "1day")],
)  # fmt: skip
def test_list_aggs_over_several_pages_are_our_own_bars(
    client: RESTClient, url: str, multiplier: int, timespan: str, timeframe: str
) -> None:
    for sort in ("asc", "desc"):
        pages = client.list_aggs("AAPL", multiplier, timespan, *WEEK, limit=700, sort=sort)
        rows = theirs(pages)
        assert rows[:: 1 if sort == "asc" else -1] == ours(url, "AAPL", *WEEK, timeframe)


def test_weeks_and_months_are_our_own(client: RESTClient, url: str) -> None:
    weeks = theirs(client.list_aggs("MSFT", 1, "week", "2026-08-02", "2026-10-31", limit=9))
    assert weeks == ours(url, "MSFT", "2026-08-02", "2026-10-31", "1week")
    months = theirs(client.list_aggs("MSFT", 1, "month", "2025-01-01", "2025-12-31", limit=50))
    assert months == ours(url, "MSFT", "2025-01-01", "2025-12-31", "1month")


def test_get_aggs_is_one_page(client: RESTClient, url: str) -> None:
    page = client.get_aggs("AAPL", 1, "day", "2026-10-01", "2026-10-31", adjusted=False)
    assert theirs(page) == ours(url, "AAPL", "2026-10-01", "2026-10-31", "1day")
    assert client.get_aggs("AAPL", 1, "day", "2026-11-14", "2026-11-15") == []
    assert client.get_aggs("NOPE", 1, "day", *WEEK) == []


def test_the_previous_day_and_a_days_open_and_close(client: RESTClient, url: str) -> None:
    last = ours(url, "AAPL", "2026-11-20", "2026-11-20", "1day")[0]
    (previous,) = client.get_previous_close_agg("AAPL")
    assert (previous.ticker, previous.open, previous.close, previous.volume) == (
        "AAPL",
        last[1],
        last[4],
        last[5],
    )
    assert to_datetime(int(previous.timestamp) * 1_000).isoformat() == "2026-11-20T21:00:00+00:00"
    day = client.get_daily_open_close_agg("AAPL", "2026-11-20")
    assert (day.symbol, day.from_, day.open, day.high, day.low, day.close) == (
        "AAPL", "2026-11-20", *last[1:5]
    )  # fmt: skip
    minutes = ours(url, "AAPL", "2026-11-20", "2026-11-20", "1min")
    assert (day.pre_market, day.after_hours) == (minutes[0][1], minutes[-1][4])
    with pytest.raises(BadResponse, match="NOT_FOUND"):
        client.get_daily_open_close_agg("AAPL", "2026-11-21")


def test_the_markets_day(client: RESTClient, url: str, wall: Street) -> None:
    for adjusted in (True, False):
        rows = client.get_grouped_daily_aggs("2026-11-19", adjusted=adjusted)
        assert sorted(row.ticker for row in rows) == sorted(UNIVERSE)
        row = next(row for row in rows if row.ticker == "MSFT")
        assert (row.open, row.close) == ours(url, "MSFT", "2026-11-19", "2026-11-19", "1day")[0][
            1:5:3
        ]
    requests = len(wall.vendor.requests)
    assert client.get_grouped_daily_aggs("2026-11-19", adjusted=False) == rows
    client.get_grouped_daily_aggs("2026-11-19")
    assert len(wall.vendor.requests) == requests
    assert client.get_grouped_daily_aggs("2026-11-21") == []


def test_tickers_and_splits(client: RESTClient, wall: Street) -> None:
    assert next(iter(client.list_tickers(search="apple"))).ticker == "AAPL"
    assert sorted(t.ticker for t in client.list_tickers(limit=2)) == sorted(UNIVERSE)
    details = client.get_ticker_details("AAPL")
    assert (details.name, details.market_cap) == ("Apple Inc.", 1.5e12)
    truth = wall.truth.reference.splits("NVDA") or ()
    splits = list(client.list_splits("NVDA", limit=1))
    assert {date.fromisoformat(s.execution_date) for s in splits} == {
        s.execution_date for s in truth
    }
    with pytest.raises(BadResponse, match="Ticker not found"):
        client.get_ticker_details("NOPE")
    assert next(iter(client.list_dividends("AAPL"))).cash_amount == 0.26


def test_the_market_and_its_last_trade(client: RESTClient) -> None:
    now = client.get_market_status()
    assert (now.market, now.exchanges.nyse) == ("open", "open")
    holidays = client.get_market_holidays()
    assert ("2026-11-26", "closed") in {(day.date, day.status) for day in holidays}
    assert ("2026-11-27", "early-close") in {(day.date, day.status) for day in holidays}
    trade = client.get_last_trade("AAPL")
    assert trade.ticker == "AAPL"
    # Nanoseconds come through whole: a float would have rounded them.
    assert trade.sip_timestamp % 1_000_000 == 456_789
    snapshot = client.get_snapshot_ticker("stocks", "AAPL")
    assert snapshot.last_trade.price == trade.price
    assert [t.sip_timestamp % 1_000 for t in client.list_trades("AAPL", limit=100)][:3] == [789] * 3


def test_what_was_answered_once_is_not_asked_again(client: RESTClient, wall: Street) -> None:
    list(client.list_aggs("TSLA", 5, "minute", *WEEK))
    list(client.list_tickers(search="apple"))
    requests = len(wall.vendor.requests)
    list(client.list_aggs("TSLA", 1, "hour", *WEEK, limit=100))
    list(client.list_tickers(search="apple"))
    assert len(wall.vendor.requests) == requests
    assert wall.vendor.keys_in_urls == 0
