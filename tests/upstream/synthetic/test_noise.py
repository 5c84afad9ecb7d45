"""Numbers that look random and are not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.upstream.synthetic.noise import hashed, lanes_of, normal

keys = st.integers(0, 2**64 - 1).map(np.uint64)
COUNTS = np.arange(50_000, dtype=np.uint64)


def test_it_is_splitmix64() -> None:
    """The first numbers of seeds 0 and 1234567, as other implementations print them."""
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert hashed(np.uint64(0), COUNTS[:3]).tolist() == first
    other = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert hashed(np.uint64(1234567), COUNTS[:3]).tolist() == other


@given(keys, st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_a_number_depends_on_its_place_alone(key: np.uint64, counters: list[int]) -> None:
    """Any range in any order gives the same."""
    together = hashed(key, np.array(counters, np.uint64))
    alone = [hashed(key, np.array([counter], np.uint64))[0] for counter in counters]
    assert together.tolist() == [int(one) for one in alone]


@given(keys)
def test_lanes_are_even_and_have_nothing_to_do_with_each_other(key: np.uint64) -> None:
    """Four of each hash, from 0 to 1."""
    lanes = lanes_of(hashed(key, COUNTS))
    assert lanes.shape == (len(COUNTS), 4)
    assert (lanes.min() >= 0, lanes.max() < 1) == (True, True)
    assert np.abs(lanes.mean(axis=0) - 0.5).max() < 0.01
    assert np.abs(np.corrcoef(lanes.T) - np.eye(4)).max() < 0.03


@given(keys)
def test_normal_numbers_have_mean_0_and_variance_1(key: np.uint64) -> None:
    """Nearly normal: none is farther out than the sum of four can be."""
    numbers = normal(hashed(key, COUNTS))
    assert abs(numbers.mean()) < 0.03
    assert abs(numbers.std() - 1) < 0.02
    assert np.abs(numbers).max() <= 2 * np.sqrt(3)
