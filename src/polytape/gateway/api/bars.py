"""`/bars`: one symbol, or many at once; as JSON rows or Arrow streams."""

from functools import partial
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from polytape.errors import ValidationError
from polytape.gateway import http
from polytape.gateway.answer_cache import AnswerKey
from polytape.gateway.api import answer_entry
from polytape.gateway.api.answer_body import (
    Body,
    PartsResponse,
    is_whole,
    stream_parts,
    whole_body,
    write_parts,
)
from polytape.gateway.api.batch import Batch
from polytape.gateway.api.notes import dates_read, noted
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.known_names import ignored_in_body
from polytape.gateway.memory_gate import ANSWER_BYTES, Ticket
from polytape.gateway.quick_bars import ANSWER_KEY
from polytape.history.bars_result import BarsResult
from polytape.model.answer_size import most_bars
from polytape.model.query import BarsQuery
from polytape.wire import json_rows
from polytape.wire.api import messages
from polytape.wire.api.media import ARROW, JSON
from polytape.wire.api.problems import Problem

MAX_JSON_BARS = 2_000_000
VARY = {"Vary": "Accept"}


class BatchAnswer(msgspec.Struct, omit_defaults=True):
    """One answer of a batch: bars, or the error that stands in their place."""

    data: list[json_rows.Row] | None = None
    metadata: Any = None
    validation: messages.Validation | None = None
    error: Problem | None = None


class BatchAnswers(msgspec.Struct):
    """`POST /bars/batch`, in the order of the requests."""

    answers: list[BatchAnswer]


@post("/bars", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_bars(
    request: http.AnyRequest,
    data: JSONBody[messages.BarsRequest],
    gateway: NamedDependency[Gateway],
) -> Response[json_rows.Answer]:
    """Bars of one symbol, as JSON rows or, where `Accept` asks for it, as an Arrow stream."""
    ignored = await ignored_in_body(request, messages.BarsRequest)
    return await _respond(request, data, gateway, ignored)


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
    as_arrow = _wants_arrow(request)
    batch = await Batch.of(data.requests, gateway, as_arrow=as_arrow)
    ticket = await gateway.memory.enter(batch.bytes)
    return cast("Response[BatchAnswers]", _in_parts(batch.write, ticket, as_arrow))


BARS_ROUTES = [post_bars, get_bars, post_batch]


async def _respond(
    request: http.AnyRequest,
    message: messages.BarsRequest,
    gateway: Gateway,
    ignored: tuple[str, ...] = (),
) -> Response[json_rows.Answer]:
    query = message.query(gateway.now(), gateway.market)
    as_arrow = _wants_arrow(request) and not message.validate
    if not as_arrow:
        _must_fit_json(query, gateway)
    key = _answer_key(request, message)
    ticket = await gateway.memory.admit(query)
    tokens = None if key is None else gateway.tokens(query)
    now = gateway.now()
    result = await gateway.bars.bars(query)
    result = noted(result, query, (*ignored, *dates_read(message)), gateway)
    ticket.resize(ANSWER_BYTES + result.bars.nbytes)
    if not is_whole(len(result.bars), as_arrow=as_arrow):
        return _streamed(result, ticket, gateway, as_arrow)
    body = await gateway.workers.work(partial(whole_body, result, as_arrow=as_arrow))
    ticket.resize(len(body))
    media = ARROW if as_arrow else JSON
    if key is not None and tokens is not None:
        made = answer_entry.entry(
            query, result, body, media, gateway=gateway, now=now, tokens=tokens
        )
        gateway.answers.put(key, made)
    # The bytes of the message that the annotation promises: it was encoded off the event loop.
    return cast("Response[json_rows.Answer]", Response(body, media_type=media, headers=dict(VARY)))


def _answer_key(request: http.AnyRequest, message: messages.BarsRequest) -> AnswerKey | None:
    """Under which the answer is remembered; None for one that is to be made anew each time."""
    if not answer_entry.may_be_cached(message):
        return None
    key: AnswerKey | None = request.scope["state"].get(ANSWER_KEY)
    return key


def _must_fit_json(query: BarsQuery, gateway: Gateway) -> None:
    """Raises: ValidationError for a span that could have more bars than are given as JSON."""
    most = most_bars(query, gateway.market, gateway.now())
    if most > MAX_JSON_BARS:
        raise ValidationError(
            "limit",
            query.limit,
            f"at most {MAX_JSON_BARS:,} bars as JSON (up to {most:,} here): narrow the dates, or "
            "ask for Arrow",
        )


def _wants_arrow(request: http.AnyRequest) -> bool:
    return ARROW in request.headers.get("accept", "")


def _streamed(
    result: BarsResult, ticket: Ticket, gateway: Gateway, as_arrow: bool
) -> Response[json_rows.Answer]:
    parts = stream_parts(result, as_arrow=as_arrow)
    body = partial(write_parts, parts, workers=gateway.workers)
    return cast("Response[json_rows.Answer]", _in_parts(body, ticket, as_arrow))


def _in_parts(body: Body, ticket: Ticket, as_arrow: bool) -> Response[bytes]:
    media = ARROW if as_arrow else JSON
    return PartsResponse(body, ticket, media_type=media, headers=dict(VARY))
