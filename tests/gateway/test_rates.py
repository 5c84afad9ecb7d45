"""Totals of the last minute, from looks every few seconds. Time is a number."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.gateway.rates import EVERY_S, WINDOW_S, Rates, Totals
from polytape.model.histogram import BOUNDS, Histogram


def totals(requests: int, seconds: float = 0.01) -> Totals:
    histogram = Histogram()
    for _ in range(requests):
        histogram.observe(seconds)
    return Totals(requests=requests, routes={"/a": tuple(histogram.counts)})


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_the_window_is_the_last_minute_of_what_was_counted(steps: list[int]) -> None:
    """By as much as the totals grew between the look a minute ago and now, and no longer ago than a
    look more.
    """
    rates, counted, history = Rates(0.0), 0, {0.0: 0}
    now = 0.0
    for number, step in enumerate(steps, 1):
        counted, now = counted + step, number * EVERY_S
        history[now] = counted
        rates.look(now, totals(counted))
    window = rates.window(now, totals(counted))
    began = max(0.0, now - WINDOW_S)
    assert window.seconds == now - began
    assert window.count("requests") == counted - history[began]
    assert len(rates._looks) <= WINDOW_S / EVERY_S + 2


def test_percentiles_are_of_the_window_alone() -> None:
    """A slow start of the gateway is forgotten a minute later; a route that nobody asks has none."""
    rates = Rates(0.0)
    slow = totals(100, 5.0).routes["/a"]
    rates.look(5.0, Totals(requests=100, routes={"/a": slow}))
    fast = tuple(a + b for a, b in zip(slow, totals(10, 0.001).routes["/a"], strict=True))
    now = Totals(requests=110, routes={"/a": fast, "/idle": (0,) * (len(BOUNDS) + 1)})
    early, late = rates.window(10.0, now), rates.window(70.0, now)
    assert (early.percentile("/a", 0.5), late.percentile("/a", 0.5)) == (5.0, 0.001)
    assert late.percentile("/idle", 0.99) is None
    assert late.route_rate("/a") == round(10 / 65, 3)


def test_at_the_very_start_there_are_no_rates() -> None:
    assert Rates(7.0).window(7.0, totals(1)).per_second("requests") == 0.0
