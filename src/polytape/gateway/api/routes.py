"""The routes of `/api/v1`, and what else the gateway shows of itself."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway.api.history_messages import (
    BackfillAnswer,
    BackfillRequest,
    Deleted,
    HistoryStatus,
    HistoryVerified,
    RepairRequest,
    stored_parquet,
    told_backfill,
    told_repair,
    told_status,
)
from polytape.gateway.pages import home_page
from polytape.gateway.service import BarsResult, Desk
from polytape.history.status import compact_all, verify
from polytape.model.instants import parse_span
from polytape.model.newyork import date_of, iso, to_datetime
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.store.compact import Compacted, forget
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import (
    ARROW,
    JSON,
    MAX_BATCH,
    BarsRequest,
    BatchRequest,
    Cleared,
    Latest,
    Problem,
    RateLimitState,
    SearchAnswer,
    Status,
    SymbolsRequest,
    Validation,
    Verdict,
    read_request,
)
from polytape.wire.api.problems import PROBLEM_JSON, to_problem

MOST_BATCH_BARS = MOST_JSON_BARS = 2_000_000
# Answers from here on are written by threads of their own, so that small questions pass them.
HEAVY_BARS = 100_000
PARQUET = "application/vnd.apache.parquet"
BATCH_AT_ONCE = 8

_TOLD = {
    HTTPStatus.BAD_REQUEST: "The question is wrong; `param` names what",
    HTTPStatus.UNAUTHORIZED: "The gateway's access token is missing or wrong",
    HTTPStatus.FORBIDDEN: "The vendor refused the key",
    HTTPStatus.NOT_FOUND: "No such symbol",
    HTTPStatus.TOO_MANY_REQUESTS: "The budget is used up; Retry-After says for how long",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A bug; the request id finds it in the log",
    HTTPStatus.BAD_GATEWAY: "The source failed or answered in part",
    HTTPStatus.SERVICE_UNAVAILABLE: "The gateway has no source",
    HTTPStatus.GATEWAY_TIMEOUT: "The source could not be reached",
}
PROBLEMS: dict[int, ResponseSpec] = {
    int(status): ResponseSpec(
        Problem, description=text, media_type=PROBLEM_JSON, generate_examples=False
    )
    for status, text in _TOLD.items()
}


class BatchAnswer(msgspec.Struct, omit_defaults=True):
    """One answer of a batch: bars, or the error that stands in their place."""

    data: list[json_rows.Row] | None = None
    metadata: Any = None
    validation: Validation | None = None
    error: Problem | None = None


class BatchAnswers(msgspec.Struct):
    """`POST /bars/batch`, in the order of the requests."""

    answers: list[BatchAnswer]


@post("/bars", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_bars(
    request: Request[Any, Any, Any], data: JSONBody[BarsRequest], desk: NamedDependency[Desk]
) -> Response[json_rows.Answer]:
    """Bars of one symbol, as JSON rows or, where `Accept` asks for it, as an Arrow stream."""
    return await _bars(request, data, desk)


@get("/bars", responses=PROBLEMS)
async def get_bars(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
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
    asked = BarsRequest(
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
    return await _bars(request, asked, desk)


@post("/bars/batch", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_batch(
    request: Request[Any, Any, Any], data: JSONBody[BatchRequest], desk: NamedDependency[Desk]
) -> Response[BatchAnswers]:
    """Up to 1,000 requests, one answer each; an error takes its answer's place. As Arrow: one
    stream after the other, one without columns for an error.
    """
    if len(data.requests) > MAX_BATCH:
        raise ValidationError("requests", len(data.requests), f"at most {MAX_BATCH} requests")
    room = asyncio.Semaphore(BATCH_AT_ONCE)
    left = [MOST_BATCH_BARS]

    async def one(told: dict[str, Any]) -> BarsResult | Problem:
        async with room:
            return await _batched(told, desk, left)

    answers = await asyncio.gather(*map(one, data.requests))
    as_arrow = ARROW in request.headers.get("accept", "")
    body: Any = await desk.heavy(partial(_encode_batch, answers, as_arrow))
    return Response(body, media_type=ARROW if as_arrow else JSON, headers={"Vary": "Accept"})


@post("/validate", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_validate(
    data: JSONBody[SymbolsRequest], desk: NamedDependency[Desk]
) -> dict[str, Verdict]:
    """Which symbols exist."""
    return await desk.validate(data.symbols, detailed=data.detailed)


@get("/latest/{symbol:str}", responses=PROBLEMS)
async def get_latest(symbol: FromPath[str], desk: NamedDependency[Desk]) -> Latest:
    """The close of the last complete minute."""
    return await desk.latest(symbol)


@get("/search", responses=PROBLEMS)
async def get_search(
    text: Annotated[str, QueryParameter(name="query")],
    desk: NamedDependency[Desk],
    active_only: FromQuery[bool] = True,
) -> SearchAnswer:
    """Securities by symbol or name, the best 100."""
    return await desk.search(text, active_only=active_only)


@delete("/cache", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def delete_cache(
    desk: NamedDependency[Desk],
    symbol: Annotated[str | None, QueryParameter(description="only this symbol's")] = None,
) -> Cleared:
    """Forget answers kept in memory."""
    return Cleared(desk.clear(symbol))


@get("/history/status", responses=PROBLEMS)
async def history_status(
    desk: NamedDependency[Desk],
    symbol: Annotated[str | None, QueryParameter(description="its spans, too")] = None,
) -> HistoryStatus:
    """What the store holds."""
    wanted = [] if symbol is None else [parse_symbol(symbol)]
    return await desk.work(partial(told_status, desk.must_store(), wanted, desk.market))


@get("/history/verify", responses=PROBLEMS)
async def history_verify(
    symbol: FromQuery[str],
    desk: NamedDependency[Desk],
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> list[HistoryVerified]:
    """The data-quality report on each span held of a symbol."""
    span = parse_span(start_date or "1990-01-01", end_date or to_datetime(desk.now()))
    store, today = desk.must_store(), date_of(desk.now())
    check = partial(verify, store, [parse_symbol(symbol)], span, market=desk.market, today=today)
    told = await desk.work(lambda: list(check()))
    return [
        HistoryVerified(
            one.symbol,
            one.series,
            iso(one.span.start),
            iso(one.span.end),
            Validation.of(one.report),
        )
        for one in told
    ]


@post("/history/backfill", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_backfill(
    data: JSONBody[BackfillRequest], desk: NamedDependency[Desk]
) -> BackfillAnswer:
    """Ask for what is missing and keep it. Stopped, it goes on where it stopped."""
    return await told_backfill(desk, data)


@post("/history/repair", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_repair(
    data: JSONBody[RepairRequest], desk: NamedDependency[Desk]
) -> BackfillAnswer:
    """Ask again for the days that the report doubts."""
    return await told_repair(desk, data)


@get("/history/export", media_type=PARQUET, responses=PROBLEMS)
async def history_export(
    symbol: FromQuery[str],
    desk: NamedDependency[Desk],
    timeframe: FromQuery[str] = "1min",
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A symbol's bars as they are kept, as traded, as a Parquet file."""
    span = parse_span(start_date or "1990-01-01", end_date or to_datetime(desk.now()))
    take = partial(stored_parquet, desk, parse_symbol(symbol), timeframe, span)
    return Response(await desk.heavy(take), media_type=PARQUET)


@post("/history/compact", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_compact(desk: NamedDependency[Desk]) -> list[Compacted]:
    """Merge the small files of each month and year into one."""
    return await desk.work(partial(compact_all, desk.must_store()))


@delete("/history", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_delete(
    symbol: FromQuery[str],
    desk: NamedDependency[Desk],
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> Deleted:
    """Forget a symbol: its bars, and that they were ever asked for."""
    name = parse_symbol(symbol)
    span = parse_span(start_date or "1900-01-01", end_date or "2199-12-31")
    store = desk.must_store()
    gone = await desk.work(lambda: sum(forget(store, name, series, span) for series in Series))
    desk.clear(name)
    return Deleted(gone)


@get("/rate-limit", responses=PROBLEMS)
async def get_rate_limit(desk: NamedDependency[Desk]) -> RateLimitState:
    """The upstream request budget."""
    return desk.rate_limit()


@route("/health", http_method=["GET", "HEAD"])
async def health() -> dict[str, str]:
    """Alive."""
    return {"health": "ok"}


@get("/status", responses=PROBLEMS)
async def status(desk: NamedDependency[Desk]) -> Status:
    """Everything the gateway knows of itself."""
    return desk.status()


@get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)
async def metrics(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Prometheus."""
    return Response(desk.render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


@route("/", http_method=["GET", "HEAD"], media_type=MediaType.HTML, include_in_schema=False)
async def home(desk: NamedDependency[Desk]) -> str:
    """What this is and where to look."""
    return home_page(desk.status())


API_ROUTES = [
    post_bars,
    get_bars,
    post_batch,
    post_validate,
    get_latest,
    get_search,
    delete_cache,
    get_rate_limit,
    history_status,
    history_verify,
    history_backfill,
    history_repair,
    history_export,
    history_compact,
    history_delete,
]
OWN_ROUTES = [health, status, metrics, home]


async def _bars(
    request: Request[Any, Any, Any], asked: BarsRequest, desk: Desk
) -> Response[json_rows.Answer]:
    answered = await _answer(asked, desk)
    as_arrow = ARROW in request.headers.get("accept", "") and not asked.validate
    if not as_arrow and len(answered.bars) > MOST_JSON_BARS:
        raise ValidationError(
            "limit",
            asked.limit,
            f"at most {MOST_JSON_BARS:,} bars as JSON ({len(answered.bars):,} "
            "here): narrow the dates, or ask for Arrow",
        )
    work = desk.heavy if len(answered.bars) > HEAVY_BARS else desk.work
    body: Any = await work(partial(_encode, answered, as_arrow))
    # The bytes are the message that the annotation promises: it was encoded off the event loop.
    return Response(body, media_type=ARROW if as_arrow else JSON, headers={"Vary": "Accept"})


async def _answer(asked: BarsRequest, desk: Desk) -> BarsResult:
    query = asked.query(desk.now())
    return await desk.bars(
        query,
        use_cache=asked.use_cache,
        validate=asked.validate,
        allow_partial=asked.allow_partial,
    )


def _encode(answered: BarsResult, as_arrow: bool) -> bytes:
    if as_arrow:
        return arrow.encode(answered.bars, answered.metadata)
    report = answered.report
    told = None if report is None else Validation.of(report)
    return json_rows.encode(answered.bars, answered.metadata, told)


async def _batched(told: dict[str, Any], desk: Desk, left: list[int]) -> BarsResult | Problem:
    try:
        asked = read_request(told)
        answered = await _answer(asked, desk)
        left[0] -= len(answered.bars)
        if left[0] < 0:
            raise ValidationError(
                "requests", "this batch", f"at most {MOST_BATCH_BARS:,} bars in all its answers"
            )
    except PolygonClientError as error:
        return to_problem(error)
    return answered


def _encode_batch(answers: list[BarsResult | Problem], as_arrow: bool) -> bytes:
    if as_arrow:
        return arrow.encode_many(
            one if isinstance(one, Problem) else (one.bars, one.metadata) for one in answers
        )
    return msgspec.json.encode(BatchAnswers([_batch_answer(one) for one in answers]))


def _batch_answer(one: BarsResult | Problem) -> BatchAnswer:
    if isinstance(one, Problem):
        return BatchAnswer(error=one)
    report = None if one.report is None else Validation.of(one.report)
    return BatchAnswer(json_rows.to_rows(one.bars), one.metadata, report)
