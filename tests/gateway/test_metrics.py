"""What the gateway counts: one registry for each gateway."""

import sys

import polytape
from polytape.gateway.metrics import Metrics


def test_a_total_is_summed_over_its_labels() -> None:
    metrics = Metrics()
    assert metrics.total("polytape_requests") == 0
    metrics.requests.labels("/a", "200").inc()
    metrics.requests.labels("/a", "404").inc(2)
    metrics.bars.inc(7)
    assert metrics.total("polytape_requests") == 3
    assert metrics.total("polytape_bars_served") == 7
    assert metrics.total("polytape_nothing") == 0


def test_two_gateways_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.bars.inc()
    assert other.total("polytape_bars_served") == 0


def test_the_text_is_for_prometheus() -> None:
    metrics = Metrics()
    metrics.seconds.labels("/a").observe(0.003)
    text = metrics.render().decode()
    assert "# TYPE polytape_request_seconds histogram" in text
    assert 'polytape_request_seconds_bucket{le="0.0025",route="/a"} 0.0' in text
    assert 'polytape_request_seconds_bucket{le="0.005",route="/a"} 1.0' in text
    assert text.count("# HELP polytape_") >= 8


def test_the_text_says_what_runs_and_what_it_takes() -> None:
    """Version, Python, memory and processor; and no second series for each counter."""
    metrics = Metrics()
    metrics.requests.labels("/a", "200").inc()
    metrics.seconds.labels("/a").observe(0.003)
    text = metrics.render().decode()
    assert f'version="{polytape.__version__}"' in text
    assert "polytape_build_info{" in text
    if sys.platform == "linux":
        assert "\nprocess_resident_memory_bytes " in text
        assert "\nprocess_cpu_seconds_total " in text
    assert "_created" not in text
