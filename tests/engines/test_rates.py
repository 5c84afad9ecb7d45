"""Shares with their intervals."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from polytape.engines.rates import wilson


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (70, 100), (1, 1)])
def test_the_interval_is_scipys(count: int, of: int) -> None:
    mine, theirs = wilson(count, of), binomtest(count, of).proportion_ci(method="wilson")
    assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert math.isnan(wilson(0, 0).rate)


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_share_and_narrows_with_more_cases(
    of: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, of))
    rate = wilson(count, of)
    assert 0 <= rate.low <= rate.rate + 1e-12
    assert rate.rate - 1e-12 <= rate.high <= 1
    more = wilson(count * 4, of * 4)
    assert more.high - more.low < rate.high - rate.low
    other = wilson(of - count, of)
    assert (other.low, other.high) == pytest.approx((1 - rate.high, 1 - rate.low), abs=1e-9)
