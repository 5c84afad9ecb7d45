"""Live readings of one trading day, which begin anew with the next one."""

from polytape.engines.live.reading import LiveReading, State, Value
from polytape.model.bar import Bar
from polytape.model.market import Market, xnys
from polytape.model.spans import Span


class DayReading(LiveReading[State, Value]):
    """A reading of the trading day of the latest bar: keeps that day's bars, and a bar of an
    earlier day, which says nothing of it, changes nothing. `market` is New York's by default.
    """

    def __init__(self, *, include_extended: bool = True, market: Market | None = None) -> None:
        super().__init__()
        self._market = market or xnys()
        self._include_extended = include_extended
        self._day = self._hours = Span(0, 0)

    def _take(self, bars: list[Bar]) -> None:
        if bars and bars[-1].timestamp >= self._day.end:
            self._begin_day(bars[-1].timestamp)
        super()._take([bar for bar in bars if bar.timestamp in self._hours])

    def _begin_day(self, instant: int) -> None:
        """Forget the day before. `instant` in microseconds UTC."""
        day = self._market.date_of(instant)
        self._day = self._hours = self._market.day_span(day)
        if not self._include_extended:
            session = self._market.session(day)
            self._hours = Span(0, 0) if session is None else session.regular
        for column in (self._starts, self._bars, self._states):
            column.clear()
