"""Gaps of one symbol: fetched from the source, and stored as far as it vouches for its answer."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from polytape import errors
from polytape.history import reader
from polytape.history.bars_cache import BarsCache
from polytape.history.day_fetcher import DayFetcher
from polytape.history.empty_days import empty_runs
from polytape.history.lane import Lane
from polytape.history.plan import bridged
from polytape.history.single_flight import SingleFlight
from polytape.history.store_writer import StoreWriteError, StoreWriter
from polytape.history.workers import Workers
from polytape.model import spans
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series
from polytape.net.stages import stage
from polytape.upstream.budget.spender import may_spend
from polytape.upstream.source import SourceBars, Upstream

AT_ONCE = 4
NAMING = "; missing: "
UNSTORED = "what was fetched could not be stored, and is fetched again another time: {}"
# Fetches of all questions with more gaps than that, together: others find threads that are free.
LONG_AT_ONCE = 4


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
    _long: Lane = field(default_factory=lambda: Lane(LONG_AT_ONCE))

    def __post_init__(self) -> None:
        self.days = DayFetcher(self.writer, self.market, self.now, self.workers, self.cache)

    async def fetch(self, query: BarsQuery, gaps: tuple[spans.Span, ...]) -> reader.SeriesRead:
        """The bars of a query inside some gaps, tidy; where the query allows a part, gaps that
        could not be fetched are `missing`, for the reason that the source gave.

        Raises: errors of our tree, naming the gaps that are missing for them.
        """
        room = asyncio.Semaphore(AT_ONCE)
        long = nullcontext if len(gaps) <= AT_ONCE else self._long.place

        async def one(gap: spans.Span) -> SourceBars:
            async with room, long():
                return await self._once(query.over(gap))

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
        reason = "; ".join(dict.fromkeys(map(_reason, failures.values())))
        join = partial(_joined, answers, (*missing, *absent), reason)
        return await self.workers.heavy(join) if len(gaps) > AT_ONCE else join()

    def _incomplete(
        self, query: BarsQuery, absent: tuple[spans.Span, ...]
    ) -> errors.IncompleteDataError:
        assert self.upstream is not None
        return errors.IncompleteDataError(
            f"{query.symbol} {query.series.value}: {self.upstream.name} has no "
            f"{reader.spans_text(absent)} (allow_partial=true gives what there is)"
        )

    async def _once(self, query: BarsQuery) -> SourceBars:
        """The answer of the source to a query, or to an equal one in flight."""
        key = (query.symbol, query.series, query.span, query.background, may_spend())
        started = threading.Event()
        return await self.flights.once(
            key, lambda: self._fetch(query, started), started=started.is_set
        )

    async def _fetch(self, query: BarsQuery, started: threading.Event) -> SourceBars:
        assert self.upstream is not None
        ask = self.upstream.bars.bars
        self.on_fetch(query.series)

        def begin() -> SourceBars:
            started.set()
            with stage("fetch"):
                return ask(query)

        fetched_at = self.now()
        run = self.workers.background if query.background else self.workers.foreground
        answer = self._noted(await run(begin))
        try:
            await self._store(query, answer, fetched_at)
        except StoreWriteError as error:  # it takes the bars from nobody who waits for them
            note = UNSTORED.format(error)
            answer = replace(answer, notes=(*answer.notes, note), write_failure=str(error))
        if answer.proves_empty:
            return answer
        return await self.workers.work(partial(self._doubted, query, answer))

    def _doubted(self, query: BarsQuery, answer: SourceBars) -> SourceBars:
        """The answer, not for memory where days without bars need another look."""
        runs = tuple(empty_runs(self.market, [query.span], answer.bars))
        return replace(answer, provisional=(*answer.provisional, *runs))

    def _noted(self, answer: SourceBars) -> SourceBars:
        """The answer, saying so where this machine's clock is not the vendor's."""
        clock = None if self.upstream is None else self.upstream.clock
        note = None if clock is None else clock.note()
        return answer if note is None else replace(answer, notes=(*answer.notes, note))

    async def _store(self, query: BarsQuery, answer: SourceBars, fetched_at: int) -> None:
        """Store what was fetched, with all of its day where it was cut out of one.

        Raises: StoreWriteError where it cannot be written.
        """
        assert self.upstream is not None
        days = self.upstream.whole_days
        if days is not None and await self.days.store_day_of(query, answer, days):
            return
        if self.writer is not None:
            store = partial(self.writer.store_answer, query, answer, fetched_at)
            await self.workers.work(store)


def _joined(
    answers: list[SourceBars], missing: tuple[spans.Span, ...], missing_reason: str
) -> reader.SeriesRead:
    published = [answer.through for answer in answers if answer.through is not None]
    return reader.SeriesRead(
        Bars.concat(answer.bars for answer in answers).tidy(),
        tuple(dict.fromkeys(note for answer in answers for note in answer.notes)),
        missing,
        any(answer.provisional for answer in answers),
        min(published, default=None),
        tuple(day for answer in answers for day in answer.from_minutes),
        next((answer.write_failure for answer in answers if answer.write_failure), ""),
        missing_reason,
    )


def _reason(error: errors.PolygonClientError) -> str:
    """Why a gap could not be fetched, without the spans that another caller was told."""
    text = error.detail if isinstance(error, errors.DataFetchError) else str(error)
    return text.partition(NAMING)[0]


def _naming(
    missing: tuple[spans.Span, ...], error: errors.PolygonClientError
) -> errors.PolygonClientError:
    """The same error, saying which spans are missing for it."""
    named = isinstance(error, errors.NotFoundError) or NAMING in str(error)
    if isinstance(error, errors.DataFetchError) and not named:
        text = f"{error.detail}{NAMING}{reader.spans_text(missing)}"
        error.detail, error.args = text, (text,)
    return error
