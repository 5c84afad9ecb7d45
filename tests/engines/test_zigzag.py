"""The zigzag alternates, its neighbours keep apart, and what was shown never comes back."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.atr import atr
from polytape.engines.zigzag import Candidate, Step, candidates, overlap, shown, step
from polytape.model.bars import Bars
from tests.engines.bars import walks

distances = st.sampled_from([0.0, 0.5, 1.0, 2.0])


def fractals_of(bars: Bars, side: int, distance: float) -> list[Candidate]:
    return list(candidates(bars, atr(bars, period=3).values, side, distance))


@given(walks(), st.integers(1, 5), distances, st.booleans())
def test_highs_and_lows_alternate(bars: Bars, side: int, distance: float, apart: bool) -> None:
    """With the overlap filter, too, and then no swing's bar overlaps its neighbour's."""
    every = list(shown(fractals_of(bars, side, distance), apart=apart))
    swings = [one.candidate for one in every if one.replaced_by is None]
    for one, after in pairwise(swings):
        assert one.kind != after.kind
        assert not (apart and overlap(one, after))


@given(walks(), st.integers(1, 5), distances, st.booleans())
def test_a_swing_is_replaced_once_or_settles_once(
    bars: Bars, side: int, distance: float, apart: bool
) -> None:
    """By the swing that is shown next, of its own kind or of the other; the last by none."""
    every = list(shown(fractals_of(bars, side, distance), apart=apart))
    for one, after in pairwise(every):
        by = after.candidate.place
        same = one.candidate.kind == after.candidate.kind
        assert (one.replaced_by, one.settled_by) == ((by, None) if same else (None, by))
    assert all((one.replaced_by, one.settled_by) == (None, None) for one in every[-1:])


def test_without_room_for_neighbours_there_is_no_candidate() -> None:
    """Nor without an ATR."""
    bars = Bars.of([1, 2, 3], [1, 2, 1], [1, 3, 1], [1, 2, 1], [1, 2, 1], [1, 1, 1])
    (one,) = candidates(bars, np.array([1.0, 1.0, 1.0]), 1, 2.0)
    assert one == Candidate(1, "high", 3.0, 2.0, 2.0)
    assert not list(candidates(bars, np.array([1.0, np.nan, 1.0]), 1, 2.0))
    assert not list(candidates(bars, np.ones(3), 2, 2.0))


def high(top: float, bottom: float) -> Candidate:
    return Candidate(0, "high", top, bottom, 0.0)


def low(top: float, bottom: float) -> Candidate:
    return Candidate(0, "low", top, bottom, 0.0)


def test_of_two_of_a_kind_the_more_extreme_stays() -> None:
    """An equal one does not; nor one whose bar reaches down to the swing before."""
    before, last = low(11, 10), high(15, 13)
    for new, what in (
        (high(16, 14), Step.REPLACES), (high(15, 14), Step.IGNORED), (high(14, 13), Step.IGNORED),
        (high(16, 11), Step.IGNORED), (high(16, 11.5), Step.REPLACES),
    ):  # fmt: skip
        assert step(before, last, new, least=0.0, apart=True) is what
    assert step(before, last, high(16, 11), least=0.0, apart=False) is Step.REPLACES
    assert step(None, last, high(16, 1), least=0.0, apart=True) is Step.REPLACES


def test_one_of_the_other_kind_turns_where_it_is_far_enough_and_apart() -> None:
    """Far enough is at least so many dollars; bars that touch overlap."""
    last = high(15, 13)
    for new, least, what in (
        (low(12, 10), 5.0, Step.TURNS), (low(12, 10), 5.1, Step.IGNORED),
        (low(13, 10), 1.0, Step.IGNORED), (low(20, 10), 1.0, Step.IGNORED),
    ):  # fmt: skip
        assert step(None, last, new, least=least, apart=True) is what
    assert step(None, last, low(13, 10), least=1.0, apart=False) is Step.TURNS
    assert step(None, None, last, least=9.0, apart=True) is Step.TURNS
