"""Where levels of different kinds meet: clusters of weighted levels, scored and refined to zones.

Every zone names the levels it is made of, its parts: those whose own zones touch it as drawn. Each
type of source votes once in a zone, however many of its levels lie there (ten swings at one price
are one opinion); nested windows of the volume profile vote together, as the widest. Levels of one
print are one: the last day's high counts once, be it a swing, a daily zone or market structure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a field's name
from math import isnan
from typing import Literal, TypeAlias

import numpy as np

from polytape.engines.levels import Level, PriceContext, one_a_print
from polytape.engines.options import LevelScale
from polytape.engines.result import Result
from polytape.engines.validation import is_number, require
from polytape.engines.zones import Side
from polytape.model.bars import Bars
from polytape.model.timestamps import to_datetime
from polytape.model.units import DAY_US

ZoneLevel: TypeAlias = Literal["L1", "L2", "L3", "L4", "L5"]

# The least score of a level. The shares that they cut off, and of which scores, are in
# docs/reference/engine-confluence.md; `tools/level_scores.py` prints the distribution.
THRESHOLDS: dict[LevelScale, tuple[tuple[float, ZoneLevel], ...]] = {
    "standard": ((17.5, "L5"), (13.5, "L4"), (10.0, "L3"), (7.0, "L2")),
    "classic": ((12.0, "L5"), (8.0, "L4"), (5.0, "L3"), (2.5, "L2")),
}
RECENCY: tuple[tuple[int, float], ...] = ((5, 2.0), (10, 1.5), (20, 1.2))

CLUSTER_ATRS, WIDEST_ATRS, ZONE_ATRS = 1.5, 3.0, 1.0
FAMILY_BONUS, SWING_BONUS = 0.10, 1.2
LEAST_SOURCES = LEAST_FAMILIES = 2
OVERLAP_SHARE, MERGE_SHARE = 0.20, 0.5
SHOWN_PARTS = 8


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


@dataclass(frozen=True)
class HoldRate(Result):
    """How often past zones of this level held: the `share` of `of` that were touched, that of
    random levels at such distances, and the 95 % interval of the difference, corrected for the
    number of levels. NaN where there are too few.
    """

    share: float
    of: int
    random: float
    low: float
    high: float

    def text(self) -> str:
        """`held 71% of 210, random levels 68%`."""
        if isnan(self.share):
            return "no zone of this level was touched before"
        beside = "" if isnan(self.random) else f", random levels {self.random:.0%}"
        return f"held {self.share:.0%} of {self.of}{beside}"


@dataclass(frozen=True, repr=False)
class ConfluenceZone(Result):
    """A zone exactly one ATR(15min) wide. `distance` is from price to centre, below zero downwards.
    `votes` are the types that the score counts. `recency` is 2.0, 1.5, 1.2 or 1.0 by the age of the
    last bar that lay in it, None without one; the score does not depend on it. `rate` is what a
    calibration says of its level, None without one.
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
    rate: HoldRate | None = None

    def __repr__(self) -> str:
        shown = [repr(part) for part in self.parts[:SHOWN_PARTS]]
        more = len(self.parts) - len(shown)
        parts = ", ".join([*shown, f"{more} more"] if more else shown)
        return f"{self.heading}: {parts}"

    @property
    def heading(self) -> str:
        """The zone without its parts: `L5 323.80-324.64 (resistance, score 21.6, +1.0 ATR)`."""
        inside = ", inside" if self.is_price_inside else ""
        facts = f"{self.kind}, score {self.score:.1f}, {self.distance_atr:+.1f} ATR{inside}"
        return f"{self.level} {self.span_text()} ({facts})"

    @property
    def is_price_inside(self) -> bool:
        """Whether the price that `distance` is measured from lies in it, its edges included."""
        return self.holds(self.centre - self.distance)

    def holds(self, price: float) -> bool:
        """Whether a price lies in it, its edges included."""
        return self.low <= price <= self.high

    def span_text(self, factor: float = 1.0) -> str:
        """Its two prices, times a factor: `323.80-324.64`."""
        return f"{self.low * factor:.2f}-{self.high * factor:.2f}"


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Levels near each other, and the centre of the zone that they make."""

    centre: float
    parts: list[Level]

    @classmethod
    def of(cls, parts: list[Level], atr: float) -> "_Cluster":
        return cls(_peak(parts, atr), parts)


@dataclass(frozen=True, slots=True)
class _Touches:
    """How many bars lay in a zone by a fifth of their range, and the last of them."""

    count: int = 0
    recency: float | None = None
    candle: Candle | None = None


def confluence(
    levels: Iterable[Level],
    context: PriceContext,
    *,
    swings: Sequence[float] = (),
    bars: Bars | None = None,
    scale: LevelScale = "standard",
) -> tuple[ConfluenceZone, ...]:
    """Zones by score, the highest first. `swings` are prices of swing points, `bars` the 15-minute
    bars complete at `as_of` that the zones are checked on. `scale` says which scores make L1 to L5.

    The order of the levels does not matter.

    Raises: ValidationError where an ATR is not above 0.
    """
    require("atr_15min", context.atr_15min, context.atr_15min > 0, "dollars above 0")
    require("atr_day", context.atr_day, context.atr_day > 0, "dollars above 0")
    near = one_a_print(one for one in levels if abs(one.level - context.price) <= context.reach)
    merged = _merge(_clusters(near, context.atr_15min), context.atr_15min)
    candidates = [_zone(cluster, context, swings, bars, scale) for cluster in merged]
    zones = [zone for zone in candidates if zone is not None]
    return tuple(sorted(zones, key=lambda zone: (-zone.score, zone.centre)))


def nearest(zones: tuple[ConfluenceZone, ...], count: int | None) -> tuple[ConfluenceZone, ...]:
    """So many zones whose centres lie nearest to the price, in the order that they have; all of
    them for None.

    Raises: ValidationError.
    """
    sound = count is None or (is_number(count, whole=True) and count >= 1)
    require("nearest", count, sound, "a number of zones, 1 or more, or None for all")
    if count is None:
        return zones
    near = sorted(zones, key=lambda zone: abs(zone.distance))[:count]
    return tuple(zone for zone in zones if zone in near)


def _clusters(levels: list[Level], atr: float) -> list[list[Level]]:
    """A sweep upwards in price: a level joins while it is near the weighted centre and the cluster
    stays narrow.
    """
    clusters: list[list[Level]] = []
    weight = moment = 0.0
    for one in levels:
        joins = (
            bool(clusters)
            and one.level - moment / weight <= CLUSTER_ATRS * atr
            and one.level - clusters[-1][0].level <= WIDEST_ATRS * atr
        )
        if not joins:
            clusters.append([])
            weight = moment = 0.0
        clusters[-1].append(one)
        weight, moment = weight + one.weight, moment + one.weight * one.level
    return clusters


def _merge(clusters: list[list[Level]], atr: float) -> list[_Cluster]:
    """Clusters whose zones overlap by more than half become one."""
    merged: list[_Cluster] = []
    for parts in clusters:
        cluster = _Cluster.of(parts, atr)
        apart = (1 - MERGE_SHARE) * ZONE_ATRS * atr
        while merged and abs(cluster.centre - merged[-1].centre) < apart:
            cluster = _Cluster.of(
                sorted(merged.pop().parts + cluster.parts, key=lambda p: p.order), atr
            )
        merged.append(cluster)
    return merged


def _peak(parts: list[Level], atr: float) -> float:
    """The middle of the densest stretch, where each level's weight is spread evenly over its zone
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
    cluster: _Cluster,
    context: PriceContext,
    swings: Sequence[float],
    bars: Bars | None,
    scale: LevelScale,
) -> ConfluenceZone | None:
    """The zone of a cluster; None where too few sources agree."""
    width = ZONE_ATRS * context.atr_15min
    low, high = cluster.centre - width / 2, cluster.centre + width / 2
    parts = [part for part in cluster.parts if part.touches(low, high)]
    votes = _votes(parts)
    families = tuple(sorted({part.family for part in votes}))
    if len(votes) < LEAST_SOURCES or len(families) < LEAST_FAMILIES:
        return None
    has_swing = any(low <= price <= high for price in swings)
    score = sum(part.weight for part in votes) * (1 + FAMILY_BONUS * (len(families) - 1))
    score *= SWING_BONUS if has_swing else 1.0
    touches = _touches(low, high, bars, context.as_of)
    distance = cluster.centre - context.price
    return ConfluenceZone(
        id=_name(cluster.centre, distance),
        low=low,
        high=high,
        centre=cluster.centre,
        width=width,
        kind="support" if distance < 0 else "resistance",
        level=_rank(score, scale),
        score=score,
        distance=distance,
        distance_percent=distance / context.price * 100,
        distance_atr=distance / context.atr_day,
        parts=tuple(parts),
        votes=tuple(sorted(part.type for part in votes)),
        families=families,
        has_swing=has_swing,
        touches=touches.count,
        recency=touches.recency,
        candle=touches.candle,
    )


def _votes(parts: list[Level]) -> list[Level]:
    """One part for each vote: the weightiest of its type, or of nested windows."""
    votes: dict[str, Level] = {}
    for part in parts:
        best = votes.setdefault(part.vote, part)
        if part.weight > best.weight:
            votes[part.vote] = part
    return list(votes.values())


def _name(centre: float, distance: float) -> str:
    """S or R and the price, which has four decimals below a dollar."""
    return f"{'S' if distance < 0 else 'R'}{centre:.{2 if centre >= 1 else 4}f}"


def _rank(score: float, scale: LevelScale) -> ZoneLevel:
    return next((level for least, level in THRESHOLDS[scale] if score >= least), "L1")


def _touches(low: float, high: float, bars: Bars | None, as_of: int) -> _Touches:
    if bars is None or not len(bars):
        return _Touches()
    spans = bars.high - bars.low
    shared = np.minimum(bars.high, high) - np.maximum(bars.low, low)
    share = np.divide(shared, spans, out=np.where(shared >= 0, 1.0, -1.0), where=spans > 0)
    inside = np.flatnonzero(share >= OVERLAP_SHARE)
    if not len(inside):
        return _Touches()
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
    return _Touches(len(inside), recency, candle)
