"""What the gateway counts: one registry for each gateway, in Prometheus' own words."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import get_args

import httpx2
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import polytape
from polytape.gateway.gateway import Gateway
from polytape.gateway.metric_specs import METRICS, SECONDS, STAGES, MetricSpec
from polytape.gateway.metrics import Metrics
from polytape.model.histogram import BOUNDS
from polytape.net.stages import StageName

# promtool check metrics: https://github.com/prometheus/client_golang/tree/main/prometheus/testutil/promlint
KINDS = ("counter", "gauge", "histogram", "summary", "untyped")
ABBREVIATED = ("s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "m", "h", "d")
NO_BASE_UNITS = (
    "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "kilobytes", "bits",
    "megabytes", "percent",
)  # fmt: skip


@pytest.fixture
def gateway(synthetic_gateway: Gateway) -> Gateway:
    """One of which every figure was counted once."""
    metrics = synthetic_gateway.metrics
    metrics.count("/api/v1/bars", 200, 0.003)
    metrics.count("/api/v1/bars", 500, 30.0)
    metrics.fetched("1min")
    metrics.delivery.observe(0.001)
    synthetic_gateway.live.lag_seconds = 1.5
    for stage in STAGES:
        metrics.observe(stage, 0.02)  # type: ignore[arg-type]
    return synthetic_gateway


def families(gateway: Gateway) -> dict[str, Metric]:
    text = gateway.render_metrics().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_a_total_is_summed_over_its_labels() -> None:
    metrics = Metrics()
    assert metrics.total("polytape_requests") == 0
    metrics.count("/a", 200, 0.1)
    for _ in range(2):
        metrics.count("/a", 404, 0.1)
    metrics.bars.inc(7)
    assert metrics.total("polytape_requests") == 3
    assert metrics.total("polytape_bars_served") == 7
    assert metrics.total("polytape_nothing") == 0


def test_two_gateways_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.bars.inc()
    assert other.total("polytape_bars_served") == 0


def test_the_parser_of_prometheus_reads_every_figure(gateway: Gateway) -> None:
    """Each is there once, of its kind, with its help, its labels and a value."""
    parsed = families(gateway)
    for spec in METRICS:
        family = parsed[spec.name]
        assert (family.type, family.documentation) == (spec.kind, spec.help)
        assert family.samples, spec.name
        labels = {name for sample in family.samples for name in sample.labels}
        assert labels - {"le"} == set(spec.labels), spec.name


def test_a_histogram_counts_what_is_at_most_as_long(gateway: Gateway) -> None:
    """Buckets add up, the last one has all, and the bounds are those of the fine buckets."""
    samples = families(gateway)["polytape_request_seconds"].samples
    buckets = {sample.labels["le"]: sample.value for sample in samples if "le" in sample.labels}
    assert (buckets["0.0025"], buckets["0.005"], buckets["25.0"], buckets["50.0"]) == (0, 1, 1, 2)
    assert list(buckets.values()) == sorted(buckets.values())
    figures = {sample.name.rpartition("_")[2]: sample.value for sample in samples}
    assert (figures["count"], figures["sum"], buckets["+Inf"]) == (2, 30.003, 2)
    assert set(SECONDS) <= set(BOUNDS)


def test_the_text_says_what_runs_and_what_it_takes(gateway: Gateway) -> None:
    """Version, Python, memory and processor; and no second series for each counter."""
    text = gateway.render_metrics().decode()
    assert f'version="{polytape.__version__}"' in text
    assert "polytape_build_info{" in text
    if sys.platform == "linux":
        assert "\nprocess_resident_memory_bytes " in text
        assert "\nprocess_cpu_seconds_total " in text
    assert "_created" not in text


def faults(spec: MetricSpec) -> Iterator[str]:
    """What promtool would say of a figure."""
    words = spec.name.split("_")
    if not spec.help or spec.help.endswith("."):
        yield "no help text, or one that is not like the others"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", spec.name):
        yield "lower case, without colons"
    if "total" in words:
        yield "_total is a counter's, which gets it by itself"
    if words[-1] in ("bucket", "count", "sum", "info"):
        yield f"_{words[-1]} is a part of other figures"
    yield from (f"the kind {word} is in the name" for word in words if word in KINDS)
    yield from (f"{word} is an abbreviation" for word in words if word in ABBREVIATED)
    yield from (f"{word} is no base unit" for word in words if word in NO_BASE_UNITS)
    if spec.kind == "histogram" and words[-1] != "seconds":
        yield "a time is in seconds"
    yield from (f"{label} is a histogram's" for label in spec.labels if label in ("le", "quantile"))
    if not spec.name.startswith("polytape_"):
        yield "whose it is stands first"


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_a_figure_is_named_by_the_rules(spec: MetricSpec) -> None:
    """https://prometheus.io/docs/practices/naming/, as promtool checks them."""
    assert list(faults(spec)) == []


def test_the_rules_see_what_is_wrong() -> None:
    """A name that breaks all of them is no name."""
    wrong = MetricSpec("Wait_gauge_total_ms_count", "histogram", "", ("le",))
    assert len(list(faults(wrong))) == 9


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool")
def test_promtool_has_nothing_to_say(gateway: Gateway) -> None:
    body = gateway.render_metrics()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_every_stage_has_its_figure() -> None:
    """What is timed is shown: none of the names of stages is without one, nor one without a name."""
    assert set(STAGES) == set(get_args(StageName))
    kinds = {spec.name: spec for spec in METRICS}
    for name, labels in STAGES.values():
        assert kinds[name].kind == "histogram"
        assert len(labels) == len(kinds[name].labels)


async def test_labels_are_few_whatever_is_asked_for(
    fresh_http: httpx2.AsyncClient, synthetic_gateway: Gateway
) -> None:
    """Routes go by their template, and paths that there are not are one."""
    for number in range(20):
        await fresh_http.get(f"/wp-admin/{number}.php")
        await fresh_http.get(f"/api/v1/latest/X{number}")
    routes = families(synthetic_gateway)["polytape_requests"].samples
    assert {sample.labels["route"] for sample in routes} == {
        "unmatched", "/api/v1/latest/{symbol}",
    }  # fmt: skip
