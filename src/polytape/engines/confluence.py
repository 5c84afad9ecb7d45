"""Where levels of different kinds meet: clusters of weighted items, scored and refined to zones.

Every zone names the parts that made it. Each type of source votes once in a zone, however many of
its items lie there (ten swings at one price are one opinion), and what shares its inputs is one
item: the last day's high counts once, whether as a daily zone or as market structure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a field's name
from typing import Literal, TypeAlias

import numpy as np

from polytape.engines.result import Result
from polytape.engines.zones import Side
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.newyork import to_datetime
from polytape.model.units import DAY_US

ZoneLevel: TypeAlias = Literal["L1", "L2", "L3", "L4", "L5"]

WEIGHTS = {
    "hvn-30d": 3.0, "hvn-14d": 2.5, "hvn-7d": 2.0, "cam-monthly": 3.0, "cam-weekly": 2.5,
    "cam-daily": 1.5, "weekly": 2.5, "daily-zone": 1.5, "daily-level": 1.0, "atr": 1.5,
    "market-structure": 1.0, "fractal": 2.0,
}  # fmt: skip
# Half-widths in ATR(15min) of what is a level and no zone by itself.
HALF_WIDTHS = {
    "hvn-7d": 0.15, "hvn-14d": 0.15, "hvn-30d": 0.15, "cam-monthly": 1.0, "cam-weekly": 0.75,
    "cam-daily": 0.25, "fractal": 0.25,
}  # fmt: skip
THRESHOLDS: tuple[tuple[float, ZoneLevel], ...] = (
    (12.0, "L5"),
    (8.0, "L4"),
    (5.0, "L3"),
    (2.5, "L2"),
)
RECENCY: tuple[tuple[int, float], ...] = ((5, 2.0), (10, 1.5), (20, 1.2))

REACH_ATRS, CLUSTER_ATRS, WIDEST_ATRS, ZONE_ATRS = 2.0, 1.5, 3.0, 1.0
FAMILY_BONUS, SWING_BONUS = 0.10, 1.2
LEAST_SOURCES = LEAST_FAMILIES = 2
OVERLAP_SHARE, MERGE_SHARE = 0.20, 0.5
SHOWN_PARTS = 8


@dataclass(frozen=True, order=True, repr=False)
class Level(Result):
    """One source's opinion: a level with its zone, in dollars. Those of one `inputs` vote once."""

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


@dataclass(frozen=True)
class Candle(Result):
    """The most recent 15-minute bar that lay in a zone; `overlap` is the share of its range."""

    datetime: Moment
    open: float
    high: float
    low: float
    close: float
    volume: float
    overlap: float


@dataclass(frozen=True, repr=False)
class ConfluenceZone(Result):
    """A zone exactly one ATR(15min) wide. `distance` is from price to centre, below zero downwards.
    `votes` are the types that the score counts. `recency` is 2.0, 1.5, 1.2 or 1.0 by the age of the
    last bar that lay in it, None without one; it is told beside the score, not in it.
    """

    id: str
    low: float
    high: float
    centre: float
    width: float
    kind: Side
    level: ZoneLevel
    score: float
    distance: float
    distance_percent: float
    distance_atr: float
    parts: tuple[Level, ...]
    votes: tuple[str, ...]
    families: tuple[str, ...]
    has_swing: bool
    touches: int
    recency: float | None
    candle: Candle | None

    def __repr__(self) -> str:
        shown = [repr(part) for part in self.parts[:SHOWN_PARTS]]
        more = len(self.parts) - len(shown)
        parts = ", ".join([*shown, f"{more} more"] if more else shown)
        return (
            f"{self.level} {self.low:.2f}-{self.high:.2f} ({self.kind}, score {self.score:.1f}, "
            f"{self.distance_atr:+.1f} ATR): {parts}"
        )


@dataclass(frozen=True, slots=True)
class PriceContext:
    """Where the price stands: dollars; `as_of` in microseconds UTC."""

    price: float
    atr_15min: float
    atr_day: float
    as_of: int


def make_item(
    name: str, type: str, family: str, level: float, *, context: PriceContext,
    strength: float = 1.0, low: float | None = None, high: float | None = None, inputs: str | None = None,
) -> Level:  # fmt: skip
    """An item with the weight of its type, and its half-width where it brings no zone."""
    half = HALF_WIDTHS.get(type, 0.0) * context.atr_15min
    return Level(
        level,
        level - half if low is None else low,
        level + half if high is None else high,
        name,
        type,
        family,
        WEIGHTS[type],
        strength,
        name if inputs is None else inputs,
    )


def confluence(
    items: Iterable[Level],
    context: PriceContext,
    *,
    swings: Sequence[float] = (),
    bars: Bars | None = None,
) -> tuple[ConfluenceZone, ...]:
    """Zones by score, the highest first. `swings` are prices of swing points, `bars` the 15-minute
    bars complete at `as_of` that the zones are checked on.

    The order of the items does not matter. Raises ValidationError where an ATR is not above 0.
    """
    for name, value in (("atr_15min", context.atr_15min), ("atr_day", context.atr_day)):
        if not value > 0:
            raise ValidationError(name, value, "dollars above 0")
    reach = REACH_ATRS * context.atr_day
    near = _voting(item for item in items if abs(item.level - context.price) <= reach)
    merged = _merge(_clusters(near, context.atr_15min), context.atr_15min)
    zones = [_zone(centre, parts, context, swings, bars) for centre, parts in merged]
    found = [zone for zone in zones if zone is not None]
    return tuple(sorted(found, key=lambda zone: (-zone.score, zone.centre)))


def counts(items: Iterable[Level]) -> dict[str, int]:
    """How many items each family gave."""
    return dict(sorted(Counter(item.family for item in items).items()))


def _voting(items: Iterable[Level]) -> list[Level]:
    """The items in order of price; of those that share their inputs the weightiest."""
    single: dict[str, Level] = {}
    for item in sorted(items):
        held = single.get(item.inputs)
        single[item.inputs] = item if held is None or item.weight > held.weight else held
    return sorted(single.values())


def _clusters(items: list[Level], atr: float) -> list[list[Level]]:
    """A sweep upwards in price: an item joins while it is near the weighted centre and the cluster
    stays narrow.
    """
    found: list[list[Level]] = []
    weight = moment = 0.0
    for item in items:
        joins = (
            bool(found)
            and item.level - moment / weight <= CLUSTER_ATRS * atr
            and item.level - found[-1][0].level <= WIDEST_ATRS * atr
        )
        if not joins:
            found.append([])
            weight = moment = 0.0
        found[-1].append(item)
        weight, moment = weight + item.weight, moment + item.weight * item.level
    return found


def _merge(clusters: list[list[Level]], atr: float) -> list[tuple[float, list[Level]]]:
    """Centres and parts of zones: clusters whose zones overlap by more than half become one."""
    kept: list[tuple[float, list[Level]]] = []
    for parts in clusters:
        centre, held = _peak(parts, atr), parts
        while kept and abs(centre - kept[-1][0]) < (1 - MERGE_SHARE) * ZONE_ATRS * atr:
            held = sorted(kept.pop()[1] + held)
            centre = _peak(held, atr)
        kept.append((centre, held))
    return kept


def _peak(parts: list[Level], atr: float) -> float:
    """The middle of the densest stretch, where each item's weight is spread evenly over its zone
    (at least a hundredth of an ATR wide); of equal ones the nearest to the weighted centre.
    """
    least = atr / 200
    lows = np.array([min(part.low, part.level - least) for part in parts])
    highs = np.array([max(part.high, part.level + least) for part in parts])
    weights = np.array([part.weight for part in parts])
    edges = np.unique(np.concatenate([lows, highs]))
    middles = (edges[:-1] + edges[1:]) / 2
    inside = (lows[:, None] <= middles) & (middles <= highs[:, None])
    density = (inside * (weights / (highs - lows))[:, None]).sum(axis=0)
    centre = float(np.average([part.level for part in parts], weights=weights))
    best = np.flatnonzero(density >= density.max() * (1 - 1e-12))
    return float(middles[best[np.argmin(np.abs(middles[best] - centre))]])


def _zone(
    centre: float,
    parts: list[Level],
    context: PriceContext,
    swings: Sequence[float],
    bars: Bars | None,
) -> ConfluenceZone | None:
    """The zone of a cluster; None where too few sources agree."""
    votes = {part.type: part.weight for part in parts}
    families = tuple(sorted({part.family for part in parts}))
    if len(votes) < LEAST_SOURCES or len(families) < LEAST_FAMILIES:
        return None
    width = ZONE_ATRS * context.atr_15min
    low, high = centre - width / 2, centre + width / 2
    has_swing = any(low <= price <= high for price in swings)
    score = sum(votes.values()) * (1 + FAMILY_BONUS * (len(families) - 1))
    score *= SWING_BONUS if has_swing else 1.0
    touches, recency, candle = _touched(low, high, bars, context.as_of)
    distance = centre - context.price
    return ConfluenceZone(
        id=f"{'S' if distance < 0 else 'R'}{centre:.{2 if centre >= 1 else 4}f}",
        low=low,
        high=high,
        centre=centre,
        width=width,
        kind="support" if distance < 0 else "resistance",
        level=next((level for least, level in THRESHOLDS if score >= least), "L1"),
        score=score,
        distance=distance,
        distance_percent=distance / context.price * 100,
        distance_atr=distance / context.atr_day,
        parts=tuple(parts),
        votes=tuple(sorted(votes)),
        families=families,
        has_swing=has_swing,
        touches=touches,
        recency=recency,
        candle=candle,
    )


def _touched(
    low: float, high: float, bars: Bars | None, as_of: int
) -> tuple[int, float | None, Candle | None]:
    """How many bars lay in a zone by a fifth of their range, and the last of them."""
    if bars is None or not len(bars):
        return 0, None, None
    spans = bars.high - bars.low
    shared = np.minimum(bars.high, high) - np.maximum(bars.low, low)
    share = np.divide(shared, spans, out=np.where(shared >= 0, 1.0, -1.0), where=spans > 0)
    inside = np.flatnonzero(share >= OVERLAP_SHARE)
    if not len(inside):
        return 0, None, None
    at = int(inside[-1])
    age = (as_of - int(bars.timestamp[at])) / DAY_US
    recency = next((value for days, value in RECENCY if age < days), 1.0)
    candle = Candle(
        datetime=to_datetime(int(bars.timestamp[at])),
        open=float(bars.open[at]),
        high=float(bars.high[at]),
        low=float(bars.low[at]),
        close=float(bars.close[at]),
        volume=float(bars.volume[at]),
        overlap=float(share[at]),
    )
    return len(inside), recency, candle
