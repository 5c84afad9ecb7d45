"""The session's VWAP against a slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.vwap import session_bars, typical_price, vwap
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from tests import naive
from tests.conftest import MARKET, flat_bars
from tests.engines.live.arrivals import minutes


def slow_vwap(bars: Bars, *, extended: bool) -> list[float]:
    """Bar by bar over the bars of its day up to it."""
    rows, values = list(bar_rows(bars)), []
    for place, row in enumerate(rows):
        dollars = shares = 0.0
        for other in rows[: place + 1]:
            clock = naive.local(other.timestamp)
            close = 13 if (clock.month, clock.day) == (7, 3) else 16
            regular = clock.weekday() < 5 and 570 <= clock.hour * 60 + clock.minute < close * 60
            if clock.date() == naive.local(row.timestamp).date() and (extended or regular):
                own = other.vwap == other.vwap
                price = other.vwap if own else (other.high + other.low + other.close) / 3
                dollars, shares = dollars + price * other.volume, shares + other.volume
        values.append(dollars / shares if shares else np.nan)
    return values


@given(minutes(most=20), st.booleans())
def test_it_is_the_slow_twins(bars: Bars, extended: bool) -> None:
    """A day begins anew; a bar's own vwap counts where it has one."""
    batch = vwap(bars, include_extended=extended)
    np.testing.assert_allclose(batch.values, slow_vwap(bars, extended=extended), rtol=1e-12)
    assert batch.own.tolist() == (~np.isnan(bars.vwap)).tolist()


def slow_deviation(bars: Bars, first: int, place: int) -> float:
    """The weighted standard deviation of the prices from one bar to another."""
    rows = list(bar_rows(bars))[first : place + 1]
    prices = [r.vwap if r.vwap == r.vwap else (r.high + r.low + r.close) / 3 for r in rows]
    weights = [row.volume for row in rows]
    if not sum(weights):
        return np.nan
    mean = np.average(prices, weights=weights)
    return float(np.sqrt(np.average((np.array(prices) - mean) ** 2, weights=weights)))


@given(minutes(), st.integers(0, 40))
def test_an_anchored_one_runs_over_the_days(bars: Bars, first: int) -> None:
    """From the bar of the anchor on; nothing before it."""
    anchor = int(bars.timestamp[first]) if first < len(bars) else 2**60
    batch = vwap(bars, anchor=anchor)
    assert np.isnan(batch.values[:first]).all()
    expected = [slow_deviation(bars, first, place) for place in range(first, len(bars))]
    np.testing.assert_allclose(batch.deviations[first:], expected, rtol=1e-6, atol=1e-6)
    one_day = bars.take(MARKET.days_of(bars.timestamp) == MARKET.days_of(bars.timestamp)[-1:])
    np.testing.assert_array_equal(
        vwap(one_day, anchor=int(one_day.timestamp[0]) if len(one_day) else 0).values,
        vwap(bars).values[len(bars) - len(one_day) :],
    )


@given(minutes(), st.floats(0.1, 4))
def test_bands_lie_round_it(bars: Bars, multiple: float) -> None:
    """As far above as below, and on it where all prices are one."""
    batch = vwap(bars)
    lower, upper = batch.band(multiple)
    np.testing.assert_allclose((lower + upper) / 2, batch.values)
    np.testing.assert_allclose(upper - lower, 2 * multiple * batch.deviations, atol=1e-9)
    assert vwap(flat_bars([60_000_000 * n for n in range(1, 9)], 0.1)).deviation == 0.0


def test_bands_of_high_prices_are_not_rounding() -> None:
    """A share of 700,000 dollars that moves by a cent: squares alone would say 0 or NaN."""
    price = np.array([700_000.00, 700_000.02] * 50)
    bars = Bars.of(np.arange(100) * 60_000_000, price, price, price, price, [1e6] * 100)
    assert vwap(bars).deviation == pytest.approx(0.01, rel=1e-6)


@given(minutes(), st.integers(0, 120))
def test_a_value_is_never_rewritten_by_later_bars(bars: Bars, cut: int) -> None:
    """Not in the last bit."""
    early, whole = vwap(bars.take(slice(cut))), vwap(bars)
    np.testing.assert_array_equal(early.values, whole.values[: len(early.values)])
    np.testing.assert_array_equal(early.deviations, whole.deviations[: len(early.values)])


@given(minutes())
def test_it_lies_between_the_days_low_and_high(bars: Bars) -> None:
    """As a mean of prices does."""
    last, today = vwap(bars).last, session_bars(bars)
    if last is not None:
        assert today.low.min() * (1 - 1e-12) <= last <= today.high.max() * (1 + 1e-12)


def test_without_volume_there_is_none() -> None:
    """Not zero, and not a price."""
    assert vwap(Bars.empty()).last is None
    assert vwap(flat_bars([60], volume=0.0)).last is None
    assert repr(vwap(flat_bars([60], volume=0.0))) == "VWAP: no volume"
    assert repr(vwap(flat_bars([60]))) == "VWAP = 10.0000"
    assert typical_price(Bars.of([1], [9], [12], [3], [6], [1])).tolist() == [7.0]


def test_bad_bars_are_refused() -> None:
    """With their row."""
    with pytest.raises(ValidationError, match=r"bars\[0\]"):
        vwap(flat_bars([60], price=-1.0))


@given(minutes(), st.booleans())
def test_the_sessions_bars_are_those_of_the_last_day(bars: Bars, extended: bool) -> None:
    """New York's, or its regular hours."""
    today = session_bars(bars, include_extended=extended)
    days = [naive.local(stamp).date() for stamp in bars.timestamp.tolist()]
    expected = bars.take(np.array([day == days[-1] for day in days], bool))
    if not extended:
        expected = expected.take(MARKET.regular(expected.timestamp))
    assert today.same(expected)
