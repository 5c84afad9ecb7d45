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
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US
from polytape.net.http import SyncDriver
from polytape.upstream.budget.budget import Budget
from polytape.upstream.daily_cache import AnswerStore, MemoryAnswers
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.source import Polygon
from polytape.upstream.source import Local, Source, SourceBars
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
    truth: Source
    time: Time
    url: str
    drivers: list[SyncDriver] = field(default_factory=list)

    def source(
        self, plan: PlanName | None = None, *, memory: AnswerStore | None = None, key: str = KEY,
        timeout_s: float | None = None, limits: tuple[int, float] | None = None,
    ) -> Polygon:  # fmt: skip
        """The real source, never sleeping. `limits` in place of the plan's own."""
        told = None if plan is None else PLANS[plan]
        usual = (told.limit, told.window_s) if told else (UNLIMITED, SECOND_S)
        budget = Budget(
            MovingWindow(*(limits or usual)), learn=told is None,
            monotonic=lambda: self.time.seconds, wall=lambda: self.time.now / 1e6,
            pause=self.time.pause,
        )  # fmt: skip
        driver = SyncDriver(self.url, sleep=self.time.sleep)
        self.drivers.append(driver)
        asking = VendorConnection(driver, budget, key, self.time.runtime())
        if timeout_s is not None:
            asking.policies = {
                background: replace(policy, timeout_s=timeout_s, max_retries=1)
                for background, policy in asking.policies.items()
            }
        held = MemoryAnswers() if memory is None else memory
        return Polygon(asking, xnys(), lambda: self.time.now, told, held)

    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.vendor.asked]

    def spoil(self, *kinds: Mischief) -> None:
        self.vendor.mischief.extend(kinds)


class Recorded(Local):
    """Bars of some symbols and weeks computed once; a minute is there once it has ended, a day once
    the next one has begun.
    """

    name, made_up = "recorded", True

    def __init__(
        self, source: Synthetic, symbols: tuple[str, ...], span: Span, time: "Time"
    ) -> None:
        self._inner, self._time = source, time
        self._held = {
            (symbol, series): source.bars(symbol, series, span).bars
            for symbol in symbols for series in Series
        }  # fmt: skip

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False
    ) -> SourceBars:  # fmt: skip
        held = self._held[symbol, series].within(span)
        length = MINUTE_US if series is Series.MINUTE else DAY_US
        return SourceBars(held.take(held.timestamp + length <= self._time.now))

    def last_bar(self, symbol: str) -> Bars:
        return self._held[symbol, Series.MINUTE].last(1)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return self._inner.splits(symbol)

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
    truth: Source | None = None,
    universe: tuple[str, ...] = UNIVERSE,
    extra_splits: tuple[Split, ...] = (),
    budget: tuple[int, float] | None = None,
    time: Time | None = None,
) -> Iterator[Street]:
    """A fake vendor that runs, with made-up bars or those of `truth`."""
    time = time or Time(now)
    market = truth or Synthetic(xnys(), lambda: time.now)
    fake = FakeMarket(market, xnys(), lambda: time.now, universe, list(extra_splits))
    routes = Routes(fake, plan, most_rows=most_rows)
    vendor = FakeVendor(routes, key, budget, seconds=lambda: time.seconds)
    with running(vendor) as url:
        made = Street(vendor, market, time, url)
        yield made
        for driver in made.drivers:
            driver.close()
