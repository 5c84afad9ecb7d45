"""Stored series, made whole from upstream: decide (plan), then do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, assert_never

from polytape.history import plan, reader
from polytape.history.bars_cache import BarsCache, nothing_of
from polytape.history.empty_days import LOOK_AGAIN_US
from polytape.history.gap_fetcher import GapFetcher
from polytape.history.store_writer import StoreWriter
from polytape.history.workers import Workers
from polytape.model.answer_size import most_series_bars
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.footer import DamagedSegmentError
from polytape.store.segments import FolderTokens, SegmentStore
from polytape.upstream.source import Upstream

T = TypeVar("T")
# A year of minutes, half of which trade.
MANY_BARS = 120_000


@dataclass
class GapFiller:
    """One store before one source; either may be absent. `now` gives microseconds UTC.

    `on_cache_hit`, `on_cache_miss`, `on_fetch` and `on_write_failure` are called when that happens,
    for whoever counts it.
    """

    upstream: Upstream | None
    store: SegmentStore | None
    market: Market
    now: Callable[[], int]
    workers: Workers
    cache: BarsCache
    on_cache_hit: Callable[[], None] = lambda: None
    on_cache_miss: Callable[[], None] = lambda: None
    on_fetch: Callable[[Series], None] = lambda _: None
    on_write_failure: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.writer = None
        if self.store is not None:
            self.writer = StoreWriter(self.store, self.market, self._count_write_failure, self.now)
        self._fetcher = GapFetcher(
            self.upstream,
            self.writer,
            self.market,
            self.now,
            self.workers,
            self.cache,
            lambda series: self.on_fetch(series),  # noqa: PLW0108 - whichever is set by then
        )
        self.days = self._fetcher.days

    @property
    def joined(self) -> int:
        """How many fetches joined an equal one in flight."""
        return self._fetcher.flights.joined

    def close(self) -> None:
        """End the background thread once a compaction under way is done."""
        if self.writer is not None:
            self.writer.close()

    def tokens(self, query: BarsQuery) -> FolderTokens | None:
        """How the store's folders of a query of the stored series are; None: they change now."""
        return () if self.store is None else self.store.tokens(query.series, query.span)

    def _count_write_failure(self) -> None:
        self.on_write_failure()

    async def read(self, query: BarsQuery) -> reader.SeriesRead:
        """All bars of the query's series that start inside its span.

        Raises: errors of our tree; where the query allows a part, what is missing is named instead.
        """
        span = query.span
        # What is in memory may not be in the store, where a backfill wants it.
        cached = nothing_of(query) if query.background else self.cache.beginning(query)
        if cached.span == span:
            self.on_cache_hit()
            return reader.SeriesRead(cached.bars)
        self.on_cache_miss()
        rest = query.over(Span(cached.span.end, span.end))
        tokens = self.tokens(query)
        final_before = self.market.final_before(self.now())
        try:
            made = await self._made(rest)
        except DamagedSegmentError:  # it is set aside now, and its spans are gaps like others
            made = await self._made(rest)

        def joined() -> Bars:
            bars = Bars.concat([cached.bars, made.bars])
            # A store that takes nothing changes by nobody.
            state = () if made.write_failure else tokens
            if state is not None and not made.missing and not made.provisional:
                # Final is what was so before the fetch: a read takes time.
                final = span.until(final_before)
                self.cache.put(query.over(final), bars.within(final), state)
            return bars

        return replace(made, bars=await self._apart(query, joined))

    async def _made(self, query: BarsQuery) -> reader.SeriesRead:
        """The bars without the cache: from the store, or the source, or both."""
        if self.upstream is None:
            now = self.now()
            read = partial(reader.read_without_source, self.store, query, self.market, now)
            return await self.run(query, read)
        covered, proven = list[Span](), True
        if query.use_cache:
            covered, proven = await self.workers.work(partial(self._covered, query))
        decide = partial(
            plan.plan,
            query.span,
            query.series,
            covered,
            market=self.market,
            now=self.now(),
            earliest=self.upstream.bars.earliest(),
            whole_days=self.upstream.whole_days is not None,
        )
        match await self._apart(query, decide):
            case plan.Serve():
                bars = await self.run(query, partial(self._stored, query))
                return reader.SeriesRead(bars, provisional=not proven)
            case plan.FetchGaps(gaps):
                filled = await self._filled(query, gaps)
                return replace(filled, provisional=filled.provisional or not proven)
            case never:
                assert_never(never)

    async def _filled(self, query: BarsQuery, gaps: tuple[Span, ...]) -> reader.SeriesRead:
        """The gaps from the source, everything else from the store."""
        fetched = await self._fetcher.fetch(query, gaps)
        others = (*SpanSet.of(gaps).gaps(query.span), *fetched.missing)
        stored = [await self.run(query, partial(self._stored, query.over(o))) for o in others]
        whole = partial(_tidy, [*stored, fetched.bars])
        return replace(fetched, bars=await self._apart(query, whole))

    async def run(self, query: BarsQuery, call: Callable[[], T]) -> T:
        """Run what reads or works on the bars of a query: those of long spans by threads of their
        own, so that short ones pass them.
        """
        return await (self.workers.heavy if self._many(query) else self.workers.work)(call)

    async def _apart(self, query: BarsQuery, call: Callable[[], T]) -> T:
        """Work on what is at hand: for a long span that takes long, and not on the event loop."""
        return await self.workers.heavy(call) if self._many(query) else call()

    def _many(self, query: BarsQuery) -> bool:
        return most_series_bars(query, self.market, self.now()) > MANY_BARS

    def _covered(self, query: BarsQuery) -> tuple[list[Span], bool]:
        """The spans of a query that need no fetch now, and whether they are covered for good: days
        without bars are looked at again, but not at once.
        """
        if self.store is None:
            return [], True
        slices = self.store.coverage(query.symbol, query.series, query.span)
        final = [part.span for part in slices if part.coverage.final]
        young = [
            part.span
            for part in slices
            if not part.coverage.final
            and part.coverage.fetched_at > self.now() - LOOK_AGAIN_US
            and part.span.end <= self.market.final_before(part.coverage.fetched_at)
        ]
        return final + young, not young

    def _stored(self, query: BarsQuery) -> Bars:
        if self.store is None:
            return Bars.empty()
        return self.store.read(query.symbol, query.series, query.span)


def _tidy(parts: list[Bars]) -> Bars:
    return Bars.concat(parts).tidy()
