"""Durations in fixed buckets: percentiles that are at most a bucket away from the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.histogram import BOUNDS, WIDEST, Histogram, Latency, seconds_text

SECONDS = st.lists(st.floats(1e-6, 999.0), min_size=1, max_size=200)


def of(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for one in seconds:
        histogram.observe(one)
    return histogram


@given(SECONDS, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_that_of_numpy_or_the_bound_above_it(
    seconds: list[float], share: float
) -> None:
    """Never too low, at most a bucket too high, and no more than the longest."""
    exact = float(np.percentile(seconds, share * 100, method="inverted_cdf"))
    ours = of(seconds).percentile(share)
    assert exact <= ours <= max(seconds)
    assert ours <= exact * WIDEST * (1 + 1e-12)


@given(SECONDS)
def test_nothing_is_lost_and_the_latency_is_in_order(seconds: list[float]) -> None:
    """Every duration is in one bucket; the sum and the longest are exact."""
    histogram = of(seconds)
    latency = histogram.latency()
    assert histogram.count == latency.count == len(seconds)
    assert histogram.sum == pytest.approx(sum(seconds))
    assert latency.p50 <= latency.p90 <= latency.p99 <= latency.max == max(seconds)
    at_most = histogram.at_most(BOUNDS)
    assert at_most == [sum(one <= bound for one in seconds) for bound in BOUNDS]


def test_what_is_shorter_or_longer_than_all_bounds_counts_too() -> None:
    """A clock that stands still, and a backfill of hours."""
    histogram = of([0.0, 1e-9, 7_200.0])
    assert histogram.latency() == Latency(3, 1e-6, 7_200.0, 7_200.0, 7_200.0)
    assert Histogram().latency() == Latency()


def test_the_bounds_grow_by_a_bucket_and_have_the_round_numbers() -> None:
    """What people write by hand is a bound."""
    ratios = [after / before for before, after in zip(BOUNDS, BOUNDS[1:], strict=False)]
    assert max(ratios) <= WIDEST * (1 + 1e-12)
    assert {0.0001, 0.00025, 0.005, 0.1, 2.5, 10.0, 100.0} <= set(BOUNDS)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (2.4e-7, "0.24 us"), (1.25e-5, "12.5 us"), (0.0034, "3.4 ms"), (1.2, "1.2 s"),
     (7200.0, "7,200 s")],
)  # fmt: skip
def test_a_duration_for_people(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_latency_shows_itself_in_a_line() -> None:
    assert repr(of([0.002]).latency()) == ("1 call, p50 2 ms, p90 2 ms, p99 2 ms, max 2 ms")
    assert repr(Latency()) == "0 calls"
