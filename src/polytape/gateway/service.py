"""What the gateway does, without HTTP: answers questions from one source."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

import polytape
from polytape.errors import ConfigurationError, NotFoundError, ValidationError
from polytape.gateway.metrics import Metrics
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_filler import GapFiller, SeriesRead
from polytape.history.splits import SplitCheck, Splits
from polytape.history.store_reference import StoreReference
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, iso, to_datetime
from polytape.model.quality import QualityReport, check
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.symbols import parse_symbol
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Source
from polytape.wire.api.messages import (
    MAX_SYMBOLS,
    BarsMetadata,
    Latest,
    RateLimitState,
    SearchAnswer,
    SpanMessage,
    Status,
    SymbolFound,
    Verdict,
)
from polytape.wire.budget import BudgetState

T = TypeVar("T")

MOST_FOUND = 100
VALIDATED_AT_ONCE = 8
NO_SPLITS = "no table of splits at hand: prices are as traded"


class Catalog(Protocol):
    """What a desk asks of symbols: a source answers it, or the store alone."""

    @property
    def name(self) -> str:
        """What answers call this origin."""
        ...

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        ...

    def last_bar(self, symbol: str) -> Bars:
        """As `Source.last_bar`."""
        ...

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `Source.splits`."""
        ...

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `Source.find`."""
        ...

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `Source.search`."""
        ...


@runtime_checkable
class ReadsThrough(Protocol):
    """A source that answers in the vendor's dialect itself."""

    def read_through(self, path: str, query: tuple[tuple[str, str], ...], *, daily: bool) -> bytes:
        """The vendor's JSON for a path; with `daily` asked once a day."""
        ...


@dataclass(frozen=True)
class BarsResult:
    """Bars with what is said of them, and a report where one was asked for."""

    bars: Bars
    metadata: BarsMetadata
    report: QualityReport | None = None


@dataclass
class Desk:
    """A source and a store, either of which may be absent, shared by everybody. `now` gives
    microseconds UTC. `files` are the vendor's flat files beside its API, for backfills.

    Reading and working on bars happens in threads, never on the event loop.
    """

    source: Source | None
    market: Market
    now: Callable[[], int]
    budget: Budget
    store: SegmentStore | None = None
    files: FlatFiles | None = None
    kept_bytes: int = 256 * 1024 * 1024
    threads: int = 8
    asking_threads: int = 32
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.kept = BarsCache(self.kept_bytes)
        self.started = self.now()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="polytape-work")
        self._heavy = ThreadPoolExecutor(2, thread_name_prefix="polytape-heavy")
        # Who waits for the source's budget must not keep others from what is held already.
        self._asking = ThreadPoolExecutor(self.asking_threads, thread_name_prefix="polytape-ask")
        # Nor may a backfill, which waits for hours, keep the places of those who wait for seconds.
        self._behind = ThreadPoolExecutor(4, thread_name_prefix="polytape-backfill")
        self.filler = GapFiller(
            self.source, self.store, self.market, self.now, self.work, self.ask, self.ask_behind,
            self.kept,
            self.metrics.kept.inc,
            lambda series: self.metrics.asked.labels(series.value).inc(),
        )  # fmt: skip
        self._splits = SplitCheck(self.filler)
        self._catalog: Catalog | None = self.source
        if self.source is None and self.store is not None:
            self._catalog = StoreReference(self.store)

    @property
    def vendor(self) -> ReadsThrough | None:
        """The source, where it answers in the vendor's dialect itself."""
        source: object = self.source
        return source if isinstance(source, ReadsThrough) else None

    @property
    def source_name(self) -> str:
        """What answers call the origin of their prices."""
        return "none" if self._catalog is None else self._catalog.name

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        return self._catalog is not None and self._catalog.made_up

    def close(self) -> None:
        """End the threads once their work is done; who waits for the source is sent away."""
        if self.source is not None:
            self.source.end()
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._behind.shutdown(wait=True, cancel_futures=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._heavy.shutdown(wait=True, cancel_futures=True)
        self.filler.close()
        if self.store is not None:
            self.store.close()

    async def work(self, call: Callable[[], T]) -> T:
        """Run what blocks or computes in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def ask(self, call: Callable[[], T]) -> T:
        """Run what asks the source, and may wait for it, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, call)

    async def ask_behind(self, call: Callable[[], T]) -> T:
        """Run what nobody waits for, in threads of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._behind, call)

    def must_store(self) -> SegmentStore:
        """The store. Raises ConfigurationError where nothing is kept."""
        if self.store is None:
            raise ConfigurationError("this gateway keeps nothing: start it with a --store")
        return self.store

    async def heavy(self, call: Callable[[], T]) -> T:
        """The same for what takes long, in threads of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._heavy, call)

    async def bars(
        self,
        query: BarsQuery,
        *,
        use_cache: bool = True,
        validate: bool = False,
        allow_partial: bool = False,
    ) -> BarsResult:
        """The answer to a question. Raises errors of our tree."""
        catalog = self.catalog()
        if self.source is None:
            await self._must_exist(catalog, query.symbol)
        base = await self.filler.base(
            query.symbol,
            query.timeframe.series,
            query.series_span,
            use_cache=use_cache,
            allow_partial=allow_partial,
        )
        if not len(base.bars):
            await self._must_exist(catalog, query.symbol)
        splits = Splits((), ())
        if query.adjusted and len(base.bars):
            splits = await self.splits(query.symbol, int(base.bars.timestamp[0]))
        answered = await self.work(partial(self._answer, catalog, query, base, splits, validate))
        self.metrics.bars.inc(len(answered.bars))
        return answered

    async def splits(self, symbol: str, since: int) -> Splits:
        """The splits that adjust bars from `since` on (microseconds UTC), checked where the source
        says that they need it.
        """
        source, catalog = self.source, self.catalog()
        if source is None:
            assert isinstance(catalog, StoreReference)
            return await self.work(partial(catalog.checked_splits, symbol))
        listed = await self.work(partial(source.known_splits, symbol))
        if listed is None:
            listed = await self.ask(partial(source.splits, symbol))
        if listed is None:
            return Splits(None, ())
        return await self._splits.checked(listed, since)

    async def _must_exist(self, catalog: "Catalog", symbol: str) -> None:
        if await self.ask(partial(catalog.find, symbol)) is None:
            raise NotFoundError(f"{catalog.name} has no symbol {symbol}")

    async def validate(self, symbols: list[str], *, detailed: bool) -> dict[str, Verdict]:
        """A verdict on each symbol as it was written."""
        if len(symbols) > MAX_SYMBOLS:
            raise ValidationError("symbols", len(symbols), f"at most {MAX_SYMBOLS} symbols")
        verdict = partial(_verdict, self.catalog())
        room = asyncio.Semaphore(VALIDATED_AT_ONCE)

        async def one(symbol: str) -> Verdict:
            async with room:
                return await self.ask(partial(verdict, symbol, detailed))

        return dict(zip(symbols, await asyncio.gather(*map(one, symbols)), strict=True))

    async def latest(self, symbol: str) -> Latest:
        """The close of the last complete minute. NotFoundError where there is none."""
        source, symbol = self.catalog(), parse_symbol(symbol)
        bar = await self.ask(partial(source.last_bar, symbol))
        if not len(bar):
            raise NotFoundError(f"{source.name} has no price for {symbol}")
        # In today's shares, as bars are: it may be older than a split.
        splits = await self.splits(symbol, int(bar.timestamp[-1]))
        bar = adjust(bar, splits.used or (), date_of(self.now()))
        return Latest(symbol, float(bar.close[-1]), iso(int(bar.timestamp[-1])), source.name)

    async def search(self, query: str, *, active_only: bool) -> SearchAnswer:
        """Up to MOST_FOUND securities, the best first."""
        if not query.strip():
            raise ValidationError("query", query, "some text of a symbol or a name")
        source = self.catalog()
        find = partial(source.search, query.strip(), active_only=active_only)
        found = [_found(info) for info in (await self.ask(find))[:MOST_FOUND]]
        return SearchAnswer(query, len(found), found)

    def clear(self, symbol: str | None) -> int:
        """Drop kept answers; returns how many. Splits and securities are asked for anew, too."""
        if self.source is not None:
            self.source.forget()
        return self.kept.clear(None if symbol is None else parse_symbol(symbol))

    def budget_state(self) -> BudgetState:
        """The upstream budget now. Local sources use nothing of it."""
        return self.budget.state()

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
            source=self.source_name,
            made_up=self.made_up,
            store=None if self.store is None else self.store.storage.url,
            started_at=iso(self.started // 1_000_000 * 1_000_000),
            uptime_seconds=round((self.now() - self.started) / 1e6, 3),
            rate_limit=self.rate_limit(),
            kept_answers=len(self.kept),
            kept_bytes=self.kept.bytes,
            requests=int(self.metrics.total("polytape_requests")),
            bars_served=int(self.metrics.total("polytape_bars_served")),
            source_questions=int(self.metrics.total("polytape_source_questions")),
            answered_from_memory=int(self.metrics.total("polytape_kept_answers")),
            joined_in_flight=self.filler.flights.joined,
        )

    def render_metrics(self) -> bytes:
        """The body of `/metrics`."""
        self.metrics.joined.set(self.filler.flights.joined)
        self.metrics.kept_bytes.set(self.kept.bytes)
        self.metrics.budget_left.set(self.budget_state().remaining)
        return self.metrics.render()

    def catalog(self) -> "Catalog":
        """Who knows of symbols and splits. Raises ConfigurationError where nobody does."""
        if self._catalog is None:
            raise ConfigurationError(
                "this gateway has neither a source of bars nor a store: start it with "
                "--source synthetic, with --source flatfiles --data DIR, or with a store"
            )
        return self._catalog

    def _answer(
        self,
        catalog: "Catalog",
        query: BarsQuery,
        base: SeriesRead,
        splits: Splits,
        validate: bool,
    ) -> BarsResult:
        now = self.now()
        bars = query.answer(base.bars, splits.used or (), market=self.market, today=date_of(now))
        notes = [*base.notes, *splits.notes]
        if splits.used is None:
            notes.append(NO_SPLITS)
        complete = query.complete_through(now)
        if base.through is not None:
            complete = max(query.span.start, min(complete, query.complete_through(base.through)))
        metadata = BarsMetadata(
            symbol=query.symbol,
            timeframe=query.timeframe.value,
            count=len(bars),
            source=catalog.name,
            made_up=catalog.made_up,
            adjusted=query.adjusted and splits.used is not None,
            include_extended=query.include_extended,
            complete_through=iso(complete),
            notes=notes,
            missing=[SpanMessage(iso(gap.start), iso(gap.end)) for gap in base.missing],
        )
        return BarsResult(bars, metadata, self._check(query, bars, now) if validate else None)

    def _check(self, query: BarsQuery, bars: Bars, now: int) -> QualityReport:
        """Gaps are not looked for in the future, nor before what `limit` kept."""
        ends = query.complete_through(now)
        starts = query.span.start
        if query.limit is not None and len(bars) == query.limit:
            starts = int(bars.timestamp[0])
        span = Span(min(starts, ends), ends)
        return check(bars, query.timeframe, span, market=self.market, anchored=query.anchored)


def _verdict(source: Catalog, symbol: str, detailed: bool) -> Verdict:
    try:
        info = source.find(parse_symbol(symbol, "symbols"))
    except ValidationError as error:
        return Verdict(valid=False, reason=str(error) if detailed else None)
    if info is None or not detailed:
        return Verdict(valid=info is not None)
    return Verdict(True, info.symbol, info.name, info.type, info.exchange, info.active)


def _found(info: SymbolInfo) -> SymbolFound:
    return SymbolFound(info.symbol, info.symbol, info.name, info.type, info.exchange, info.active)
