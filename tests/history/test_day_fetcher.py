"""Whole days of the whole market: stored once for all symbols, and told to the source."""

import asyncio
from collections.abc import Iterable
from datetime import date

from polytape.history.bars_cache import BarsCache
from polytape.history.day_fetcher import DayFetcher
from polytape.history.gap_filler import GapFiller
from polytape.history.store_writer import StoreWriter
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery, series_query
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars, Upstream
from tests.conftest import MARKET, day_span, flat_bars
from tests.history.scene import JULY, AtOnce, at
from tests.store.bars import memory

NOON = at("2024-07-15 12:00")


class Files:
    """A bucket: symbols are cut out of whole days. A and B have a bar at each midnight."""

    checks_splits, reads_whole_days, requests_per_day, unit = False, True, 0, "files"

    def __init__(self, *, covers_unlisted: bool = True) -> None:
        self.covers_unlisted = covers_unlisted
        self.days: list[date] = []
        self.stored: list[tuple[Series, date]] = []
        self.backgrounds: list[bool] = []
        self.absent: set[date] = set()

    def upstream(self) -> Upstream:
        return Upstream("files", self, self, days=self)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        day = MARKET.date_of(query.span.start)
        late = (query.span,) if day in self.absent else ()
        stamps = [] if late or query.symbol not in "AB" else [MARKET.midnight(day)]
        return SourceBars(flat_bars(stamps).within(query.span), provisional=late)

    def last_bar(self, symbol: str) -> Bars:
        return Bars.empty()

    def has_day(self, series: Series, day: date) -> bool:
        return day not in self.absent

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        self.days.append(day)
        self.backgrounds.append(background)
        midnight = flat_bars([MARKET.midnight(day)])
        return None if day in self.absent else MarketBars.of({"A": midnight, "B": midnight})

    def mark_stored(self, series: Series, day: date) -> None:
        self.stored.append((series, day))

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:
        return []

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return None

    cached_splits = splits

    def find(self, symbol: str) -> SymbolInfo | None:
        return SymbolInfo(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return []

    def forget(self) -> None:
        """Nothing is cached."""


def fetcher(store: SegmentStore | None, now: int = NOON) -> DayFetcher:
    writer = None if store is None else StoreWriter(store, MARKET)
    return DayFetcher(writer, MARKET, lambda: now, AtOnce(), BarsCache(10**6))


async def test_a_day_is_stored_and_the_source_is_told() -> None:
    for covers_unlisted in (True, False):
        store = SegmentStore(memory(), "files", MARKET)
        source = Files(covers_unlisted=covers_unlisted)
        market = await fetcher(store).fetch(Series.MINUTE, JULY[0], source)
        assert market is not None
        assert list(market.places) == ["A", "B"]
        assert source.stored == [(Series.MINUTE, JULY[0])]
        assert source.backgrounds == [True]
        assert [part.span for part in store.coverage("A", Series.MINUTE)] == [day_span(JULY[0])]
        # Only where the source says so does a symbol that is not among the bars have none.
        assert len(store.coverage("Z", Series.MINUTE)) == covers_unlisted


async def test_a_day_that_is_not_over_is_covered_up_to_the_fetch() -> None:
    store = SegmentStore(memory(), "files", MARKET)
    now = at("2024-07-01 12:00")
    await fetcher(store, now).fetch(Series.MINUTE, JULY[0], Files(), background=False)
    (part,) = store.coverage("A", Series.MINUTE)
    assert (part.span.start, part.span.end) == (day_span(JULY[0]).start, now)


async def test_without_a_store_a_day_is_given_all_the_same() -> None:
    source = Files()
    assert await fetcher(None).fetch(Series.DAY, JULY[0], source, background=False) is not None
    assert source.backgrounds == [False]


async def test_a_day_that_the_source_does_not_have_is_none() -> None:
    store, source = SegmentStore(memory(), "files", MARKET), Files()
    source.absent = {JULY[0]}
    assert await fetcher(store).fetch(Series.DAY, JULY[0], source) is None
    assert source.stored == []
    assert store.catalog.series() == []


async def test_what_was_cached_of_the_day_is_dropped() -> None:
    days = fetcher(None)
    query = series_query("A", Series.DAY, day_span(JULY[0]))
    days.cache.put(query, flat_bars([]))
    await days.fetch(Series.DAY, JULY[0], Files())
    assert len(days.cache) == 0


async def test_a_day_is_read_once_for_all_symbols() -> None:
    store, source = SegmentStore(memory(), "files", MARKET), Files()
    cache = BarsCache(10**6)
    filler = GapFiller(source.upstream(), store, MARKET, lambda: NOON, AtOnce(), cache)
    span = day_span(JULY[0], JULY[1])
    reads = [filler.read(series_query(s, Series.MINUTE, span)) for s in ("A", "B", "Z")]
    counts = [len(read.bars) for read in await asyncio.gather(*reads)]
    assert counts == [2, 2, 0]
    assert source.days == JULY[:2]
    fresh = series_query("A", Series.MINUTE, day_span(JULY[0]), use_cache=False)
    await filler.read(fresh)
    assert source.days == [*JULY[:2], JULY[0]]  # wanted anew
    filler.close()
    store.close()


async def test_a_day_whose_file_may_still_come_is_not_stored() -> None:
    store, source = SegmentStore(memory(), "files", MARKET), Files()
    source.absent = {JULY[1]}
    cache = BarsCache(10**6)
    filler = GapFiller(source.upstream(), store, MARKET, lambda: NOON, AtOnce(), cache)
    query = series_query("A", Series.MINUTE, day_span(JULY[0], JULY[1]))
    read = await filler.read(query)
    assert (len(read.bars), read.provisional) == (1, True)
    assert [part.span for part in store.coverage("A", Series.MINUTE)] == [day_span(JULY[0])]
    source.absent = set()
    read = await filler.read(query)
    assert (len(read.bars), read.provisional) == (2, False)
    assert source.days == JULY[:2]
    filler.close()
    store.close()
