"""Where a replay cuts the past, and the whole days before that."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.source import DaySource


@dataclass(frozen=True, slots=True)
class Cut:
    """What is there at `now` (microseconds UTC), by a market's hours."""

    market: Market
    now: Callable[[], int]

    def today(self) -> date:
        """The trade date."""
        return self.market.date_of(self.now())

    def minutes_before(self) -> int:
        """Minute bars that start before this instant (microseconds UTC) have ended."""
        return self.now() - MINUTE_US + 1

    def days_before(self) -> int:
        """Official daily bars that start before this instant (microseconds UTC) are there: of the
        trade dates that are over.
        """
        now = self.now()
        day = self.market.date_of(now)
        session, span = self.market.session(day), self.market.day_span(day)
        ended = session is not None and session.extended.end <= now
        return span.end if ended else span.start


class ReplayedDays:
    """A `DaySource` over that of another source. Nothing of a replay is stored."""

    def __init__(self, days: DaySource, cut: Cut) -> None:
        self._days = days
        self._cut = cut
        self.reads_whole_days = False
        self.requests_per_day = days.requests_per_day
        self.unit = days.unit
        self.covers_unlisted = days.covers_unlisted

    def has_day(self, series: Series, day: date) -> bool:
        """As `DaySource.has_day`."""
        return self._is_over(day) and self._days.has_day(series, day)

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        """As `DaySource.market_day`: of days that are over."""
        if not self._is_over(day):
            return None
        return self._days.market_day(series, day, background=background)

    def mark_stored(self, series: Series, day: date) -> None:
        """As `DaySource.mark_stored`: nothing is stored."""

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:
        """As `DaySource.replaced`."""
        return self._days.replaced(series, days)

    def _is_over(self, day: date) -> bool:
        return self._cut.market.day_span(day).end <= self._cut.days_before()
