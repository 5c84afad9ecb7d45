"""The vendor's dialect of a gateway without a vendor: our own bars, the vendor's errors."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.fake_vendor.aggregates import aggs_page, parse_request
from polytape.fake_vendor.market import FakeMarket
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.polygon.custom_bars import (
    TIMESPANS,
    CustomBarsRequest,
    next_path,
    page_of,
    parse_custom,
)
from tests.conftest import MARKET, NOW, day_span
from tests.fakes.vendor import Recorded, Time
from tests.gateway.conftest import speaking_to

AGGS = "/v2/aggs/ticker/AAPL/range"


@pytest.mark.parametrize(
    ("path", "status", "named", "said"),
    [
        (f"{AGGS}/1/fortnight/2026-11-02/2026-11-03", 400, "ERROR", "timespan"),
        (f"{AGGS}/0/day/2026-11-02/2026-11-03", 400, "ERROR", "multiplier"),
        (f"{AGGS}/x/day/2026-11-02/2026-11-03", 404, "NOT_FOUND", "there is no"),
        (f"{AGGS}/1/day/2026-1-02/2026-11-03", 400, "ERROR", "Could not parse the time parameter: 'from'"),
        (f"{AGGS}/1/day/2026-11-04/2026-11-03", 400, "ERROR", "'to' cannot be a time that occurs before"),
        (f"{AGGS}/1/day/2026-11-02/2026-11-03?limit=50001", 400, "ERROR", "limit"),
        (f"{AGGS}/1/day/2026-11-02/2026-11-03?sort=up", 400, "ERROR", "sort"),
        (f"{AGGS}/1/day/2026-11-02/2026-11-03?cursor=%00", 400, "ERROR", "cursor"),
        (f"{AGGS}/1/day/99999999999999999999/2026-11-03", 400, "ERROR", "Could not parse"),
        ("/v2/aggs/ticker/..%2f/range/1/day/2026-11-02/2026-11-03", 400, "ERROR", "ticker"),
        ("/v2/aggs/ticker/A$B/range/1/day/2026-11-02/2026-11-03", 400, "ERROR", "ticker"),
        ("/v1/open-close/AAPL/2026-11-15", 404, "NOT_FOUND", "Data not found."),
        ("/v1/open-close/AAPL/yesterday", 400, "ERROR", "YYYY-MM-DD"),
        ("/v2/aggs/grouped/locale/us/market/stocks/2026-11-12", 403, "NOT_AUTHORIZED", "whole days"),
        ("/v2/last/trade/AAPL", 403, "NOT_AUTHORIZED", "nothing for"),
        ("/v3/trades/AAPL", 403, "NOT_AUTHORIZED", "nothing for"),
        ("/v3/reference/dividends?ticker=AAPL", 403, "NOT_AUTHORIZED", "nothing for"),
        ("/v3/reference/tickers/NOPE", 404, "NOT_FOUND", "Ticker not found."),
        ("/v3/reference/tickers?limit=0", 400, "ERROR", "limit"),
        ("/v3/reference/splits", 400, "ERROR", "ticker"),
        ("/v2/snapshot/locale/us/markets/stocks/tickers/NOPE", 404, "NOT_FOUND", "Ticker not found."),
        (f"{AGGS}/1/week/0001-01-01/2026-11-03", 400, "ERROR", "Could not parse"),
        (f"{AGGS}/100000/week/2026-11-02/9900-01-01", 400, "ERROR", "Could not parse"),
        (f"{AGGS}/1/day/2026-11-02/2026-11-03?cursor=%C3%A9", 400, "ERROR", "cursor"),
        (f"{AGGS}/1/day/2026-11-02/2026-11-03?limit={'9' * 5_000}", 400, "ERROR", "limit"),
        (f"/v3/reference/tickers?cursor={'9' * 5_000}", 400, "ERROR", "cursor"),
        ("/v2/nothing", 404, "NOT_FOUND", "there is no"),
        ("/vX/reference/tickers/AAPL/events", 403, "NOT_AUTHORIZED", "nothing for"),
    ],
)  # fmt: skip
async def test_errors_are_in_the_vendors_words(
    http: httpx2.AsyncClient, path: str, status: int, named: str, said: str
) -> None:
    answer = await http.get(path)
    refusal = answer.json()
    assert (answer.status_code, refusal["status"]) == (status, named)
    assert refusal["request_id"] == answer.headers["x-request-id"]
    text = refusal["error"] if named == "ERROR" else refusal["message"]
    assert said in text
    assert answer.headers["content-type"].startswith("application/json")


async def test_no_bars_are_an_answer_without_results(http: httpx2.AsyncClient) -> None:
    for ticker, day in (("AAPL", "2026-11-14"), ("NOPE", "2026-11-12")):
        answer = await http.get(f"/v2/aggs/ticker/{ticker}/range/1/minute/{day}/{day}")
        page = answer.json()
        assert (answer.status_code, page["status"], page["resultsCount"]) == (200, "OK", 0)
        assert "results" not in page
        assert "next_url" not in page


async def test_a_page_goes_on_at_this_gateway_without_the_key(http: httpx2.AsyncClient) -> None:
    first = await http.get(f"{AGGS}/1/minute/2026-11-09/2026-11-13?limit=100&apiKey=s3cret")
    url = first.json()["next_url"]
    assert url.startswith(f"http://localhost{AGGS}/1/minute/")
    assert "s3cret" not in url
    second = (await http.get(url)).json()
    assert second["results"][0]["t"] > first.json()["results"][-1]["t"]
    assert second["queryCount"] == 100


async def test_a_snapshot_is_made_from_our_own_bars(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/v2/snapshot/locale/us/markets/stocks/tickers/AAPL")
    snapshot = answer.json()["ticker"]
    day = (await http.get(f"{AGGS}/1/day/2026-11-20/2026-11-23?adjusted=false")).json()["results"]
    assert snapshot["prevDay"]["c"] == day[0]["c"]
    assert snapshot["day"]["o"] == day[1]["o"]
    assert snapshot["todaysChange"] == pytest.approx(snapshot["min"]["c"] - day[0]["c"])
    assert "lastTrade" not in snapshot


async def test_lists_are_our_own_where_there_is_no_vendor(http: httpx2.AsyncClient) -> None:
    page = (await http.get("/v3/reference/tickers?search=apple&limit=1")).json()
    assert (page["count"], page["results"][0]["ticker"]) == (1, "AAPL")
    first = (await http.get("/v3/reference/tickers?ticker.gte=AAPL&limit=3")).json()
    rest = (await http.get(first["next_url"])).json()
    names = [row["ticker"] for row in (*first["results"], *rest["results"])]
    assert names == sorted(names)
    assert len(names) == 6
    assert names[0] == "AAPL"
    splits = (await http.get("/stocks/v1/splits?ticker=AAPL&sort=execution_date.asc")).json()
    days = [row["execution_date"] for row in splits["results"]]
    assert days == sorted(days)
    later = (
        await http.get(f"/v3/reference/splits?ticker=AAPL&execution_date.gt={days[-1]}")
    ).json()
    assert later["results"] == []
    upcoming = (await http.get("/v1/marketstatus/upcoming")).json()
    assert upcoming[0] == {"exchange": "NYSE", "name": "Thanksgiving", "date": "2026-11-26",
                           "status": "closed"}  # fmt: skip
    assert upcoming[2]["close"] == "2026-11-27T18:00:00Z"
    now = (await http.get("/v1/marketstatus/now")).json()
    assert (now["market"], now["serverTime"]) == ("open", "2026-11-23T10:00:00-05:00")


async def test_the_vendors_paths_ask_for_the_token_too(synthetic_gateway: Gateway) -> None:
    async with speaking_to(create_app(synthetic_gateway, token="letmein")) as client:
        path = f"{AGGS}/1/day/2026-11-09/2026-11-13"
        refused = await client.get(path, headers={"Authorization": "Bearer wrong"})
        assert (refused.status_code, refused.json()["status"]) == (401, "ERROR")
        assert (await client.get(f"{path}?apiKey=letmein")).status_code == 200
        bearer = {"Authorization": "Bearer letmein"}
        assert (await client.get(path, headers=bearer)).status_code == 200
        # Our own routes do not take keys from a URL: they end up in logs.
        assert (await client.get("/status?apiKey=letmein")).status_code == 401


# Custom bars against the fake vendor's, which was written apart and in plain loops.

WEEKS = day_span(date(2026, 10, 19), date(2026, 11, 20))
TIME = Time(NOW)
RECORDED = Recorded(Synthetic(xnys(), lambda: NOW), ("AAPL",), WEEKS, TIME)
VENDOR = FakeMarket(RECORDED.upstream(), xnys(), lambda: NOW, ("AAPL",))


@settings(max_examples=150)
@given(
    st.integers(1, 90),
    st.sampled_from(TIMESPANS),
    st.integers(0, 13),
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from([1, 7, 50, 400, 5_000]),
)
def test_custom_bars_are_the_vendors(
    multiplier: int, timespan: str, start: int, days: int, descending: bool, limit: int
) -> None:
    # Where windows that divide a day but not an hour lie after a change of the clock is a choice:
    # ours stay on the wall clock, as our own 2- and 4-hour bars do.
    intraday = timespan in ("minute", "hour")
    first = (date(2026, 11, 2) if intraday else date(2026, 10, 25)) + timedelta(days=start)
    span = (str(first), str(first + timedelta(days=days)))
    query = {"limit": "50000", "adjusted": "false", "sort": "desc" if descending else "asc"}
    theirs = parse_request(["AAPL", "range", str(multiplier), timespan, *span], query)
    right = aggs_page(VENDOR, theirs, "", None)
    rows: list[tuple[float, ...]] = []
    rest: CustomBarsRequest | None = parse_custom(
        multiplier, timespan, *span, query | {"limit": str(limit)}, MARKET
    )
    while rest is not None:
        stored = RECORDED.bars(series_query("AAPL", rest.series, rest.span)).bars
        page = page_of(rest, stored)
        names = ("timestamp", "open", "high", "low", "close", "volume")
        rows += zip(*(getattr(page.bars, name).tolist() for name in names), strict=True)
        rest = None if page.rest is None else reread(next_path("AAPL", page.rest))
    wanted: list[Any] = [bar[:6] for bar in right.bars]
    mine: list[Any] = [(t // 1_000, *prices) for t, *prices in rows]
    assert mine == [(*row[:-1], pytest.approx(row[-1])) for row in wanted]


def reread(path: str) -> CustomBarsRequest:
    """A `next_url` as it comes back."""
    parts, _, query = path.partition("?")
    _, _, _, _, _, _, multiplier, timespan, start, end = parts.split("/")
    return parse_custom(int(multiplier), timespan, start, end, dict(parse_qsl(query)), MARKET)
