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
    """1-minute bars that were complete at an instant, and notes on those that are left out; `price`
    is the close of the last one, or of the last before them, in dollars, None without one.
    """

    bars: Bars
    notes: tuple[str, ...]
    price: float | None


def minutes_since(
    symbol: str,
    start: int,
    as_of: int,
    market: Market,
    *,
    exclude_bad_prints: bool = False,
    priced_from: int | None = None,
) -> EngineFlow[Minutes]:
    """Those that start at or after an instant; none where it lies after `as_of`. Those from
    `priced_from` on, where it is earlier, are read for the price alone. All in microseconds UTC.
    """
    span = Span(min(start, as_of), as_of)
    read = span if priced_from is None else Span(min(priced_from, span.start), as_of)
    (minutes,) = yield (BarsQuery(symbol, Timeframe.MIN_1, read),)
    known = complete(minutes, Timeframe.MIN_1, as_of, market).within(read)
    bars, notes = screen(known.within(span), exclude=exclude_bad_prints)
    before, _ = screen(known, exclude=exclude_bad_prints) if not len(bars) else (bars, ())
    return Minutes(bars, notes, float(before.close[-1]) if len(before) else None)


def minutes_of_days(
    symbol: str, days: int, as_of: int, market: Market, *, exclude_bad_prints: bool = False
) -> EngineFlow[Minutes]:
    """Those of so many calendar days before the day of `as_of` (microseconds UTC), and of that day.

    Raises: ValidationError for a bad number of days.
    """
    start = days_back(as_of, market, days).start
    return minutes_since(symbol, start, as_of, market, exclude_bad_prints=exclude_bad_prints)
