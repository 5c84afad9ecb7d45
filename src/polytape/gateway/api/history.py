"""`/history`: what is stored: look, check, fill, mend, tidy, take out, forget."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.types import Scope

from polytape.errors import ValidationError
from polytape.gateway.api import history_answers as answers
from polytape.gateway.api import jobs
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.audit import changes_nothing
from polytape.gateway.gateway import Gateway
from polytape.history import jobs as job_states
from polytape.model import instants
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import to_datetime
from polytape.store.compact import Compaction
from polytape.wire.api import history_messages as messages
from polytape.wire.api.job_messages import JobMessage
from polytape.wire.api.messages import MAX_SYMBOLS

PARQUET = "application/vnd.apache.parquet"


@get("/history/status", responses=PROBLEMS)
async def history_status(
    gateway: NamedDependency[Gateway],
    symbol: Annotated[str | None, QueryParameter(description="its spans, too")] = None,
) -> messages.HistoryStatus:
    """What the store holds."""
    symbols = [] if symbol is None else [parse_symbol(symbol)]
    store = gateway.history.must_store()
    status = await gateway.history.status(symbols)
    return messages.HistoryStatus(
        store.storage.url,
        store.source,
        [answers.series_message(row) for row in status.series],
        [answers.symbol_message(row) for row in status.symbols],
        [messages.UnreadMessage(file.path, file.reason) for file in status.unread],
    )


@get("/history/verify", responses=PROBLEMS)
async def history_verify(
    symbol: FromQuery[str],
    gateway: NamedDependency[Gateway],
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> list[messages.HistoryVerified]:
    """The data-quality report on each span held of a symbol."""
    span = _span(gateway, start_date, end_date)
    reports = await gateway.history.verify([parse_symbol(symbol)], span)
    return [answers.verified(report) for report in reports]


@post("/history/backfill", status_code=HTTPStatus.OK, responses=jobs.JOB_RESPONSES)
async def history_backfill(
    data: JSONBody[messages.BackfillRequest],
    gateway: NamedDependency[Gateway],
    scope: Scope,
) -> Response[messages.BackfillAnswer | JobMessage]:
    """Ask for what is missing and keep it, as a job. Stopped, it goes on where it stopped."""
    if data.dry_run:
        changes_nothing(scope)
    series = messages.parse_series(data.timeframe)
    symbols = _symbols(data.symbols)
    gateway.history.must_store()
    span = _span(gateway, data.start_date, data.end_date)
    if data.dry_run:
        plan = await gateway.history.plan(symbols, series, span)
        return Response(answers.planned(plan, gateway.market, len(symbols)))
    until = None if data.end_date is None else span.end
    spec = job_states.JobSpec(job_states.JobKind.BACKFILL, symbols, series, span.start, until)
    return await _filled(gateway, spec, wait=data.wait)


@post("/history/repair", status_code=HTTPStatus.OK, responses=jobs.JOB_RESPONSES)
async def history_repair(
    data: JSONBody[messages.RepairRequest], gateway: NamedDependency[Gateway]
) -> Response[messages.BackfillAnswer | JobMessage]:
    """Ask again for the days that the report doubts, as a job."""
    symbols = _symbols(data.symbols)
    gateway.history.must_store()
    span = _span(gateway, data.start_date, data.end_date)
    until = None if data.end_date is None else span.end
    spec = job_states.JobSpec(job_states.JobKind.REPAIR, symbols, None, span.start, until)
    return await _filled(gateway, spec, wait=data.wait)


@get("/history/export", media_type=PARQUET, responses=PROBLEMS)
async def history_export(
    symbol: FromQuery[str],
    gateway: NamedDependency[Gateway],
    timeframe: FromQuery[str] = "1min",
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A symbol's bars as they are kept, as traded, as a Parquet file."""
    span, name = _span(gateway, start_date, end_date), parse_symbol(symbol)
    take = partial(_parquet, gateway, name, timeframe, span)
    return Response(await gateway.workers.heavy(take), media_type=PARQUET)


@post("/history/compact", status_code=HTTPStatus.OK, responses=jobs.JOB_RESPONSES)
async def history_compact(
    gateway: NamedDependency[Gateway], data: JSONBody[messages.CompactRequest | None] = None
) -> Response[list[Compaction] | JobMessage]:
    """Merge the small files of each month and year into one, as a job."""
    job = gateway.jobs.submit(job_states.JobSpec(job_states.JobKind.COMPACT))
    if data is not None and not data.wait:
        return jobs.accepted(gateway, job)
    _, run = await jobs.must_end(gateway, job)
    return Response(run.compactions)


@delete("/history", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_delete(
    symbol: FromQuery[str],
    gateway: NamedDependency[Gateway],
    start_date: FromQuery[str | None] = None,
    end_date: FromQuery[str | None] = None,
) -> messages.Deleted:
    """Forget a symbol: its bars, and that they were ever asked for."""
    name = parse_symbol(symbol)
    span = instants.parse_span(start_date or "1900-01-01", end_date or "2199-12-31", gateway.market)
    gone = await gateway.history.delete(name, span)
    gateway.clear(name)
    return messages.Deleted(gone)


HISTORY_ROUTES = [
    history_status,
    history_verify,
    history_backfill,
    history_repair,
    history_export,
    history_compact,
    history_delete,
]


async def _filled(
    gateway: Gateway, spec: job_states.JobSpec, *, wait: bool
) -> Response[messages.BackfillAnswer | JobMessage]:
    """The answer to a job that fetches: how it went, or the job itself."""
    job = gateway.jobs.submit(spec)
    if not wait:
        return jobs.accepted(gateway, job)
    ended, run = await jobs.must_end(gateway, job)
    answer = answers.backfilled(run.count, gateway.market, run.plan, job.id, ended.state.value)
    return Response(answer)


def _symbols(names: list[str]) -> tuple[str, ...]:
    """The symbols of a job. Raises: ValidationError."""
    if len(names) > MAX_SYMBOLS:
        raise ValidationError("symbols", len(names), f"at most {MAX_SYMBOLS:,} symbols a job")
    return tuple(parse_symbol(name, "symbols") for name in names)


def _span(gateway: Gateway, start: str | None, end: str | None) -> Span:
    now = gateway.now()
    if start is not None and end is None:
        instants.must_have_begun(start, "start_date", gateway.market, now)
    return instants.parse_span(start or "1990-01-01", end or to_datetime(now), gateway.market)


def _parquet(gateway: Gateway, symbol: str, timeframe: str, span: Span) -> bytes:
    from pyarrow import BufferOutputStream, parquet

    store = gateway.history.must_store()
    sink = BufferOutputStream()
    table = store.read_table(symbol, messages.parse_series(timeframe), span)
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())
