"""A gateway's routes beside bars: what is asked, and what becomes of odd answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from polytape.client.api import Api
from polytape.client.results import RateLimit
from polytape.errors import DataFetchError, NotFoundError, ValidationError
from polytape.wire.flow import Flow
from tests.client.flows import connection, json, play
from tests.conftest import MARKET

LIMIT = {"limit": 5, "remaining": 3, "reset_at": "2026-11-23T15:00:30.5Z", "window_seconds": 60,
         "used": 2}  # fmt: skip


def api() -> Api:
    return Api(connection(), MARKET)


def test_a_ticker_is_validated_as_it_is_written_by_the_vendor() -> None:
    valid, (request,) = play(api().validate_ticker(" brk.b "), [json({"BRK.B": {"valid": True}})])
    assert valid is True
    assert (request.method, request.path) == ("POST", "/api/v1/validate")
    assert request.body == b'{"symbols":["BRK.B"],"detailed":false}'
    with pytest.raises(ValidationError, match="symbol"):
        play(api().validate_ticker("a/b"), [])


@pytest.mark.parametrize("price", [1.1, "1.1"])
def test_a_price_is_a_decimal(price: object) -> None:
    assert play(api().latest("spy"), [json({"price": price})])[0] == Decimal("1.1")
    assert play(api().latest("spy"), [json({"price": 5})])[0] == Decimal("5.0")


def test_a_symbol_without_a_price_has_none_and_one_that_there_is_not_is_an_error() -> None:
    """A slip of the fingers passed in silence."""
    absent = {"type": "urn:polytape:no-price", "detail": "no price"}
    assert play(api().latest("spy"), [json(absent, 404)])[0] is None
    unknown = {"detail": "no symbol APPL (did you mean AAPL?)", "suggestions": ["AAPL"]}
    with pytest.raises(NotFoundError, match=r"did you mean AAPL") as raised:
        play(api().latest("appl"), [json(unknown, 404)])
    assert raised.value.suggestions == ("AAPL",)


def test_a_search_says_what_it_looks_for() -> None:
    rows = [{"ticker": "A"}]
    results, (request,) = play(api().search(" a&b ", True), [json({"results": rows})])
    assert results == rows
    assert request.query == (("query", "a&b"), ("active_only", "true"))
    _, (request,) = play(api().search("x", 0), [json({"results": []})])
    assert request.query[1] == ("active_only", "false")
    for wrong in ("", " ", 5, None, "\ud800"):
        with pytest.raises(ValidationError, match="query"):
            play(api().search(wrong, True), [])


def test_the_cache_of_one_symbol_is_cleared_or_all() -> None:
    _, (request,) = play(api().clear_cache("A"), [json({"cleared": 1})])
    assert (request.method, request.query) == ("DELETE", (("symbol", "A"),))
    _, (request,) = play(api().clear_cache(None), [json({"cleared": 1})])
    assert request.query == ()


def test_the_budget_is_read_with_an_aware_instant() -> None:
    limit, _ = play(api().rate_limit(), [json(LIMIT)])
    moment = datetime(2026, 11, 23, 15, 0, 30, 500_000, UTC)
    assert limit == RateLimit(5, 3, moment, 60.0, 2)


def test_a_connection_is_tried_twice_and_never_raises() -> None:
    answers, (request, _) = play(api().test_connection(), [json({}), json({}, 404)])
    assert answers == (True, "the gateway at http://x answers")
    assert request.path == "/health"
    (reached, text), _ = play(api().test_connection(), [json({}), json({"detail": "token"}, 401)])
    assert (reached, text) == (
        False, "the gateway at http://x answers, but not to this client: token (HTTP 401)"
    )  # fmt: skip
    (reached, text), requests = play(api().test_connection(), [json({}, 503)] * 2)
    assert (reached, len(requests)) == (False, 2)
    assert "503" in text


Call = Callable[[Api], Flow[Any]]
CALLS: dict[str, Call] = {
    "validate": lambda one: one.validate_ticker("SPY"),
    "latest": lambda one: one.latest("SPY"),
    "search": lambda one: one.search("x", True),
    "rate_limit": lambda one: one.rate_limit(),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "body",
    [[], 5, None, "text", {}, {"SPY": True}, {"SPY": {"valid": 1}}, {"price": True},
     {"price": "NaN"}, {"price": "dear"}, {"price": None}, {"results": {}}, {"results": [5]},
     LIMIT | {"reset_at": "soon"}, LIMIT | {"limit": "many"}, LIMIT | {"reset_at": None}],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error_that_shows_it(name: str, body: object) -> None:
    with pytest.raises(DataFetchError, match="the answer "):
        play(CALLS[name](api()), [json(body)])


@pytest.mark.parametrize("body", [[], 5, "text"])
def test_a_status_is_an_object(body: object) -> None:
    assert play(api().status(), [json({"version": "1"})])[0] == {"version": "1"}
    with pytest.raises(DataFetchError, match="no JSON object"):
        play(api().status(), [json(body)])


def test_a_long_answer_is_shown_in_short() -> None:
    with pytest.raises(DataFetchError) as caught:
        play(api().latest("SPY"), [json({"x": "y" * 5_000})])
    assert len(str(caught.value)) < 200
