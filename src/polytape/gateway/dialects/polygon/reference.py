"""What the vendor's reference endpoints answer where there is no vendor to read through to."""

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import TypeAlias

from msgspec import UNSET

from polytape.errors import NotFoundError, ValidationError
from polytape.gateway.gateway import Gateway
from polytape.model.market import Session, closures
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.model.timestamps import iso
from polytape.wire.polygon import messages

# The parameters of a request, without anybody's key.
Parameters: TypeAlias = Mapping[str, str]

DEFAULT_TICKERS, MOST_TICKERS = 100, 1_000
AHEAD_DAYS = 365
MOST_DIGITS = 16
EXCHANGES = ("NYSE", "NASDAQ")
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def tickers(
    gateway: Gateway, query: Parameters, request_id: str
) -> tuple[messages.TickersPage, str | None]:
    """A page of the list, and the cursor of the next one. `search` is by relevance.

    https://massive.com/docs/rest/stocks/tickers/all-tickers

    Raises: ValidationError naming the parameter.
    """
    active = _flag(query, "active", default=True)
    limit = _count(query, "limit", DEFAULT_TICKERS, MOST_TICKERS)
    start = _count(query, "cursor", 0, 10**9, least=0)
    reference = gateway.bars.reference()
    if "ticker" in query:
        info = reference.find(query["ticker"])
        candidates = [] if info is None else [info]
    else:
        candidates = reference.search(query.get("search", ""), active_only=active)
    matches = [info for info in candidates if info.active is active and _fits(info, query)]
    if "search" not in query:
        matches.sort(key=lambda info: info.symbol, reverse=query.get("order") == "desc")
    rows = [_row(info) for info in matches[start : start + limit]]
    page = messages.TickersPage(
        results=rows, status=messages.OK, request_id=request_id, count=len(rows)
    )
    return page, str(start + limit) if len(matches) > start + limit else None


def ticker(gateway: Gateway, symbol: str, request_id: str) -> messages.TickerAnswer:
    """One security.

    https://massive.com/docs/rest/stocks/tickers/ticker-overview

    Raises: NotFoundError for one that does not exist or is not active.
    """
    info = gateway.bars.reference().find(symbol)
    if info is None or not info.active:
        raise NotFoundError("Ticker not found.")
    return messages.TickerAnswer(results=_row(info), status=messages.OK, request_id=request_id)


def splits(gateway: Gateway, query: Parameters, request_id: str) -> messages.SplitsPage:
    """The splits of the ticker that the query names, the latest first unless it says otherwise.

    https://massive.com/docs/rest/stocks/corporate-actions/splits

    Raises: ValidationError without a ticker: only the vendor lists those of the whole market.
    """
    if "ticker" not in query:
        allowed = "a ticker; this gateway lists splits of one at a time"
        raise ValidationError("ticker", None, allowed)
    rows = sorted(gateway.bars.reference().splits(query["ticker"]) or ())
    order = query.get("sort", "") + query.get("order", "")
    ordered = rows if "asc" in order else rows[::-1]
    results = [_split(row) for row in ordered if _is_on(row, query)]
    return messages.SplitsPage(results=results, status=messages.OK, request_id=request_id)


def market_now(gateway: Gateway) -> messages.MarketNow:
    """Open, closed or extended hours by the exchange calendar.

    https://massive.com/docs/rest/stocks/market-operations/market-status
    """
    now = gateway.now()
    session = gateway.market.session(gateway.market.date_of(now))
    early = session is not None and session.extended.start <= now < session.open
    late = session is not None and session.close <= now < session.extended.end
    regular = session is not None and now in session.regular
    word = "open" if regular else "extended-hours" if early or late else "closed"
    return messages.MarketNow(
        market=word,
        early_hours=early,
        after_hours=late,
        server_time=gateway.market.local(now).isoformat(timespec="seconds"),
        exchanges={"nyse": word, "nasdaq": word, "otc": "open" if regular else "closed"},
    )


def upcoming(gateway: Gateway) -> list[messages.MarketDay]:
    """The holidays and early closes of the next year, a row for each exchange.

    https://massive.com/docs/rest/stocks/market-operations/market-holidays
    """
    today = gateway.market.date_of(gateway.now())
    named = closures(today + timedelta(days=1), today + timedelta(days=AHEAD_DAYS))
    return [
        row
        for day in sorted(named)
        for row in _market_days(day, named[day], gateway.market.session(day))
    ]


def _market_days(day: date, name: str, session: Session | None) -> Iterator[messages.MarketDay]:
    """A holiday, or a day that closes early, on each exchange; nothing for a whole session."""
    for exchange in EXCHANGES:
        row = messages.MarketDay(
            exchange=exchange, name=name, date=day.isoformat(), status="closed"
        )
        if session is None:
            yield row
        elif session.early_close:
            row.status, row.open, row.close = "early-close", iso(session.open), iso(session.close)
            yield row


def _row(info: SymbolInfo) -> messages.TickerRow:
    return messages.TickerRow(
        ticker=info.symbol,
        name=info.name or UNSET,
        market="stocks",
        locale="us",
        primary_exchange=info.exchange or UNSET,
        type=info.type or UNSET,
        active=info.active,
        currency_name="usd",
    )


def _split(split: Split) -> messages.SplitRow:
    return messages.SplitRow(
        ticker=split.symbol,
        execution_date=split.execution_date.isoformat(),
        split_from=split.split_from,
        split_to=split.split_to,
        adjustment_type="forward_split" if split.ratio > 1 else "reverse_split",
    )


def _fits(info: SymbolInfo, query: Parameters) -> bool:
    equal = {"type": info.type, "exchange": info.exchange, "market": "stocks"}
    if any(query[name] != value for name, value in equal.items() if name in query):
        return False
    return _is_between(info.symbol, "ticker", query)


def _is_on(split: Split, query: Parameters) -> bool:
    day = split.execution_date.isoformat()
    same = query.get("execution_date", day) == day
    return same and _is_between(day, "execution_date", query)


def _is_between(value: str, name: str, query: Parameters) -> bool:
    """Whether a value meets the comparisons of its field: `ticker.gte`, `execution_date.lt`."""
    return all(
        compare(value, query[f"{name}.{how}"])
        for how, compare in COMPARE.items()
        if f"{name}.{how}" in query
    )


def _flag(query: Parameters, name: str, *, default: bool) -> bool:
    text = query.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise ValidationError(name, query[name], "true or false")
    return text == "true"


def _count(query: Parameters, name: str, default: int, most: int, *, least: int = 1) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or len(text) > MOST_DIGITS or not least <= int(text) <= most:
        raise ValidationError(name, text, f"{least} to {most}")
    return int(text)
