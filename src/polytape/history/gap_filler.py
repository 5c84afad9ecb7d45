"""Stored series, made whole from upstream: decide (plan), then do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from polytape.history import plan, reader
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_fetcher import GapFetcher
from polytape.history.store_writer import StoreWriter
from polytape.history.workers import Workers
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.segment import DamagedSegmentError
from polytape.store.segments import SegmentStore
from polytape.upstream.source import Upstream


@dataclass
class GapFiller:
    """One store before one source; either may be absent. `now` gives microseconds UTC.

    `on_cache_hit` and `on_fetch` are called when that happens, for whoever counts it.
    """

    upstream: Upstream | None
    store: SegmentStore | None
    market: Market
    now: Callable[[], int]
    workers: Workers
    cache: BarsCache
    on_cache_hit: Callable[[], None] = lambda: None
    on_fetch: Callable[[Series], None] = lambda _: None

    def __post_init__(self) -> None:
        self.writer = None if self.store is None else StoreWriter(self.store, self.market)
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

    async def read(self, query: BarsQuery) -> reader.SeriesRead:
        """All bars of the query's series that start inside its span.

        Raises: errors of our tree; where the query allows a part, what is missing is named instead.
        """
        span = query.span
        cached = self.cache.beginning(query)
        if cached.span == span:
            self.on_cache_hit()
            return reader.SeriesRead(cached.bars)
        rest = query.over(Span(cached.span.end, span.end))
        final_before = self.market.final_before(self.now())
        try:
            made = await self._made(rest)
        except DamagedSegmentError:  # it is set aside now, and its spans are gaps like others
            made = await self._made(rest)
        bars = Bars.concat([cached.bars, made.bars])
        if not made.missing and not made.provisional:
            # Final is what was so before the fetch: a read takes time.
            final = span.until(final_before)
            self.cache.put(query.over(final), bars.within(final))
        return replace(made, bars=bars)

    async def _made(self, query: BarsQuery) -> reader.SeriesRead:
        """The bars without the cache: from the store, or the source, or both."""
        if self.upstream is None:
            now = self.now()
            read = partial(reader.read_without_source, self.store, query, self.market, now)
            return await self.workers.work(read)
        covered = await self.workers.work(partial(self._final, query)) if query.use_cache else []
        decision = plan.plan(
            query.span,
            query.series,
            covered,
            market=self.market,
            now=self.now(),
            earliest=self.upstream.bars.earliest(),
            whole_days=self.upstream.whole_days is not None,
        )
        match decision:
            case plan.Serve():
                return reader.SeriesRead(await self.workers.work(partial(self._stored, query)))
            case plan.FetchGaps(gaps):
                return await self._filled(query, gaps)
            case _:
                assert_never(decision)

    async def _filled(self, query: BarsQuery, gaps: tuple[Span, ...]) -> reader.SeriesRead:
        """The gaps from the source, everything else from the store."""
        fetched = await self._fetcher.fetch(query, gaps)
        others = (*SpanSet.of(gaps).gaps(query.span), *fetched.missing)
        stored = [await self.workers.work(partial(self._stored, query.over(o))) for o in others]
        return replace(fetched, bars=Bars.concat([*stored, fetched.bars]).tidy())

    def _final(self, query: BarsQuery) -> list[Span]:
        """The spans of a query that are covered for good."""
        if self.store is None:
            return []
        slices = self.store.coverage(query.symbol, query.series, query.span)
        return [part.span for part in slices if part.coverage.final]

    def _stored(self, query: BarsQuery) -> Bars:
        if self.store is None:
            return Bars.empty()
        return self.store.read(query.symbol, query.series, query.span)
