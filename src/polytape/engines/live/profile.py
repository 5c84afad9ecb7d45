"""The session's volume by price, bar by bar."""

from collections.abc import Iterable
from math import floor
from typing import NamedTuple

import numpy as np

from polytape.engines.live.day import DayReading
from polytape.engines.options import ValueAreaMethod
from polytape.engines.volume_profile import ProfileOptions, VolumeProfile
from polytape.model.arrays import Floats
from polytape.model.bar import Bar
from polytape.model.market import Market


class _Range(NamedTuple):
    """The lowest and the highest price so far."""

    low: float
    high: float


class LiveProfile(DayReading[_Range, VolumeProfile]):
    """The profile of the trading day of the latest bar, as `volume_profile` makes it of that day's
    bars; the options are its own.

    A push takes O(1). `value` adds the bars since it was last read to sums by level, and takes time
    linear in the levels; where the range grew, and so the levels moved, or a bar was replaced, it
    adds the day's bars anew.
    """

    def __init__(
        self,
        *,
        levels: int = 100,
        price_step: float | None = None,
        percentile: float = 80.0,
        prominence: float = 0.005,
        distance: int = 3,
        value_area: float = 0.70,
        value_area_method: ValueAreaMethod = "two_row",
        include_extended: bool = True,
        market: Market | None = None,
    ) -> None:
        """Raises: ValidationError for bad parameters."""
        super().__init__(include_extended=include_extended, market=market)
        self._options = ProfileOptions(
            levels, price_step, percentile, prominence, distance, value_area, value_area_method
        )
        self._sums: _LevelSums | None = None

    @property
    def value(self) -> VolumeProfile:
        """The profile so far. Raises: ValidationError for a price step that makes too many levels
        of the day's range.
        """
        if not self._states:
            return self._options.without_bars()
        low, high = self._states[-1]
        edges, step = self._options.edges(low, high)
        volumes = self._volumes(_Grid(float(edges[0]), step, len(edges) - 1))
        return self._options.profile(volumes, edges, step, low=low, high=high, bars=len(self))

    def _next_state(self, bar: Bar, place: int) -> _Range:
        if self._sums is not None and place < self._sums.count:
            self._sums = None  # a bar that was added is there no more
        if not place:
            return _Range(bar.low, bar.high)
        before = self._states[-1]
        return _Range(min(before.low, bar.low), max(before.high, bar.high))

    def _volumes(self, grid: "_Grid") -> Floats:
        if grid.step == 0:  # as the batch sums one level, to the last bit
            return np.array([np.array([bar.volume for bar in self._bars]).sum()])
        if self._sums is None or self._sums.grid != grid:
            self._sums = _LevelSums(grid)
        self._sums.add(self._bars[self._sums.count :])
        return self._sums.volumes()


class _Grid(NamedTuple):
    """So many levels of `step` dollars from `bottom` on."""

    bottom: float
    step: float
    levels: int


class _LevelSums:
    """What the bars so far add to each level: the terms of `spread`, in its order."""

    def __init__(self, grid: _Grid) -> None:
        self.grid = grid
        self.count = 0
        size = grid.levels + 1
        self._single, self._begin, self._end = ([0.0] * size for _ in range(3))
        # Whole levels inside a bar, as differences: by density, and by number of bars.
        self._up, self._down = [0.0] * size, [0.0] * size
        self._covered = [0] * size

    def add(self, bars: Iterable[Bar]) -> None:
        """Add further bars, each in constant time."""
        for bar in bars:
            self._add(bar)
            self.count += 1

    def volumes(self) -> Floats:
        """The volume of each level."""
        single, begin, end, up, down = (
            np.array(column[:-1])
            for column in (self._single, self._begin, self._end, self._up, self._down)
        )
        inside = np.maximum(np.cumsum(up - down), 0.0)
        covered = np.cumsum(self._covered[:-1]) > 0
        volumes: Floats = single + (begin + end)
        volumes += np.where(covered, inside, 0.0)
        return volumes

    def _add(self, bar: Bar) -> None:
        bottom, step, levels = self.grid
        low, high = (bar.low - bottom) / step, (bar.high - bottom) / step
        first, last = (min(max(floor(x), 0), levels - 1) for x in (low, high))
        width = high - low
        if first == last or width <= 0:
            self._single[first] += bar.volume
            return
        density = bar.volume / width
        self._begin[first] += density * (first + 1 - low)
        self._end[last] += density * (high - last)
        self._up[first + 1] += density
        self._down[last] += density
        self._covered[first + 1] += 1
        self._covered[last] -= 1
