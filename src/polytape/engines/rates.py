"""How often zones were touched and held, beside random levels, with intervals that cover.

Scans of neighbouring days see the same zones and the same prices after them, so that thousands of
cases may be a few dozen independent ones: intervals that count cases are far too narrow. Here whole
blocks of trading days are drawn with replacement (the block bootstrap of Kuensch 1989 with blocks
apart, as Carlstein 1986), and the spread is widened by Student's t for the number of blocks.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from polytape.engines.confluence import ZoneLevel
from polytape.engines.result import Result, Shown
from polytape.engines.t_quantile import t_quantile
from polytape.engines.validation import require
from polytape.model.arrays import Floats, Ints
from polytape.model.counts import counted

CONFIDENCE = 0.95
RESAMPLES = 1_000
# With fewer cases or effective blocks nothing is said about the spread.
LEAST_CASES, LEAST_BLOCKS = 30, 3.0


@dataclass(frozen=True)
class Rate(Result):
    """A share of `of` cases with its 95 % interval; NaN where there are none, or too few."""

    count: int
    of: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Result):
    """A rate less that of random levels. Its 95 % interval is from `low` to `high`; that from
    `joint_low` to `joint_high` is corrected for the number of levels, two differences of each
    (Bonferroni): in 95 of 100 markets without memory all of them hold 0. NaN: too few cases.
    """

    rate: float
    low: float
    high: float
    joint_low: float
    joint_high: float

    @property
    def stands_out(self) -> bool:
        """Whether chance alone would hardly make it: the corrected interval is off 0."""
        return self.joint_low > 0 or self.joint_high < 0


@dataclass(frozen=True)
class LevelRates(Result):
    """Zones of one level: how many, how many were touched within the horizon, and how many of those
    held: the price left on the side it came from by one ATR(15min) before it closed as far beyond.
    Beside them random levels at distances of zones of the same level, and the differences to them.
    """

    level: str
    zones: int
    touched: Rate
    held: Rate
    random_touch_rate: Rate
    random_hold_rate: Rate
    touch_difference: Difference
    hold_difference: Difference


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Shown):
    """Rates by level, those that occurred, L5 first. `steps` instants of each symbol were walked,
    and blocks of `block_days` trading days drawn. `scale` says which scores made the levels.
    """

    symbol: str
    start: datetime
    end: datetime
    steps: int
    horizon_days: int
    block_days: int
    scale: str
    levels: tuple[LevelRates, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those that were walked together."""
        return tuple(self.symbol.split(", "))

    def of(self, level: str) -> LevelRates | None:
        """The rates of a level; None where no zone had it."""
        return next((one for one in self.levels if one.level == level), None)

    def facts(self) -> list[str]:
        """What was walked."""
        return [
            f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}",
            f"{counted(self.steps, 'step')} of {counted(self.horizon_days, 'day')}",
            f"{self.scale} levels",
        ]

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [_row(one) for one in self.levels]

    def __repr__(self) -> str:
        head = (
            f"{self.symbol}: {counted(self.steps, 'step')} of {counted(self.horizon_days, 'day')}; "
            "random levels in brackets, points"
        )
        return "\n".join([head, *(f"  {_line(one)}" for one in self.levels)])


def parse_rates(rates: object) -> tuple[Calibration, ...]:
    """Calibrations as `calibrate` makes them: several, or a single one.

    Raises: ValidationError for anything else.
    """
    several = tuple(rates) if isinstance(rates, Iterable) else (rates,)
    for one in several:
        allowed = "calibrations, as `calibrate` makes them"
        require("rates", type(one).__name__, isinstance(one, Calibration), allowed)
    return several


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of one level by step: `zones`, and of them the `touched`, `decided` and `held`. Each
    has a row for the level's zones, and one for the random levels: shape (2, steps).
    """

    zones: Ints
    touched: Ints
    decided: Ints
    held: Ints


def rates_of(
    cases: Mapping[ZoneLevel, Cases], block_steps: int, chance: np.random.Generator
) -> tuple[LevelRates, ...]:
    """The rates of each level that has zones, and their differences to random levels. Blocks are of
    at least `block_steps` steps.
    """
    some = {level: one for level, one in cases.items() if one.zones[0].any()}
    touched = {
        level: _Shares.of(one.touched, one.zones, block_steps) for level, one in some.items()
    }
    held = {level: _Shares.of(one.held, one.decided, block_steps) for level, one in some.items()}
    compared = sum(one.enough for one in (*touched.values(), *held.values()))
    return tuple(
        LevelRates(
            level=level,
            zones=int(one.zones[0].sum()),
            touched=touched[level].rate(0, chance),
            held=held[level].rate(0, chance),
            random_touch_rate=touched[level].rate(1, chance),
            random_hold_rate=held[level].rate(1, chance),
            touch_difference=touched[level].difference(chance, compared),
            hold_difference=held[level].difference(chance, compared),
        )
        for level, one in some.items()
    )


@dataclass(frozen=True, slots=True)
class _Shares:
    """Counts and cases by block, shape (2, blocks): of zones, and of random levels."""

    counts: Ints
    cases: Ints

    @classmethod
    def of(cls, counts: Ints, cases: Ints, block_steps: int) -> "_Shares":
        steps = cases.shape[1]
        edges = np.linspace(0, steps, max(1, steps // block_steps) + 1).astype(np.int64)[:-1]
        by_block = (np.add.reduceat(column, edges, axis=1) for column in (counts, cases))
        return cls(*by_block)

    @property
    def blocks(self) -> float:
        """How many blocks of equal size are worth as much (Kish 1965)."""
        cases = self.cases[0].astype(np.float64)
        return float(cases.sum() ** 2 / (cases**2).sum()) if cases.any() else 0.0

    @property
    def enough(self) -> bool:
        return int(self.cases[0].sum()) >= LEAST_CASES and self.blocks >= LEAST_BLOCKS

    @property
    def shares(self) -> Floats:
        """Of zones, and of random levels; NaN where there is no case."""
        return _divided(self.counts.sum(axis=1), self.cases.sum(axis=1))

    def rate(self, which: int, chance: np.random.Generator) -> Rate:
        """The share of zones (0) or random levels (1)."""
        share = float(self.shares[which])
        half = (
            self._half(self._spread(self._drawn(chance)[:, which]), 1) if self.enough else math.nan
        )
        low, high = max(0.0, share - half), min(1.0, share + half)
        count, of = int(self.counts[which].sum()), int(self.cases[which].sum())
        return Rate(count, of, share, *((low, high) if self.enough else (math.nan, math.nan)))

    def difference(self, chance: np.random.Generator, levels: int) -> Difference:
        """That of both, for so many levels."""
        rate = float(self.shares[0] - self.shares[1])
        if not self.enough:
            return Difference(rate, *[math.nan] * 4)
        drawn = self._drawn(chance)
        spread = self._spread(drawn[:, 0] - drawn[:, 1])
        one, joint = self._half(spread, 1), self._half(spread, levels)
        return Difference(rate, rate - one, rate + one, rate - joint, rate + joint)

    def _drawn(self, chance: np.random.Generator) -> Floats:
        """Both shares of each resample, shape (resamples, 2)."""
        some = self.cases[0] > 0
        count = int(some.sum())
        times = chance.multinomial(count, np.full(count, 1 / count), RESAMPLES)
        return _divided(times @ self.counts[:, some].T, times @ self.cases[:, some].T)

    def _spread(self, values: Floats) -> float:
        """The standard error: resamples of few blocks vary too little by this factor. At least that
        of so many cases which have nothing to do with each other.
        """
        few = math.sqrt(self.blocks / (self.blocks - 1))
        share = float(self.shares[1])
        least = math.sqrt(share * (1 - share) / int(self.cases[0].sum()))
        return max(float(np.nanstd(values)) * few, least)

    def _half(self, spread: float, comparisons: int) -> float:
        """Half the width of an interval that is one of so many."""
        tail = (1 - CONFIDENCE) / 2 / comparisons
        return t_quantile(1 - tail, max(1, round(self.blocks) - 1)) * spread


def _divided(counts: Ints, cases: Ints) -> Floats:
    shares: Floats = np.full(cases.shape, np.nan)
    np.divide(counts, cases, out=shares, where=cases > 0)
    return shares


def _row(one: LevelRates) -> dict[str, object]:
    """A level without nesting: `held`, `held_low`, `held_difference_joint_low` ..."""
    row: dict[str, object] = {"level": one.level, "zones": one.zones}
    for name in ("touched", "held", "random_touch_rate", "random_hold_rate"):
        rate = getattr(one, name)
        row |= {name: rate.rate, f"{name}_low": rate.low, f"{name}_high": rate.high}
        row[f"{name}_of"] = rate.of
    for name in ("touch_difference", "hold_difference"):
        row[name] = getattr(one, name).rate
        for end in ("low", "high", "joint_low", "joint_high"):
            row[f"{name}_{end}"] = getattr(getattr(one, name), end)
    return row


def _line(one: LevelRates) -> str:
    """`L3   136 zones  touched 62% (63%)  held 61% (62%) of 85  -1 (-24 to +23)`."""
    gap, held = one.hold_difference, one.held
    text = (
        f"{one.level} {one.zones:5} zones  touched {_percent(one.touched.rate)} "
        f"({_percent(one.random_touch_rate.rate)})  held {_percent(held.rate)} "
        f"({_percent(one.random_hold_rate.rate)}) of {held.of}"
    )
    if math.isnan(gap.joint_low):
        return f"{text}  too few"
    return (
        f"{text}  {100 * gap.rate:+.0f} ({100 * gap.joint_low:+.0f} to {100 * gap.joint_high:+.0f})"
    )


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"
