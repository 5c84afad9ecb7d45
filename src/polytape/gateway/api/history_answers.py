"""Stored history as the API says it."""

from polytape.history.backfill import BackfillCount, BackfillPlan, Task, WholeDay, describe
from polytape.history.status import SeriesStatus, SymbolStatus
from polytape.history.verify import SpanReport
from polytape.model.market import Market
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from polytape.wire.api import history_messages as messages
from polytape.wire.api.messages import SpanMessage, Validation


def series_message(row: SeriesStatus) -> messages.SeriesMessage:
    """What is stored of a series."""
    first, last = iso(row.first), iso(row.last)
    return messages.SeriesMessage(
        row.series, row.symbols, row.rows, row.bytes, row.segments, first, last
    )


def symbol_message(row: SymbolStatus) -> messages.SymbolMessage:
    """What is stored of a symbol in one series."""
    spans = [SpanMessage(iso(span.start), iso(span.end)) for span in row.spans]
    return messages.SymbolMessage(row.symbol, row.series, row.bars, row.final, spans)


def verified(report: SpanReport) -> messages.HistoryVerified:
    """The data-quality report on a stored span."""
    start, end = iso(report.span.start), iso(report.span.end)
    quality = Validation.of(report.report)
    return messages.HistoryVerified(report.symbol, report.series.value, start, end, quality)


def planned(plan: BackfillPlan, market: Market, symbols: int) -> messages.BackfillAnswer:
    """What a backfill of so many symbols would do."""
    most = sum(_most_bars(task, market, symbols) for task in plan.tasks)
    seconds = round(plan.seconds, 1)
    return messages.BackfillAnswer(
        len(plan.tasks), 0, [], plan.requests, seconds, plan.why, most_bars=most, beyond=plan.beyond
    )


def _most_bars(task: Task, market: Market, symbols: int) -> int:
    """A bar for every minute, or day, that trades; of the whole market those of the symbols."""
    whole = isinstance(task, WholeDay)
    span = market.day_span(task.day) if isinstance(task, WholeDay) else task.span
    hours = [span.intersect(session.extended) for session in market.sessions(span)]
    minutes = sum(part.end - part.start for part in hours) // MINUTE_US
    each = len(hours) if task.series is Series.DAY else minutes
    return each * (symbols if whole else 1)


def backfilled(
    count: BackfillCount,
    market: Market,
    plan: BackfillPlan | None = None,
    job: str = "",
    state: str = "",
) -> messages.BackfillAnswer:
    """How a backfill or a repair went: the job of this id, which ended so."""
    failed = [messages.Failed(describe(one.task, market), str(one.error)) for one in count.failed]
    answer = messages.BackfillAnswer(count.tasks, count.bars, failed, job=job, state=state)
    if plan is not None:
        answer.requests, answer.seconds = plan.requests, round(plan.seconds, 1)
        answer.why, answer.beyond = plan.why, plan.beyond
    return answer
