"""Whole days of the whole market: fetched, and stored once for all symbols."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from polytape.history.bars_cache import BarsCache
from polytape.history.single_flight import SingleFlight
from polytape.history.store_writer import StoreWriteError, StoreWriter
from polytape.history.workers import Workers
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.spans import SpanSet
from polytape.model.timeframes import Series
from polytape.upstream.budget.spender import may_spend
from polytape.upstream.source import DaySource, SourceBars


@dataclass
class DayFetcher:
    """Without a writer days are fetched and not stored. `now` gives microseconds UTC."""

    writer: StoreWriter | None
    market: Market
    now: Callable[[], int]
    workers: Workers
    cache: BarsCache
    _flights: SingleFlight[MarketBars | None] = field(default_factory=SingleFlight)
    _stored: set[tuple[Series, date]] = field(default_factory=set)

    async def fetch(
        self, series: Series, day: date, source: DaySource, *, background: bool = True
    ) -> MarketBars | None:
        """Fetch a day of every symbol and store it; None where the source has no such day. Who
        waits for it in the foreground has it though it could not be stored.

        Raises: errors of our tree.
        """
        fetched_at = self.now()
        run = self.workers.background if background else self.workers.foreground
        market = await run(partial(source.market_day, series, day, background=background))
        if market is None:
            return None
        span = self.market.day_span(day)
        if self.writer is not None:
            symbols = None if source.covers_unlisted else tuple(market.places)
            past = SpanSet.of([span.until(fetched_at)])
            write = partial(self.writer.write, series, symbols, past, market, fetched_at)
            try:
                await self.workers.work(write)
            except StoreWriteError:
                if background:
                    raise
                return market
        self.cache.drop(series, span)
        await self.workers.work(partial(source.mark_stored, series, day))
        return market

    async def store_day_of(self, query: BarsQuery, answer: SourceBars, source: DaySource) -> bool:
        """Store all of the day that the answer to a query was cut out of, once for all symbols.
        Whether that is done: not for a provisional answer, nor for a day that is not over.
        """
        if answer.provisional:
            return False
        day = self.market.date_of(query.span.start)
        if (query.series, day) in self._stored and query.use_cache:
            return True
        fetch = partial(self.fetch, query.series, day, source)
        stored = await self._flights.once((query.series, day, may_spend()), fetch)
        end = self.market.day_span(day).end
        if stored is None or end > self.now():
            return False
        if end <= self.market.final_before(self.now()):
            self._stored.add((query.series, day))
        return True
