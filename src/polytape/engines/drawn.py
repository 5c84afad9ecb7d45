"""What a picture of a result shows beside it: the last bars that it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from polytape.engines.as_of import bars_at
from polytape.model.arrays import Floats, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timeframes import Timeframe

MOST_BARS = 400
COARSER = (Timeframe.MIN_5, Timeframe.MIN_15, Timeframe.MIN_30, Timeframe.MIN_60, Timeframe.MIN_120)


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """The last bars of a timeframe, in memory of their own, and lines over them: a price for each
    bar, NaN where there is none.
    """

    bars: Bars
    timeframe: Timeframe
    lines: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, bars: Bars, timeframe: Timeframe) -> Self:
        """The last of some bars."""
        return cls(bars.last(MOST_BARS).copy(), timeframe)

    @classmethod
    def of_minutes(cls, minutes: Bars, as_of: int, market: Market) -> Self:
        """All of some 1-minute bars that were complete at `as_of` (microseconds UTC), as bars of
        the shortest timeframe that fit a picture.
        """
        fits = (one for one in COARSER if _about(minutes, one) <= MOST_BARS)
        timeframe = next(fits, COARSER[-1])
        return cls.of(bars_at(minutes, timeframe, as_of, market), timeframe)

    def with_lines(self, starts: Ints, **lines: Floats) -> Self:
        """The same with lines of finer bars that start at `starts` (microseconds UTC): at each bar
        the value at its end.
        """
        ends = np.append(self.bars.timestamp[1:], np.iinfo(np.int64).max)
        at = (np.searchsorted(starts, ends) - 1)[: len(self.bars)]
        return replace(self, lines={name: line[at] for name, line in lines.items()})


def _about(minutes: Bars, timeframe: Timeframe) -> int:
    """How many bars of a timeframe some minutes make; one more or less by where the grid lies."""
    length = timeframe.length_us
    assert length is not None
    return int(np.count_nonzero(np.diff(minutes.timestamp // length))) + 1
