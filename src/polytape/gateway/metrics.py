"""What the gateway counts, for Prometheus. Each gateway has a registry of its own."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters by name; `render()` is the body of `/metrics`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        questions = "Questions put to the source"
        self.fetches = counter("polytape_source_questions", questions, ("series",))
        self.cache_hits = counter("polytape_kept_answers", "Questions answered from memory")
        self.bars = counter("polytape_bars_served", "Bars answered")
        self.joined = gauge("polytape_flights_joined", "Questions that joined one in flight")
        self.cache_bytes = gauge("polytape_kept_bytes", "Bytes of bars kept in memory")
        self.budget_left = gauge("polytape_budget_remaining", "Upstream requests left")

    def render(self) -> bytes:
        """The text form of all counters."""
        return generate_latest(self.registry)

    def total(self, name: str) -> float:
        """The sum of a counter over its labels."""
        families = self.registry.collect()
        return sum(s.value for f in families for s in f.samples if s.name == f"{name}_total")
