"""The open gaps of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.as_of import (
    AsOfBars,
    days_back,
    days_query,
    minutes_query,
    missing_days,
    sessions_back,
    stale,
)
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.gaps import Gap, open_gaps
from polytape.engines.holes import no_bar_of
from polytape.engines.options import GapOptions
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import to_datetime

SHOWN_GAPS = 8


@dataclass(frozen=True, eq=False, repr=False)
class GapRun(result.EngineRunResult):
    """The gaps of a symbol that were open at one instant, the highest first; `price` in dollars is
    the close of the last minute, as in other engines; where none was traded since the session
    before, that of the last daily bar.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(Gap)

    symbol: str
    as_of: datetime
    price: float | None
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Gap, ...]:
        """A row for each gap."""
        return self.gaps

    def __repr__(self) -> str:
        texts = (f"{g.open_low:.2f}-{g.open_high:.2f} ({g.day})" for g in self.gaps)
        gaps = result.shortened(texts, SHOWN_GAPS)
        return self._shown(f"{self.symbol} at {self._when}: {gaps or 'no open gap'}")


def gap_flow(symbol: str, as_of: int, market: Market, options: GapOptions) -> EngineFlow[GapRun]:
    """Gaps of the daily bars before `as_of` (microseconds UTC), and of the minutes of regular hours
    that were complete then on its own day: those close gaps, and may have opened one. Minutes of
    the session before are for the price.

    Raises: ValidationError.
    """
    days_back(as_of, market, options.days_back)
    day = market.date_of(as_of)
    price_days = (day - sessions_back(as_of, market, 1)).days or 1
    minutes, days = yield (
        minutes_query(symbol, as_of, market, price_days),
        days_query(symbol, as_of, market, options.days_back),
    )
    known = AsOfBars(minutes, days, as_of, market)
    before, today = known.days, Span(market.day_start(day), as_of)
    running = days_from_minutes(known.minutes.within(today), market)
    bars = Bars.concat([before, running]).tidy()
    notes = list(stale(before, as_of, market))
    if lacking := missing_days(bars, market):
        notes.append(f"{no_bar_of(lacking, 'daily bar')}: what they closed is not known")
    price = known.price
    if price is None and len(bars):
        price = float(bars.close[-1])
    gaps = open_gaps(bars, edge=options.edge, market=market)
    drawn = Drawn.of(bars, Timeframe.DAY)
    return GapRun(symbol, to_datetime(as_of), price, gaps, tuple(notes), drawn=drawn)
