"""The vendor's reference endpoints where there is no vendor to read through to."""

from datetime import date
from typing import Any

import pytest

from polytape.errors import NotFoundError, ValidationError
from polytape.gateway.dialects.polygon.reference import (
    market_now,
    splits,
    ticker,
    tickers,
    upcoming,
)
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.splits import Split
from polytape.upstream.budget.budget import Budget
from polytape.wire.polygon.messages import SplitsPage, TickersPage
from tests.conftest import MARKET
from tests.gateway.conftest import MakeGateway
from tests.gateway.scripted import Scripted


def rows_of(page: TickersPage | SplitsPage) -> list[Any]:
    assert isinstance(page.results, list)
    return page.results


def at(text: str, market: Market) -> Gateway:
    now = parse_instant(f"{text} America/New_York", "at", MARKET)
    return Gateway(None, market, lambda: now, Budget.of(100, 1.0))


@pytest.mark.parametrize(
    ("when", "word", "early", "late"),
    [
        ("2026-11-20 03:59", "closed", False, False),
        ("2026-11-20 04:00", "extended-hours", True, False),
        ("2026-11-20 09:30", "open", False, False),
        ("2026-11-20 15:59", "open", False, False),
        ("2026-11-20 16:00", "extended-hours", False, True),
        ("2026-11-20 20:00", "closed", False, False),
        ("2026-11-21 12:00", "closed", False, False),  # a Saturday
        ("2026-11-27 13:00", "extended-hours", False, True),  # an early close
        ("2026-11-27 17:00", "closed", False, False),
    ],
)
def test_whether_the_market_is_open(
    market: Market, when: str, word: str, early: bool, late: bool
) -> None:
    gateway = at(when, market)
    now = market_now(gateway)
    assert (now.market, now.early_hours, now.after_hours) == (word, early, late)
    assert now.exchanges["nyse"] == now.exchanges["nasdaq"] == word
    assert now.exchanges["otc"] == ("open" if word == "open" else "closed")
    assert now.server_time.startswith(when.replace(" ", "T"))
    gateway.close()


def test_the_holidays_of_the_next_year_and_no_others(market: Market) -> None:
    gateway = at("2026-11-26 12:00", market)  # Thanksgiving itself
    days = upcoming(gateway)
    assert [day.exchange for day in days[:2]] == ["NYSE", "NASDAQ"]
    assert (days[0].date, days[0].status) == ("2026-11-27", "early-close")
    assert days[0].close == "2026-11-27T18:00:00Z"
    dates = [day.date for day in days]
    assert dates == sorted(dates)
    assert "2026-12-25" in dates
    assert all("2026-11-26" < day <= "2027-11-26" for day in dates)
    assert all(market.session(date.fromisoformat(d.date)) is None for d in days
               if d.status == "closed")  # fmt: skip
    gateway.close()


def test_pages_of_tickers_follow_each_other(synthetic_gateway: Gateway) -> None:
    query = {"limit": "7", "ticker.gte": "AAPL", "ticker.lt": "AB"}
    names, cursor, pages = list[str](), "0", 0
    next_cursor: str | None = cursor
    while next_cursor is not None:
        page, next_cursor = tickers(synthetic_gateway, query | {"cursor": next_cursor}, "r")
        names += [row.ticker for row in rows_of(page)]
        pages += 1
        assert page.count == len(rows_of(page)) <= 7
    whole, rest = tickers(synthetic_gateway, query | {"limit": "1000"}, "r")
    assert names == [row.ticker for row in rows_of(whole)] == sorted(names)
    assert (rest, pages) == (None, -(-len(names) // 7))
    backwards, _ = tickers(synthetic_gateway, query | {"limit": "1000", "order": "desc"}, "r")
    assert [row.ticker for row in rows_of(backwards)] == names[::-1]


def test_one_ticker_is_named_or_not_found(synthetic_gateway: Gateway) -> None:
    assert ticker(synthetic_gateway, "AAPL", "r").results.name == "Apple Inc."
    (row,) = rows_of(tickers(synthetic_gateway, {"ticker": "AAPL"}, "r")[0])
    assert (row.ticker, row.market, row.locale, row.active) == ("AAPL", "stocks", "us", True)
    assert tickers(synthetic_gateway, {"ticker": "NOPE"}, "r")[0].results == []
    assert tickers(synthetic_gateway, {"ticker": "AAPL", "type": "ETF"}, "r")[0].results == []
    with pytest.raises(NotFoundError, match="Ticker not found"):
        ticker(synthetic_gateway, "NOPE", "r")
    retired = rows_of(tickers(synthetic_gateway, {"active": "false", "limit": "1"}, "r")[0])[0]
    with pytest.raises(NotFoundError, match="Ticker not found"):
        ticker(synthetic_gateway, retired.ticker, "r")


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "1001"), ("limit", "x"), ("limit", "-1"), ("cursor", "-1"),
     ("cursor", "1" * 17), ("active", "perhaps")],
)  # fmt: skip
def test_what_is_wrong_in_a_query_is_named(
    synthetic_gateway: Gateway, name: str, value: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        tickers(synthetic_gateway, {name: value}, "r")
    assert caught.value.param == name


def test_splits_of_one_ticker_the_latest_first(make_gateway: MakeGateway) -> None:
    source = Scripted()
    days = [date(2014, 6, 9), date(2020, 8, 31), date(2026, 1, 5)]
    source.table = (
        Split(days[1], "X", 1, 4),
        Split(days[0], "X", 1, 7),
        Split(days[2], "X", 10, 1),
    )
    gateway = make_gateway(source.upstream())

    def executed(**query: str) -> list[str]:
        named = {name.replace("__", "."): value for name, value in query.items()}
        page = splits(gateway, {"ticker": "X"} | named, "r")
        return [row.execution_date for row in rows_of(page)]

    texts = [day.isoformat() for day in days]
    assert executed() == executed(sort="execution_date.desc") == texts[::-1]
    assert executed(sort="execution_date.asc") == executed(order="asc") == texts
    assert executed(execution_date=texts[1]) == [texts[1]]
    assert executed(execution_date__gt=texts[0], execution_date__lte=texts[1]) == [texts[1]]
    assert executed(execution_date__gte=texts[1]) == texts[:0:-1]
    assert executed(execution_date__lt=texts[0]) == []
    kinds = [row.adjustment_type for row in rows_of(splits(gateway, {"ticker": "X"}, "r"))]
    assert kinds == ["reverse_split", "forward_split", "forward_split"]
    with pytest.raises(ValidationError, match="ticker"):
        splits(gateway, {}, "r")
    gateway.close()
