"""Stored bars, made whole from upstream: decide (plan), then do."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Protocol, TypeVar, assert_never

from polytape.errors import DataFetchError, IncompleteDataError, NotFoundError, PolygonClientError
from polytape.history.bars_cache import BarsCache, CachedSpan
from polytape.history.days_from_minutes import days_of_minutes, from_minutes
from polytape.history.plan import FetchGaps, Refuse, Serve, missing_of, plan
from polytape.history.single_flight import SingleFlight
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import date_of
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.store.compact import compact
from polytape.store.coverage import Coverage, CoverageSlice
from polytape.store.periods import periods
from polytape.store.segment import DamagedSegmentError
from polytape.store.segments import SegmentStore
from polytape.upstream.source import Source, SourceBars

T = TypeVar("T")
log = logging.getLogger(__name__)

AT_ONCE = 4
# So many segments in one folder are merged in the background.
PILE = 64


class Worker(Protocol):
    """Runs what blocks in a thread."""

    async def __call__(self, call: Callable[[], T]) -> T:
        """The result of `call`."""
        ...


@dataclass(frozen=True)
class SeriesRead:
    """Bars of a stored series; `missing` is what could not be had, where a part was asked for.
    `through`: the instant up to which the source has published, where that is not now.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    missing: tuple[Span, ...] = ()
    unsettled: bool = False
    through: int | None = None


@dataclass
class GapFiller:
    """One store before one source; either may be absent. `ask` runs what waits for the source,
    `ask_behind` what does and nobody waits for, `work` what does not.
    """

    source: Source | None
    store: SegmentStore | None
    market: Market
    now: Callable[[], int]
    work: Worker
    ask: Worker
    ask_behind: Worker
    kept: BarsCache
    # What happened, for whoever counts it.
    on_cache_hit: Callable[[], None] = lambda: None
    on_fetch: Callable[[Series], None] = lambda _: None
    flights: SingleFlight[SourceBars] = field(default_factory=SingleFlight)
    days: SingleFlight[int | None] = field(default_factory=SingleFlight)

    def __post_init__(self) -> None:
        self._compactor = ThreadPoolExecutor(1, thread_name_prefix="polytape-compact")
        self._piled: set[str] = set()
        self._days_kept: set[tuple[Series, date]] = set()

    def close(self) -> None:
        """End the background thread once a compaction under way is done."""
        self._compactor.shutdown(wait=True, cancel_futures=True)

    async def base(
        self,
        symbol: str,
        series: Series,
        span: Span,
        *,
        use_cache: bool = True,
        allow_partial: bool = False,
        background: bool = False,
    ) -> SeriesRead:
        """All bars of a series that start inside `span`. Raises errors of our tree: with
        `allow_partial` what is missing is told instead. `background`: nobody waits for it.
        """
        held = (
            self.kept.beginning(symbol, series, span) if use_cache else CachedSpan(_none(span), _NO)
        )
        if held.span == span:
            self.on_cache_hit()
            return SeriesRead(held.bars)
        rest = Span(held.span.end, span.end)
        settled = self.market.final_before(self.now())
        how = FetchOptions(use_cache, allow_partial, background)
        try:
            made = await self._made(symbol, series, rest, how)
        except DamagedSegmentError:  # it is set aside now, and its spans are gaps like others
            made = await self._made(symbol, series, rest, how)
        bars = Bars.concat([held.bars, made.bars])
        if not made.missing and not made.unsettled:
            # Final is what was so before it was asked for: a read takes time.
            final = Span(span.start, max(span.start, min(span.end, settled)))
            self.kept.put(symbol, series, CachedSpan(final, bars.within(final)))
        return SeriesRead(bars, made.notes, made.missing, through=made.through)

    async def _made(
        self, symbol: str, series: Series, span: Span, how: "FetchOptions"
    ) -> SeriesRead:
        known = await self.work(partial(self._known, symbol, series, span))
        settled = [p.span for p in known if p.cover.final or self.source is None]
        decided = plan(
            span,
            series,
            settled if how.use_cache or self.source is None else (),
            market=self.market,
            now=self.now(),
            can_ask=self.source is not None,
            earliest=0 if self.source is None else self.source.earliest(),
            whole_days=self.source is not None and self.source.whole_days,
        )
        match decided:
            case Serve():
                if self.source is None and series is Series.DAY:
                    return await self._partial(symbol, series, span, (), how)
                return SeriesRead(await self.work(partial(self._read, symbol, series, span)))
            case FetchGaps(questions):
                return await self._fetched(symbol, series, span, questions, how)
            case Refuse(missing):
                return await self._partial(symbol, series, span, missing, how)
            case _:
                assert_never(decided)

    async def _fetched(
        self,
        symbol: str,
        series: Series,
        span: Span,
        questions: tuple[Span, ...],
        how: "FetchOptions",
    ) -> SeriesRead:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(question: Span) -> SourceBars:
            async with room:
                key = (symbol, series, question, how.background)
                return await self.flights.once(
                    key, lambda: self._ask(symbol, series, question, how)
                )

        outcomes = await asyncio.gather(*map(one, questions), return_exceptions=True)
        answers: list[SourceBars] = []
        failed: list[tuple[Span, PolygonClientError]] = []
        for question, outcome in zip(questions, outcomes, strict=True):
            if isinstance(outcome, PolygonClientError):
                failed.append((question, outcome))
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                answers.append(outcome)
        if failed and not (how.allow_partial and isinstance(failed[0][1], DataFetchError)):
            raise _naming([gap for gap, _ in failed], failed[0][1])
        others = SpanSet.of(questions).gaps(span)
        held = [await self.work(partial(self._read, symbol, series, part)) for part in others]
        stale = [await self.work(partial(self._read, symbol, series, gap)) for gap, _ in failed]
        bars = Bars.concat([*held, *stale, *(answer.bars for answer in answers)]).tidy()
        notes = tuple(dict.fromkeys(note for answer in answers for note in answer.notes))
        unsettled = any(answer.unsettled for answer in answers)
        published = [answer.through for answer in answers if answer.through is not None]
        through = min(published, default=None)
        return SeriesRead(bars, notes, tuple(gap for gap, _ in failed), unsettled, through)

    async def _partial(
        self,
        symbol: str,
        series: Series,
        span: Span,
        missing: tuple[Span, ...],
        how: "FetchOptions",
    ) -> SeriesRead:
        """Nobody to ask. Days may still be made from the minutes that are held."""
        bars = await self.work(partial(self._read, symbol, series, span))
        notes: tuple[str, ...] = ()
        if series is Series.DAY:
            made, missing = await self.work(partial(self._days, symbol, span, bars, missing))
            bars = Bars.concat([bars, made]).tidy()
            notes = from_minutes(made)
        unsettled = bool(notes)
        if missing and not how.allow_partial:
            raise IncompleteDataError(
                f"{symbol} {series.value}: {_spans(missing)} is not in the store, and this gateway "
                "has no source to ask (allow_partial=true gives what is held)"
            )
        return SeriesRead(bars, notes, missing, unsettled)

    async def _ask(
        self, symbol: str, series: Series, question: Span, how: "FetchOptions"
    ) -> SourceBars:  # fmt: skip
        assert self.source is not None
        self.on_fetch(series)
        asked = self.now()
        ask = partial(self.source.bars, symbol, series, question, background=how.background)
        answer = await (self.ask_behind if how.background else self.ask)(ask)
        whole = self.source.whole_days and not answer.unsettled
        if not (whole and await self._day_kept(series, question, how)):
            await self.work(partial(self._keep, symbol, series, question, answer, asked))
        return answer

    async def _day_kept(self, series: Series, question: Span, how: "FetchOptions") -> bool:
        """Keep the whole day that a question of one symbol was read from; once for all symbols."""
        day = date_of(question.start)
        if (series, day) in self._days_kept and how.use_cache:
            return True
        assert self.source is not None
        read = partial(self.market_day, series, day, self.source)
        kept = await self.days.once((series, day), read)
        if kept is None or day_span(day).end > self.now():
            return False
        if day_span(day).end <= self.market.final_before(self.now()):
            self._days_kept.add((series, day))
        return True

    async def market_day(self, series: Series, day: date, source: Source) -> int | None:
        """Ask a source for a whole day of the whole market and keep it; how many bars, None where
        it has no such answer.
        """
        asked = self.now()
        market = await self.ask_behind(partial(source.market_day, series, day, background=True))
        if market is None:
            return None
        # Files leave out what the vendor's API has, such as OTC stocks: beside it they say nothing
        # of a symbol that is not in them.
        whole = source is self.source
        await self.work(partial(self.keep_market, series, day, market, asked, whole=whole))
        await self.work(partial(source.kept, series, day))
        return len(market)

    def _keep(
        self, symbol: str, series: Series, question: Span, answer: SourceBars, asked: int
    ) -> None:
        """Write what the source vouches for, up to now; what is final says so."""
        past = Span(question.start, max(question.start, min(question.end, asked)))
        sure = SpanSet.of([past]).difference(SpanSet.of(answer.unsettled))
        bars = Bars.concat(answer.bars.within(span) for span in sure)
        self._write(series, (symbol,), sure, MarketBars.of({symbol: bars}), asked)

    def keep_market(
        self, series: Series, day: date, market: MarketBars, asked: int, *, whole: bool
    ) -> None:
        """Write a day of many symbols, as far as it has passed. `whole`: a symbol that is not among
        them has no bar. What is kept in memory of the day is of before.
        """
        span = day_span(day)
        past = SpanSet.of([Span(span.start, max(span.start, min(span.end, asked)))])
        self._write(series, None if whole else tuple(market.places), past, market, asked)
        self.kept.drop(series, span)

    def _write(
        self,
        series: Series,
        symbols: tuple[str, ...] | None,
        sure: SpanSet,
        market: MarketBars,
        asked: int,
    ) -> None:
        if self.store is None or not sure:
            return
        final = self.market.final_before(asked)
        covers = [
            Coverage(symbol, part, asked, settled)
            for symbol in ((None,) if symbols is None else symbols)
            for span in sure
            for part, settled in (
                (Span(span.start, max(span.start, min(span.end, final))), True),
                (Span(min(span.end, max(span.start, final)), span.end), False),
            )
            if part
        ]
        self.store.write(series, market, covers)
        past = Span(sure.spans[0].start, sure.spans[-1].end)
        for folder, _ in periods(series, past):
            if folder not in self._piled and len(self.store.segments(folder)) >= PILE:
                self._piled.add(folder)
                self._compactor.submit(self._compact, self.store, folder)

    def _compact(self, store: SegmentStore, folder: str) -> None:
        """In the background: small segments have piled up. What fails is tried at the next pile."""
        try:
            log.info("compacted %s", compact(store, folder))
        except PolygonClientError as error:
            log.warning("compaction of %s failed: %s", folder, error)
        finally:
            self._piled.discard(folder)

    def _known(self, symbol: str, series: Series, span: Span) -> list[CoverageSlice]:
        return [] if self.store is None else self.store.coverage(symbol, series, span)

    def _read(self, symbol: str, series: Series, span: Span) -> Bars:
        return Bars.empty() if self.store is None else self.store.read(symbol, series, span)

    def _days(
        self, symbol: str, span: Span, official: Bars, missing: tuple[Span, ...]
    ) -> tuple[Bars, tuple[Span, ...]]:
        """Daily bars from held minutes for the days without an official one, and the missing days
        for which there are no minutes either.
        """
        if self.store is None:
            return Bars.empty(), missing
        made = days_of_minutes(self.store, symbol, span, official, market=self.market)
        minutes = SpanSet.of(p.span for p in self._known(symbol, Series.MINUTE, span))
        left = [part for gap in missing for part in missing_of(gap, minutes, self.market)]
        return made, tuple(left)


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How a question is to be answered."""

    use_cache: bool
    allow_partial: bool
    background: bool


_NO = Bars.empty()


def _none(span: Span) -> Span:
    return Span(span.start, span.start)


def _naming(missing: list[Span], error: PolygonClientError) -> PolygonClientError:
    """The same error, saying which span is missing for it."""
    told_already = isinstance(error, NotFoundError) or "; missing: " in str(error)
    if isinstance(error, DataFetchError) and not told_already:
        told = f"{error.detail}; missing: {_spans(tuple(missing))}"
        error.detail, error.args = told, (told,)
    return error


def _spans(spans: tuple[Span, ...]) -> str:
    shown = ", ".join(str(span) for span in spans[:3])
    return shown if len(spans) <= 3 else f"{shown} and {len(spans) - 3} more"  # noqa: PLR2004
