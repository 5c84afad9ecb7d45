"""Every figure that `/metrics` has of a gateway, once: its name, kind, meaning and labels. The
table in the documents is made of it.

https://prometheus.io/docs/practices/naming/
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
# The upper bounds of the buckets of histograms, in seconds: from a tenth of a millisecond on.
SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 25.0, 50.0, 100.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One figure, by its name without the `_total` of a counter. Every label has few values: routes
    go by their template, and paths that there are not are one.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        """The name as it stands in `/metrics`."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


METRICS = (
    MetricSpec("polytape_requests", "counter", "Requests answered", ("route", "status")),
    MetricSpec(
        "polytape_request_seconds", "histogram", "Time to the whole answer, by route", ("route",)
    ),
    MetricSpec(
        "polytape_requests_in_flight",
        "gauge",
        "Requests that are worked on now; an answer that is in memory is none",
    ),
    MetricSpec("polytape_bars_served", "counter", "Bars answered"),
    MetricSpec(
        "polytape_cache_hits",
        "counter",
        "Questions answered from memory: whole answers, or the bars that answers are made of",
        ("cache",),
    ),
    MetricSpec("polytape_cache_misses", "counter", "Bars that were not in memory", ("cache",)),
    MetricSpec("polytape_cache_entries", "gauge", "Entries in memory", ("cache",)),
    MetricSpec("polytape_cache_bytes", "gauge", "Bytes that they take", ("cache",)),
    MetricSpec("polytape_source_fetches", "counter", "Spans fetched from the source", ("series",)),
    MetricSpec(
        "polytape_source_fetches_joined", "counter", "Fetches that joined an equal one in flight"
    ),
    MetricSpec(
        "polytape_source_fetch_seconds",
        "histogram",
        "Time of one fetch from the source, whichever it is, with its waits and tries",
    ),
    MetricSpec(
        "polytape_vendor_request_seconds",
        "histogram",
        "Time of one request of the vendor's, without the wait for the budget",
    ),
    MetricSpec("polytape_budget_limit", "gauge", "Vendor requests in a window"),
    MetricSpec("polytape_budget_remaining", "gauge", "Those that are left now"),
    MetricSpec(
        "polytape_store_seconds",
        "histogram",
        "Time of one read of the store, or write to it",
        ("operation",),
    ),
    MetricSpec(
        "polytape_store_write_failures",
        "counter",
        "Writes to the store that failed: a full or read-only disk",
    ),
    MetricSpec(
        "polytape_wait_seconds",
        "histogram",
        "Time that work waited: for memory, a thread, the budget, an equal fetch",
        ("reason",),
    ),
    MetricSpec(
        "polytape_work_seconds",
        "histogram",
        "Time of the work on an answer: engine, encode, send",
        ("part",),
    ),
    MetricSpec("polytape_threads_waiting", "gauge", "Calls that wait for a thread", ("pool",)),
    MetricSpec("polytape_memory_capacity_bytes", "gauge", "Bytes that answers may take"),
    MetricSpec("polytape_memory_in_flight_bytes", "gauge", "Bytes that answers in flight take"),
    MetricSpec("polytape_memory_waiting", "gauge", "Answers that wait for memory"),
    MetricSpec("polytape_memory_refusals", "counter", "Answers refused for want of memory"),
    MetricSpec("polytape_hub_clients", "gauge", "Clients of live streams"),
    MetricSpec("polytape_hub_topics", "gauge", "Topics that they want of the feed together"),
    MetricSpec("polytape_hub_waiting", "gauge", "Deliveries that wait for slow clients"),
    MetricSpec("polytape_hub_events", "counter", "Live events published"),
    MetricSpec(
        "polytape_hub_delivery_seconds",
        "histogram",
        "Time from an event's arrival until it is written to a client; of what is written together "
        "that of the oldest",
    ),
    MetricSpec("polytape_feed_up", "gauge", "Whether the live feed is connected: 1 or 0"),
    MetricSpec(
        "polytape_feed_lag_seconds",
        "gauge",
        "How long after its own time the newest live event came",
    ),
    MetricSpec("polytape_uptime_seconds", "gauge", "Time since the gateway was started"),
)
# Where a stage of the work on a request is counted: the figure, and the value of its label.
STAGES = {
    "gate": ("polytape_wait_seconds", ("memory",)),
    "queue": ("polytape_wait_seconds", ("thread",)),
    "budget": ("polytape_wait_seconds", ("budget",)),
    "joined": ("polytape_wait_seconds", ("equal_fetch",)),
    "store_read": ("polytape_store_seconds", ("read",)),
    "store_write": ("polytape_store_seconds", ("write",)),
    "fetch": ("polytape_source_fetch_seconds", ()),
    "vendor": ("polytape_vendor_request_seconds", ()),
    "engine": ("polytape_work_seconds", ("engine",)),
    "encode": ("polytape_work_seconds", ("encode",)),
    "send": ("polytape_work_seconds", ("send",)),
}
