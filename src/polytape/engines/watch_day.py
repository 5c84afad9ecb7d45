"""One line of a watchlist: where a symbol's trading day stands at an instant.

What a program that keeps the line up to date by the feed has to begin with: the day's prices and
volume so far, the close before it, its average true range, the volume that is usual by each time of
the day.
"""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from polytape.engines import result
from polytape.engines.as_of import AsOfBars, days_query, minutes_query
from polytape.engines.atr import atr
from polytape.engines.flow import EngineFlow
from polytape.engines.market_state import market_state
from polytape.engines.relative_volume import SESSIONS, UsualVolume, usual_volume
from polytape.model.bars import Bars
from polytape.model.market import Market, Session
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import to_datetime
from polytape.model.units import MINUTE_US

STEP_US = 15 * MINUTE_US
# So many calendar days hold `SESSIONS` sessions before today, whatever the holidays.
MINUTES_DAYS = 2 * SESSIONS
# The average true range of fourteen days has become steady by then.
ATR_DAYS = 90


@dataclass(frozen=True)
class UsualSteps(result.Result):
    """The mean volume of earlier sessions, in shares: `volumes[n]` is what they had by the time of
    day of `start` (UTC) and n + 1 steps of `step_seconds`.
    """

    start: datetime
    step_seconds: int
    volumes: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class WatchDay(result.EngineRunResult):
    """The trading day of a symbol's last minute bar at `as_of` (UTC); `last_bar` is that bar's
    start. Prices in dollars; `open` is the first of regular hours, None before them; `high`, `low`
    and `volume` (shares) count all hours. `closes` has a price for each quarter of an hour with a
    trade. None and empty: there are no bars.
    """

    symbol: str
    as_of: datetime
    day: date | None
    last_bar: datetime | None
    price: float | None
    previous_close: float | None
    open: float | None
    high: float | None
    low: float | None
    volume: float
    atr_day: float | None
    usual_volume: UsualSteps | None
    closes: tuple[float, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        price = "no bars" if self.price is None else f"{self.price:.2f}"
        return self._shown(f"{self.symbol} at {self._when}: {price}")


def watch_day_flow(symbol: str, as_of: int, market: Market) -> EngineFlow[WatchDay]:
    """The line of a symbol at `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    minutes, days = yield (
        minutes_query(symbol, as_of, market, MINUTES_DAYS),
        days_query(symbol, as_of, market, ATR_DAYS),
    )
    known = AsOfBars(minutes, days, as_of, market)
    if not len(known.minutes):
        return _empty(symbol, as_of, market)
    last = int(known.minutes.timestamp[-1])
    day = market.date_of(last)
    begins = market.day_start(day)
    today = known.minutes.take(known.minutes.timestamp >= begins)
    earlier = known.days.take(known.days.timestamp < begins)
    return WatchDay(
        symbol=symbol,
        as_of=to_datetime(as_of),
        day=day,
        last_bar=to_datetime(last),
        price=known.price,
        previous_close=float(earlier.close[-1]) if len(earlier) else None,
        open=_first_regular(today, market),
        high=float(today.high.max()),
        low=float(today.low.min()),
        volume=float(today.volume.sum()),
        atr_day=atr(known.days, market=market).last,
        usual_volume=_steps(market.session(day), usual_volume(known.minutes, day, market=market)),
        closes=tuple(resample(today, Timeframe.MIN_15, market=market).close.tolist()),
        **market_state(as_of, market)._asdict(),
    )


def _empty(symbol: str, as_of: int, market: Market) -> WatchDay:
    return WatchDay(
        symbol=symbol,
        as_of=to_datetime(as_of),
        day=None,
        last_bar=None,
        price=None,
        previous_close=None,
        open=None,
        high=None,
        low=None,
        volume=0.0,
        atr_day=None,
        usual_volume=None,
        closes=(),
        notes=(f"no bars of the last {MINUTES_DAYS} days",),
        **market_state(as_of, market)._asdict(),
    )


def _first_regular(bars: Bars, market: Market) -> float | None:
    regular = bars.take(market.regular(bars.timestamp))
    return float(regular.open[0]) if len(regular) else None


def _steps(session: Session | None, usual: UsualVolume) -> UsualSteps | None:
    """The usual volume at each step of a session; None where there is no earlier one."""
    if session is None or not usual.days:
        return None
    ends = _ends(session.extended)
    volumes = tuple(usual.at(end) or 0.0 for end in ends)
    return UsualSteps(to_datetime(session.extended.start), STEP_US // 1_000_000, volumes)


def _ends(span: Span) -> list[int]:
    ends: list[int] = np.arange(span.start + STEP_US, span.end + 1, STEP_US).tolist()
    return ends
