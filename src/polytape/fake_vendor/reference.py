"""Tickers, splits, dividends, condition codes: `/v3/reference` and `/stocks/v1`.

https://massive.com/docs/rest/stocks/tickers/all-tickers
https://massive.com/blog/new-splits-and-dividends-endpoints
"""

from polytape.fake_vendor.answers import Json, Query, page_of
from polytape.fake_vendor.market import FakeMarket
from polytape.model.securities import SymbolInfo, matches, rank

CONDITIONS: list[Json] = [
    {
        "id": 12,
        "name": "Form T/Extended Hours",
        "type": "sale_condition",
        "asset_class": "stocks",
        "data_types": ["trade"],
    },
    {
        "id": 37,
        "name": "Odd Lot Trade",
        "type": "sale_condition",
        "asset_class": "stocks",
        "data_types": ["trade"],
    },
]


def tickers(market: FakeMarket, url: str, query: Query) -> Json:
    """A page of tickers: one, those that a search matches, or all by symbol."""
    active = query.get("active", "true") == "true"
    infos = [info for s in market.universe if (info := market.info(s)) and info.active is active]
    if "ticker" in query:
        infos = [info for info in infos if info.symbol == query["ticker"]]
    if "search" in query:
        text = query["search"]
        infos = rank([info for info in infos if matches(info, text, active_only=False)], text)
    else:
        infos.sort(key=lambda info: info.symbol)
    page, more = page_of([_security(info) for info in infos], query, url, 100)
    return {"results": page, "status": "OK", "request_id": "fake", "count": len(page)} | more


def ticker(market: FakeMarket, symbol: str) -> Json | None:
    """One security; None where there is no active one."""
    info = market.info(symbol)
    if info is None or not info.active:
        return None
    more = {"list_date": "2003-09-10", "round_lot": 100, "market_cap": 1.5e12}
    return {"results": _security(info) | more, "status": "OK", "request_id": "fake"}


def splits(market: FakeMarket, url: str, query: Query) -> Json:
    """A page of splits, the newest first where nothing else is said."""
    since = query.get("execution_date.gte", "")
    rows: list[Json] = [
        {
            "id": f"E{number}",
            "ticker": split.symbol,
            "execution_date": str(split.execution_date),
            "split_from": split.split_from,
            "split_to": split.split_to,
        }
        for number, split in enumerate(market.splits(query.get("ticker")))
        if str(split.execution_date) >= since
    ]
    if "asc" not in (query.get("sort", "") + query.get("order", "")):
        rows.reverse()
    page, more = page_of(rows, query, url, 10)
    return {"results": page, "status": "OK"} | more


def dividends(market: FakeMarket, query: Query) -> Json:
    """One dividend, of whatever ticker."""
    row = {
        "id": "D1",
        "ticker": query.get("ticker", market.universe[0]),
        "cash_amount": 0.26,
        "currency": "USD",
        "ex_dividend_date": "2025-08-11",
        "frequency": 4,
        "distribution_type": "recurring",
    }
    return {"results": [row], "status": "OK", "request_id": "fake"}


def conditions() -> Json:
    """Two codes of trades."""
    count = len(CONDITIONS)
    return {"results": CONDITIONS, "status": "OK", "request_id": "fake", "count": count}


def _security(info: SymbolInfo) -> Json:
    return {
        "ticker": info.symbol,
        "name": info.name,
        "market": "stocks",
        "locale": "us",
        "primary_exchange": info.exchange,
        "type": info.type,
        "active": info.active,
        "currency_name": "usd",
        "last_updated_utc": "2026-01-02T00:00:00Z",
    }
