"""Splits, and prices adjusted for them.

What is kept is prices as traded and the table of splits. Adjusted prices are made on reading:
kept, they would be wrong from the next split on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import isfinite

import numpy as np

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.newyork import midnight


@dataclass(frozen=True, slots=True, order=True)
class Split:
    """From the start of `execution_date` (New York), `split_to` shares stand for `split_from`."""

    execution_date: date
    symbol: str
    split_from: float
    split_to: float

    def __post_init__(self) -> None:
        for name in ("split_from", "split_to"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValidationError(name, value, "a number of shares above 0")

    @property
    def ratio(self) -> float:
        """New shares for one old: 7.0 for a 7-for-1 split."""
        return self.split_to / self.split_from


def adjust(bars: Bars, splits: Iterable[Split], today: date) -> Bars:
    """Tidy bars as if every split up to and on `today` had always been in force.

    Prices before a split are divided by its ratio, volumes multiplied. A row of the table that
    says the same twice counts once; future splits do not count.
    """
    done = sorted({split for split in splits if split.execution_date <= today})
    if not done or not len(bars):
        return bars
    executed = np.array([midnight(split.execution_date) for split in done], np.int64)
    ratios = np.array([split.ratio for split in done])
    # The factor of a bar is the product of all ratios executed after its start.
    factors = np.append(np.cumprod(ratios[::-1])[::-1], 1.0)
    factor = factors[np.searchsorted(executed, bars.timestamp, side="right")]
    return bars if np.all(factor == 1.0) else bars.scaled(factor, factor)
