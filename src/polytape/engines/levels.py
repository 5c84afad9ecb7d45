"""Levels: prices that engines propose, each with its zone, source and weight."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from polytape.engines.result import Result
from polytape.model.spans import Span
from polytape.model.timestamps import to_datetime

# What a price is: the high, low or close of the bars of a span; or made from them; or given by you.
PriceKind: TypeAlias = Literal["high", "low", "close", "node", "pivot", "range", "given"]

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
# Types that look at the same volume through nested windows: together they vote once, as the widest.
NESTED = {"hvn-7d": "hvn", "hvn-14d": "hvn", "hvn-30d": "hvn"}
# Prices of one print differ by the rounding of a split at most.
PRICE_DECIMALS = 6
# How many daily ATRs from the price levels count.
REACH_ATRS = 2.0


@dataclass(frozen=True, repr=False)
class Level(Result):
    """One price that an engine proposes, `level`, with its zone from `low` to `high`, in dollars.

    `kind`, `start` and `end` say what the price is and of which bars (of [start, end), UTC; None
    where it comes from none): levels of one print vote once. `same_as` names the others of the
    print that this one stands for.
    """

    level: float
    low: float
    high: float
    name: str
    type: str
    family: str
    weight: float
    strength: float
    kind: PriceKind
    start: datetime | None = None
    end: datetime | None = None
    same_as: tuple[str, ...] = ()

    @property
    def vote(self) -> str:
        """Under which name it votes: its type, or that of all nested windows."""
        return NESTED.get(self.type, self.type)

    @property
    def order(self) -> tuple[float, str, str]:
        """What levels are sorted by: the price, then names."""
        return self.level, self.type, self.name

    def touches(self, low: float, high: float) -> bool:
        """Whether its zone and the prices from `low` to `high` have one in common."""
        return self.low <= high and self.high >= low

    def same_print(self, other: "Level") -> bool:
        """Whether both are one price of one kind from bars that overlap in time, as the close of
        a week is that of its last day.
        """
        if self.kind != other.kind or _rounded(self.level) != _rounded(other.level):
            return False
        if self.start is None or self.end is None or other.start is None or other.end is None:
            return self.start is other.start
        return self.start < other.end and other.start < self.end

    def __repr__(self) -> str:
        same = f" (= {', '.join(self.same_as)})" if self.same_as else ""
        return f"{self.name} {self.level:.2f}{same}"


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
    kind: PriceKind = "given",
    span: Span | None = None,
) -> Level:
    """A level with the weight of its type, and its half-width where it brings no zone. `span` is
    that of the bars which the price comes from.
    """
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
        kind=kind,
        start=None if span is None else to_datetime(span.start),
        end=None if span is None else to_datetime(span.end),
    )


def one_a_print(levels: Iterable[Level]) -> list[Level]:
    """The levels in order of price; of those of one print the weightiest, which names the others.
    The order that they come in does not matter.
    """
    by_price: dict[tuple[str, float], list[list[Level]]] = {}
    for level in sorted(levels, key=lambda one: (-one.weight, one.order)):
        prints = by_price.setdefault((level.kind, _rounded(level.level)), [])
        same = next((one for one in prints if one[0].same_print(level)), None)
        if same is None:
            prints.append([level])
        else:
            same.append(level)
    groups = [group for prints in by_price.values() for group in prints]
    return sorted((_standing_for(group) for group in groups), key=lambda level: level.order)


def counts(levels: Iterable[Level]) -> dict[str, int]:
    """How many levels each family gave."""
    return dict(sorted(Counter(level.family for level in levels).items()))


def _standing_for(group: list[Level]) -> Level:
    first, *others = group
    return replace(first, same_as=tuple(level.name for level in others)) if others else first


def _rounded(price: float) -> float:
    return round(price, PRICE_DECIMALS)
