"""Bars for the engines' tests: walks that hypothesis draws, on a 15-minute grid."""

import numpy as np
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.model.units import MINUTE_US

START = 1_700_000_100_000_000 // (15 * MINUTE_US) * (15 * MINUTE_US)


@st.composite
def walks(draw: st.DrawFn, least: int = 0, most: int = 120) -> Bars:
    """A walk in whole cents, with ties and bars of one price among it."""
    count = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rough = draw(st.sampled_from([1, 3, 20, 80]))
    chance = np.random.default_rng(seed)
    closes = 5_000 + np.cumsum(chance.integers(-rough, rough + 1, count))
    opens = closes + chance.integers(-rough, rough + 1, count)
    high = np.maximum(opens, closes) + chance.integers(0, rough + 1, count)
    low = np.minimum(opens, closes) - chance.integers(0, rough + 1, count)
    volume = chance.integers(0, 500, count)
    stamps = START + np.arange(count) * 15 * MINUTE_US
    prices = [np.maximum(column, 100) / 100 for column in (opens, high, low, closes)]
    return Bars.of(stamps, prices[0], prices[1], prices[2], prices[3], volume)


def driftless(seed: int, count: int = 2_000, steps: int = 15) -> Bars:
    """A random walk without drift: no rule can earn on it. Each bar is the range of its steps."""
    moves = np.random.default_rng(seed).normal(0, 1, (count, steps))
    path = 10_000 + np.cumsum(moves.ravel()).reshape(count, steps)
    opens = np.append(10_000.0, path[:-1, -1])
    path = np.column_stack([opens, path])
    stamps = START + np.arange(count) * 15 * MINUTE_US
    return Bars.of(
        stamps, opens, path.max(axis=1), path.min(axis=1), path[:, -1], np.full(count, 1.0)
    )
