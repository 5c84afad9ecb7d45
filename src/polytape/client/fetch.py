"""Bars from the server, as flows: of one query, or of several by one request."""

from dataclasses import replace

import msgspec

from polytape.client.answers import CachedAnswer
from polytape.client.connection import Connection
from polytape.errors import DataFetchError, PolygonClientError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.resample import resample
from polytape.model.timeframes import Timeframe
from polytape.wire import arrow, flow, json_rows
from polytape.wire.api import media, messages, problems

# Statuses of a server that does not know the request for several queries.
NO_BATCH = (200, 404, 405, 406)
# What a server that does not know `adjusted` is told.
NOT_AS_TRADED = (
    "the server does not say that its prices are as traded (adjusted=False): it may not know the "
    "option, and its prices may be split-adjusted; ask a polytape gateway"
)


def fetch(connection: Connection, query: BarsQuery, market: Market) -> flow.Flow[CachedAnswer]:
    """The server's whole answer. Where the server cannot begin long bars at the opening bell, they
    are made here from its 30-minute bars.

    Raises: the error that the response stands for; DataFetchError, IncompleteDataError.
    """
    fetched_at = connection.now_us()
    bars, metadata = yield from _post_bars(connection, query, market)
    _check_as_traded(query, metadata)
    if query.anchored and (metadata is None or metadata.include_extended is not False):
        whole = query.of_series(market).span
        halves = replace(
            query, timeframe=Timeframe.MIN_30, include_extended=True, span=whole, limit=None
        )
        bars, metadata = yield from _post_bars(connection, halves, market)
        bars = resample(bars, query.timeframe, market=market, include_extended=False)
    return CachedAnswer.of(query, bars, metadata, fetched_at=fetched_at, market=market)


def fetch_together(
    connection: Connection, queries: list[BarsQuery], market: Market
) -> flow.Flow[list[CachedAnswer | PolygonClientError] | None]:
    """Whole answers by one request, each an error where that failed; None from a server that does
    not know such a request.

    Raises: the error that the response stands for; DataFetchError, IncompleteDataError.
    """
    fetched_at = connection.now_us()
    requests = [_request_of(query, market) for query in queries]
    response = yield from connection.send(
        flow.Request(
            "POST",
            f"{connection.version}/bars/batch",
            body=msgspec.json.encode({"requests": requests}),
            headers=connection.headers(media.ARROW) | {"content-type": media.JSON},
        )
    )
    is_arrow = response.headers.get("content-type", "").startswith(media.ARROW)
    if not is_arrow and response.status in NO_BATCH:
        return None
    answers = arrow.decode_many(flow.checked(response, connection.runtime).raw)
    if len(answers) != len(queries):
        raise DataFetchError(f"{len(queries)} questions were answered {len(answers)} times")
    now = connection.runtime.now()
    return [
        problems.from_answer(answer.status, response.headers, msgspec.json.encode(answer), now)
        if isinstance(answer, problems.Problem)
        else _of_batch(query, answer, fetched_at, market)
        for query, answer in zip(queries, answers, strict=True)
    ]


def _of_batch(
    query: BarsQuery,
    answer: tuple[Bars, messages.BarsMetadata | None],
    fetched_at: int,
    market: Market,
) -> CachedAnswer | PolygonClientError:
    """One whole answer of several, or what is wrong with it."""
    bars, metadata = answer
    try:
        _check_as_traded(query, metadata)
    except DataFetchError as error:
        return error
    return CachedAnswer.of(query, bars, metadata, fetched_at=fetched_at, market=market)


def _check_as_traded(query: BarsQuery, metadata: messages.BarsMetadata | None) -> None:
    """Raises: DataFetchError where prices as traded are wanted, and these may not be."""
    if not query.adjusted and (metadata is None or metadata.adjusted is not False):
        raise DataFetchError(NOT_AS_TRADED)


def _post_bars(
    connection: Connection, query: BarsQuery, market: Market
) -> flow.Flow[tuple[Bars, messages.BarsMetadata | None]]:
    accept = f"{media.ARROW}, {media.JSON};q=0.9"
    request = flow.Request(
        "POST",
        f"{connection.version}/bars",
        body=msgspec.json.encode(_request_of(query, market)),
        headers=connection.headers(accept) | {"content-type": media.JSON},
    )
    response = flow.checked((yield from connection.send(request)), connection.runtime)
    if response.headers.get("content-type", "").startswith(media.ARROW):
        return arrow.decode(response.raw)
    return json_rows.decode(response.body, market)


def _request_of(query: BarsQuery, market: Market) -> messages.BarsRequest:
    """A query as it goes to the server. Regular hours are cut out here, but for bars that begin at
    the opening bell.
    """
    return messages.BarsRequest.of(replace(query, include_extended=not query.anchored), market)
