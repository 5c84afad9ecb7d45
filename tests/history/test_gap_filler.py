"""Stored bars made whole: fetched once, stored whole, never claimed where they are not."""

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from polytape.errors import DataFetchError, IncompleteDataError, NotFoundError
from polytape.gateway.symbols import SymbolsService
from polytape.history.backfill import run_tasks
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_filler import GapFiller
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series, Timeframe
from polytape.net.atomic_file import Write
from polytape.net.storage import FolderStorage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.conftest import day_span as days
from tests.history.scene import JULY, AtOnce, Scene, at
from tests.store.bars import write


async def test_what_was_fetched_once_is_not_fetched_again_not_even_by_another_gateway() -> None:
    scene = Scene()
    first = await scene.fetch(JULY[0], JULY[4])
    assert first.same(scene.truth(JULY[0], JULY[4]))
    assert (await scene.fetch(JULY[1], JULY[3])).same(scene.truth(JULY[1], JULY[3]))
    _, other = scene.open(scene.source.upstream())
    query = BarsQuery("AAPL", Timeframe.MIN_15, days(JULY[0], JULY[4]))
    assert len((await other.bars(query)).bars) > 200
    assert len(scene.source.queries) == 1
    scene.close()


async def test_a_repeated_query_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[4])
    monkeypatch.setattr(SegmentStore, "read", None)
    monkeypatch.setattr(SegmentStore, "coverage", None)
    assert (await scene.fetch(JULY[0], JULY[4])).same(scene.truth(JULY[0], JULY[4]))
    scene.close()


async def test_only_the_gap_is_fetched() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    await scene.fetch(JULY[0], JULY[4])
    assert scene.fetched() == [days(JULY[0], JULY[1]), days(JULY[2], JULY[4])]
    scene.close()


async def test_what_is_not_final_is_fetched_again_until_it_is() -> None:
    scene = Scene()
    await scene.fetch(JULY[11], date(2024, 7, 15))
    await scene.fetch(JULY[11], date(2024, 7, 15))
    today = days(date(2024, 7, 15))
    assert scene.fetched()[1] == Span(today.start, scene.now)
    scene.now = at("2024-07-16 11:00")
    scene.filler.cache.clear()
    await scene.fetch(JULY[11], date(2024, 7, 15))
    assert len(scene.source.queries) == 3
    assert (await scene.fetch(JULY[11], date(2024, 7, 15))).same(
        scene.truth(JULY[11], date(2024, 7, 15))
    )
    assert len(scene.source.queries) == 3
    scene.close()


async def test_use_cache_false_fetches_and_overwrites() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    lie = Bars.of([days(JULY[0]).start], [1], [1], [1], [1], [1])
    write(scene.store, "AAPL", lie, days(JULY[0], JULY[1]), scene.now - 1)
    fresh = await scene.fetch(JULY[0], JULY[1], use_cache=False)
    assert fresh.same(scene.truth(JULY[0], JULY[1]))
    scene.filler.cache.clear()
    assert (await scene.fetch(JULY[0], JULY[1])).same(fresh)
    scene.close()


async def test_a_failure_names_the_missing_span_and_stores_what_arrived() -> None:
    scene = Scene()
    await scene.fetch(JULY[2], JULY[2])
    scene.source.broken = SpanSet.of([days(JULY[4])])
    with pytest.raises(DataFetchError, match=r"vendor is down; missing: \[2024-07-05T04:00"):
        await scene.fetch(JULY[1], JULY[4])
    fetches = len(scene.source.queries)
    span = days(JULY[1], JULY[4])
    answer = await scene.service.bars(BarsQuery("AAPL", Timeframe.MIN_1, span, allow_partial=True))
    assert [gap.start for gap in answer.metadata.missing] == ["2024-07-05T04:00:00Z"]
    assert answer.bars.same(scene.truth(JULY[1], JULY[2]))
    assert len(scene.source.queries) == fetches + 1  # July 2 was stored though the query failed
    scene.source.broken = SpanSet()
    assert (await scene.fetch(JULY[1], JULY[4])).same(scene.truth(JULY[1], JULY[4]))
    scene.close()


async def test_a_store_alone_serves_what_it_has_and_refuses_the_rest() -> None:
    scene = Scene()
    await scene.fetch(JULY[1], JULY[1])
    scene.close()
    store, alone = scene.open(None)
    stored = BarsQuery("AAPL", Timeframe.MIN_5, days(JULY[1]))
    assert len((await alone.bars(stored)).bars) > 100
    more = stored.over(days(JULY[1], JULY[2]))
    with pytest.raises(IncompleteDataError, match="not in the store"):
        await alone.bars(more)
    part = await alone.bars(
        BarsQuery("AAPL", Timeframe.MIN_5, days(JULY[1], JULY[2]), allow_partial=True)
    )
    assert [gap.start for gap in part.metadata.missing] == ["2024-07-03T04:00:00Z"]
    assert part.metadata.source == "synthetic/0"
    assert part.metadata.made_up is True
    day = await alone.bars(BarsQuery("AAPL", Timeframe.DAY, days(JULY[1])))
    assert len(day.bars) == 1
    assert "made from minutes" in day.metadata.notes[0]
    assert (await SymbolsService(alone, lambda: scene.now).latest("AAPL")).price > 0
    with pytest.raises(NotFoundError):
        await alone.bars(BarsQuery("NOPE", Timeframe.DAY, days(JULY[1])))
    store.close()


async def test_days_made_from_minutes_are_not_cached_as_final() -> None:
    """Official ones may come into the store later."""
    scene = Scene()
    await scene.fetch(JULY[1], JULY[1])
    store, alone = scene.open(None)
    query = BarsQuery("AAPL", Timeframe.DAY, days(JULY[1]), adjusted=False)
    assert (await alone.bars(query)).metadata.notes
    official = scene.truth(JULY[1], JULY[1], series=Series.DAY)
    write(store, "AAPL", official, days(JULY[1]), scene.now, series=Series.DAY)
    answer = await alone.bars(query)
    assert answer.bars.same(official)
    assert answer.metadata.notes == []
    scene.close()
    store.close()


class Filling(FolderStorage):
    """A folder on a disk that can be full."""

    full: ClassVar[bool] = False

    def put(self, name: str, write: Write) -> int:
        if type(self).full:
            raise DataFetchError(f"{self.root / name}: the disk is full")
        return super().put(name, write)


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(Filling(tmp_path))
    yield scene
    Filling.full = False
    scene.close()


async def test_a_full_disk_takes_bars_in_hand_from_nobody(
    filling: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """They are answered with a note, counted, and not covered; the log says so once."""
    failures: list[str] = []
    filling.filler.on_write_failure = lambda: failures.append("one")
    await filling.fetch(JULY[0], JULY[0])
    Filling.full = True
    for day in (JULY[1], JULY[2]):
        query = BarsQuery("AAPL", Timeframe.MIN_1, days(day), adjusted=False)
        result = await filling.service.bars(query)
        assert result.bars.same(filling.truth(day, day))
        (note,) = result.metadata.notes
        assert note.startswith("what was fetched could not be stored, and is fetched again another")
        assert note.endswith("the disk is full")
    assert (len(failures), caplog.text.count("the store cannot be written")) == (2, 1)
    covered = [part.span for part in filling.store.coverage("AAPL", Series.MINUTE)]
    assert covered == [days(JULY[0])]
    assert (await filling.fetch(JULY[0], JULY[0])).same(filling.truth(JULY[0], JULY[0]))
    # From memory the second time: a retry costs no request.
    before = len(filling.source.queries)
    await filling.fetch(JULY[1], JULY[1])
    assert len(filling.source.queries) == before
    Filling.full = False
    await filling.fetch(JULY[3], JULY[4])
    assert "the store can be written again" in caplog.text
    assert len(failures) == 2


async def test_a_backfill_is_there_to_store(filling: Scene) -> None:
    """On a full disk it fails, though the bars came; afterwards it does not take them from memory."""
    query = series_query("AAPL", Series.MINUTE, days(JULY[0]), background=True)
    Filling.full = True
    await filling.fetch(JULY[0], JULY[0])
    count = await run_tasks(filling.filler, [query])
    (failure,) = count.failed
    assert ("the disk is full" in str(failure.error), count.bars) == (True, 0)
    Filling.full = False
    count = await run_tasks(filling.filler, [query])
    assert (count.failed, count.bars) == ((), len(filling.truth(JULY[0], JULY[0])))
    assert [p.span for p in filling.store.coverage("AAPL", Series.MINUTE)] == [days(JULY[0])]


async def test_a_damaged_segment_is_a_gap_like_others(tmp_path: Path) -> None:
    scene = Scene(FolderStorage(tmp_path))
    await scene.fetch(JULY[0], JULY[1])
    (path,) = tmp_path.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)
    store, service = scene.open(scene.source.upstream())
    query = BarsQuery("AAPL", Timeframe.MIN_1, days(JULY[0], JULY[1]), adjusted=False)
    assert (await service.bars(query)).bars.same(scene.truth(JULY[0], JULY[1]))
    assert len(scene.source.queries) == 2
    assert len(list(tmp_path.rglob("*.damaged"))) == 1
    scene.close()
    store.close()


async def test_small_segments_are_compacted_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.history.store_writer.PILE", 4)
    scene = Scene(FolderStorage(tmp_path))
    for day in (JULY[0], JULY[1], JULY[2], JULY[4], JULY[7]):
        await scene.fetch(day, day)
    scene.close()  # waits for it
    assert len(list(tmp_path.rglob("*.parquet"))) < 5
    store, again = scene.open(None)
    query = BarsQuery("AAPL", Timeframe.MIN_1, days(JULY[0], JULY[2]), adjusted=False)
    assert (await again.bars(query)).bars.same(scene.truth(JULY[0], JULY[2]))
    store.close()


async def test_without_a_source_and_a_store_there_are_no_bars() -> None:
    filler = GapFiller(None, None, MARKET, lambda: 0, AtOnce(), BarsCache(10**6))
    assert not len((await filler.read(series_query("A", Series.DAY, days(JULY[0])))).bars)
    filler.close()


async def test_what_happens_is_reported_to_whoever_counts_it() -> None:
    scene = Scene()
    events: list[object] = []
    scene.filler.on_fetch = events.append
    scene.filler.on_cache_hit = lambda: events.append("hit")
    for _ in range(2):
        await scene.fetch(JULY[0], JULY[0])
    assert events == [Series.MINUTE, "hit"]
    scene.close()


class FillMachine(RuleBasedStateMachine):
    """Queries, failures and passing time: every answer is the truth or an error."""

    @initialize()
    def start(self) -> None:
        self.scene = Scene()
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            self.scene.close()
            self.loop.close()

    @rule(first=st.integers(0, 13), length=st.integers(0, 4), fresh=st.booleans())
    def fetch(self, first: int, length: int, fresh: bool) -> None:
        last = min(first + length, 13)
        fetch = self.scene.fetch(JULY[first], JULY[last], use_cache=not fresh)
        try:
            bars = self.loop.run_until_complete(fetch)
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
        self.scene.filler.cache.clear()

    @rule(day=st.integers(0, 13))
    def claims_only_what_it_has(self, day: int) -> None:
        for part in self.scene.store.coverage("AAPL", Series.MINUTE, days(JULY[day])):
            if part.coverage.final:
                truth = self.scene.truth(JULY[day], JULY[day]).within(part.span)
                assert self.scene.store.read("AAPL", Series.MINUTE, part.span).same(truth)


TestFill = FillMachine.TestCase
TestFill.settings = settings(max_examples=12, stateful_step_count=15)
