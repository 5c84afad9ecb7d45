"""How the vendor is asked, page by page: without a network."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import IncompleteDataError, ValidationError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.wire.flow import Flow, Request, Response
from polytape.wire.polygon.errors import BadRequestError, WrongAnswerError
from polytape.wire.polygon.messages import PAGE_BARS, AggsPage
from polytape.wire.polygon.requests import (
    MOST_PAGES,
    SPLITS_V1,
    SPLITS_V3,
    bars_request,
    grouped_request,
    next_request,
    search_request,
    splits_request,
    ticker_request,
    walk,
)
from polytape.wire.polygon.responses import read_aggs
from tests.wire.polygon.pages import page

# Requests


@given(st.integers(0, 4 * 10**15), st.integers(1, 10**12))
def test_bars_are_asked_for_in_whole_milliseconds_inside_the_span(start: int, length: int) -> None:
    """The vendor includes both ends: none of its bars may start outside, none inside be left out."""
    span = Span(start, start + length)
    first, last = map(int, bars_request("SPY", Series.MINUTE, span).path.split("/")[-2:])
    assert span.start <= first * 1_000 < span.start + 1_000
    assert span.end - 1_000 <= last * 1_000 < span.end


def test_bars_are_asked_for_as_traded_and_whole_pages_at_a_time() -> None:
    """Adjusted prices are made here; a symbol is written as a path needs it."""
    request = bars_request("BRK.B", Series.DAY, Span(0, 10**6))
    assert request.path == "/v2/aggs/ticker/BRK.B/range/1/day/0/999"
    assert dict(request.query) == {"adjusted": "false", "sort": "asc", "limit": str(PAGE_BARS)}
    newest = bars_request("SPY", Series.MINUTE, Span(0, 10**6), newest=30)
    assert dict(newest.query) == {"adjusted": "false", "sort": "desc", "limit": "30"}
    assert "/range/1/minute/" in newest.path


def test_the_markets_day_has_otc_stocks_in_it() -> None:
    """A symbol that is not in it had no trade."""
    request = grouped_request("2024-07-02")
    assert request.path.endswith("/stocks/2024-07-02")
    assert dict(request.query) == {"adjusted": "false", "include_otc": "true"}


def test_either_route_of_splits_is_asked_in_its_own_words() -> None:
    """Oldest first, of a symbol or from a day on."""
    new = dict(splits_request(SPLITS_V1, symbol="AAPL").query)
    assert new == {"ticker": "AAPL", "sort": "execution_date.asc", "limit": "5000"}
    old = dict(splits_request(SPLITS_V3, since="2026-01-01").query)
    assert old == {"execution_date.gte": "2026-01-01", "sort": "execution_date", "order": "asc",
                   "limit": "1000"}  # fmt: skip


def test_tickers_are_asked_for_active_and_delisted_ones_apart() -> None:
    """The vendor has two lists."""
    assert dict(ticker_request("T", active=False).query) == {"ticker": "T", "active": "false",
                                                             "limit": "10"}  # fmt: skip
    assert dict(search_request("a b", active=True, limit=5).query) == {
        "search": "a b", "market": "stocks", "active": "true", "limit": "5"
    }  # fmt: skip


# Pages


@pytest.mark.parametrize(
    "url",
    [
        "https://api.polygon.io/v3/x?cursor=abc&limit=2&apiKey=SECRET",
        "http://127.0.0.1:80/v3/x?apikey=SECRET&cursor=abc&limit=2",
        "/v3/x?cursor=abc&limit=2",
    ],
)
def test_only_path_and_query_of_a_next_page_are_followed(url: str) -> None:
    """Never another host, never with a key in it."""
    assert next_request(url) == Request("GET", "/v3/x", (("cursor", "abc"), ("limit", "2")))


@pytest.mark.parametrize("url", ["https://api.polygon.io", "x?cursor=1", "mailto:a@b"])
def test_a_next_page_without_a_path_is_an_error(url: str) -> None:
    """It is no end."""
    with pytest.raises(IncompleteDataError, match="no path"):
        next_request(url)


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://[::1", "http://a]/", "//[/x", "http://h/a b", "http://h/\0", "http://h//x",
     "http://h/v2/../../etc", "http://h/" + "x" * 10_000, "http://h/x?" + "a=1&" * 100,
     "http://h/\u2100"],
)  # fmt: skip
def test_a_next_page_that_is_no_url_of_the_vendors_is_an_error(url: str) -> None:
    """One of ours, that shows little of it."""
    with pytest.raises(IncompleteDataError, match="next page") as caught:
        next_request(url)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=60))
def test_any_text_is_a_request_or_an_error_of_ours(text: str) -> None:
    """Never another error, never another host."""
    for url in (text, f"http://{text}", f"http://h/{text}"):
        try:
            request = next_request(url)
        except IncompleteDataError:
            continue
        assert request.path.startswith("/")
        assert not request.path.startswith("//")


FIRST = Request("GET", "/first")


class Pages:
    """A vendor whose answers are listed; it notes what it was asked for."""

    def __init__(self, answers: list[bytes | Exception]) -> None:
        self.answers = answers
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Flow[Response]:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield request
        return Response(200, {}, answer)

    def walk(self, first: Request = FIRST) -> list[AggsPage]:
        flow = walk(first, self, read_aggs)
        try:
            next(flow)
            while True:
                flow.send(None)
        except StopIteration as done:
            pages: list[AggsPage] = done.value
            return pages


def test_pages_are_read_to_the_last_one() -> None:
    """Each from where the one before it says."""
    vendor = Pages([page(2, next_url="https://other/a?cursor=1"), page(0, next_url="/b"), page(1)])
    assert [one.results_count for one in vendor.walk()] == [2, 0, 1]
    assert [one.path for one in vendor.requests] == ["/first", "/a", "/b"]


def test_pages_in_a_circle_are_an_error() -> None:
    """A cursor that comes back, and pages without an end, are no answer."""
    circle = [page(next_url="/a?cursor=1"), page(next_url="/a?cursor=2"),
              page(next_url="/a?cursor=1")]  # fmt: skip
    with pytest.raises(IncompleteDataError, match="do not end"):
        Pages(list(circle)).walk()
    endless = Pages([page(next_url=f"/a?cursor={n}") for n in range(MOST_PAGES + 1)])
    with pytest.raises(IncompleteDataError, match="do not end"):
        endless.walk()
    assert len(endless.requests) == MOST_PAGES


def test_a_page_that_cannot_be_read_is_asked_for_once_more() -> None:
    """Once: what is wrong twice is wrong."""
    vendor = Pages([page(next_url="/b"), b"{", page()])
    assert len(vendor.walk()) == 2
    assert [one.path for one in vendor.requests] == ["/first", "/b", "/b"]
    with pytest.raises(IncompleteDataError):
        Pages([b"{", b"{"]).walk()


@pytest.mark.parametrize("path", [
    "/v2/aggs/ticker/MSFT/range/1/minute/2/9", "/v2/aggs/ticker/SPY/range/1/day/2/9",
    "/v2/aggs/grouped/locale/us/market/stocks/2024-07-02", "/v3/reference/tickers",
])  # fmt: skip
def test_bars_do_not_go_on_as_something_else(path: str) -> None:
    """Another ticker's page would be this one's bars."""
    first = bars_request("SPY", Series.MINUTE, Span(0, 10**6))
    vendor = Pages([page(next_url=f"https://api.polygon.io{path}?cursor=1")])
    with pytest.raises(IncompleteDataError, match="go on elsewhere"):
        vendor.walk(first)
    assert len(vendor.requests) == 1
    right = Pages([page(next_url="/v2/aggs/ticker/SPY/range/1/minute/5/999?cursor=1"), page()])
    assert len(right.walk(first)) == 2


def test_a_wrong_answer_is_not_asked_for_again_on_its_connection() -> None:
    """That would give the answer to the question before."""

    def read(_: bytes) -> AggsPage:
        raise WrongAnswerError("of another")

    vendor = Pages([page(), page()])
    flow = walk(Request("GET", "/first"), vendor, read)
    next(flow)
    with pytest.raises(WrongAnswerError):
        flow.send(None)
    assert len(vendor.requests) == 1


def test_a_refused_next_page_leaves_the_answer_incomplete() -> None:
    """The caller's question was right; refused at once it would be the caller's mistake."""
    for refused in (ValidationError.from_detail("bad cursor", "cursor"),
                    BadRequestError("bad cursor", status=400)):  # fmt: skip
        with pytest.raises(IncompleteDataError, match="its own next page: bad cursor"):
            Pages([page(next_url="/b"), refused]).walk()
        with pytest.raises(type(refused)):
            Pages([refused]).walk()


def test_a_url_of_a_request_says_what_the_request_says() -> None:
    """`next_request` of a request's own URL is the request again."""
    request = bars_request("SPY", Series.MINUTE, Span(0, 10**9))
    url = f"https://host{request.path}?" + urlencode(request.query)
    assert next_request(url) == request
