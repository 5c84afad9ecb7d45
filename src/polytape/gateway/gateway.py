"""What the gateway is, without HTTP: one source and one store, shared by everybody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import polytape
from polytape.gateway.activity import ActivityMonitor
from polytape.gateway.answer_cache import AnswerCache
from polytape.gateway.jobs import JobService
from polytape.gateway.live import LiveService
from polytape.gateway.memory_gate import MemoryGate
from polytape.gateway.metrics import Metrics
from polytape.gateway.status_history import StatusHistory, store_bytes
from polytape.gateway.symbols import SymbolsService
from polytape.gateway.workers import ThreadWorkers
from polytape.history.bars_cache import BarsCache
from polytape.history.bars_service import BarsService
from polytape.history.gap_filler import GapFiller
from polytape.history.live_writer import LiveWriter
from polytape.history.service import HistoryService
from polytape.model import timestamps
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.symbols import parse_symbol
from polytape.net.tracing import Tracer
from polytape.store.answers import FOLDER as REFERENCE_FOLDER
from polytape.store.segments import FolderTokens, SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import LiveSource
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.source import Upstream
from polytape.wire.api import messages
from polytape.wire.budget import BudgetState

CACHE_BYTES = 256 * 1024 * 1024
MEMORY_BYTES = 2 * 1024**3
SLOW_REQUEST_S = 1.0
# The cache takes no more of the memory than this.
CACHE_SHARE = 4


@dataclass
class Gateway:
    """A source and a store, either of which may be absent. `now` gives microseconds UTC: that of
    `clock`, where the gateway does not run on the wall's time; `wall` is the machine's own.

    Its services are `bars`, `symbols`, `history`, `jobs` and `live`, which sends what `feed` has.
    `memory_bytes` are for the cache and the answers in flight, which `memory` lets in.
    `job_list` names its list of jobs in the store: gateways of one store have one each. What takes
    `slow_request_s` seconds or more is logged; `tracer`, where there is one, makes spans.
    """

    upstream: Upstream | None
    market: Market
    now: Callable[[], int]
    budget: Budget
    store: SegmentStore | None = None
    feed: LiveSource | None = None
    clock: MarketClock | None = None
    cache_bytes: int = CACHE_BYTES
    workers: ThreadWorkers = field(default_factory=ThreadWorkers)
    metrics: Metrics = field(default_factory=Metrics)
    job_list: str = "gateway"
    memory_bytes: int = MEMORY_BYTES
    wall: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000, repr=False)
    slow_request_s: float = SLOW_REQUEST_S
    tracer: Tracer | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.started = self.wall()
        cache_bytes = min(self.cache_bytes, self.memory_bytes // CACHE_SHARE)
        self.cache = BarsCache(cache_bytes, self.unchanged)
        self._looks: dict[FolderTokens, bool] = {}
        self.answers = AnswerCache(self._unchanged_this_turn)
        self.memory = MemoryGate(self.memory_bytes - cache_bytes, self.market, self.now)
        self._filler = GapFiller(
            self.upstream,
            self.store,
            self.market,
            self.now,
            self.workers,
            self.cache,
            on_cache_hit=self.metrics.cache_hits.inc,
            on_cache_miss=self.metrics.cache_misses.inc,
            on_fetch=lambda series: self.metrics.fetched(series.value),
            on_write_failure=self.metrics.store_write_failures.inc,
        )
        self.bars = BarsService(self._filler, self.metrics.bars.inc)
        self.symbols = SymbolsService(self.bars, self.now)
        self.history = HistoryService(self._filler, self.budget_state)
        self.jobs = self._jobs()
        self.live = LiveService(
            self.feed, writer=self._live_writer(), now=self.now, delivery=self.metrics.delivery
        )
        self.monitor = ActivityMonitor(self)
        self.metrics.read = self.monitor.figures
        size = None if self.store is None else partial(store_bytes, self.store)
        self.status_history = StatusHistory(self.status, self.wall, size, self.workers.work)

    def close(self) -> None:
        """End the threads once their work is done; whoever waits for the source gets an error."""
        if self.upstream is not None:
            self.upstream.close()
        self.workers.close()
        self._filler.close()
        if self.store is not None:
            self.store.close()

    def tokens(self, query: BarsQuery) -> FolderTokens | None:
        """How what the answer to a query is made of stands in the store; None: it changes now."""
        if self.store is None or not self.store.storage.tells_changes:
            return ()
        token = self.store.storage.token(REFERENCE_FOLDER)
        tokens = self._filler.tokens(query.of_series(self.market))
        return None if token is None or tokens is None else (*tokens, (REFERENCE_FOLDER, token))

    def unchanged(self, tokens: FolderTokens) -> bool:
        """Whether folders of the store are as they were. For any thread."""
        return self.store is None or self.store.unchanged(tokens)

    def _unchanged_this_turn(self, tokens: FolderTokens) -> bool:
        """The same, looked at once a turn of the event loop: what is read in one turn was sent
        before it began.
        """
        known = self._looks.get(tokens)
        if known is None:
            if not self._looks:
                asyncio.get_running_loop().call_soon(self._looks.clear)
            known = self._looks[tokens] = self.unchanged(tokens)
        return known

    def _jobs(self) -> JobService:
        storage = None if self.store is None else self.store.storage
        return JobService(
            self.history, storage, self.market, self.now, self.workers, name=self.job_list
        )

    def _live_writer(self) -> LiveWriter | None:
        """Who stores live minutes, where there is a store."""
        writer = self._filler.writer
        if writer is None or self.feed is None:
            return None
        return LiveWriter(writer.write, self.now, self.workers.submit)

    def clear(self, symbol: str | None) -> int:
        """Drop cached answers of a symbol, or all; returns how many. Splits and securities are
        fetched anew, too. Raises: ValidationError for what is no symbol.
        """
        if self.upstream is not None:
            self.upstream.reference.forget()
        self.answers.clear()
        return self.cache.clear(None if symbol is None else parse_symbol(symbol))

    def budget_state(self) -> BudgetState:
        """The upstream request budget now. Local sources use nothing of it."""
        return self.budget.state()

    def rate_limit(self) -> messages.RateLimitState:
        """The same as the API says it."""
        state = self.budget_state()
        reset = timestamps.to_datetime(self.wall()) + timedelta(seconds=state.reset_s)
        return messages.RateLimitState(
            limit=state.limit,
            remaining=state.remaining,
            reset_at=reset.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            window_seconds=state.window_s,
            used=state.used,
        )

    @property
    def joined(self) -> int:
        """How many fetches joined an equal one in flight."""
        return self._filler.joined

    @property
    def uptime_seconds(self) -> float:
        """Since it was started, by the machine's clock."""
        return round((self.wall() - self.started) / 1e6, 3)

    def status(self) -> messages.Status:
        """What the gateway is, and what it has done since it started."""
        return messages.Status(
            version=polytape.__version__,
            source=self.bars.source_name,
            made_up=self.bars.made_up,
            store=None if self.store is None else self.store.storage.url,
            started_at=timestamps.iso(self.started // 1_000_000 * 1_000_000),
            uptime_seconds=self.uptime_seconds,
            market_time=timestamps.iso(self.now()),
            rate_limit=self.rate_limit(),
            cached_answers=len(self.cache),
            cached_bytes=self.cache.bytes,
            requests=self.metrics.total("polytape_requests"),
            bars_served=self.metrics.bars.value,
            fetches=self.metrics.total("polytape_source_fetches"),
            answered_from_memory=self.metrics.cache_hits.value + self.answers.hits,
            joined_in_flight=self.joined,
            memory_limit_bytes=self.memory_bytes,
            bytes_in_flight=self.memory.used,
            answers_waiting=self.memory.waiting,
            vendor_clock_ahead_seconds=self._vendor_ahead_us() / 1e6,
            activity=self.monitor.activity(),
        )

    def _vendor_ahead_us(self) -> int:
        clock = None if self.upstream is None else self.upstream.clock
        return 0 if clock is None else clock.vendor_ahead_us()

    def render_metrics(self) -> bytes:
        """The body of `/metrics`."""
        return self.metrics.render()
