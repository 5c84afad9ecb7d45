"""Open gaps: prices between two sessions that no session since has traded at.

A gap up lies above the session before and below the session itself (a window, in Nison: Japanese
Candlestick Charting Techniques, 1991); measured from the close before instead, it is the opening
gap. It shrinks as later sessions trade into it, and is closed once they have traded through it.
Regular hours alone count, and only neighbours: over a missing day no gap is seen.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, get_args

import numpy as np

from polytape.engines.options import GapEdge
from polytape.engines.periods import on_dates
from polytape.engines.result import Result
from polytape.engines.validation import as_bars, require
from polytape.errors import one_of
from polytape.model.arrays import Bools, Floats
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys

Direction: TypeAlias = Literal["up", "down"]


@dataclass(frozen=True)
class Gap(Result):
    """A gap of a day, in dollars: [low, high] as it opened, [open_low, open_high] what is left of
    it. `sessions` have come after its own; `size_percent` is of the close before.
    """

    day: date
    direction: Direction
    low: float
    high: float
    open_low: float
    open_high: float
    size_percent: float
    sessions: int


def open_gaps(
    days: object, *, edge: GapEdge = "range", market: Market | None = None
) -> tuple[Gap, ...]:
    """The gaps that are still open after the last of some daily bars, the highest first.

    `edge` "range" measures from the high or low of the day before to the low or high of the day,
    "close" from the close before to the open.

    Raises: ValidationError for another edge or bad bars.
    """
    require("edge", edge, edge in get_args(GapEdge), one_of(get_args(GapEdge)))
    market = market or xnys()
    bars = on_dates(as_bars(days), market)
    at = market.session_index(bars.timestamp)
    bars, at = bars.take(at >= 0), at[at >= 0]
    neighbours: Bools = np.diff(at) == 1
    gaps = _gaps(bars, neighbours, edge, market)
    # Down is up on the other side of zero.
    gaps += [_mirrored(gap) for gap in _gaps(_negative(bars), neighbours, edge, market)]
    return tuple(sorted(gaps, key=lambda gap: (-gap.open_high, gap.day)))


def _gaps(bars: Bars, neighbours: Bools, edge: GapEdge, market: Market) -> list[Gap]:
    """The gaps up that are open."""
    bottom = (bars.high if edge == "range" else bars.close)[:-1]
    top = (bars.low if edge == "range" else bars.open)[1:]
    lowest: Floats = np.minimum.accumulate(bars.low[::-1])[::-1][1:]  # from each day on
    is_open = neighbours & (top > bottom) & (lowest > bottom)
    return [
        Gap(
            day=market.date_of(int(bars.timestamp[place + 1])),
            direction="up",
            low=float(bottom[place]),
            high=float(top[place]),
            open_low=float(bottom[place]),
            open_high=float(min(top[place], lowest[place])),
            size_percent=100 * float((top - bottom)[place] / abs(bars.close[place])),
            sessions=len(bars) - place - 2,
        )
        for place in np.flatnonzero(is_open).tolist()
    ]


def _negative(bars: Bars) -> Bars:
    return Bars.of(bars.timestamp, -bars.open, -bars.low, -bars.high, -bars.close, bars.volume)


def _mirrored(gap: Gap) -> Gap:
    return Gap(
        day=gap.day,
        direction="down",
        low=-gap.high,
        high=-gap.low,
        open_low=-gap.open_high,
        open_high=-gap.open_low,
        size_percent=gap.size_percent,
        sessions=gap.sessions,
    )
