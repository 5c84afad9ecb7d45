"""Numbers that look random and are not: hashes of a key and a counter, the same in any order."""

import numpy as np
import numpy.typing as npt

from polytape.model.arrays import Floats

Hashes = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def hashed(key: np.uint64 | Hashes, counter: Hashes) -> Hashes:
    """SplitMix64's finalizer (Steele, Lea, Flood 2014): a counter becomes 64 even bits."""
    with np.errstate(over="ignore"):
        z = key + (counter + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def lanes_of(hashes: Hashes) -> Floats:
    """Four even numbers in [0, 1) from each hash, on a last axis."""
    parts = np.ascontiguousarray(hashes).view(np.uint16).reshape(*hashes.shape, 4)
    return parts / 65_536.0


def normal(hashes: Hashes) -> Floats:
    """Nearly normal numbers, mean 0 and variance 1: four even ones summed (Irwin-Hall)."""
    centred: Floats = (lanes_of(hashes).sum(axis=-1) - 2.0) * np.sqrt(3.0)
    return centred
