"""What the gateway counts, for Prometheus. One registry per gateway: nothing is module state."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters by name; `render()` is the body of `/metrics`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "polytape_requests", "Requests answered", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "polytape_request_seconds",
            "Time to the whole answer",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self.asked = Counter(
            "polytape_source_questions",
            "Questions put to the source",
            ("series",),
            registry=self.registry,
        )
        self.kept = Counter(
            "polytape_kept_answers", "Questions answered from memory", registry=self.registry
        )
        self.bars = Counter("polytape_bars_served", "Bars answered", registry=self.registry)
        self.joined = Gauge(
            "polytape_flights_joined", "Questions that joined one in flight", registry=self.registry
        )
        self.kept_bytes = Gauge(
            "polytape_kept_bytes", "Bytes of bars kept in memory", registry=self.registry
        )
        self.budget_left = Gauge(
            "polytape_budget_remaining", "Upstream requests left", registry=self.registry
        )

    def render(self) -> bytes:
        """The text form of all counters."""
        return generate_latest(self.registry)

    def total(self, name: str) -> float:
        """The sum of a counter over its labels."""
        families = self.registry.collect()
        return sum(s.value for f in families for s in f.samples if s.name == f"{name}_total")
