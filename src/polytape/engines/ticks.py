"""Volume by price on whole ticks: levels that lie at the same prices in every window.

A bar's volume is shared alike by all levels from its low to its high, both included, as a market
profile of prints has it (CBOT Market Profile handbook). Each level is centred on a multiple of one
step, so that nodes of two days or two windows can be compared, and a point of control is a price at
which it can be traded.
"""

from dataclasses import dataclass, replace

import numpy as np

from polytape.engines.options import ValueAreaMethod
from polytape.engines.validation import as_bars, is_number, require
from polytape.engines.volume_profile import MOST_LEVELS, Node, ProfileOptions, VolumeProfile
from polytape.errors import ValidationError
from polytape.model.arrays import Floats, Ints
from polytape.model.bars import Bars

# From a dollar on quotes are in whole cents, below in hundredths of one: Rule 612 of Regulation NMS
# (https://www.law.cornell.edu/cfr/text/17/242.612).
TICK, SMALL_TICK, SMALL_PRICE = 0.01, 0.0001, 1.0
# A step of this share of the price or a little more, in ticks of 1, 2, 5, 10, 20, ...
STEP_SHARE = 0.0002
DECIMALS = 10


def tick_step(price: float) -> float:
    """A step in dollars for a price in dollars: 1, 2 or 5 times a power of ten of its ticks, some
    2 parts in 10,000 of the price or one tick. `100` gives `0.02`, `550` gives `0.2`.

    Raises: ValidationError for a price not above 0.
    """
    require("price", price, is_number(price) and 0 < price < np.inf, "dollars above 0")
    tick = TICK if price >= SMALL_PRICE else SMALL_TICK
    ticks = max(1.0, round(price * STEP_SHARE / tick, DECIMALS))
    power = 10.0 ** np.floor(np.log10(ticks))
    times = next(n for n in (1, 2, 5, 10) if n * power >= ticks * (1 - 1e-9))
    return float(round(times * power * tick, DECIMALS))


def tick_profile(
    bars: object,
    *,
    price_step: float | None = None,
    percentile: float = 80.0,
    prominence: float = 0.005,
    distance: int = 3,
    value_area: float = 0.70,
    value_area_method: ValueAreaMethod = "two_row",
) -> VolumeProfile:
    """The profile of all bars on multiples of `price_step` dollars; by default `tick_step` of the
    last close. The other options are those of `volume_profile`.

    Raises: ValidationError for bad parameters or bars.
    """
    options = ProfileOptions(
        1, price_step, percentile, prominence, distance, value_area, value_area_method
    )
    checked = as_bars(bars)
    if not len(checked):
        return options.without_bars()
    step = tick_step(float(checked.close[-1])) if price_step is None else float(price_step)
    levels = TickLevels.of(checked, step)
    count = int(levels.last.max()) - levels.bottom + 1
    edges: Floats = (levels.bottom + np.arange(count + 1, dtype=np.float64) - 0.5) * step
    low, high = float(checked.low.min()), float(checked.high.max())
    profile = options.profile(levels.sums(), edges, step, low=low, high=high, bars=len(checked))
    return replace(
        profile,
        prices=np.round(np.arange(levels.bottom, levels.bottom + count) * step, DECIMALS),
        poc=None if profile.poc is None else on_step(round(profile.poc / step), step),
        hvns=_on_steps(profile.hvns, step),
        lvns=_on_steps(profile.lvns, step),
    )


def _on_steps(nodes: tuple[Node, ...], step: float) -> tuple[Node, ...]:
    return tuple(replace(node, price=on_step(round(node.price / step), step)) for node in nodes)


@dataclass(frozen=True, slots=True)
class TickLevels:
    """The first and the last level of each bar, counted in steps from 0 dollars, and its volume."""

    first: Ints
    last: Ints
    volume: Floats

    @classmethod
    def of(cls, bars: Bars, step: float) -> "TickLevels":
        """Those of some bars. Raises: ValidationError for a step that makes too many levels."""
        low, high = np.rint(bars.low / step), np.rint(bars.high / step)
        spread = high.max() - low.min() if len(bars) else 0
        if not spread < MOST_LEVELS or not high.max(initial=0.0) < 2**53:
            raise ValidationError("price_step", step, f"at most {MOST_LEVELS:,} levels")
        return cls(low.astype(np.int64), high.astype(np.int64), bars.volume)

    @property
    def bottom(self) -> int:
        """The lowest level of all."""
        return int(self.first.min())

    @property
    def shares(self) -> Floats:
        """What each bar adds to each of its levels."""
        share: Floats = self.volume / (self.last - self.first + 1)
        return share

    def sums(self) -> Floats:
        """The volume of each level from the bottom on."""
        first, last = self.first - self.bottom, self.last - self.bottom + 1
        size, shares = int(last.max()) + 1, self.shares
        steps = np.bincount(first, shares, size) - np.bincount(last, shares, size)
        covered = np.cumsum(np.bincount(first, None, size) - np.bincount(last, None, size)) > 0
        # Differences leave crumbs of rounding where there is nothing.
        volumes: Floats = np.where(covered, np.maximum(np.cumsum(steps), 0.0), 0.0)[:-1]
        return volumes


def on_step(number: float, step: float) -> float:
    """So many steps in dollars, without the crumbs of the multiplication."""
    return float(round(number * step, DECIMALS))
