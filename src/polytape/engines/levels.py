"""Levels: prices that engines propose, each with its zone, source and weight."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from polytape.engines.result import Result

WEIGHTS = {
    "hvn-30d": 3.0,
    "hvn-14d": 2.5,
    "hvn-7d": 2.0,
    "cam-monthly": 3.0,
    "cam-weekly": 2.5,
    "cam-daily": 1.5,
    "weekly": 2.5,
    "daily-zone": 1.5,
    "daily-level": 1.0,
    "atr": 1.5,
    "market-structure": 1.0,
    "fractal": 2.0,
}
# Half-widths in ATR(15min) of the levels that bring no zone of their own.
HALF_WIDTHS = {
    "hvn-7d": 0.15,
    "hvn-14d": 0.15,
    "hvn-30d": 0.15,
    "cam-monthly": 1.0,
    "cam-weekly": 0.75,
    "cam-daily": 0.25,
    "fractal": 0.25,
}
# How many daily ATRs from the price levels count.
REACH_ATRS = 2.0


@dataclass(frozen=True, order=True, repr=False)
class Level(Result):
    """One price that an engine proposes, `level`, with its zone from `low` to `high`, in dollars.
    Levels of the same `inputs` vote once.
    """

    level: float
    low: float
    high: float
    name: str
    type: str
    family: str
    weight: float
    strength: float
    inputs: str

    def __repr__(self) -> str:
        return f"{self.name} {self.level:.2f}"


@dataclass(frozen=True, slots=True)
class PriceContext:
    """The price and its ATRs in dollars at `as_of` (microseconds UTC)."""

    price: float
    atr_15min: float
    atr_day: float
    as_of: int

    @property
    def reach(self) -> float:
        """How far from the price levels count, in dollars."""
        return REACH_ATRS * self.atr_day


def make_level(
    name: str,
    type: str,
    family: str,
    level: float,
    *,
    context: PriceContext,
    strength: float = 1.0,
    low: float | None = None,
    high: float | None = None,
    inputs: str | None = None,
) -> Level:
    """A level with the weight of its type, and its half-width where it brings no zone."""
    half = HALF_WIDTHS.get(type, 0.0) * context.atr_15min
    return Level(
        level=level,
        low=level - half if low is None else low,
        high=level + half if high is None else high,
        name=name,
        type=type,
        family=family,
        weight=WEIGHTS[type],
        strength=strength,
        inputs=name if inputs is None else inputs,
    )


def counts(levels: Iterable[Level]) -> dict[str, int]:
    """How many levels each family gave."""
    return dict(sorted(Counter(level.family for level in levels).items()))
