"""The fake vendor for tests: on a real socket, in a time that passes only when somebody waits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.mischief import Mischief
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, running
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US
from polytape.net.http import SyncDriver
from polytape.upstream.answer_store import AnswerStore, MemoryAnswers
from polytape.upstream.budget.budget import Budget
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.source import Polygon
from polytape.upstream.source import SourceBars, Upstream
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.budget import MovingWindow
from polytape.wire.flow import Runtime
from polytape.wire.polygon.plans import PLANS, SECOND_S, UNLIMITED, PlanName

KEY = "k3y-that-must-never-show"
UNIVERSE = ("AAPL", "MSFT", "NVDA", "SPY", "TSLA")


@dataclass
class Time:
    """A clock that moves when it is slept on. `now` in microseconds UTC."""

    now: int
    seconds: float = 1_000.0
    slept: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds
            self.now += int(seconds * 1e6)
            self.slept += seconds

    def pause(self, condition: threading.Condition, seconds: float) -> None:
        """In place of waiting on a condition: others may go on, then the time is over."""
        condition.release()
        self.sleep(seconds)
        condition.acquire()

    def runtime(self) -> Runtime:
        return Runtime(lambda: self.seconds, lambda: self.now / 1e6, lambda: 0.5)


@dataclass
class Street:
    """A fake vendor, the truth behind it, and sources that ask it."""

    vendor: FakeVendor
    truth: Upstream
    time: Time
    url: str
    drivers: list[SyncDriver] = field(default_factory=list)

    def source(
        self, plan: PlanName | None = None, *, memory: AnswerStore | None = None, key: str = KEY,
        timeout_s: float | None = None, limits: tuple[int, float] | None = None,
    ) -> Polygon:  # fmt: skip
        """The real source, never sleeping. `limits` in place of the plan's own."""
        known = None if plan is None else PLANS[plan]
        usual = (known.limit, known.window_s) if known else (UNLIMITED, SECOND_S)
        budget = Budget(
            MovingWindow(*(limits or usual)), learn=known is None,
            monotonic=lambda: self.time.seconds, wall=lambda: self.time.now / 1e6,
            pause=self.time.pause,
        )  # fmt: skip
        driver = SyncDriver(self.url, sleep=self.time.sleep)
        self.drivers.append(driver)
        connection = VendorConnection(driver, budget, key, self.time.runtime())
        if timeout_s is not None:
            connection.policies = {
                background: replace(policy, timeout_s=timeout_s, max_retries=1)
                for background, policy in connection.policies.items()
            }
        answers = MemoryAnswers() if memory is None else memory
        return Polygon(connection, xnys(), lambda: self.time.now, known, answers)

    def true_bars(self, symbol: str, series: Series, span: Span) -> Bars:
        """What the vendor has, as traded."""
        return self.truth.bars.bars(series_query(symbol, series, span)).bars

    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.vendor.requests]

    def spoil(self, *kinds: Mischief) -> None:
        self.vendor.mischief.extend(kinds)


class Recorded:
    """A source: bars of some symbols and weeks computed once; a minute is there once it has ended,
    a day once the next one has begun.
    """

    checks_splits = False

    def __init__(self, source: Synthetic, symbols: tuple[str, ...], span: Span, time: Time) -> None:
        self._inner, self._time = source, time
        self._bars = {
            (symbol, series): source.bars(series_query(symbol, series, span)).bars
            for symbol in symbols for series in Series
        }  # fmt: skip

    def upstream(self) -> Upstream:
        return Upstream("recorded", self, self, made_up=True)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        bars = self._bars[query.symbol, query.series].within(query.span)
        length = MINUTE_US if query.series is Series.MINUTE else DAY_US
        return SourceBars(bars.take(bars.timestamp + length <= self._time.now))

    def last_bar(self, symbol: str) -> Bars:
        return self._bars[symbol, Series.MINUTE].last(1)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return self._inner.splits(symbol)

    cached_splits = splits

    def forget(self) -> None:
        """Nothing is cached."""

    def find(self, symbol: str) -> SymbolInfo | None:
        return self._inner.find(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return self._inner.search(query, active_only=active_only)


@contextmanager
def street(
    now: int,
    *,
    plan: str | None = None,
    most_rows: int | None = None,
    key: str | None = KEY,
    truth: Upstream | None = None,
    universe: tuple[str, ...] = UNIVERSE,
    extra_splits: tuple[Split, ...] = (),
    budget: tuple[int, float] | None = None,
    time: Time | None = None,
) -> Iterator[Street]:
    """A fake vendor that runs, with made-up bars or those of `truth`."""
    time = time or Time(now)
    market = truth or Synthetic(xnys(), lambda: time.now).upstream()
    fake = FakeMarket(market, xnys(), lambda: time.now, universe, list(extra_splits))
    routes = Routes(fake, plan, most_rows=most_rows)
    vendor = FakeVendor(routes, key, budget, seconds=lambda: time.seconds)
    with running(vendor) as url:
        made = Street(vendor, market, time, url)
        yield made
        for driver in made.drivers:
            driver.close()
