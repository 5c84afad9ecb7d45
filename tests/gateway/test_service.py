"""What the gateway does, without HTTP."""

import asyncio
import threading
from collections.abc import Callable
from datetime import date

import pytest

from polytape.errors import ConfigurationError, DataFetchError, NotFoundError, ValidationError
from polytape.gateway.service import Desk
from polytape.history.bars_cache import ENTRY_BYTES, BarsCache, CachedSpan
from polytape.history.single_flight import SingleFlight
from polytape.model.instants import parse_instant
from polytape.model.newyork import midnight
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series, Timeframe
from polytape.upstream.source import Local, SourceBars
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import day_span, flat_bars

MakeDesk = Callable[[object], Desk]


class Scripted(Local):
    """A source that waits for leave, counts its questions and may fail."""

    name, made_up = "scripted", False

    def __init__(self) -> None:
        self.leave = threading.Event()
        self.asked: list[tuple[str, Series, Span]] = []
        self.error: Exception | None = None
        self.threads: set[str] = set()

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False
    ) -> SourceBars:
        self.asked.append((symbol, series, span))
        self.threads.add(threading.current_thread().name)
        assert self.leave.wait(10)
        if self.error:
            raise self.error
        return SourceBars(flat_bars([span.start]))

    def last_bar(self, symbol: str) -> object:
        return flat_bars([])

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return None

    def find(self, symbol: str) -> SymbolInfo | None:
        return SymbolInfo(symbol) if symbol == "X" else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return [SymbolInfo("X")]


QUESTION = BarsQuery("X", Timeframe.MIN_15, day_span(date(2024, 7, 2)))


async def until(condition: Callable[[], bool]) -> None:
    """Give way to others until something is so; the test's own timeout bounds it."""
    while not condition():
        await asyncio.sleep(0)


async def test_identical_questions_in_flight_are_asked_once(make_desk: MakeDesk) -> None:
    source = Scripted()
    desk = make_desk(source)
    tasks = [asyncio.create_task(desk.bars(QUESTION)) for _ in range(20)]
    await until(lambda: desk.filler.flights.joined == 19)
    source.leave.set()
    answers = await asyncio.gather(*tasks)
    assert len(source.asked) == 1
    assert all(answer.bars.same(answers[0].bars) for answer in answers)
    desk.close()


async def test_the_event_loop_goes_on_while_a_source_is_read(make_desk: MakeDesk) -> None:
    source = Scripted()
    desk = make_desk(source)
    task = asyncio.create_task(desk.bars(QUESTION))
    await until(lambda: len(source.asked) == 1)
    ticks = 0
    for _ in range(100):
        await asyncio.sleep(0)
        ticks += not task.done()
    assert ticks == 100
    source.leave.set()
    await task
    assert all(name.startswith("polytape-ask") for name in source.threads)
    desk.close()


async def test_five_and_fifteen_minutes_are_one_question_upstream(make_desk: MakeDesk) -> None:
    source = Scripted()
    source.leave.set()
    desk = make_desk(source)
    for timeframe in (Timeframe.MIN_1, Timeframe.MIN_5, Timeframe.MIN_15, Timeframe.MIN_240):
        await desk.bars(BarsQuery("X", timeframe, QUESTION.span, limit=3))
    assert len(source.asked) == 1
    assert desk.status().answered_from_memory == 3
    await desk.bars(QUESTION, use_cache=False)
    assert len(source.asked) == 2
    assert desk.clear("x") == 1
    await desk.bars(QUESTION)
    assert len(source.asked) == 3
    desk.close()


async def test_what_is_not_final_is_asked_again(make_desk: MakeDesk) -> None:
    source = Scripted()
    source.leave.set()
    desk = make_desk(source)
    today = BarsQuery("X", Timeframe.MIN_15, day_span(date(2026, 11, 20), date(2026, 11, 23)))
    for _ in range(2):
        await desk.bars(today)
    assert len(source.asked) == 2
    desk.close()


async def test_an_error_reaches_every_asker_and_is_not_kept(make_desk: MakeDesk) -> None:
    source = Scripted()
    source.error = DataFetchError("the disk is gone")
    desk = make_desk(source)
    tasks = [asyncio.create_task(desk.bars(QUESTION)) for _ in range(3)]
    await until(lambda: desk.filler.flights.joined == 2)
    source.leave.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, DataFetchError) for outcome in outcomes)
    source.error = None
    assert len((await desk.bars(QUESTION)).bars) == 1
    desk.close()


async def test_an_asker_that_leaves_does_not_take_the_answer_with_it(make_desk: MakeDesk) -> None:
    source = Scripted()
    desk = make_desk(source)
    first = asyncio.create_task(desk.bars(QUESTION))
    await until(lambda: len(source.asked) == 1)
    second = asyncio.create_task(desk.bars(QUESTION))
    await until(lambda: desk.filler.flights.joined == 1)
    first.cancel()
    source.leave.set()
    assert len((await second).bars) == 1
    assert len(source.asked) == 1
    desk.close()


async def test_prices_as_traded_are_called_so(make_desk: MakeDesk) -> None:
    source = Scripted()
    source.leave.set()
    desk = make_desk(source)
    told = (await desk.bars(QUESTION)).metadata
    assert told.adjusted is False
    assert "as traded" in told.notes[0]
    raw = BarsQuery("X", Timeframe.MIN_15, QUESTION.span, adjusted=False)
    assert (await desk.bars(raw)).metadata.notes == []
    desk.close()


async def test_what_was_read_before_it_was_final_is_not_kept_as_final(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read begins before 11:00 of the next trading day and ends after it."""
    source = Scripted()
    desk = make_desk(source)
    times = [parse_instant("2024-07-03 10:59:59 America/New_York", "at")]
    desk.now = desk.filler.now = lambda: times[-1]
    task = asyncio.create_task(desk.bars(QUESTION))
    await until(lambda: len(source.asked) == 1)
    times.append(parse_instant("2024-07-03 11:00:01 America/New_York", "at"))
    source.leave.set()
    await task
    await desk.bars(QUESTION)
    assert len(source.asked) == 2
    desk.close()


async def test_the_latest_price_is_in_todays_shares(make_desk: MakeDesk) -> None:
    source = Scripted()
    source.last_bar = lambda symbol: flat_bars([midnight(date(2024, 6, 5))], price=100.0)  # type: ignore[method-assign]
    source.splits = lambda symbol: (Split(date(2024, 6, 7), "X", 1, 4),)  # type: ignore[method-assign]
    desk = make_desk(source)
    assert (await desk.latest("X")).price == 25.0
    desk.close()


async def test_a_gateway_without_a_source_says_so(make_desk: MakeDesk) -> None:
    desk = make_desk(None)
    with pytest.raises(ConfigurationError, match="neither a source of bars nor a store"):
        await desk.bars(QUESTION)
    assert desk.status().source == "none"
    desk.close()


async def test_symbols(make_desk: MakeDesk, synthetic: Synthetic) -> None:
    desk = make_desk(synthetic)
    told = await desk.validate(["AAPL", "ZZZZZZ", "a/b"], detailed=True)
    assert told["AAPL"].name == "Apple Inc."
    assert (told["ZZZZZZ"].valid, told["a/b"].valid) == (False, False)
    assert "a ticker" in (told["a/b"].reason or "")
    with pytest.raises(ValidationError, match="at most 1000"):
        await desk.validate(["X"] * 1_001, detailed=False)
    with pytest.raises(ValidationError, match="query"):
        await desk.search(" ", active_only=True)
    with pytest.raises(NotFoundError):
        await make_desk(Scripted()).latest("X")
    assert (await desk.search("bancorp", active_only=True)).count == 100
    desk.close()


async def test_gaps_are_looked_for_up_to_now_and_from_what_the_limit_kept(
    make_desk: MakeDesk, synthetic: Synthetic
) -> None:
    desk = make_desk(synthetic)
    span = day_span(date(2026, 11, 20), date(2026, 11, 25))
    for limit in (None, 5):
        question = BarsQuery("AAPL", Timeframe.MIN_1, span, limit=limit)
        report = (await desk.bars(question, validate=True)).report
        assert report is not None
        assert report.sound
    desk.close()


def test_kept_bars_are_bounded_in_bytes() -> None:
    one = flat_bars(list(range(100)))
    kept = BarsCache((one.nbytes + ENTRY_BYTES) * 3)
    spans = [Span(n * 1_000, n * 1_000 + 100) for n in range(5)]

    def there(n: int) -> bool:
        return kept.beginning("X", Series.MINUTE, spans[n]).span == spans[n]

    for span in spans:
        kept.put("X", Series.MINUTE, CachedSpan(span, one))
    assert [(("X", Series.MINUTE, span) in kept._held) for span in spans] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert there(2)  # and is now the most recently used
    kept.put("X", Series.MINUTE, CachedSpan(spans[0], one))
    assert not there(3)
    assert kept.bytes == (one.nbytes + ENTRY_BYTES) * 3
    kept.put("X", Series.MINUTE, CachedSpan(spans[1], flat_bars(list(range(10_000)))))
    assert not there(1)
    assert kept.clear("Y") == 0
    assert kept.clear() == 3
    assert kept.bytes == 0


def test_kept_bars_give_the_beginning_of_a_span_as_far_as_they_go() -> None:
    kept = BarsCache(10_000)
    kept.put("X", Series.DAY, CachedSpan(Span(10, 20), flat_bars([10, 15])))
    found = kept.beginning("X", Series.DAY, Span(12, 30))
    assert (found.span, found.bars.timestamp.tolist()) == (Span(12, 20), [15])
    assert not kept.beginning("X", Series.DAY, Span(5, 30)).span
    assert not kept.beginning("X", Series.MINUTE, Span(12, 30)).span
    kept.put("X", Series.DAY, CachedSpan(Span(5, 25), flat_bars([10, 15, 22])))
    assert len(kept) == 1


async def test_a_flight_lands_and_the_next_one_starts() -> None:
    flights = SingleFlight[int]()
    calls = 0

    async def call() -> int:
        nonlocal calls
        calls += 1
        return calls

    assert await flights.once("k", call) == 1
    assert await flights.once("k", call) == 2
    assert flights._running == {}
