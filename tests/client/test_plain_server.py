"""The client works with any server of the API: no Arrow, no metadata, no headers, extra fields."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from polytape import (
    ConnectionError,
    DataFetchError,
    IncompleteDataError,
    NotFoundError,
    PolygonClient,
    RateLimitError,
    ValidationError,
)
from tests import naive
from tests.client.test_contract import check_shape
from tests.fakes.plain_server import Answer, PlainServer, cut_short, hang_up, make_rows

pytestmark = pytest.mark.socket
QUERY = ("SPY", "2024-07-02", "2024-07-02", "15min")


@pytest.fixture
def client(plain: PlainServer, make_client: Callable[..., PolygonClient]) -> PolygonClient:
    return make_client(plain.url)


def test_bars_come_whole_and_only_of_the_range(client: PolygonClient, plain: PlainServer) -> None:
    frame = client.fetch_bars(*QUERY)
    check_shape(frame)
    assert len(frame) == 64
    morning = client.fetch_bars("AAPL", "2024-07-02T13:00Z", "2024-07-02T14:00Z", "15min")
    assert morning.index[0] == pd.Timestamp("2024-07-02 13:00", tz="UTC")
    assert len(morning) == 4
    method, path, body = plain.asked[0]
    assert (method, path) == ("POST", "/api/v1/bars")
    assert body["start_date"] == body["end_date"] == "2024-07-02"


def test_regular_hours_are_cut_here_where_the_server_does_not_know_them(
    client: PolygonClient,
) -> None:
    regular = client.fetch_bars(*QUERY, include_extended=False)
    assert [regular.index[i].hour for i in (0, -1)] == [13, 19]
    assert len(regular) == 26


def test_long_regular_bars_are_made_from_half_hours(client: PolygonClient) -> None:
    """The server does not say that it began at the bell, so its hourly bars are not believed."""
    frame = client.fetch_bars("SPY", "2024-07-02", "2024-07-02", "60min", include_extended=False)
    halves = [
        (naive.to_us(datetime.fromisoformat(r["timestamp"])), r["open"], r["high"], r["low"],
         r["close"], r["volume"])
        for r in make_rows({"timeframe": "30min"})
        if "13:30" <= r["timestamp"][11:16] < "20:00"
    ]  # fmt: skip
    truth = naive.resample(halves, "60min", anchored=True)
    assert [row[1:] for row in truth] == [
        tuple(row) for row in frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist()
    ]


def test_the_last_long_bar_is_whole_though_the_query_ends_inside_it(
    client: PolygonClient,
) -> None:
    whole = client.fetch_bars("SPY", "2024-07-02", "2024-07-02", "60min", include_extended=False)
    part = client.fetch_bars(
        "AAPL", "2024-07-02T13:30Z", "2024-07-02T14:00Z", "60min", include_extended=False
    )
    assert part.to_numpy().tolist() == whole.head(1).to_numpy().tolist()


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b'{"detail":"caf\xe9"}'),
        (500, {}, b"[" * 200_000),
        (429, {"Retry-After": "inf"}, b""),
        (429, {"Retry-After": "1e300"}, b""),
        (429, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -1200"}, b""),
        (200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1e12"}, b'{"price":"NaN"}'),
        (200, {}, b'{"price":"caf\xe9"}'),
    ],
)
def test_a_malformed_answer_is_an_error_of_ours(
    client: PolygonClient, plain: PlainServer, answer: Answer
) -> None:
    plain.script.extend([answer] * 4)
    with pytest.raises(DataFetchError):
        client.get_latest_price("SPY")
    plain.script.clear()
    assert client.get_latest_price("SPY") == Decimal("123.45")


def test_the_other_methods(client: PolygonClient) -> None:
    assert client.validate_ticker("SPY") is True
    assert client.validate_ticker("NOPE") is False
    assert client.get_latest_price("SPY") == Decimal("123.45")
    with pytest.raises(NotFoundError):
        client.get_latest_price("NOPE")
    assert client.search_symbols("fund & trust?")[0]["name"] == "fund & trust?"
    assert client.test_connection()[0] is True
    assert client.clear_cache() is False
    with pytest.raises(NotFoundError):
        client.fetch_bars("NOPE", *QUERY[1:])
    session = client.get_session_data("SPY", datetime(2024, 7, 2, 15, tzinfo=UTC))
    assert session["current_price"] is not None
    assert "daily_atr" in (session["error"] or "")


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        ((200, {"Content-Type": "application/json"}, b'{"data":[{"timest'), DataFetchError, 1),
        ((200, {"Content-Type": "text/html"}, b"<html>hello</html>"), DataFetchError, 1),
        ((200, {}, b'{"data":[],"metadata":{"count":2}}'), IncompleteDataError, 1),
        ((200, {"Content-Type": "application/vnd.apache.arrow.stream"}, b"x"), DataFetchError, 1),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), IncompleteDataError, 4),
        ((400, {}, b'{"detail":"no such timeframe","param":"timeframe"}'), ValidationError, 1),
        ((500, {}, b"<html>"), DataFetchError, 4),
        ((502, {}, b""), DataFetchError, 4),
        ((429, {}, b""), RateLimitError, 4),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), DataFetchError, 1),
        (cut_short, IncompleteDataError, 4),
        (hang_up, ConnectionError, 4),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_a_bad_answer_is_an_error_of_its_kind_never_a_short_frame(
    client: PolygonClient, plain: PlainServer, answer: object, error: type[Exception], tries: int
) -> None:
    plain.script.extend([answer] * tries)  # type: ignore[list-item]
    with pytest.raises(error) as caught:
        client.fetch_bars(*QUERY)
    assert type(caught.value) is error
    assert len(plain.asked) == tries
    assert not plain.script
    assert len(client.fetch_bars(*QUERY)) == 64  # and nothing of it was cached


def test_trouble_that_passes_is_not_seen(
    client: PolygonClient, plain: PlainServer, waits: list[float]
) -> None:
    plain.script.extend([hang_up, (503, {"Retry-After": "9"}, b""), cut_short])
    assert len(client.fetch_bars(*QUERY)) == 64
    assert waits[1] == 9.0
    assert client.stats().retries == 3


def test_a_429_says_when(client: PolygonClient, plain: PlainServer) -> None:
    plain.script.append((429, {"Retry-After": "600"}, b'{"error":"too many"}'))
    before = datetime.now(UTC)
    with pytest.raises(RateLimitError, match="too many") as caught:
        client.fetch_bars(*QUERY)
    assert caught.value.retry_at is not None
    assert timedelta(seconds=599) < caught.value.retry_at - before < timedelta(seconds=660)


@pytest.mark.parametrize("body", [b"[]", b"5", b"{", b'{"results":[5]}', b'{"price":null}'])
def test_answers_of_another_shape_are_errors(
    client: PolygonClient, plain: PlainServer, body: bytes
) -> None:
    for call in (
        lambda: client.search_symbols("x"),
        lambda: client.validate_ticker("SPY"),
        lambda: client.get_latest_price("SPY"),
        client.rate_limit,
    ):
        plain.script.append((200, {}, body))
        with pytest.raises(DataFetchError):
            call()


def test_the_access_token_goes_in_the_header_alone(
    plain: PlainServer, make_client: Callable[..., PolygonClient]
) -> None:
    seen: list[str | None] = []

    def note(handler: object) -> None:
        seen.append(handler.headers["Authorization"])  # type: ignore[attr-defined]
        hang_up(handler)  # type: ignore[arg-type]

    client = make_client(plain.url, api_key="s3cret", max_retries=0)
    plain.script.append(note)
    with pytest.raises(ConnectionError) as caught:
        client.fetch_bars(*QUERY)
    assert seen == ["Bearer s3cret"]
    shown = repr(client) + repr(client._core) + str(caught.value) + repr(plain.asked)
    assert "s3cret" not in shown
