"""Stored history as the API says it."""

from datetime import date

from polytape.errors import DataFetchError
from polytape.gateway.api.history_answers import (
    backfilled,
    series_message,
    symbol_message,
    verified,
)
from polytape.history.backfill import BackfillCount, TaskResult
from polytape.history.status import SeriesStatus, SymbolStatus
from polytape.history.verify import SpanReport
from polytape.model.quality import Finding, Gap, QualityReport
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.wire.api.messages import SpanMessage
from tests.conftest import MARKET, day_span

DAY = day_span(date(2024, 7, 2))
START, END = "2024-07-02T04:00:00Z", "2024-07-03T04:00:00Z"


def test_a_series_is_said_with_its_bounds() -> None:
    message = series_message(SeriesStatus("1min", 2, 30, 4_000, 5, DAY.start, DAY.end))
    assert (message.symbols, message.rows, message.bytes, message.segments) == (2, 30, 4_000, 5)
    assert (message.series, message.start, message.end) == ("1min", START, END)


def test_a_symbol_is_said_with_its_spans() -> None:
    message = symbol_message(SymbolStatus("A", "1day", (DAY,), 7, False))
    assert (message.symbol, message.bars, message.final) == ("A", 7, False)
    assert message.spans == [SpanMessage(START, END)]


def test_a_report_is_said_with_its_span() -> None:
    report = QualityReport(9, (Finding("spike", DAY.start, "x"),), (Gap(DAY, 3, None),))
    message = verified(SpanReport("A", Series.DAY, DAY, report))
    assert (message.symbol, message.series, message.start, message.end) == ("A", "1day", START, END)
    assert (message.report.sound, message.report.bars, message.report.missing) == (False, 9, 3)


def test_a_backfill_names_what_failed() -> None:
    task = series_query("A", Series.DAY, DAY)
    failure = TaskResult(task, 0, DataFetchError("down", status=502))
    answer = backfilled(BackfillCount(3, 20, (failure,)), MARKET)
    assert (answer.questions, answer.bars) == (3, 20)
    (failed,) = answer.failed
    assert (failed.question, failed.error) == ("A 2024-07-02", "down (HTTP 502)")
