"""Bars from a server: of one query, or of several by one request."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from polytape.client.answers import CachedAnswer
from polytape.client.fetch import fetch, fetch_together
from polytape.errors import DataFetchError, IncompleteDataError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.resample import resample
from polytape.model.timeframes import Timeframe
from polytape.model.units import MINUTE_US
from polytape.wire import arrow, json_rows
from polytape.wire.api.media import ARROW
from polytape.wire.api.messages import BarsMetadata
from polytape.wire.api.problems import Problem, to_problem
from polytape.wire.flow import Request, Response
from tests.client.flows import connection, json, play
from tests.conftest import MARKET, day_span, flat_bars

DAY = day_span(date(2024, 7, 2))
QUERY = BarsQuery("SPY", Timeframe.MIN_30, DAY)
HALVES = flat_bars([DAY.start + n * 30 * MINUTE_US for n in range(48)])
METADATA = BarsMetadata(symbol="SPY", timeframe="30min", count=48, source="test",
                        include_extended=True)  # fmt: skip
REGULAR = msgspec.structs.replace(METADATA, include_extended=False)


def arrow_answer(*answers: tuple[Bars, BarsMetadata] | Problem) -> Response:
    return Response(200, {"content-type": ARROW}, arrow.encode_many(answers))


def json_answer(bars: Bars, metadata: BarsMetadata) -> Response:
    return Response(200, {}, json_rows.encode(bars, metadata, None))


def body_of(request: Request) -> Any:
    return msgspec.json.decode(request.body)


@pytest.mark.parametrize("make", [arrow_answer, json_answer])
def test_arrow_is_preferred_and_json_understood(make: Any) -> None:
    answer = arrow_answer((HALVES, METADATA)) if make is arrow_answer else make(HALVES, METADATA)
    got, (request,) = play(fetch(connection(), QUERY, MARKET), [answer])
    assert got.bars.same(HALVES)
    assert (got.span, got.metadata.source) == (DAY, "test")
    assert request.headers["accept"].startswith(ARROW)
    assert "application/json" in request.headers["accept"]
    assert (request.method, request.path) == ("POST", "/api/v1/bars")
    body = body_of(request)
    assert (body["symbol"], body["start_date"], body["end_date"]) == (
        "SPY", "2024-07-02", "2024-07-02"
    )  # fmt: skip


def test_regular_hours_are_asked_for_only_where_they_cannot_be_cut_here() -> None:
    short = replace(QUERY, include_extended=False)
    _, (request,) = play(fetch(connection(), short, MARKET), [arrow_answer((HALVES, METADATA))])
    assert body_of(request).get("include_extended", True) is True
    hours = replace(short, timeframe=Timeframe.MIN_60)
    got, (request,) = play(fetch(connection(), hours, MARKET), [arrow_answer((HALVES, REGULAR))])
    assert body_of(request)["include_extended"] is False
    assert got.bars.same(HALVES)  # the server understood


@pytest.mark.parametrize("metadata", [METADATA, None])
def test_long_bars_from_the_bell_are_made_here_where_the_server_does_not_know_them(
    metadata: BarsMetadata | None,
) -> None:
    hours = BarsQuery("SPY", Timeframe.MIN_60, DAY, limit=2, include_extended=False)
    plain = json({"data": []}) if metadata is None else json_answer(Bars.empty(), replaced(0))
    answers = [plain, json_answer(HALVES, METADATA)]
    got, (_, second) = play(fetch(connection(), hours, MARKET), answers)
    assert got.bars.same(resample(HALVES, Timeframe.MIN_60, market=MARKET, include_extended=False))
    body = body_of(second)
    assert (body["timeframe"], body.get("limit")) == ("30min", None)  # whole bars, then cut
    assert got.metadata.timeframe == "60min"


def replaced(count: int) -> BarsMetadata:
    return msgspec.structs.replace(METADATA, count=count)


def test_an_answer_that_is_not_whole_is_none() -> None:
    short = json_answer(HALVES.last(3), METADATA)
    with pytest.raises(IncompleteDataError):
        play(fetch(connection(), QUERY, MARKET), [short])


def test_several_queries_are_one_request_with_an_answer_or_an_error_each() -> None:
    problem = to_problem(NotFoundError("no symbol ZZZZ"))
    answer = arrow_answer((HALVES, METADATA), problem)
    queries = [QUERY, replace(QUERY, symbol="ZZZZ")]
    (got, error), (request,) = play(fetch_together(connection(), queries, MARKET), [answer])
    assert isinstance(got, CachedAnswer)
    assert got.bars.same(HALVES)
    assert isinstance(error, NotFoundError)
    assert "no symbol ZZZZ" in str(error)
    assert request.path == "/api/v1/bars/batch"
    assert [row["symbol"] for row in body_of(request)["requests"]] == ["SPY", "ZZZZ"]


@pytest.mark.parametrize("status", [200, 404, 405, 406])
def test_a_server_that_does_not_know_the_request_gives_none(status: int) -> None:
    got, _ = play(fetch_together(connection(), [QUERY, QUERY], MARKET), [json({}, status)])
    assert got is None


def test_a_server_that_fails_or_miscounts_is_an_error() -> None:
    with pytest.raises(DataFetchError, match="broken"):
        play(
            fetch_together(connection(), [QUERY, QUERY], MARKET),
            [json({"detail": "broken"}, 500)] * 4,
        )
    with pytest.raises(DataFetchError, match="2 questions were answered 1 times"):
        play(
            fetch_together(connection(), [QUERY, QUERY], MARKET),
            [arrow_answer((HALVES, METADATA))],
        )


def test_prices_as_traded_are_asked_for_and_no_others_are_taken() -> None:
    """A server that ignores `adjusted` would hand out split-adjusted prices: that is an error."""
    query = replace(QUERY, adjusted=False)
    as_traded = msgspec.structs.replace(METADATA, adjusted=False)
    got, (request,) = play(fetch(connection(), query, MARKET), [arrow_answer((HALVES, as_traded))])
    assert got.bars.same(HALVES)
    assert body_of(request)["adjusted"] is False
    for other in (METADATA, msgspec.structs.replace(METADATA, adjusted=True)):
        with pytest.raises(DataFetchError, match=r"adjusted=False.*split-adjusted"):
            play(fetch(connection(), query, MARKET), [arrow_answer((HALVES, other))])
        both = [arrow_answer((HALVES, as_traded), (HALVES, other))]
        (first, second), _ = play(fetch_together(connection(), [query] * 2, MARKET), both)
        assert first.bars.same(HALVES)
        assert isinstance(second, DataFetchError)
