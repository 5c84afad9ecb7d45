"""`/bars`: one symbol, or many at once; as JSON rows or Arrow streams."""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway import http
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.wire import arrow, json_rows
from polytape.wire.api import messages
from polytape.wire.api.media import ARROW, JSON
from polytape.wire.api.problems import Problem, to_problem

MAX_BATCH_BARS = MAX_JSON_BARS = 2_000_000
# Answers from here on are written by threads of their own, so that small ones pass them.
HEAVY_BARS = 100_000
BATCH_AT_ONCE = 8


class BatchAnswer(msgspec.Struct, omit_defaults=True):
    """One answer of a batch: bars, or the error that stands in their place."""

    data: list[json_rows.Row] | None = None
    metadata: Any = None
    validation: messages.Validation | None = None
    error: Problem | None = None


class BatchAnswers(msgspec.Struct):
    """`POST /bars/batch`, in the order of the requests."""

    answers: list[BatchAnswer]


@dataclass
class Allowance:
    """How many bars the answers of a batch may still hold."""

    bars: int


@post("/bars", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_bars(
    request: http.AnyRequest,
    data: JSONBody[messages.BarsRequest],
    gateway: NamedDependency[Gateway],
) -> Response[json_rows.Answer]:
    """Bars of one symbol, as JSON rows or, where `Accept` asks for it, as an Arrow stream."""
    return await _respond(request, data, gateway)


@get("/bars", responses=PROBLEMS)
async def get_bars(
    request: http.AnyRequest,
    gateway: NamedDependency[Gateway],
    symbol: FromQuery[str],
    timeframe: FromQuery[str],
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
    use_cache: FromQuery[bool] = True,
    validate: FromQuery[bool] = False,
    include_extended: FromQuery[bool] = True,
    adjusted: FromQuery[bool] = True,
    allow_partial: FromQuery[bool] = False,
) -> Response[json_rows.Answer]:
    """Bars of one symbol, asked for in the query."""
    message = messages.BarsRequest(
        symbol=symbol,
        timeframe=timeframe,
        start_date=start_date,
        end_date=end_date,
        limit=limit,
        use_cache=use_cache,
        validate=validate,
        include_extended=include_extended,
        adjusted=adjusted,
        allow_partial=allow_partial,
    )
    return await _respond(request, message, gateway)


@post("/bars/batch", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_batch(
    request: http.AnyRequest,
    data: JSONBody[messages.BatchRequest],
    gateway: NamedDependency[Gateway],
) -> Response[BatchAnswers]:
    """Up to 1,000 requests, one answer each; an error takes its answer's place. As Arrow: one
    stream after the other, one without columns for an error.
    """
    if len(data.requests) > messages.MAX_BATCH:
        raise ValidationError(
            "requests", len(data.requests), f"at most {messages.MAX_BATCH} requests"
        )
    room = asyncio.Semaphore(BATCH_AT_ONCE)
    allowance = Allowance(MAX_BATCH_BARS)

    async def one(fields: dict[str, object]) -> BarsResult | Problem:
        async with room:
            return await _batched(fields, gateway, allowance)

    results = await asyncio.gather(*map(one, data.requests))
    as_arrow = _wants_arrow(request)
    body = await gateway.workers.heavy(partial(_encode_batch, results, as_arrow))
    return cast("Response[BatchAnswers]", _response(body, as_arrow))


BARS_ROUTES = [post_bars, get_bars, post_batch]


async def _respond(
    request: http.AnyRequest, message: messages.BarsRequest, gateway: Gateway
) -> Response[json_rows.Answer]:
    result = await gateway.bars.bars(message.query(gateway.now(), gateway.market))
    count = len(result.bars)
    as_arrow = _wants_arrow(request) and not message.validate
    if not as_arrow and count > MAX_JSON_BARS:
        raise ValidationError(
            "limit",
            message.limit,
            f"at most {MAX_JSON_BARS:,} bars as JSON ({count:,} here): narrow the dates, or ask "
            "for Arrow",
        )
    work = gateway.workers.heavy if count > HEAVY_BARS else gateway.workers.work
    body = await work(partial(_encode, result, as_arrow))
    return cast("Response[json_rows.Answer]", _response(body, as_arrow))


def _wants_arrow(request: http.AnyRequest) -> bool:
    return ARROW in request.headers.get("accept", "")


def _response(body: bytes, as_arrow: bool) -> Response[bytes]:
    """The bytes of the message that a route's annotation promises: it was encoded off the event
    loop.
    """
    return Response(body, media_type=ARROW if as_arrow else JSON, headers={"Vary": "Accept"})


def _encode(result: BarsResult, as_arrow: bool) -> bytes:
    if as_arrow:
        return arrow.encode(result.bars, result.metadata)
    report = None if result.report is None else messages.Validation.of(result.report)
    return json_rows.encode(result.bars, result.metadata, report)


async def _batched(
    fields: dict[str, object], gateway: Gateway, allowance: Allowance
) -> BarsResult | Problem:
    try:
        query = messages.read_request(fields).query(gateway.now(), gateway.market)
        result = await gateway.bars.bars(query)
        allowance.bars -= len(result.bars)
        if allowance.bars < 0:
            raise ValidationError(
                "requests", "this batch", f"at most {MAX_BATCH_BARS:,} bars in all its answers"
            )
    except PolygonClientError as error:
        return to_problem(error)
    return result


def _encode_batch(results: list[BarsResult | Problem], as_arrow: bool) -> bytes:
    if as_arrow:
        return arrow.encode_many(
            one if isinstance(one, Problem) else (one.bars, one.metadata) for one in results
        )
    return msgspec.json.encode(BatchAnswers([_batch_answer(one) for one in results]))


def _batch_answer(one: BarsResult | Problem) -> BatchAnswer:
    if isinstance(one, Problem):
        return BatchAnswer(error=one)
    report = None if one.report is None else messages.Validation.of(one.report)
    return BatchAnswer(json_rows.to_rows(one.bars), one.metadata, report)
