"""The last trade, a snapshot, the trades of today: made of minutes, sizes in decimals.

https://massive.com/docs/rest/stocks
"""

from datetime import timedelta

from polytape.fake_vendor.answers import Json, Query, page_of
from polytape.fake_vendor.market import LOOK_BACK_DAYS, FakeMarket

NS_PER_MS = 1_000_000
LAST_MS = 59_999
# Each minute has one trade that is told of, so long after its start.
TRADE_AT_MS = 123
# The vendor writes zeros where there is no bar.
NO_BAR: Json = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}


def last_trade(market: FakeMarket, ticker: str) -> Json | None:
    """The last trade: the end of the last minute. None where there is none."""
    bar = market.last_minute(ticker)
    if bar is None:
        return None
    stamp = (bar.start + LAST_MS) * NS_PER_MS + 456_789
    trade = {
        "T": ticker,
        "p": bar.close,
        "s": 0,
        "ds": "0.25",
        "x": 4,
        "r": 202,
        "z": 3,
        "i": "77",
        "c": [12, 37],
        "q": 5501,
        "t": stamp,
        "y": stamp - 3_000,
        "f": stamp - 9,
    }
    return {"status": "OK", "request_id": "fake", "results": trade}


def snapshot(market: FakeMarket, ticker: str) -> Json | None:
    """Today's bar, the last minute, the day before. None where there is none."""
    content = _ticker_snapshot(market, ticker)
    return None if content is None else {"status": "OK", "request_id": "fake", "ticker": content}


def snapshots(market: FakeMarket, query: Query) -> Json:
    """The same of some tickers, or of all; those that have none are left out."""
    wanted = query["tickers"].split(",") if query.get("tickers") else market.universe
    rows = [row for ticker in wanted if (row := _ticker_snapshot(market, ticker)) is not None]
    return {"status": "OK", "request_id": "fake", "count": len(rows), "tickers": rows}


def _ticker_snapshot(market: FakeMarket, ticker: str) -> Json | None:
    minute = market.last_minute(ticker)
    if minute is None:
        return None
    today = market.today()
    day = next(iter(market.day_bars(ticker, today)), None)
    days_before = (today - timedelta(days=ago) for ago in range(1, LOOK_BACK_DAYS + 1))
    before = next((bar for day in days_before for bar in market.day_bars(ticker, day)), None)
    updated = minute.start * NS_PER_MS
    trade = {"p": minute.close, "s": 0, "ds": "0.25", "c": None, "t": updated + 1, "x": 4, "i": "7"}
    return {
        "ticker": ticker,
        "todaysChange": minute.close - (0 if before is None else before.close),
        "todaysChangePerc": 0.0,
        "updated": updated,
        "day": NO_BAR if day is None else day.json(),
        "min": minute.json(),
        "prevDay": NO_BAR if before is None else before.json(),
        "lastTrade": trade,
    }


def trades(market: FakeMarket, ticker: str, url: str, query: Query) -> Json:
    """A page of today's trades, one a minute, the newest first."""
    rows: list[Json] = [
        {
            "id": str(number),
            "price": bar.close,
            "size": 0,
            "decimal_size": "0.25",
            "exchange": 4,
            "sip_timestamp": (bar.start + TRADE_AT_MS) * NS_PER_MS + 456_789,
            "participant_timestamp": bar.start * NS_PER_MS,
            "sequence_number": number,
            "tape": 3,
        }
        for number, bar in enumerate(market.minute_bars(ticker, market.today()))
    ]
    page, more = page_of(rows[::-1], query, url, 1_000)
    return {"results": page, "status": "OK", "request_id": "f"} | more
