"""What a client counts of its work, and how long its methods take. Cheap: a call costs about a
microsecond, and nothing grows with the number of calls.
"""

import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from html import escape
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from polytape.errors import PolygonClientError
from polytape.model.histogram import Histogram, Latency, seconds_text

if TYPE_CHECKING:
    from polytape.client.core import Core

C = TypeVar("C", bound=type)
P = ParamSpec("P")
T = TypeVar("T")

# The methods that are timed: those that may ask a gateway.
TIMED = (
    "fetch_bars",
    "fetch_table",
    "fetch_many",
    "bars",
    "download",
    "validate_ticker",
    "get_latest_price",
    "get_candle_at_datetime",
    "search_symbols",
    "clear_cache",
    "get_session_data",
    "run",
    "run_now",
    "rate_limit",
    "gateway_status",
    "test_connection",
)
_NO_CALLS: Mapping[str, Latency] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClientStats:
    """What a client has done so far, or since it was last reset.

    `requests`: HTTP requests, tries that failed included, which `retries` counts apart. `waits`:
    how often it waited before a try, for `wait_seconds` in all. `cache_slices`: those of the
    `cache_hits` that were cut out of a longer answer. `bytes`: bodies of answers. `bars`: of all
    answers, from the cache too. `latency`: how long calls took, by method; engines are `run` and
    `run_now`.
    """

    requests: int = 0
    retries: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    bars: int = 0
    cache_slices: int = 0
    bytes: int = 0
    waits: int = 0
    wait_seconds: float = 0.0
    latency: Mapping[str, Latency] = field(default_factory=dict)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={text}" for name, text in self._counts())
        calls = "".join(f"\n  {name}: {latency!r}" for name, latency in self.latency.items())
        return f"ClientStats({counts}){calls}"

    def _repr_html_(self) -> str:
        counts = "".join(
            f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in self._counts()
        )
        head = "<tr><th>method</th><th>calls</th><th>p50</th><th>p90</th><th>p99</th>"
        rows = "".join(_html_row(name, latency) for name, latency in self.latency.items())
        calls = f"<table>{head}<th>max</th></tr>{rows}</table>" if rows else ""
        return f"<table>{counts}</table>{calls}"

    def _counts(self) -> list[tuple[str, str]]:
        whole = ("requests", "retries", "waits", "cache_hits", "cache_slices", "cache_misses")
        counts = [(name, f"{getattr(self, name):,}") for name in (*whole, "bars", "bytes")]
        return [*counts, ("wait_seconds", f"{self.wait_seconds:.3g}")]


def _html_row(name: str, latency: Latency) -> str:
    figures = (latency.p50, latency.p90, latency.p99, latency.max)
    cells = "".join(f"<td>{escape(seconds_text(one))}</td>" for one in figures)
    return f"<tr><th>{escape(name)}</th><td>{latency.count:,}</td>{cells}</tr>"


class StatsCounter:
    """Counts for `ClientStats`. Usable from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._counts: dict[str, int] = {}
        self._wait_seconds = 0.0
        self._latency: dict[str, Histogram] = {}

    def count(self, **more: int) -> None:
        """Add to fields of `ClientStats`."""
        with self._lock:
            counts = self._counts
            for name, amount in more.items():
                counts[name] = counts.get(name, 0) + amount

    def wait(self, seconds: float) -> None:
        """A try waits so long for its turn."""
        with self._lock:
            self._counts["waits"] = self._counts.get("waits", 0) + 1
            self._wait_seconds += seconds

    def observe(self, method: str, seconds: float) -> None:
        """A method took so long, whatever came of it."""
        with self._lock:
            histogram = self._latency.get(method)
            if histogram is None:
                histogram = self._latency[method] = Histogram()
            histogram.observe(seconds)

    def stats(self, *, reset: bool = False) -> ClientStats:
        """What was counted; with `reset` counting begins anew, and no count falls between."""
        with self._lock:
            latency = {name: one.latency() for name, one in self._latency.items()}
            waited = self._wait_seconds
            stats = ClientStats(**self._counts, wait_seconds=waited, latency=latency)
            if reset:
                self._begin()
        return stats


class _HasCore(Protocol):
    """A client of either kind."""

    _core: "Core"


def timed(client: C) -> C:
    """A client's class, whose methods of TIMED are counted by how long they take, and are spans
    where the client is traced. Errors of ours come without the way that they took through a flow:
    their text is all there is to know, and a notebook shows ten lines for each step.
    """
    for name in TIMED:
        method = getattr(client, name)
        wrap = _timed_async if inspect.iscoroutinefunction(method) else _timed_sync
        setattr(client, name, wrap(name, method))
    return client


def _timed_sync(
    name: str, method: Callable[Concatenate[_HasCore, P], T]
) -> Callable[Concatenate[_HasCore, P], T]:
    @wraps(method)
    def call(self: _HasCore, /, *arguments: P.args, **named: P.kwargs) -> T:
        core, began = self._core, perf_counter()
        try:
            if core.connection.tracer is None:
                return method(self, *arguments, **named)
            with core.connection.tracer.span(f"polytape.client.{name}"):
                return method(self, *arguments, **named)
        except PolygonClientError as error:
            raise error.with_traceback(None) from error.__cause__
        finally:
            core.counter.observe(name, perf_counter() - began)

    return call


def _timed_async(
    name: str, method: Callable[Concatenate[_HasCore, P], Awaitable[T]]
) -> Callable[Concatenate[_HasCore, P], Awaitable[T]]:
    @wraps(method)
    async def call(self: _HasCore, /, *arguments: P.args, **named: P.kwargs) -> T:
        core, began = self._core, perf_counter()
        try:
            if core.connection.tracer is None:
                return await method(self, *arguments, **named)
            with core.connection.tracer.span(f"polytape.client.{name}"):
                return await method(self, *arguments, **named)
        except PolygonClientError as error:
            raise error.with_traceback(None) from error.__cause__
        finally:
            core.counter.observe(name, perf_counter() - began)

    return call
