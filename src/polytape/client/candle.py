"""The bar at an instant."""

import numpy as np

from polytape.client.core import Core
from polytape.client.results import Candle
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.money import money
from polytape.model.query import BarsQuery
from polytape.model.resample import bar_ends
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import parse_timeframe
from polytape.model.timestamps import to_datetime
from polytape.model.units import DAY_US, MINUTE_US
from polytape.model.zone_warning import warn_without_zone
from polytape.wire.flow import Flow

MOST_MINUTES = 366 * 24 * 60
LONGEST_BAR_US = 32 * DAY_US


def candle(
    core: Core, symbol: object, at: object, timeframe: object, tolerance: object
) -> Flow[Candle | None]:
    """The bar that contains an instant, else the one whose start is nearest to it and at most
    `tolerance` minutes away, else None. Words are read by the gateway's time.

    Raises: ValidationError naming the parameter; what fetching its bars raises.
    """
    warn_without_zone(target_datetime=at)
    instant = yield from core.instant(at, "target_datetime")
    parsed = parse_timeframe(timeframe)
    reach = _minutes(tolerance, "tolerance_minutes") * MINUTE_US
    back = max(int(reach), parsed.length_us or LONGEST_BAR_US)
    span = Span(instant - back, instant + int(reach) + 1)
    answer = yield from core.bars(BarsQuery(parse_symbol(symbol), parsed, span))
    bars = answer.bars
    if not len(bars):
        return None
    ends = bar_ends(bars.timestamp, parsed, core.market)
    containing = (bars.timestamp <= instant) & (instant < ends)
    distance = np.where(containing, -1, np.abs(bars.timestamp - instant))
    nearest = int(np.argmin(distance))
    return _candle(bars, nearest) if distance[nearest] <= reach else None


def _minutes(value: object, param: str) -> float:
    allowed = f"minutes from 0 to {MOST_MINUTES:,}"
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValidationError(param, value, allowed)
    if not 0 <= float(value) <= MOST_MINUTES:
        raise ValidationError(param, value, allowed)
    return float(value)


def _candle(bars: Bars, at: int) -> Candle:
    """A bar in the requirements' shape."""
    vwap = float(bars.vwap[at])
    return Candle(
        datetime=to_datetime(int(bars.timestamp[at])),
        open=money(float(bars.open[at])),
        high=money(float(bars.high[at])),
        low=money(float(bars.low[at])),
        close=money(float(bars.close[at])),
        volume=int(np.rint(bars.volume[at])),
        vwap=None if np.isnan(vwap) else money(vwap),
    )
