"""The messages of `/api/v1/history`, and how they are answered."""

from collections.abc import Sequence
from functools import partial

import msgspec

from polytape.errors import ValidationError
from polytape.gateway.service import Desk
from polytape.history.backfill import (
    BackfillPlan,
    Question,
    Task,
    backfill,
    plan_backfill,
    questions,
)
from polytape.history.status import (
    doubtful_days,
    series_status,
    symbol_status,
    verify,
)
from polytape.model.instants import parse_span
from polytape.model.market import Market
from polytape.model.newyork import date_of, iso, to_datetime
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import STANDARD, Series, parse_timeframe
from polytape.store.segments import SegmentStore
from polytape.wire.api.messages import MAX_SYMBOLS, SpanMessage, Validation


class SeriesMessage(msgspec.Struct):
    """One stored series; `start` and `end` bound what is covered."""

    series: str
    symbols: int
    rows: int
    bytes: int
    segments: int
    start: str
    end: str


class SymbolMessage(msgspec.Struct):
    """What is known of one symbol in one series."""

    symbol: str
    series: str
    bars: int
    final: bool
    spans: list[SpanMessage]


class HistoryStatus(msgspec.Struct):
    """`GET /history/status`."""

    store: str
    source: str
    series: list[SeriesMessage]
    symbols: list[SymbolMessage]


class HistoryVerified(msgspec.Struct):
    """The report on one span held of one symbol."""

    symbol: str
    series: str
    start: str
    end: str
    report: Validation


class BackfillRequest(msgspec.Struct):
    """`POST /history/backfill`; `dry_run` counts the questions and asks none."""

    symbols: list[str]
    start_date: str
    end_date: str | None = None
    timeframe: str = "1min"
    dry_run: bool = False


class RepairRequest(msgspec.Struct):
    """`POST /history/repair`."""

    symbols: list[str]
    start_date: str | None = None
    end_date: str | None = None


class Failed(msgspec.Struct):
    """A question that was not answered."""

    question: str
    error: str


class BackfillAnswer(msgspec.Struct):
    """How a backfill went, or would go: `requests` of the budget, `seconds` by estimate."""

    questions: int
    bars: int
    failed: list[Failed]
    requests: int = 0
    seconds: float = 0.0
    why: str = ""


class Deleted(msgspec.Struct):
    """`DELETE /history`: how many bars."""

    bars: int


def told_status(store: SegmentStore, symbols: list[str], market: Market) -> HistoryStatus:
    """What the store holds, and each of the symbols in detail."""
    details = [
        SymbolMessage(
            one.symbol,
            one.series,
            one.bars,
            one.final,
            [SpanMessage(iso(span.start), iso(span.end)) for span in one.spans],
        )
        for one in symbol_status(store, symbols, market)
    ]
    rows = [
        SeriesMessage(r.series, r.symbols, r.rows, r.bytes, r.segments, iso(r.first), iso(r.last))
        for r in series_status(store)
    ]
    return HistoryStatus(store.storage.url, store.source, rows, details)


async def told_backfill(desk: Desk, asked: BackfillRequest) -> BackfillAnswer:
    """Fill what is missing. Raises ValidationError."""
    if len(asked.symbols) > MAX_SYMBOLS:
        raise ValidationError("symbols", len(asked.symbols), f"at most {MAX_SYMBOLS} symbols")
    series = _stored(asked.timeframe)
    span = parse_span(asked.start_date, asked.end_date or to_datetime(desk.now()))
    symbols = [parse_symbol(symbol, "symbols") for symbol in asked.symbols]
    desk.must_store()
    wanted = await desk.ask(partial(planned, desk, symbols, series, span))
    answer = BackfillAnswer(0, 0, [], wanted.requests, round(wanted.seconds, 1), wanted.why)
    if asked.dry_run:
        answer.questions = len(wanted.tasks)
        return answer
    await _fill(desk, wanted.tasks, series, answer, again=False)
    return answer


def planned(desk: Desk, symbols: list[str], series: Series, span: Span) -> BackfillPlan:
    """What a backfill would ask, the cheapest way. Lists files, so it may block."""
    gaps = questions(desk.filler, symbols, series, span, desk.now())
    return plan_backfill(desk.filler, desk.files, gaps, series, span, desk.budget_state())


async def told_repair(desk: Desk, asked: RepairRequest) -> BackfillAnswer:
    """Ask again for every day that the report doubts. Raises ValidationError."""
    store, now = desk.must_store(), desk.now()
    symbols = [parse_symbol(symbol, "symbols") for symbol in asked.symbols]
    span = parse_span(asked.start_date or "1990-01-01", asked.end_date or to_datetime(now))
    check = partial(verify, store, symbols, span, market=desk.market, today=date_of(now))
    reports = await desk.work(lambda: list(check()))
    answer = BackfillAnswer(0, 0, [])
    for series in Series:
        days = [
            Question(one.symbol, day)
            for one in reports
            if one.series == series.value
            for day in doubtful_days(one)
        ]
        await _fill(desk, days, series, answer, again=True)
    return answer


async def _fill(
    desk: Desk, asked: Sequence[Task], series: Series, answer: BackfillAnswer, *, again: bool
) -> None:
    """Ask the questions and add up how it went."""
    answer.questions += len(asked)
    async for told in backfill(desk.filler, asked, series, again=again):
        answer.bars += told.bars
        if told.error is not None:
            answer.failed.append(Failed(str(told.question), str(told.error)))


def stored_parquet(desk: Desk, symbol: str, timeframe: str, span: Span) -> bytes:
    """A symbol's bars as they are kept, as traded, as one Parquet file."""
    from pyarrow import BufferOutputStream, parquet

    table = desk.must_store().read_table(symbol, _stored(timeframe), span)
    sink = BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _stored(timeframe: str) -> Series:
    frame = parse_timeframe(timeframe)
    for series in Series:
        if series.value == frame.value:
            return series
    allowed = f"1min or 1day: {', '.join(STANDARD[1:-3])} are made from these"
    raise ValidationError("timeframe", timeframe, allowed)
