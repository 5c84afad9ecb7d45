"""Stored bars made whole: asked once, kept whole, never claimed where they are not."""

import asyncio
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from polytape.errors import DataFetchError, IncompleteDataError, NotFoundError
from polytape.gateway.service import Desk
from polytape.history.backfill import backfill, questions
from polytape.history.status import (
    doubtful_days,
    series_status,
    symbol_status,
    verify,
)
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span, SpanSet
from polytape.model.splits import Split
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import FolderStorage, open_storage
from polytape.store.coverage import Coverage
from polytape.store.reference import SPLITS, Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.source import Local, SourceBars
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import day_span as days


class Counting(Local):
    """A made-up market that counts what it is asked and fails where it is told to."""

    def __init__(self, inner: Synthetic) -> None:
        self.inner = inner
        self.name, self.made_up = inner.name, True
        self.asked: list[tuple[str, Series, Span]] = []
        self.broken: SpanSet = SpanSet()

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False
    ) -> SourceBars:
        self.asked.append((symbol, series, span))
        if self.broken.intersection(SpanSet.of([span])):
            raise DataFetchError("the vendor is down")
        return self.inner.bars(symbol, series, span)

    def last_bar(self, symbol: str) -> Bars:
        return self.inner.last_bar(symbol)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return self.inner.splits(symbol)

    def find(self, symbol: str) -> SymbolInfo | None:
        return self.inner.find(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return self.inner.search(query, active_only=active_only)


class Scene:
    """A desk over a counting source and a store, at a time that can be moved."""

    def __init__(self, place: object = None) -> None:
        self.now = parse_instant("2024-07-15 12:00 America/New_York", "now")
        self.source = Counting(Synthetic(xnys(), lambda: self.now))
        self.storage = open_storage("memory") if place is None else place
        self.desk = self.open(self.source)

    def open(self, source: Counting | None) -> Desk:
        store = SegmentStore(self.storage, "synthetic/0")  # type: ignore[arg-type]
        return Desk(source, xnys(), lambda: self.now, Budget.of(100, 1.0), store)

    async def ask(self, first: date, last: date, **how: bool) -> Bars:
        question = BarsQuery("AAPL", Timeframe.MIN_1, days(first, last), adjusted=False)
        return (await self.desk.bars(question, **how)).bars

    def truth(self, first: date, last: date) -> Bars:
        return self.source.inner.bars("AAPL", Series.MINUTE, days(first, last)).bars


JULY = [date(2024, 7, day) for day in range(1, 15)]


async def test_a_question_once_answered_is_not_asked_again_not_even_by_another_gateway() -> None:
    scene = Scene()
    first = await scene.ask(JULY[0], JULY[4])
    assert first.same(scene.truth(JULY[0], JULY[4]))
    asked = len(scene.source.asked)
    assert (await scene.ask(JULY[1], JULY[3])).same(scene.truth(JULY[1], JULY[3]))
    other = scene.open(scene.source)
    question = BarsQuery("AAPL", Timeframe.MIN_15, days(JULY[0], JULY[4]))
    assert len((await other.bars(question)).bars) > 200
    assert len(scene.source.asked) == asked == 1
    other.close()
    scene.desk.close()


async def test_a_repeated_question_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await scene.ask(JULY[0], JULY[4])
    monkeypatch.setattr(SegmentStore, "read", None)
    monkeypatch.setattr(SegmentStore, "coverage", None)
    assert (await scene.ask(JULY[0], JULY[4])).same(scene.truth(JULY[0], JULY[4]))
    scene.desk.close()


async def test_only_the_gap_is_asked_for() -> None:
    scene = Scene()
    await scene.ask(JULY[0], JULY[1])
    await scene.ask(JULY[0], JULY[4])
    assert [span for _, _, span in scene.source.asked] == [
        days(JULY[0], JULY[1]), days(JULY[2], JULY[4])
    ]  # fmt: skip
    scene.desk.close()


async def test_what_is_not_final_is_asked_again_until_it_is() -> None:
    scene = Scene()
    await scene.ask(JULY[11], date(2024, 7, 15))
    await scene.ask(JULY[11], date(2024, 7, 15))
    today = days(date(2024, 7, 15))
    assert scene.source.asked[1][2] == Span(today.start, scene.now)
    scene.now = parse_instant("2024-07-16 11:00 America/New_York", "now")
    scene.desk.kept.clear()
    await scene.ask(JULY[11], date(2024, 7, 15))
    assert len(scene.source.asked) == 3
    assert (await scene.ask(JULY[11], date(2024, 7, 15))).same(
        scene.truth(JULY[11], date(2024, 7, 15))
    )
    assert len(scene.source.asked) == 3
    scene.desk.close()


async def test_use_cache_false_asks_and_overwrites() -> None:
    scene = Scene()
    await scene.ask(JULY[0], JULY[1])
    lie = Bars.of([days(JULY[0]).start], [1], [1], [1], [1], [1])
    assert scene.desk.store is not None
    cover = Coverage("AAPL", days(JULY[0], JULY[1]), scene.now - 1, True)
    scene.desk.store.write(Series.MINUTE, MarketBars.of({"AAPL": lie}), [cover])
    fresh = await scene.ask(JULY[0], JULY[1], use_cache=False)
    assert fresh.same(scene.truth(JULY[0], JULY[1]))
    scene.desk.kept.clear()
    assert (await scene.ask(JULY[0], JULY[1])).same(fresh)
    scene.desk.close()


async def test_a_failure_names_the_missing_span_and_keeps_what_arrived() -> None:
    scene = Scene()
    await scene.ask(JULY[2], JULY[2])
    scene.source.broken = SpanSet.of([days(JULY[4])])
    with pytest.raises(DataFetchError, match=r"vendor is down; missing: \[2024-07-05T04:00"):
        await scene.ask(JULY[1], JULY[4])
    asked = len(scene.source.asked)
    answer = await scene.desk.bars(
        BarsQuery("AAPL", Timeframe.MIN_1, days(JULY[1], JULY[4])), allow_partial=True
    )
    assert [gap.start for gap in answer.metadata.missing] == ["2024-07-05T04:00:00Z"]
    assert answer.bars.same(scene.truth(JULY[1], JULY[2]))
    assert len(scene.source.asked) == asked + 1  # July 2 was kept though the question failed
    scene.source.broken = SpanSet()
    assert (await scene.ask(JULY[1], JULY[4])).same(scene.truth(JULY[1], JULY[4]))
    scene.desk.close()


async def test_a_store_alone_serves_what_it_has_and_refuses_the_rest() -> None:
    scene = Scene()
    await scene.ask(JULY[1], JULY[1])
    scene.desk.close()
    alone = scene.open(None)
    held = BarsQuery("AAPL", Timeframe.MIN_5, days(JULY[1]))
    assert len((await alone.bars(held)).bars) > 100
    more = BarsQuery("AAPL", Timeframe.MIN_5, days(JULY[1], JULY[2]))
    with pytest.raises(IncompleteDataError, match="not in the store"):
        await alone.bars(more)
    part = await alone.bars(more, allow_partial=True)
    assert [gap.start for gap in part.metadata.missing] == ["2024-07-03T04:00:00Z"]
    assert part.metadata.source == "synthetic/0"
    assert part.metadata.made_up is True
    day = await alone.bars(BarsQuery("AAPL", Timeframe.DAY, days(JULY[1])))
    assert len(day.bars) == 1
    assert "made from minutes" in day.metadata.notes[0]
    assert (await alone.latest("AAPL")).price > 0
    with pytest.raises(NotFoundError):
        await alone.bars(BarsQuery("NOPE", Timeframe.DAY, days(JULY[1])))
    alone.close()


async def test_a_disk_that_cannot_be_written_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(FolderStorage(tmp_path))
    await scene.ask(JULY[0], JULY[1])

    def full(self: FolderStorage, name: str, write: object) -> int:
        raise DataFetchError(f"{self.root / name}: the disk is full")

    monkeypatch.setattr(FolderStorage, "put", full)
    with pytest.raises(DataFetchError, match="the disk is full"):
        await scene.ask(JULY[3], JULY[4])
    assert (await scene.ask(JULY[0], JULY[1])).same(scene.truth(JULY[0], JULY[1]))
    scene.desk.close()


async def test_small_segments_are_compacted_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.history.gap_filler.PILE", 4)
    scene = Scene(FolderStorage(tmp_path))
    for day in (JULY[0], JULY[1], JULY[2], JULY[4], JULY[7]):
        await scene.ask(day, day)
    scene.desk.close()  # waits for it
    assert len(list(tmp_path.rglob("*.parquet"))) < 5
    again = scene.open(None)
    question = BarsQuery("AAPL", Timeframe.MIN_1, days(JULY[0], JULY[2]), adjusted=False)
    assert (await again.bars(question)).bars.same(scene.truth(JULY[0], JULY[2]))
    again.close()


async def test_a_backfill_goes_on_where_it_stopped(market: Market) -> None:
    scene = Scene()
    filler, span = scene.desk.filler, days(date(2024, 1, 1), date(2024, 6, 28))
    asked = questions(filler, ["AAPL", "MSFT"], Series.MINUTE, span, scene.now)
    assert len(asked) == 6
    done = 0
    async for _ in backfill(filler, asked, Series.MINUTE):
        done += 1
        if done == 2:
            break
    left = questions(filler, ["AAPL", "MSFT"], Series.MINUTE, span, scene.now)
    assert 0 < len(left) <= 4  # those under way when it stopped may have been kept
    async for told in backfill(filler, left, Series.MINUTE):
        assert told.error is None
    assert questions(filler, ["AAPL", "MSFT"], Series.MINUTE, span, scene.now) == []
    store = scene.desk.must_store()
    (row,) = series_status(store)
    assert (row.series, row.symbols) == ("1min", 2)
    (one,) = symbol_status(store, ["AAPL"], market)
    assert (len(one.spans), one.final) == (1, True)
    scene.desk.close()


async def test_verify_finds_what_is_wrong_and_repair_mends_it(market: Market) -> None:
    scene = Scene()
    truth = await scene.ask(JULY[0], JULY[2])
    store = scene.desk.must_store()
    spoiled = truth.take(np.arange(len(truth)) != 500)
    spoiled.high[700] *= 3
    cover = Coverage("AAPL", days(JULY[0], JULY[2]), scene.now + 1, True)
    store.write(Series.MINUTE, MarketBars.of({"AAPL": spoiled}), [cover])
    scene.now += 10
    (told,) = verify(store, ["AAPL"], days(JULY[0], JULY[4]), market=market, today=JULY[13])
    assert told.report.counts() == {"spike": 1}
    assert told.report.unexplained_missing == 1
    for day in doubtful_days(told):
        await scene.desk.filler.base("AAPL", Series.MINUTE, day, use_cache=False)
    (mended,) = verify(store, ["AAPL"], days(JULY[0], JULY[4]), market=market, today=JULY[13])
    assert mended.report.sound
    assert store.read("AAPL", Series.MINUTE, days(JULY[0], JULY[2])).same(truth)
    scene.desk.close()


def test_reference_data_comes_back_with_the_time_it_was_read() -> None:
    reference = Reference(open_storage("memory"))
    assert reference.splits("AAPL") is None
    assert reference.symbols() == {}
    split = Split(date(2014, 6, 9), "AAPL", 1.0, 7.0)
    reference.put_splits([split, split], read_at=5)
    assert reference.splits("AAPL") == (split,)
    assert reference.splits("MSFT") == ()
    assert reference.read_at(SPLITS) == 5
    infos = [SymbolInfo("AAPL", "Apple Inc.", "CS", "XNAS"), SymbolInfo("OLD", active=False)]
    reference.put_symbols(infos, read_at=6)
    assert list(reference.symbols().values()) == infos


class FillMachine(RuleBasedStateMachine):
    """Questions, failures and passing time: every answer is the truth or an error."""

    @initialize()
    def start(self) -> None:
        self.scene = Scene()
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.scene.desk.close()
            self.loop.close()

    @rule(first=st.integers(0, 13), length=st.integers(0, 4), fresh=st.booleans())
    def ask(self, first: int, length: int, fresh: bool) -> None:
        last = min(first + length, 13)
        asking = self.scene.ask(JULY[first], JULY[last], use_cache=not fresh)
        try:
            bars = self.loop.run_until_complete(asking)
        except DataFetchError:
            assert self.scene.source.broken
        else:
            assert bars.same(self.scene.truth(JULY[first], JULY[last]))

    @rule(day=st.integers(0, 13))
    def breaks(self, day: int) -> None:
        self.scene.source.broken = SpanSet.of([days(JULY[day])])

    @rule()
    def heals(self) -> None:
        self.scene.source.broken = SpanSet()

    @rule(hours=st.integers(1, 40))
    def passes(self, hours: int) -> None:
        self.scene.now += hours * 3_600_000_000

    @rule()
    def forgets(self) -> None:
        self.scene.desk.kept.clear()

    @rule(day=st.integers(0, 13))
    def claims_only_what_it_holds(self, day: int) -> None:
        store = self.scene.desk.must_store()
        for piece in store.coverage("AAPL", Series.MINUTE, days(JULY[day])):
            if piece.cover.final:
                truth = self.scene.truth(JULY[day], JULY[day]).within(piece.span)
                assert store.read("AAPL", Series.MINUTE, piece.span).same(truth)


TestFill = FillMachine.TestCase
TestFill.settings = settings(max_examples=12, stateful_step_count=15)
