"""Prices and volume of the session, bar by bar."""

from dataclasses import dataclass, replace
from datetime import date

from polytape.engines.live.day import DayReading
from polytape.model.bar import Bar
from polytape.model.market import Market
from polytape.model.spans import Span


@dataclass(frozen=True, slots=True)
class SessionValues:
    """What is known of a trading day by its last bar; prices in dollars, None where unknown.

    `price`, `pre_market_price` and `open_price` are those of `get_session_data`. `high` and `low`
    are of regular hours, as a daily bar has them; `volume` is that of all bars of the day, which is
    less than the daily bar's (trades that no minute bar has).
    """

    day: date
    price: float
    pre_market_price: float | None = None
    open_price: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float = 0.0


class LiveSession(DayReading[SessionValues, SessionValues | None]):
    """The values of the trading day of the latest bar, from bars of 1 to 30 minutes."""

    def __init__(self, *, market: Market | None = None) -> None:
        super().__init__(market=market)
        self._date = date.min
        self._before = self._regular = Span(0, 0)

    @property
    def value(self) -> SessionValues | None:
        """The values by the last bar; None before the first one."""
        return self._states[-1] if self._states else None

    def _begin_day(self, instant: int) -> None:
        super()._begin_day(instant)
        self._date = self._market.date_of(instant)
        self._before = self._regular = Span(0, 0)
        session = self._market.session(self._date)
        if session is not None:
            self._before = Span(session.extended.start, session.open)
            self._regular = session.regular

    def _next_state(self, bar: Bar, place: int) -> SessionValues:
        before = self._states[-1] if place else SessionValues(self._date, bar.close)
        values = replace(before, price=bar.close, volume=before.volume + bar.volume)
        if bar.timestamp in self._before:
            return replace(values, pre_market_price=bar.close)
        if bar.timestamp not in self._regular:
            return values
        if values.open_price is None or values.high is None or values.low is None:
            return replace(values, open_price=bar.open, high=bar.high, low=bar.low)
        return replace(values, high=max(values.high, bar.high), low=min(values.low, bar.low))
