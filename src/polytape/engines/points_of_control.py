"""Points of control over time: where a session's volume is centred so far, and which sessions'
points of control no price has come back to since.

A naked (or virgin) point of control is that of a completed session at which no later session has
traded (Dalton, Jones, Dalton: Mind over Markets, 1990, and the CBOT Market Profile handbook for the
point of control). Sessions are profiled on whole ticks of one step, so that they can be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from polytape.engines.result import Result
from polytape.engines.ticks import TickLevels, on_step, tick_profile, tick_step
from polytape.engines.validation import as_bars
from polytape.engines.volume_profile import largest_level
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.timestamps import number_day, to_datetime
from polytape.model.units import MINUTE_US


@dataclass(frozen=True)
class NakedPoc(Result):
    """The point of control of a session, in dollars, at which nothing has been traded since;
    `sessions` have come after it, `share` of the session's volume is at it.
    """

    day: date
    price: float
    volume: float
    share: float
    sessions: int


@dataclass(frozen=True)
class PocMove(Result):
    """The session's point of control from an instant on (UTC, the end of a minute), in dollars."""

    known_at: datetime
    price: float


def naked_points_of_control(
    minutes: object, *, price_step: float | None = None, market: Market | None = None
) -> tuple[NakedPoc, ...]:
    """Those of every day but the last, from 1-minute bars, the highest first. The last day may
    still run: it only touches. `price_step`: dollars, `tick_step` of the last close by default.

    Raises: ValidationError for bad parameters or bars.
    """
    checked, market = as_bars(minutes), market or xnys()
    if not len(checked):
        return ()
    step = tick_step(float(checked.close[-1])) if price_step is None else price_step
    days = market.days_of(checked.timestamp)
    names, edges = np.unique(days, return_index=True)
    edges = np.append(edges, len(checked))
    naked = []
    for place, day in enumerate(names.tolist()[:-1]):
        session = checked.take(slice(int(edges[place]), int(edges[place + 1])))
        profile = tick_profile(session, price_step=step)
        after = checked.take(slice(int(edges[place + 1]), None))
        if profile.poc is None or _touched(after, profile.poc, step):
            continue
        volume = float(profile.volumes.max())
        later = len(names) - place - 1
        naked.append(NakedPoc(number_day(day), profile.poc, volume, volume / profile.total, later))
    return tuple(sorted(naked, key=lambda one: (-one.price, one.day)))


def _touched(bars: Bars, price: float, step: float) -> bool:
    """Whether a bar traded at the level of a price."""
    return bool(np.any((bars.low < price + step / 2) & (bars.high >= price - step / 2)))


def developing_poc(minutes: object, *, price_step: float | None = None) -> tuple[PocMove, ...]:
    """Each move of the point of control of some 1-minute bars taken together, as they come: what
    was known at each minute's end, which no later bar changes.

    `price_step`: dollars, `tick_step` of the first close by default, which is known from the start.

    Raises: ValidationError for bad parameters or bars.
    """
    checked = as_bars(minutes)
    if not len(checked):
        return ()
    step = tick_step(float(checked.close[0])) if price_step is None else price_step
    return tuple(_moves(checked, step))


def _moves(bars: Bars, step: float) -> Iterator[PocMove]:
    levels = TickLevels.of(bars, step)
    bottom = levels.bottom
    volumes = np.zeros(int(levels.last.max()) - bottom + 1)
    last: int | None = None
    rows = zip(
        bars.timestamp.tolist(),
        (levels.first - bottom).tolist(),
        (levels.last - bottom + 1).tolist(),
        levels.shares.tolist(),
        strict=True,
    )
    low, high = len(volumes), 0
    for start, first, end, share in rows:
        volumes[first:end] += share
        low, high = min(low, first), max(high, end)
        so_far = volumes[low:high]
        largest = low + largest_level(so_far)
        if largest != last and so_far.any():
            last = largest
            known_at = to_datetime(start + MINUTE_US)
            yield PocMove(known_at, on_step(bottom + largest, step))
