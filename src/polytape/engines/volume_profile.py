"""Volume by price: point of control, value area, high- and low-volume nodes.

A bar's volume is spread evenly over [low, high]. Value area: Steidlmayer's 70 % by either of the
two usual ways (CBOT Market Profile handbook). Nodes: peaks as scipy.signal.find_peaks defines them.
"""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from polytape.engines.options import ValueAreaMethod
from polytape.engines.peaks import find_peaks, peak_widths
from polytape.engines.result import Result
from polytape.engines.validation import as_bars, is_number, require
from polytape.errors import ValidationError, one_of
from polytape.model.arrays import Floats, Ints
from polytape.model.bars import Bars
from polytape.model.counts import counted

MOST_LEVELS = 100_000


@dataclass(frozen=True)
class Node(Result):
    """A node: its level's middle price, rank (1 has the most volume, or for a low-volume node the
    least), volume, share of all volume, and width in dollars at half its prominence.
    """

    price: float
    rank: int
    volume: float
    share: float
    width: float


@dataclass(frozen=True, eq=False, repr=False)
class VolumeProfile(Result):
    """`prices` are the middles of the levels, each `step` wide; `volumes` sum to `total`. The point
    of control and the value area's ends are None without volume.
    """

    prices: Floats
    volumes: Floats
    step: float
    total: float
    low: float
    high: float
    poc: float | None
    value_area_high: float | None
    value_area_low: float | None
    hvns: tuple[Node, ...]
    lvns: tuple[Node, ...]
    bars: int
    value_area_method: ValueAreaMethod

    def rows(self) -> list[dict[str, float]]:
        """A row for each level."""
        pairs = zip(self.prices.tolist(), self.volumes.tolist(), strict=True)
        return [{"price": price, "volume": volume} for price, volume in pairs]

    def __repr__(self) -> str:
        if self.poc is None:
            return f"VolumeProfile: no volume in {counted(self.bars, 'bar')}"
        nodes = ", ".join(f"{node.price:.2f}" for node in self.hvns)
        return (
            f"VolumeProfile: POC {self.poc:.2f}, value area {self.value_area_low:.2f}-"
            f"{self.value_area_high:.2f}, HVN {nodes or 'none'} ({counted(self.bars, 'bar')})"
        )


def volume_profile(
    bars: object,
    *,
    levels: int = 100,
    price_step: float | None = None,
    percentile: float = 80.0,
    prominence: float = 0.005,
    distance: int = 3,
    value_area: float = 0.70,
    value_area_method: ValueAreaMethod = "two_row",
) -> VolumeProfile:
    """The profile of all bars, in `levels` levels from their low to their high, or in levels of
    `price_step` dollars on its multiples.

    A node has `prominence` (a share of the largest level), is `distance` levels from the next, and
    at or above the `percentile` of all levels. Takes time linear in bars and levels.

    Raises: ValidationError for bad parameters or bars.
    """
    options = ProfileOptions(
        levels, price_step, percentile, prominence, distance, value_area, value_area_method
    )
    checked = as_bars(bars)
    if not len(checked):
        return options.without_bars()
    low, high = float(checked.low.min()), float(checked.high.max())
    edges, step = options.edges(low, high)
    volumes = spread(checked, float(edges[0]), step, len(edges) - 1)
    return options.profile(volumes, edges, step, low=low, high=high, bars=len(checked))


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """How a profile is made: the options of `volume_profile`. Raises: ValidationError."""

    levels: int
    price_step: float | None
    percentile: float
    prominence: float
    distance: int
    value_area: float
    value_area_method: ValueAreaMethod

    def __post_init__(self) -> None:
        _check(
            self.levels,
            self.price_step,
            self.percentile,
            self.prominence,
            self.distance,
            self.value_area,
            self.value_area_method,
        )

    def edges(self, low: float, high: float) -> tuple[Floats, float]:
        """The edges of the levels of bars between two prices, and the width of one, in dollars.

        Raises: ValidationError for a price step that makes too many.
        """
        return _edges(low, high, self.levels, self.price_step)

    def profile(
        self, volumes: Floats, edges: Floats, step: float, *, low: float, high: float, bars: int
    ) -> VolumeProfile:
        """The profile of the volumes of these levels, made of so many bars."""
        profile = replace(
            self.without_bars(),
            prices=(edges[:-1] + edges[1:]) / 2,
            volumes=volumes,
            step=step,
            total=float(volumes.sum()),
            low=low,
            high=high,
            bars=bars,
        )
        if not profile.total > 0:
            return profile
        poc = largest_level(volumes)
        first, last = _area(volumes, poc, self.value_area, self.value_area_method)
        prominence = self.prominence * float(volumes.max())
        find = _NodeFinder(profile, prominence, self.distance, self.percentile)
        return replace(
            profile,
            poc=float(profile.prices[poc]),
            value_area_low=float(edges[first]),
            value_area_high=float(edges[last + 1]),
            hvns=find.nodes(volumes),
            lvns=find.nodes(-volumes),
        )

    def without_bars(self) -> VolumeProfile:
        """The profile of nothing."""
        return VolumeProfile(
            prices=np.array([]),
            volumes=np.array([]),
            step=0.0,
            total=0.0,
            low=np.nan,
            high=np.nan,
            poc=None,
            value_area_high=None,
            value_area_low=None,
            hvns=(),
            lvns=(),
            bars=0,
            value_area_method=self.value_area_method,
        )


def spread(bars: Bars, bottom: float, step: float, levels: int) -> Floats:
    """Each bar's volume spread evenly over [low, high], by level; a bar of one price goes to one
    level. The whole levels inside a bar are added as differences and summed once.
    """
    if step == 0:
        return np.array([bars.volume.sum()])
    low, high = (bars.low - bottom) / step, (bars.high - bottom) / step
    first, last = (np.clip(np.floor(x).astype(np.int64), 0, levels - 1) for x in (low, high))
    width = high - low
    single = (first == last) | (width <= 0)
    volumes: Floats = np.bincount(first[single], bars.volume[single], levels).astype(np.float64)
    at, to = first[~single], last[~single]
    density = bars.volume[~single] / width[~single]
    begin, end = density * (at + 1 - low[~single]), density * (high[~single] - to)
    volumes += np.bincount(at, begin, levels) + np.bincount(to, end, levels)
    inside = _running_sum(at + 1, to, density, levels)
    # Differences leave crumbs of rounding where there is nothing.
    covered = _running_sum(at + 1, to, np.ones(len(at)), levels)
    volumes += np.where(covered > 0, np.maximum(inside, 0.0), 0.0)
    return volumes


def _running_sum(starts: Ints, ends: Ints, weights: Floats, levels: int) -> Floats:
    """By level, the summed weights of the stretches [start, end) that contain it."""
    steps = np.bincount(starts, weights, levels + 1) - np.bincount(ends, weights, levels + 1)
    total: Floats = np.cumsum(steps[:levels])
    return total


def _edges(low: float, high: float, levels: int, price_step: float | None) -> tuple[Floats, float]:
    if price_step is None:
        if high == low:
            return np.array([low, low]), 0.0
        return np.linspace(low, high, levels + 1), (high - low) / levels
    countable = high / price_step < 2**53  # beyond, floats do not tell levels apart
    first, last = np.floor(low / price_step), np.floor(high / price_step) + 1
    if not countable or last - first > MOST_LEVELS:
        raise ValidationError("price_step", price_step, f"at most {MOST_LEVELS:,} levels")
    return np.arange(first, last + 1) * price_step, price_step


def largest_level(volumes: Floats) -> int:
    """The largest level; of several the one nearest the middle, the lower of two as near."""
    largest = np.flatnonzero(volumes == volumes.max())
    middle = (len(volumes) - 1) / 2
    return int(largest[np.argmin(np.abs(largest - middle))])


def _area(volumes: Floats, poc: int, share: float, method: ValueAreaMethod) -> tuple[int, int]:
    """First and last level of the value area. Rows are added on the side with more volume, one or
    two at a time; of equal ones the upper.
    """
    rows = 2 if method == "two_row" else 1
    target, first, last = share * float(volumes.sum()), poc, poc
    levels: list[float] = volumes.tolist()
    volume = levels[poc]
    while volume < target and (first > 0 or last < len(levels) - 1):
        above = levels[last + 1 : last + 1 + rows]
        below = levels[max(0, first - rows) : first]
        if above and (not below or sum(above) >= sum(below)):
            volume, last = volume + sum(above), last + len(above)
        else:
            volume, first = volume + sum(below), first - len(below)
    return first, last


@dataclass(frozen=True, slots=True)
class _NodeFinder:
    """Peaks of a profile's volumes, or of their negative for low-volume nodes."""

    profile: VolumeProfile
    prominence: float
    distance: int
    percentile: float

    def nodes(self, signal: Floats) -> tuple[Node, ...]:
        peaks = find_peaks(
            signal,
            prominence=self.prominence,
            distance=self.distance,
            least=float(np.percentile(signal, self.percentile)),
        )
        widths = peak_widths(signal, peaks) * self.profile.step
        order = np.argsort(-signal[peaks], kind="stable")
        ranked = zip(peaks[order].tolist(), widths[order].tolist(), strict=True)
        return tuple(self._node(at, rank, width) for rank, (at, width) in enumerate(ranked, 1))

    def _node(self, at: int, rank: int, width: float) -> Node:
        volume = float(self.profile.volumes[at])
        share = volume / self.profile.total
        return Node(float(self.profile.prices[at]), rank, volume, share, width)


def _check(
    levels: int,
    price_step: float | None,
    percentile: float,
    prominence: float,
    distance: int,
    value_area: float,
    method: str,
) -> None:
    for name, count in {"levels": levels, "distance": distance}.items():
        require(name, count, is_number(count, whole=True), "a whole number")
    numbers = {"percentile": percentile, "prominence": prominence, "value_area": value_area}
    step = 1.0 if price_step is None else price_step
    for name, number in (numbers | {"price_step": step}).items():
        require(name, number, is_number(number), "a number")
    require("levels", levels, 1 <= levels <= MOST_LEVELS, f"1 to {MOST_LEVELS:,}")
    require("price_step", price_step, 0 < step < np.inf, "dollars above 0")
    require("percentile", percentile, 0 <= percentile <= 100, "0 to 100")  # noqa: PLR2004 - percent
    require("prominence", prominence, prominence >= 0, "a share, 0 or more")
    require("distance", distance, distance >= 1, "a number of levels, 1 or more")
    require("value_area", value_area, 0 < value_area <= 1, "a share above 0, up to 1")
    methods = get_args(ValueAreaMethod)
    require("value_area_method", method, method in methods, one_of(methods))
