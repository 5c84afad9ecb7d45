"""What the vendor's reference endpoints answer where there is no vendor to read through to."""

import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import UNSET

from polytape.errors import NotFoundError, ValidationError
from polytape.gateway.service import Desk
from polytape.model.market import closures
from polytape.model.newyork import NEW_YORK, date_of, iso, to_datetime
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.wire.polygon.messages import (
    OK,
    MarketDay,
    MarketNow,
    SplitRow,
    SplitsPage,
    TickerAnswer,
    TickerRow,
    TickersPage,
)

DEFAULT_TICKERS, MOST_TICKERS = 100, 1_000
AHEAD_DAYS = 365
MOST_DIGITS = 16
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def tickers(desk: Desk, query: dict[str, str], request_id: str) -> tuple[TickersPage, str | None]:
    """A page of the list, and the cursor of the next one. `search` is by relevance."""
    active = _flag(query, "active", default=True)
    limit = _count(query, "limit", DEFAULT_TICKERS, MOST_TICKERS)
    start = _count(query, "cursor", 0, 10**9, least=0)
    catalog = desk.catalog()
    if "ticker" in query:
        info = catalog.find(query["ticker"])
        found = [] if info is None else [info]
    else:
        found = catalog.search(query.get("search", ""), active_only=active)
    found = [info for info in found if info.active is active and _fits(info, query)]
    if "search" not in query:
        found.sort(key=lambda info: info.symbol, reverse=query.get("order") == "desc")
    page = found[start : start + limit]
    rows = [_row(info) for info in page]
    told = TickersPage(results=rows, status=OK, request_id=request_id, count=len(rows))
    return told, str(start + limit) if len(found) > start + limit else None


def ticker(desk: Desk, symbol: str, request_id: str) -> TickerAnswer:
    """One security. Raises NotFoundError for one that is not there or not active."""
    info = desk.catalog().find(symbol)
    if info is None or not info.active:
        raise NotFoundError("Ticker not found.")
    return TickerAnswer(results=_row(info), status=OK, request_id=request_id)


def splits(desk: Desk, query: dict[str, str], request_id: str) -> SplitsPage:
    """The splits of the ticker that the query names, the latest first unless it says otherwise.

    Raises ValidationError without a ticker: only the vendor lists those of the whole market.
    """
    if "ticker" not in query:
        raise ValidationError(
            "ticker", None, "a ticker; this gateway lists splits of one at a time"
        )
    rows = sorted(desk.catalog().splits(query["ticker"]) or ())
    kept = [row for row in rows if _on(row, query)]
    order = query.get("sort", "") + query.get("order", "")
    ordered = kept if "asc" in order else kept[::-1]
    return SplitsPage(results=[_split(row) for row in ordered], status=OK, request_id=request_id)


def market_now(desk: Desk) -> MarketNow:
    """Open, closed or extended hours by the exchange calendar."""
    now = desk.now()
    session = desk.market.session(date_of(now))
    early = session is not None and session.extended.start <= now < session.open
    late = session is not None and session.close <= now < session.extended.end
    regular = session is not None and now in session.regular
    word = "open" if regular else "extended-hours" if early or late else "closed"
    return MarketNow(
        market=word,
        early_hours=early,
        after_hours=late,
        server_time=to_datetime(now).astimezone(NEW_YORK).isoformat(timespec="seconds"),
        exchanges={"nyse": word, "nasdaq": word, "otc": "open" if regular else "closed"},
    )


def upcoming(desk: Desk) -> list[MarketDay]:
    """The holidays and early closes of the next year, a row for each exchange."""
    today = date_of(desk.now())
    named = closures(today + timedelta(days=1), today + timedelta(days=AHEAD_DAYS))
    rows = []
    for day in sorted(named):
        session = desk.market.session(day)
        told: dict[str, Any] = {"status": "closed"}
        if session is not None and not session.early_close:
            continue
        if session is not None:
            told = {"status": "early-close", "open": iso(session.open), "close": iso(session.close)}
        rows += [
            MarketDay(exchange=exchange, name=named[day], date=day.isoformat(), **told)
            for exchange in ("NYSE", "NASDAQ")
        ]
    return rows


def _row(info: SymbolInfo) -> TickerRow:
    return TickerRow(
        ticker=info.symbol,
        name=info.name or UNSET,
        market="stocks",
        locale="us",
        primary_exchange=info.exchange or UNSET,
        type=info.type or UNSET,
        active=info.active,
        currency_name="usd",
    )


def _split(split: Split) -> SplitRow:
    day = split.execution_date.isoformat()
    return SplitRow(
        ticker=split.symbol,
        execution_date=day,
        split_from=split.split_from,
        split_to=split.split_to,
        adjustment_type="forward_split" if split.ratio > 1 else "reverse_split",
    )


def _fits(info: SymbolInfo, query: dict[str, str]) -> bool:
    equal = {"type": info.type, "exchange": info.exchange, "market": "stocks"}
    if any(query[name] != value for name, value in equal.items() if name in query):
        return False
    return _compared(info.symbol, "ticker", query)


def _on(split: Split, query: dict[str, str]) -> bool:
    day = split.execution_date.isoformat()
    same = query.get("execution_date", day) == day
    return same and _compared(day, "execution_date", query)


def _compared(value: str, name: str, query: dict[str, str]) -> bool:
    return all(
        compare(value, query[f"{name}.{how}"])
        for how, compare in COMPARE.items()
        if f"{name}.{how}" in query
    )


def _flag(query: dict[str, str], name: str, *, default: bool) -> bool:
    text = query.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise ValidationError(name, query[name], "true or false")
    return text == "true"


def _count(query: dict[str, str], name: str, default: int, most: int, *, least: int = 1) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or len(text) > MOST_DIGITS or not least <= int(text) <= most:
        raise ValidationError(name, text, f"{least} to {most}")
    return int(text)
