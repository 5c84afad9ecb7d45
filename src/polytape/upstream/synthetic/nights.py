"""The nights of the made-up market, where the hours of a trade date begin the evening before. Pure.

A night is a thin walk from the last close back to it: with and without nights the other minutes of
the same market are the same.
"""

import numpy as np

from polytape.model.arrays import Floats, Ints
from polytape.model.bars import Bars
from polytape.model.units import MINUTE_US
from polytape.upstream.synthetic.noise import hashed, lanes_of, normal
from polytape.upstream.synthetic.prices import REGULAR, Character, Path, as_traded

# Beside the extended hours by day: how often a minute has a bar, and how far prices move.
PRESENCE, MOVES = 0.25, 0.15
SHARE_OF_VOLUME = 0.01
# The night's own hashes: 1 to 7 are taken by the day.
NIGHT_KEY = np.uint64(11)


def night_bars(
    traits: Character, path: Path, days: Ints, at: Ints, starts: Ints, ends: Ints
) -> Bars:
    """The night minutes of some days, given by their places `at` in `days` (since 1970), from
    `starts` to `ends`, microseconds UTC.
    """
    lengths = (ends - starts) // MINUTE_US
    cells = np.arange(int(lengths.max(initial=0)))
    inside = cells < lengths[:, None]
    keys = hashed(traits.key + NIGHT_KEY, days[at].view(np.uint64))[:, None]
    lanes = lanes_of(hashed(keys + np.uint64(2), cells.astype(np.uint64)))
    here = inside & (lanes[..., 0] < PRESENCE * traits.extended_presence)
    steps = normal(hashed(keys, cells.astype(np.uint64))) * inside
    edges = _there_and_back(steps * MOVES * traits.daily_vol / np.sqrt(REGULAR), cells, lengths)
    edges += path.close[np.maximum(at - 1, 0)][:, None]
    usual = np.full(here.shape, SHARE_OF_VOLUME * traits.shares_a_day) / np.maximum(
        1, lengths[:, None]
    )
    return as_traded(
        (starts[:, None] + cells * MINUTE_US)[here],
        edges[:, :-1][here],
        edges[:, 1:][here],
        np.broadcast_to(path.shares[at][:, None], here.shape)[here],
        usual[here],
        lanes[here],
        traits,
    )


def _there_and_back(steps: Floats, cells: Ints, lengths: Ints) -> Floats:
    """How far (in logs) prices are from where they begin at the edges of the minutes, one more
    column than there are minutes: nothing at both ends of a night.
    """
    walk = np.cumsum(steps, axis=1)
    share = np.minimum(1.0, (cells + 1) / np.maximum(1, lengths[:, None]))
    bridge = walk - share * walk[:, -1:]
    return np.concatenate([np.zeros((len(steps), 1)), bridge], axis=1)
