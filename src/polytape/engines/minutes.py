"""The minutes that an engine works on: fetched, cut to what was complete, bad prints left out where
that is wanted.
"""

from dataclasses import dataclass

from polytape.engines.as_of import complete, days_back
from polytape.engines.bad_prints import screen
from polytape.engines.flow import EngineFlow
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class Minutes:
    """1-minute bars that were complete at an instant, and notes on those that are left out."""

    bars: Bars
    notes: tuple[str, ...]

    @property
    def price(self) -> float | None:
        """The close of the last one, in dollars; None without one."""
        return float(self.bars.close[-1]) if len(self.bars) else None


def minutes_since(
    symbol: str, start: int, as_of: int, market: Market, *, exclude_bad_prints: bool = False
) -> EngineFlow[Minutes]:
    """Those that start at or after an instant; none where it lies after `as_of`. Both in
    microseconds UTC.
    """
    span = Span(min(start, as_of), as_of)
    (minutes,) = yield (BarsQuery(symbol, Timeframe.MIN_1, span),)
    bars = complete(minutes, Timeframe.MIN_1, as_of, market)
    return Minutes(*screen(bars.within(span), exclude=exclude_bad_prints))


def minutes_of_days(
    symbol: str, days: int, as_of: int, market: Market, *, exclude_bad_prints: bool = False
) -> EngineFlow[Minutes]:
    """Those of so many calendar days before the day of `as_of` (microseconds UTC), and of that day.

    Raises: ValidationError for a bad number of days.
    """
    start = days_back(as_of, market, days).start
    return minutes_since(symbol, start, as_of, market, exclude_bad_prints=exclude_bad_prints)
