"""Live minutes into a store: only what is whole, as provisional."""

from collections.abc import Callable

import pytest

from polytape.errors import DataFetchError
from polytape.history.live_writer import WRITE_EVERY_US, LiveWriter
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import MinuteAggregate, Trade
from polytape.wire.polygon.topics import ALL, Topic

BELL = 1_795_530_600_000_000
AAPL, SPY, EVERY = Topic("AM", "AAPL"), Topic("AM", "SPY"), Topic("AM", ALL)


class Notebook:
    """A store writer that notes what it is given."""

    def __init__(self) -> None:
        self.written: list[tuple[tuple[str, ...] | None, Span, dict[str, list[int]]]] = []
        self.error: DataFetchError | None = None

    def write(
        self,
        series: Series,
        symbols: tuple[str, ...] | None,
        spans: SpanSet,
        market: MarketBars,
        fetched_at: int,
    ) -> None:
        assert series is Series.MINUTE
        assert fetched_at == BELL
        if self.error is not None:
            raise self.error
        bars = {symbol: list(bars.timestamp) for symbol, bars in market.by_symbol()}
        (span,) = spans.spans
        self.written.append((symbols, span, bars))


def writer_of(notebook: Notebook) -> LiveWriter:
    def submit(call: Callable[[], None]) -> None:
        call()

    return LiveWriter(notebook.write, lambda: BELL, submit)


def feed(writer: LiveWriter, first: int, last: int, *symbols: str) -> None:
    """The minutes of some symbols, and each time up to when they are complete."""
    for number in range(first, last):
        start = BELL + number * MINUTE_US
        writer.events([bar(symbol, start) for symbol in symbols])
        writer.notice("through", end=start + MINUTE_US)


def bar(symbol: str, start: int) -> MinuteAggregate:
    return MinuteAggregate(symbol, 10, 11, 9, 10.5, 100, start // 1_000, exact_volume="100.25")


def minutes(first: int, last: int) -> list[int]:
    return [BELL + number * MINUTE_US for number in range(first, last)]


def test_minutes_are_written_some_at_a_time_from_the_first_whole_one_on() -> None:
    """The one in which the subscription began may not be whole."""
    notebook = Notebook()
    writer = writer_of(notebook)
    writer.want(frozenset({AAPL, Topic("T", "AAPL")}))
    writer.events([Trade("AAPL", 10.0, 1)])
    feed(writer, 0, 12, "AAPL")
    begin = BELL + 2 * MINUTE_US
    assert notebook.written == [
        (("AAPL",), Span(begin, begin + WRITE_EVERY_US), {"AAPL": minutes(2, 7)}),
        (("AAPL",), Span(begin + WRITE_EVERY_US, begin + 10 * MINUTE_US), {"AAPL": minutes(7, 12)}),
    ]


def test_a_gap_begins_anew() -> None:
    """What the store covers has no hole."""
    notebook = Notebook()
    writer = writer_of(notebook)
    writer.want(frozenset({AAPL}))
    feed(writer, 0, 5, "AAPL")
    writer.notice("gap", "the line is dead", start=BELL)
    feed(writer, 6, 14, "AAPL")
    ((_, span, _),) = notebook.written
    assert span.start == BELL + 8 * MINUTE_US


def test_the_whole_market_is_one_answer_for_all_symbols() -> None:
    """A symbol without a bar had none."""
    notebook = Notebook()
    writer = writer_of(notebook)
    writer.want(frozenset({EVERY}))
    feed(writer, 0, 7, "AAPL", "SPY")
    ((symbols, _, bars),) = notebook.written
    assert symbols is None
    assert bars == {"AAPL": minutes(2, 7), "SPY": minutes(2, 7)}


def test_a_quiet_symbol_is_covered_too() -> None:
    """That there was no bar is an answer."""
    notebook = Notebook()
    writer = writer_of(notebook)
    writer.want(frozenset({AAPL, SPY}))
    feed(writer, 0, 7, "AAPL")
    assert [(symbols, list(bars)) for symbols, _, bars in notebook.written] in (
        [(("AAPL",), ["AAPL"]), (("SPY",), [])],
        [(("SPY",), []), (("AAPL",), ["AAPL"])],
    )


def test_what_is_not_wanted_any_more_is_not_written() -> None:
    """And wanted again it begins anew."""
    notebook = Notebook()
    writer = writer_of(notebook)
    writer.want(frozenset({AAPL}))
    feed(writer, 0, 5, "AAPL")
    writer.want(frozenset())
    feed(writer, 5, 12, "AAPL")
    writer.want(frozenset({AAPL}))
    feed(writer, 12, 18, "AAPL")
    assert notebook.written == []


def test_a_store_that_cannot_be_written_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The stream goes on."""
    notebook = Notebook()
    notebook.error = DataFetchError("the disk is full")
    writer = writer_of(notebook)
    writer.want(frozenset({AAPL}))
    feed(writer, 0, 7, "AAPL")
    assert "live minutes of AAPL were not stored: the disk is full" in caplog.text
