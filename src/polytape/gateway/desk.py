"""What the gateway does, without HTTP: answers questions from one source."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

import polytape
from polytape.errors import ConfigurationError, NotFoundError, ValidationError
from polytape.gateway.flight import SingleFlight
from polytape.gateway.keep import KeptBars
from polytape.gateway.metrics import Metrics
from polytape.model.bars import Bars
from polytape.model.clock import ExchangeClock
from polytape.model.newyork import date_of, iso, to_datetime
from polytape.model.quality import QualityReport, check
from polytape.model.question import BarsQuestion
from polytape.model.resample import complete_through
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.upstream.source import Source, SourceBars, SymbolInfo
from polytape.wire.budget import BudgetState, MovingWindow
from polytape.wire.messages import (
    MAX_SYMBOLS,
    BarsMetadata,
    Latest,
    RateLimitState,
    SearchAnswer,
    Status,
    SymbolFound,
    Verdict,
)

T = TypeVar("T")

MOST_FOUND = 100
NO_SPLITS = "no table of splits at hand: prices are as traded"


@dataclass(frozen=True)
class Answered:
    """Bars with what is said of them, and a report where one was asked for."""

    bars: Bars
    metadata: BarsMetadata
    report: QualityReport | None = None


@dataclass
class Desk:
    """One source shared by everybody. `now` gives microseconds UTC, `monotonic` seconds.

    Reading the source and working on bars happens in threads, never on the event loop.
    """

    source: Source | None
    clock: ExchangeClock
    now: Callable[[], int]
    budget: MovingWindow
    monotonic: Callable[[], float] = time.monotonic
    kept_bytes: int = 256 * 1024 * 1024
    threads: int = 8
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.kept = KeptBars(self.kept_bytes)
        self.flights: SingleFlight[SourceBars] = SingleFlight()
        self.started = self.now()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="polytape-source")

    def close(self) -> None:
        """End the threads once their work is done."""
        self._pool.shutdown(wait=True)

    async def work(self, call: Callable[[], T]) -> T:
        """Run what blocks or computes in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def bars(
        self, question: BarsQuestion, *, use_cache: bool = True, validate: bool = False
    ) -> Answered:
        """The answer to a question. Raises errors of our tree."""
        source = self._source()
        base = await self._base(source, question, use_cache=use_cache)
        answered = await self.work(partial(self._answer, source, question, base, validate))
        self.metrics.bars.inc(len(answered.bars))
        return answered

    async def validate(self, symbols: list[str], *, detailed: bool) -> dict[str, Verdict]:
        """A verdict on each symbol as it was written."""
        if len(symbols) > MAX_SYMBOLS:
            raise ValidationError("symbols", len(symbols), f"at most {MAX_SYMBOLS} symbols")
        source = self._source()
        return await self.work(lambda: {s: _verdict(source, s, detailed) for s in symbols})

    async def latest(self, symbol: str) -> Latest:
        """The close of the last complete minute. NotFoundError where there is none."""
        source, symbol = self._source(), parse_symbol(symbol)
        bar = await self.work(partial(source.last_bar, symbol))
        if not len(bar):
            raise NotFoundError(f"{source.name} has no price for {symbol}")
        return Latest(symbol, float(bar.close[-1]), iso(int(bar.timestamp[-1])), source.name)

    async def search(self, query: str, *, active_only: bool) -> SearchAnswer:
        """Up to MOST_FOUND securities, the best first."""
        if not query.strip():
            raise ValidationError("query", query, "some text of a symbol or a name")
        source = self._source()
        find = partial(source.search, query.strip(), active_only=active_only)
        found = [_found(info) for info in (await self.work(find))[:MOST_FOUND]]
        return SearchAnswer(query, len(found), found)

    def clear(self, symbol: str | None) -> int:
        """Drop kept answers; returns how many."""
        return self.kept.clear(None if symbol is None else parse_symbol(symbol))

    def budget_state(self) -> BudgetState:
        """The upstream budget now. Local sources use nothing of it."""
        return self.budget.state(self.monotonic())

    def rate_limit(self) -> RateLimitState:
        """The same as a message."""
        state = self.budget_state()
        reset = to_datetime(self.now()) + timedelta(seconds=state.reset_s)
        return RateLimitState(
            limit=state.limit,
            remaining=state.remaining,
            reset_at=reset.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            window_seconds=state.window_s,
            used=state.used,
        )

    def status(self) -> Status:
        """Everything an owner asks a gateway."""
        return Status(
            version=polytape.__version__,
            source=self.source.name if self.source else "none",
            made_up=bool(self.source and self.source.made_up),
            started_at=iso(self.started // 1_000_000 * 1_000_000),
            uptime_seconds=round((self.now() - self.started) / 1e6, 3),
            rate_limit=self.rate_limit(),
            kept_answers=len(self.kept),
            kept_bytes=self.kept.bytes,
            requests=int(self.metrics.total("polytape_requests")),
            bars_served=int(self.metrics.total("polytape_bars_served")),
            source_questions=int(self.metrics.total("polytape_source_questions")),
            answered_from_memory=int(self.metrics.total("polytape_kept_answers")),
            joined_in_flight=self.flights.joined,
        )

    def render_metrics(self) -> bytes:
        """The body of `/metrics`."""
        self.metrics.joined.set(self.flights.joined)
        self.metrics.kept_bytes.set(self.kept.bytes)
        self.metrics.budget_left.set(self.budget_state().remaining)
        return self.metrics.render()

    def _source(self) -> Source:
        if self.source is None:
            raise ConfigurationError(
                "this gateway has no source of bars: start it with --source synthetic "
                "or --source flatfiles --data DIR"
            )
        return self.source

    async def _base(self, source: Source, question: BarsQuestion, *, use_cache: bool) -> SourceBars:
        key = (question.symbol, question.timeframe.series, question.base_span)
        held = self.kept.get(key) if use_cache else None
        if held is not None:
            self.metrics.kept.inc()
            return held
        read = await self.flights.once(key, lambda: self._ask(source, *key))
        if question.base_span.end <= self.clock.final_before(self.now()):
            self.kept.put(key, read)
        return read

    async def _ask(self, source: Source, symbol: str, series: Series, span: Span) -> SourceBars:
        self.metrics.asked.labels(series.value).inc()
        return await self.work(partial(source.bars, symbol, series, span))

    def _answer(
        self, source: Source, question: BarsQuestion, base: SourceBars, validate: bool
    ) -> Answered:
        now = self.now()
        splits = source.splits(question.symbol)
        bars = question.answer(base.bars, splits or (), clock=self.clock, today=date_of(now))
        notes = list(base.notes)
        if question.adjusted and splits is None:
            notes.append(NO_SPLITS)
        metadata = BarsMetadata(
            symbol=question.symbol,
            timeframe=question.timeframe.value,
            count=len(bars),
            source=source.name,
            made_up=source.made_up,
            adjusted=question.adjusted and splits is not None,
            include_extended=question.include_extended,
            complete_through=iso(complete_through(question.span, question.timeframe, now)),
            notes=notes,
        )
        return Answered(bars, metadata, self._check(question, bars, now) if validate else None)

    def _check(self, question: BarsQuestion, bars: Bars, now: int) -> QualityReport:
        """Gaps are not looked for in the future, nor before what `limit` kept."""
        ends = complete_through(question.span, question.timeframe, now)
        starts = question.span.start
        if question.limit is not None and len(bars) == question.limit:
            starts = int(bars.timestamp[0])
        span = Span(min(starts, ends), ends)
        return check(bars, question.timeframe, span, clock=self.clock, anchored=question.anchored)


def _verdict(source: Source, symbol: str, detailed: bool) -> Verdict:
    try:
        info = source.find(parse_symbol(symbol, "symbols"))
    except ValidationError as error:
        return Verdict(valid=False, reason=str(error) if detailed else None)
    if info is None or not detailed:
        return Verdict(valid=info is not None)
    return Verdict(True, info.symbol, info.name, info.type, info.exchange, info.active)


def _found(info: SymbolInfo) -> SymbolFound:
    return SymbolFound(info.symbol, info.symbol, info.name, info.type, info.exchange, info.active)
