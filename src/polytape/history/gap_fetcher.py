"""Gaps of one symbol: fetched from the source, and stored as far as it vouches for its answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from polytape import errors
from polytape.history import reader
from polytape.history.bars_cache import BarsCache
from polytape.history.day_fetcher import DayFetcher
from polytape.history.plan import bridged
from polytape.history.single_flight import SingleFlight
from polytape.history.store_writer import StoreWriter
from polytape.history.workers import Workers
from polytape.model import spans
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series
from polytape.upstream.source import SourceBars, Upstream

AT_ONCE = 4


@dataclass
class GapFetcher:
    """Several gaps at a time; of equal fetches in flight there is one. `now`: microseconds UTC.

    `days` fetches whole days; `on_fetch` is called with the series of each fetch.
    """

    upstream: Upstream | None
    writer: StoreWriter | None
    market: Market
    now: Callable[[], int]
    workers: Workers
    cache: BarsCache
    on_fetch: Callable[[Series], None] = lambda _: None
    flights: SingleFlight[SourceBars] = field(default_factory=SingleFlight)

    def __post_init__(self) -> None:
        self.days = DayFetcher(self.writer, self.market, self.now, self.workers, self.cache)

    async def fetch(self, query: BarsQuery, gaps: tuple[spans.Span, ...]) -> reader.SeriesRead:
        """The bars of a query inside some gaps, tidy; where the query allows a part, gaps that
        could not be fetched are `missing`.

        Raises: errors of our tree, naming the gaps that are missing for them.
        """
        room = asyncio.Semaphore(AT_ONCE)

        async def one(gap: spans.Span) -> SourceBars:
            async with room:
                key = (query.symbol, query.series, gap, query.background)
                return await self.flights.once(key, lambda: self._fetch(query.over(gap)))

        outcomes = await asyncio.gather(*map(one, gaps), return_exceptions=True)
        answers: list[SourceBars] = []
        failures: dict[spans.Span, errors.PolygonClientError] = {}
        for gap, outcome in zip(gaps, outcomes, strict=True):
            if isinstance(outcome, SourceBars):
                answers.append(outcome)
            elif isinstance(outcome, errors.PolygonClientError):
                failures[gap] = outcome
            else:
                raise outcome
        missing, first = tuple(failures), next(iter(failures.values()), None)
        partial_answer = query.allow_partial and isinstance(first, errors.DataFetchError)
        if first is not None and not partial_answer:
            raise _naming(missing, first)
        unheld = spans.SpanSet.of(gap for answer in answers for gap in answer.missing)
        absent = bridged(unheld, self.market)
        if absent and not query.allow_partial:
            raise self._incomplete(query, absent)
        return _joined(answers, (*missing, *absent))

    def _incomplete(
        self, query: BarsQuery, absent: tuple[spans.Span, ...]
    ) -> errors.IncompleteDataError:
        assert self.upstream is not None
        return errors.IncompleteDataError(
            f"{query.symbol} {query.series.value}: {self.upstream.name} has no "
            f"{reader.spans_text(absent)} (allow_partial=true gives what there is)"
        )

    async def _fetch(self, query: BarsQuery) -> SourceBars:
        assert self.upstream is not None
        self.on_fetch(query.series)
        fetched_at = self.now()
        run = self.workers.background if query.background else self.workers.foreground
        answer = await run(partial(self.upstream.bars.bars, query))
        days = self.upstream.whole_days
        if days is not None and await self.days.store_day_of(query, answer, days):
            return answer
        if self.writer is not None:
            store = partial(self.writer.store_answer, query, answer, fetched_at)
            await self.workers.work(store)
        return answer


def _joined(answers: list[SourceBars], missing: tuple[spans.Span, ...]) -> reader.SeriesRead:
    published = [answer.through for answer in answers if answer.through is not None]
    return reader.SeriesRead(
        Bars.concat(answer.bars for answer in answers).tidy(),
        tuple(dict.fromkeys(note for answer in answers for note in answer.notes)),
        missing,
        any(answer.provisional for answer in answers),
        min(published, default=None),
        tuple(day for answer in answers for day in answer.from_minutes),
    )


def _naming(
    missing: tuple[spans.Span, ...], error: errors.PolygonClientError
) -> errors.PolygonClientError:
    """The same error, saying which spans are missing for it."""
    named = isinstance(error, errors.NotFoundError) or "; missing: " in str(error)
    if isinstance(error, errors.DataFetchError) and not named:
        text = f"{error.detail}; missing: {reader.spans_text(missing)}"
        error.detail, error.args = text, (text,)
    return error
