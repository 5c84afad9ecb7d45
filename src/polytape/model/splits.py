"""Splits, and prices adjusted for them.

Prices are stored as traded, beside the table of splits, and adjusted on reading: stored adjusted,
they would be wrong from the next split on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.units import DAY_US
from polytape.model.wall_clock import WallClock

# Prices further away from a split do not speak of it: no halt around one was ever so long.
NEAR_US = 10 * DAY_US
# Logarithms of price ratios: a night's ordinary move, and how far off a split's move may be.
ORDINARY_MOVE, ROUGHLY = math.log(1.25), math.log(1.5)
# The vendor lists one of 2,000,000 to 1; beyond this a number went wrong.
MOST_RATIO = 1e7
FIRST_YEAR, LAST_YEAR = 1900, 2100
# The last close before a split and the first open after it.
BOTH_SIDES = 2


@dataclass(frozen=True, slots=True, order=True)
class Split:
    """From the start of `execution_date` (New York), `split_to` shares stand for `split_from`.

    Raises: ValidationError for a number of shares that is not above 0, a ratio of more than
        MOST_RATIO either way, a day of no year that splits are of.
    """

    execution_date: date
    symbol: str
    split_from: float
    split_to: float

    def __post_init__(self) -> None:
        for name in ("split_from", "split_to"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValidationError(name, value, "a number of shares above 0")
        if not 1 / MOST_RATIO <= self.ratio <= MOST_RATIO:
            allowed = f"a ratio of at most {MOST_RATIO:,.0f} to 1, either way"
            raise ValidationError("split_to/split_from", self.ratio, allowed)
        if not self.is_day(self.execution_date):
            allowed = f"a day of {FIRST_YEAR} to {LAST_YEAR}"
            raise ValidationError("execution_date", str(self.execution_date), allowed)

    @staticmethod
    def is_day(day: date) -> bool:
        """Whether a split may be of a day."""
        return FIRST_YEAR <= day.year <= LAST_YEAR

    @property
    def ratio(self) -> float:
        """New shares for one old: 7.0 for a 7-for-1 split."""
        return self.split_to / self.split_from


@dataclass(frozen=True, slots=True)
class RefusedSplit:
    """A record of a symbol's that is no split, in the words of its source, and why.
    `execution_date` None: it has no day that could be right.
    """

    symbol: str
    execution_date: date | None
    words: str
    reason: str

    def touches(self, first: date, today: date) -> bool:
        """Whether it would have changed prices of the days from `first` on."""
        return self.execution_date is None or first < self.execution_date <= today

    def __str__(self) -> str:
        return (
            f"a record of splits was refused, and is not applied: {self.symbol} {self.words} "
            f"({self.reason})"
        )


class SplitVerdict(Enum):
    """What prices say of a split."""

    CONFIRMED = "the price moved by it"
    UNKNOWN = "there are no prices to tell"
    ROUGH = "the price moved, by another ratio"
    CONTRADICTED = "the price did not move"


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """A split beside the last price before it and the first one after it, as traded."""

    split: Split
    verdict: SplitVerdict
    before: float = math.nan
    after: float = math.nan

    @property
    def doubtful(self) -> bool:
        """Whether prices speak against it."""
        return self.verdict in (SplitVerdict.CONTRADICTED, SplitVerdict.ROUGH)

    def __str__(self) -> str:
        split = self.split
        return (
            f"{split.symbol} {split.split_to:g}-for-{split.split_from:g} on {split.execution_date}:"
            f" {self.verdict.value} ({self.before:g} before, {self.after:g} after)"
        )


def check_split(split: Split, days: Bars, market: WallClock) -> SplitCheck:
    """Compare a split with tidy daily bars as traded around its day.

    Contradicted: the overnight move is nearer to none than to the split's ratio. Rough: it differs
    from the ratio by more than half. Ratios too near to 1 to tell from an ordinary night are not
    judged.
    """
    executed = market.day_start(split.execution_date)
    near = Span(executed - NEAR_US, executed + NEAR_US)
    at = int(np.searchsorted(days.timestamp, executed))
    expected = math.log(split.ratio)
    around = [days.timestamp[n] in near for n in (at - 1, at) if 0 <= n < len(days)]
    if len(around) < BOTH_SIDES or not all(around) or abs(expected) < ORDINARY_MOVE:
        return SplitCheck(split, SplitVerdict.UNKNOWN)
    before, after = float(days.close[at - 1]), float(days.open[at])
    if not (0 < before < math.inf and 0 < after < math.inf):
        return SplitCheck(split, SplitVerdict.UNKNOWN)
    moved = math.log(before / after)
    if abs(moved) < abs(moved - expected):
        verdict = SplitVerdict.CONTRADICTED
    else:
        verdict = SplitVerdict.CONFIRMED if abs(moved - expected) <= ROUGHLY else SplitVerdict.ROUGH
    return SplitCheck(split, verdict, before, after)


def adjust(bars: Bars, splits: Iterable[Split], today: date, market: WallClock) -> Bars:
    """Tidy bars as if every split up to and on `today` had always been in force.

    Prices before a split are divided by its ratio, volumes multiplied. A row of the table that
    says the same twice counts once; future splits do not count.
    """
    if not len(bars):
        return bars
    first = market.date_of(int(bars.timestamp[0]))
    done = sorted({split for split in splits if first < split.execution_date <= today})
    if not done:
        return bars
    # The factor of a bar is the product of all ratios executed after its start.
    ratios = [split.ratio for split in done]
    factors = np.append(np.cumprod(ratios[::-1])[::-1], 1.0)
    executed = [market.day_start(split.execution_date) for split in done]
    edges = np.searchsorted(bars.timestamp, np.array(executed, np.int64))
    factor = np.repeat(factors, np.diff(edges, prepend=0, append=len(bars)))
    return bars if np.all(factor == 1.0) else bars.scaled(factor, factor)
