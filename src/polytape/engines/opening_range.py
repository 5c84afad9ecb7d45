"""The opening range: high and low of a session's first minutes, and when price left it.

Crabel: Day Trading with Short Term Price Patterns and Opening Range Breakout, 1990. A range exists
once its last minute is complete, and is not changed by what comes after it.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from polytape.engines.result import Result
from polytape.engines.validation import as_bars, is_number, require
from polytape.model.arrays import Bools
from polytape.model.bars import Bars
from polytape.model.market import REGULAR_MINUTES, Market, Session, xnys
from polytape.model.spans import Span
from polytape.model.timestamps import to_datetime
from polytape.model.units import MINUTE_US


@dataclass(frozen=True)
class OpeningRange(Result):
    """High, low and middle in dollars of a session's first minutes. `above_at` and `below_at` are
    the ends (UTC) of the first minutes after it that traded beyond it; None where none did.
    """

    minutes: int
    high: float
    low: float
    middle: float
    volume: float
    bars: int
    known_at: datetime
    above_at: datetime | None
    below_at: datetime | None


def opening_range(
    bars: object, minutes: int, *, session: Session | None = None, market: Market | None = None
) -> OpeningRange | None:
    """The range of the first `minutes` from the opening bell on, from 1-minute bars; of the last
    bar's session unless another is given. None without a bar in it.

    That the range is complete is the caller's to know: it is taken from the bars there are.

    Raises: ValidationError for bad bars, or minutes beyond 1 to 390.
    """
    sound = is_number(minutes, whole=True) and 1 <= minutes <= REGULAR_MINUTES
    require("minutes", minutes, sound, f"1 to {REGULAR_MINUTES}")
    checked, market = as_bars(bars), market or xnys()
    if session is None and len(checked):
        session = market.session(market.date_of(int(checked.timestamp[-1])))
    if session is None:
        return None
    until = min(session.close, session.open + minutes * MINUTE_US)
    first = checked.within(Span(session.open, until))
    return _range(first, checked.within(Span(until, session.close)), minutes, until)


def _range(first: Bars, after: Bars, minutes: int, until: int) -> OpeningRange | None:
    if not len(first):
        return None
    high, low = float(first.high.max()), float(first.low.min())
    return OpeningRange(
        minutes=minutes,
        high=high,
        low=low,
        middle=(high + low) / 2,
        volume=float(first.volume.sum()),
        bars=len(first),
        known_at=to_datetime(until),
        above_at=_first_end(after, after.high > high),
        below_at=_first_end(after, after.low < low),
    )


def _first_end(bars: Bars, which: Bools) -> datetime | None:
    """The end of the first of some minutes."""
    places = np.flatnonzero(which)
    return to_datetime(int(bars.timestamp[places[0]]) + MINUTE_US) if len(places) else None
