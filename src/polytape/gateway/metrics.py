"""What the gateway counts: plain integers and buckets, which become Prometheus' text when somebody
reads them. Each gateway has a registry of its own.
"""

import platform
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from prometheus_client import CollectorRegistry, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

import polytape
from polytape.gateway.metric_specs import METRICS, SECONDS, STAGES, Kind, MetricSpec
from polytape.model.histogram import Histogram
from polytape.net.stages import StageName

if TYPE_CHECKING:
    from prometheus_client import Metric

Labels: TypeAlias = tuple[str, ...]
# Values of figures by name, and by the values of their labels.
Figures: TypeAlias = Mapping[str, Mapping[Labels, float]]
NONE: Labels = ()
FIRST_SERVER_ERROR = 500
_FAMILIES: "Mapping[Kind, Callable[..., Metric]]" = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}


class Count:
    """A number that grows. For the event loop."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self, amount: int = 1) -> None:
        """So many more."""
        self.value += amount


class SharedCount(Count):
    """The same for many threads."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def inc(self, amount: int = 1) -> None:
        """So many more."""
        with self._lock:
            self.value += amount


class Metrics(Collector):
    """Counts by name; `render()` is the body of `/metrics`. `read` gives the figures that others
    count, when they are asked for.
    """

    def __init__(self) -> None:
        self.bars, self.cache_hits, self.cache_misses = Count(), Count(), Count()
        self.store_write_failures = SharedCount()
        self.in_flight = 0
        self.errors = 0
        self.delivery = Histogram()
        self.routes: dict[str, Histogram] = {}
        self.read: Callable[[], Figures] = dict
        self._answers: dict[tuple[str, int], tuple[Count, Histogram]] = {}
        self._fetches: dict[str, Count] = {}
        self._stages: dict[StageName, Histogram] = {}
        self._lock = threading.Lock()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = {"version": polytape.__version__, "python": platform.python_version()}
        Info("polytape_build", "What runs", registry=self.registry).info(build)
        self.registry.register(self)

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request more. A look-up and a search in the buckets: under a microsecond."""
        known = self._answers.get((route, status))
        if known is None:
            histogram = self.routes.setdefault(route, Histogram())
            known = self._answers[route, status] = Count(), histogram
        known[0].value += 1
        known[1].observe(seconds)
        if status >= FIRST_SERVER_ERROR:
            self.errors += 1

    def fetched(self, series: str) -> None:
        """One fetch more from the source."""
        self._fetches.setdefault(series, Count()).inc()

    def observe(self, name: StageName, seconds: float) -> None:
        """A stage of some work took so long. Usable from many threads."""
        with self._lock:
            histogram = self._stages.get(name)
            if histogram is None:
                histogram = self._stages[name] = Histogram()
            histogram.observe(seconds)

    def render(self) -> bytes:
        """The text form of everything."""
        return generate_latest(self.registry)

    def total(self, name: str) -> int:
        """The sum of a counter over its labels."""
        return int(sum(self._counts().get(name, {}).values()))

    def describe(self) -> Iterable["Metric"]:
        """What there is, without values."""
        for spec in METRICS:
            yield _FAMILIES[spec.kind](spec.name, spec.help, labels=spec.labels)

    def collect(self) -> Iterable["Metric"]:
        """Everything, as prometheus_client wants it."""
        values, histograms = {**self._counts(), **self.read()}, self._histograms()
        for spec in METRICS:
            if spec.kind == "histogram":
                yield _histogram_family(spec, histograms.get(spec.name, {}))
            else:
                yield _family(spec, values.get(spec.name, {}))

    def _counts(self) -> Figures:
        answers = list(self._answers.items())
        return {
            "polytape_requests": {(key[0], str(key[1])): one[0].value for key, one in answers},
            "polytape_bars_served": {NONE: self.bars.value},
            "polytape_source_fetches": {(key,): one.value for key, one in self._fetches.items()},
            "polytape_store_write_failures": {NONE: self.store_write_failures.value},
            "polytape_requests_in_flight": {NONE: self.in_flight},
        }

    def _histograms(self) -> Mapping[str, Mapping[Labels, Histogram]]:
        families: dict[str, dict[Labels, Histogram]] = {
            "polytape_request_seconds": {(name,): one for name, one in self.routes.items()},
            "polytape_hub_delivery_seconds": {NONE: self.delivery},
        }
        with self._lock:
            for stage, histogram in self._stages.items():
                name, labels = STAGES[stage]
                families.setdefault(name, {})[labels] = histogram.copy()
        return families


def _family(spec: MetricSpec, values: Mapping[Labels, float]) -> "Metric":
    kind = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily
    family = kind(spec.name, spec.help, labels=spec.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _histogram_family(spec: MetricSpec, histograms: Mapping[Labels, Histogram]) -> "Metric":
    family = HistogramMetricFamily(spec.name, spec.help, labels=spec.labels)
    for labels, one in histograms.items():
        cumulated = zip(SECONDS, one.at_most(SECONDS), strict=True)
        buckets = [(str(bound), float(count)) for bound, count in cumulated]
        family.add_metric(labels, [*buckets, ("+Inf", float(one.count))], one.sum)
    return family
