"""Bars as columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.model.spans import Span
from tests.conftest import flat_bars

stamps = st.lists(st.integers(0, 50), max_size=30)


def numbered(listed: list[int]) -> Bars:
    """Bars whose volume says in which place they came."""
    bars = flat_bars(listed)
    bars.volume[:] = np.arange(len(listed))
    return bars


@given(stamps)
def test_tidy_bars_are_sorted_and_of_each_start_the_last_one_stays(listed: list[int]) -> None:
    tidy = numbered(listed).tidy()
    last_place = {stamp: place for place, stamp in enumerate(listed)}
    assert list(tidy.timestamp) == sorted(last_place)
    assert [last_place[int(s)] for s in tidy.timestamp] == list(tidy.volume)


@given(stamps, st.integers(0, 50), st.integers(0, 20))
def test_within_keeps_the_bars_that_start_inside(listed: list[int], start: int, more: int) -> None:
    tidy = numbered(listed).tidy()
    kept = tidy.within(Span(start, start + more))
    assert list(kept.timestamp) == [t for t in sorted(set(listed)) if start <= t < start + more]


@given(stamps, st.integers(1, 40))
def test_last_keeps_the_most_recent(listed: list[int], count: int) -> None:
    tidy = numbered(listed).tidy()
    assert list(tidy.last(count).timestamp) == sorted(set(listed))[-count:]
    assert tidy.last(None) is tidy


@given(st.lists(stamps, max_size=4))
def test_concat_is_every_bar_in_order(parts: list[list[int]]) -> None:
    joined = Bars.concat(flat_bars(part) for part in parts)
    assert list(joined.timestamp) == [stamp for part in parts for stamp in part]


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Bars.of([1, 2], [1], [1], [1], [1], [1])


def test_same_compares_to_the_last_bit_and_unknown_equals_unknown() -> None:
    a = flat_bars([1, 2])
    assert a.same(flat_bars([1, 2]))
    assert not a.same(flat_bars([1, 3]))
    assert not a.same(flat_bars([1, 2], price=np.nextafter(10.0, 11.0)))
