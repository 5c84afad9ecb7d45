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


@given(minutes(), st.integers(0, 120))
def test_a_value_is_never_rewritten_by_later_bars(bars: Bars, cut: int) -> None:
    """Not in the last bit."""
    early = vwap(bars.take(slice(cut))).values
    np.testing.assert_array_equal(early, vwap(bars).values[: len(early)])


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
