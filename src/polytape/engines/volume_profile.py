"""Volume by price: point of control, value area, high- and low-volume nodes.

A bar's volume is spread evenly over [low, high]. Value area: Steidlmayer's 70 % by either of the
two usual ways (CBOT Market Profile handbook). Nodes: peaks as scipy.signal.find_peaks has them.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from polytape.engines.peaks import find_peaks, peak_widths
from polytape.engines.result import Result
from polytape.engines.validation import as_bars, is_number
from polytape.errors import ValidationError, one_of
from polytape.model.bars import Bars
from polytape.model.units import Floats

ValueArea: TypeAlias = Literal["two_row", "one_row"]
MOST_LEVELS = 100_000


@dataclass(frozen=True)
class Node(Result):
    """A node: its level's middle price, rank (1 = most volume, of a low-volume node least), volume,
    share of all volume, and width in dollars at half its prominence.
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
    value_area_method: ValueArea

    def rows(self) -> list[dict[str, float]]:
        """A row for each level."""
        pairs = zip(self.prices.tolist(), self.volumes.tolist(), strict=True)
        return [{"price": price, "volume": volume} for price, volume in pairs]

    def __repr__(self) -> str:
        if self.poc is None:
            return f"VolumeProfile: no volume in {self.bars} bars"
        nodes = ", ".join(f"{node.price:.2f}" for node in self.hvns)
        return (
            f"VolumeProfile: POC {self.poc:.2f}, value area {self.value_area_low:.2f}-"
            f"{self.value_area_high:.2f}, HVN {nodes or 'none'} ({self.bars:,} bars)"
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
    value_area_method: ValueArea = "two_row",
) -> VolumeProfile:
    """The profile of all bars, in `levels` levels from their low to their high, or in levels of
    `price_step` dollars on its multiples.

    Nodes have `prominence` (a share of the largest level) and are `distance` levels apart; kept are
    those at or above the `percentile` of all levels. Takes time linear in bars and levels. Raises
    ValidationError.
    """
    _check(levels, price_step, percentile, prominence, distance, value_area, value_area_method)
    held = as_bars(bars)
    if not len(held):
        return _without(0, value_area_method)
    edges, step = _edges(held, levels, price_step)
    volumes = spread(held, float(edges[0]), step, len(edges) - 1)
    prices = (edges[:-1] + edges[1:]) / 2
    total = float(volumes.sum())
    poc = _poc(volumes) if total > 0 else None
    low = high = None
    hvns: tuple[Node, ...] = ()
    lvns: tuple[Node, ...] = ()
    if poc is not None:
        first, last = _area(volumes, poc, value_area, value_area_method)
        low, high = float(edges[first]), float(edges[last + 1])
        floor = prominence * float(volumes.max())
        hvns = _nodes(volumes, volumes, prices, step, floor, distance, percentile)
        lvns = _nodes(-volumes, volumes, prices, step, floor, distance, percentile)
    return VolumeProfile(
        prices, volumes, step, total, float(held.low.min()), float(held.high.max()),
        None if poc is None else float(prices[poc]), high, low, hvns, lvns, len(held),
        value_area_method,
    )  # fmt: skip


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
    found: Floats = np.bincount(first[single], bars.volume[single], levels).astype(np.float64)
    at, to = first[~single], last[~single]
    density = bars.volume[~single] / width[~single]
    begin, end = density * (at + 1 - low[~single]), density * (high[~single] - to)
    found += np.bincount(at, begin, levels) + np.bincount(to, end, levels)
    steps = np.bincount(at + 1, density, levels + 1) - np.bincount(to, density, levels + 1)
    # Differences leave crumbs of rounding behind where there is nothing.
    inside = np.cumsum(steps[:levels])
    covered = np.cumsum(np.bincount(at + 1, minlength=levels + 1)[:levels]
                        - np.bincount(to, minlength=levels + 1)[:levels])  # fmt: skip
    whole: Floats = found + np.where(covered > 0, np.maximum(inside, 0.0), 0.0)
    return whole


def _edges(bars: Bars, levels: int, price_step: float | None) -> tuple[Floats, float]:
    low, high = float(bars.low.min()), float(bars.high.max())
    if price_step is None:
        if high == low:
            return np.array([low, low]), 0.0
        return np.linspace(low, high, levels + 1), (high - low) / levels
    countable = high / price_step < 2**53  # beyond, one level is not told from the next
    first, last = np.floor(low / price_step), np.floor(high / price_step) + 1
    if not countable or last - first > MOST_LEVELS:
        raise ValidationError("price_step", price_step, f"at most {MOST_LEVELS:,} levels")
    return np.arange(first, last + 1) * price_step, price_step


def _poc(volumes: Floats) -> int:
    """The largest level; of several the one nearest the middle, the lower of two as near."""
    largest = np.flatnonzero(volumes == volumes.max())
    middle = (len(volumes) - 1) / 2
    return int(largest[np.argmin(np.abs(largest - middle))])


def _area(volumes: Floats, poc: int, share: float, method: ValueArea) -> tuple[int, int]:
    """First and last level of the value area. Rows are added on the side with more volume, one or
    two at a time; of equal ones the upper.
    """
    rows = 2 if method == "two_row" else 1
    target, first, last = share * float(volumes.sum()), poc, poc
    held = float(volumes[poc])
    while held < target and (first > 0 or last < len(volumes) - 1):
        above = volumes[last + 1 : last + 1 + rows]
        below = volumes[max(0, first - rows) : first]
        if len(above) and (not len(below) or above.sum() >= below.sum()):
            held, last = held + float(above.sum()), last + len(above)
        else:
            held, first = held + float(below.sum()), first - len(below)
    return first, last


def _nodes(
    signal: Floats, volumes: Floats, prices: Floats, step: float, floor: float, distance: int,
    percentile: float,
) -> tuple[Node, ...]:  # fmt: skip
    found = find_peaks(signal, prominence=floor, distance=distance)
    found = found[signal[found] >= np.percentile(signal, percentile)]
    if not len(found):
        return ()
    widths = peak_widths(signal, found) * step
    order = np.argsort(-signal[found], kind="stable")
    total = float(volumes.sum())
    return tuple(
        Node(float(prices[at]), rank, float(volumes[at]), float(volumes[at]) / total, float(width))
        for rank, (at, width) in enumerate(zip(found[order], widths[order], strict=True), 1)
    )


def _without(count: int, method: ValueArea) -> VolumeProfile:
    nothing = np.array([])
    return VolumeProfile(
        nothing, nothing, 0.0, 0.0, np.nan, np.nan, None, None, None, (), (), count, method
    )


def _check(
    levels: int, price_step: float | None, percentile: float, prominence: float, distance: int,
    value_area: float, method: str,
) -> None:  # fmt: skip
    for name, count in (("levels", levels), ("distance", distance)):
        if not is_number(count, whole=True):
            raise ValidationError(name, count, "a whole number")
    shares = {"percentile": percentile, "prominence": prominence, "value_area": value_area}
    for name, share in (shares | {"price_step": 1.0 if price_step is None else price_step}).items():
        if not is_number(share):
            raise ValidationError(name, share, "a number")
    for name, value, sound, allowed in (
        ("levels", levels, 1 <= levels <= MOST_LEVELS, f"1 to {MOST_LEVELS:,}"),
        (
            "price_step",
            price_step,
            price_step is None or 0 < price_step < np.inf,
            "dollars above 0",
        ),
        ("percentile", percentile, 0 <= percentile <= 100, "0 to 100"),  # noqa: PLR2004
        ("prominence", prominence, prominence >= 0, "a share, 0 or more"),
        ("distance", distance, distance >= 1, "a number of levels, 1 or more"),
        ("value_area", value_area, 0 < value_area <= 1, "a share above 0, up to 1"),
        ("value_area_method", method, method in get_args(ValueArea), one_of(get_args(ValueArea))),
    ):
        if not sound:
            raise ValidationError(name, value, allowed)
