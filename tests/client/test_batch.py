"""Many queries at once: symbols times timeframes, or requests with fields of their own."""

from typing import Any

import pytest

from polytape.client.batch import MOST_TOGETHER, Many, groups, parse_many
from polytape.errors import DataFetchError, NotFoundError, ValidationError
from polytape.model.timeframes import Timeframe
from tests.conftest import MARKET

WEEK = ("2024-07-01", "2024-07-05")


def parse(requests: Any, timeframes: Any = "1day", **options: Any) -> Many:
    settings: dict[str, Any] = {
        "limit": None, "include_extended": True, "use_cache": True, "errors": "raise"
    }  # fmt: skip
    return parse_many(requests, *WEEK, timeframes, MARKET, **(settings | options))


def test_symbols_times_timeframes_in_their_order() -> None:
    many = parse(["spy", "AAPL"], ["1h", Timeframe.DAY], limit=3, use_cache=False)
    assert list(many.queries) == [
        ("SPY", "60min"), ("SPY", "1day"), ("AAPL", "60min"), ("AAPL", "1day")
    ]  # fmt: skip
    assert {query.limit for query in many.queries.values()} == {3}
    assert not any(query.use_cache or query.allow_partial for query in many.queries.values())
    part = parse(["SPY", {"symbol": "A"}], allow_partial=True)
    assert all(query.allow_partial for query in part.queries.values())
    assert list(parse("SPY").queries) == [("SPY", "1day")]
    assert list(parse(iter(["A", "A"])).queries) == [("A", "1day")]  # the same twice is once
    assert parse([]).queries == {}


def test_a_request_has_its_own_fields_over_the_shared_ones() -> None:
    many = parse(
        [{"symbol": "A", "limit": 2, "include_extended": False},
         {"symbol": "B", "timeframe": "5min", "start_date": "2024-07-03"}],
        limit=9,
    )  # fmt: skip
    first, second = many.queries.values()
    assert (first.limit, first.include_extended, first.timeframe) == (2, False, Timeframe.DAY)
    assert (second.limit, second.timeframe) == (9, Timeframe.MIN_5)
    assert (first.span.start < second.span.start, first.span.end) == (True, second.span.end)


@pytest.mark.parametrize(
    ("requests", "options", "param"),
    [
        ([{"symbol": "A"}, {"symbol": "A", "limit": 1}], {}, "requests"),
        ([{"ticker": "A"}], {}, "requests"),
        ([{"limit": 1}], {}, "symbol"),
        ([5], {}, "requests"),
        (["a/b"], {}, "symbol"),
        (["A"], {"timeframes": "7min"}, "timeframe"),
        (["A"], {"limit": 0}, "limit"),
        (["A"], {"errors": "ignore"}, "errors"),
    ],
)
def test_what_is_wrong_is_named(requests: Any, options: dict[str, Any], param: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse(requests, **options)
    assert caught.value.param == param


def test_groups_are_bounded_in_queries_and_in_bars() -> None:
    """In their order, each once; a year of minutes has no room for a second one."""
    short = list(parse([f"A{n}" for n in range(201)], "15min").queries.values())
    made = groups(short, MARKET)
    assert [len(group) for group in made] == [MOST_TOGETHER, MOST_TOGETHER, 1]
    assert [query for group in made for query in group] == short
    year = {"start_date": "2023-01-01", "end_date": "2024-12-31"}
    long = parse([{"symbol": name, **year} for name in "ABC"], "1min").queries.values()
    assert [len(group) for group in groups(long, MARKET)] == [1, 1, 1]
    assert groups([], MARKET) == []


def test_the_first_error_is_raised_with_its_key_or_all_are_kept() -> None:
    missing, down = NotFoundError("no such symbol"), DataFetchError("down")
    results = {("C", "1day"): down, ("B", "1day"): missing, ("A", "1day"): "a frame"}
    many = parse(["A", "B", "C"])
    with pytest.raises(NotFoundError) as caught:
        many.outcome(results)
    assert caught.value is missing
    assert caught.value.__notes__ == ["while fetching B 1day"]
    outcome = parse(["A", "B", "C"], errors="keep").outcome(results)
    assert list(outcome.values()) == ["a frame", missing, down]
