"""What the gateway counts: one registry for each gateway."""

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
