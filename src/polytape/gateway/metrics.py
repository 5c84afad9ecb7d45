"""What the gateway counts, for Prometheus. Each gateway has a registry of its own."""

import platform
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

import polytape
from polytape.gateway.memory_gate import MemoryGate

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters by name; `render()` is the body of `/metrics`."""

    def __init__(self) -> None:
        # They would be a second series of each counter, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = {"version": polytape.__version__, "python": platform.python_version()}
        Info("polytape_build", "What runs", registry=self.registry).info(build)
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self.requests = counter("polytape_requests", "Requests answered", ("route", "status"))
        self.seconds = Histogram(
            "polytape_request_seconds",
            "Time to the whole answer",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._routes: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        questions = "Questions put to the source"
        self.fetches = counter("polytape_source_fetches", questions, ("series",))
        self.cache_hits = counter("polytape_cache_hits", "Questions answered from memory")
        self.bars = counter("polytape_bars_served", "Bars answered")
        failures = "Writes to the store that failed: a full or read-only disk"
        self.store_write_failures = counter("polytape_store_write_failures", failures)
        self.joined = gauge("polytape_flights_joined", "Questions that joined one in flight")
        self.cache_bytes = gauge("polytape_cache_bytes", "Bytes of bars kept in memory")
        self.budget_left = gauge("polytape_budget_remaining", "Upstream requests left")
        self._memory = {
            "capacity": gauge("polytape_memory_capacity_bytes", "Bytes that answers may take"),
            "used": gauge("polytape_memory_in_flight_bytes", "Bytes that answers in flight take"),
            "waiting": gauge("polytape_memory_waiting", "Answers that wait for memory"),
            "refused": gauge("polytape_memory_refused", "Answers refused for want of memory"),
        }

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request more. The series of a route are looked up once: that costs most of it."""
        known = self._routes.get((route, status))
        if known is None:
            known = (self.requests.labels(route, str(status)), self.seconds.labels(route))
            self._routes[route, status] = known
        counter, histogram = known
        counter.inc()
        histogram.observe(seconds)

    def show_memory(self, gate: MemoryGate) -> None:
        """Set the gauges of answers in flight."""
        for name, gauge in self._memory.items():
            gauge.set(getattr(gate, name))

    def render(self) -> bytes:
        """The text form of all counters."""
        return generate_latest(self.registry)

    def total(self, name: str) -> float:
        """The sum of a counter over its labels."""
        families = self.registry.restricted_registry([f"{name}_total"]).collect()
        return sum(s.value for f in families for s in f.samples if s.name == f"{name}_total")
