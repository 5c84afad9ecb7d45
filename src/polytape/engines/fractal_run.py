"""The swings of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from polytape.engines.as_of import bars_at, days_back, few, hole_notes
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.fractals import FractalHistory, Fractals, Swing, final, fractal_history
from polytape.engines.options import FractalOptions
from polytape.engines.result import EngineRunResult, names_of
from polytape.engines.validation import intraday
from polytape.engines.zigzag import WARM_UP_DAYS
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, eq=False, repr=False)
class FractalRun(EngineRunResult):
    """The swings of a symbol at one instant."""

    COLUMNS: ClassVar[tuple[str, ...]] = names_of(Swing)

    symbol: str
    as_of: datetime
    timeframe: str
    fractals: Fractals
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Swing, ...]:
        """A row for each swing."""
        return self.fractals.rows()

    def __repr__(self) -> str:
        return self._shown(f"{self.symbol} {self.timeframe} at {self._when}: {self.fractals!r}")


def fractal_flow(
    symbol: str, as_of: int, market: Market, options: FractalOptions
) -> EngineFlow[FractalRun]:
    """Swings of the last `days_back` calendar days before `as_of` (microseconds UTC).

    Yields a query for the minutes of these and of `WARM_UP_DAYS` more.

    Raises: ValidationError.
    """
    timeframe = intraday(options.timeframe)
    first = days_back(as_of, market, options.days_back).start
    (minutes,) = yield (warm_query(symbol, first, as_of, market),)
    bars = bars_at(minutes, timeframe, as_of, market)
    swings = final(history_of(bars, timeframe, market, options)).since(to_datetime(first))
    notes = notes_on(bars, swings.needed, market)
    drawn = Drawn.of(bars, timeframe)
    return FractalRun(symbol, to_datetime(as_of), timeframe.value, swings, notes, drawn=drawn)


def notes_on(bars: Bars, needed: int, market: Market) -> tuple[str, ...]:
    """What the swings of some bars lack."""
    effect = "its swings are not known, those round it may be others"
    return (*few(len(bars), needed), *hole_notes(bars, market, effect))


def warm_query(symbol: str, first: int, as_of: int, market: Market) -> BarsQuery:
    """The minutes up to an instant, from so long before another that the swings from there on do
    not depend on where the bars begin; both in microseconds UTC.
    """
    begin = market.day_start(market.date_of(first) - timedelta(days=WARM_UP_DAYS))
    return BarsQuery(symbol, Timeframe.MIN_1, Span(begin, as_of), needed_from=market.date_of(first))


def history_of(
    bars: Bars, timeframe: Timeframe, market: Market, options: FractalOptions
) -> FractalHistory:
    """The history of bars by these options.

    Raises: ValidationError.
    """
    return fractal_history(
        bars,
        timeframe=timeframe,
        fractal_length=options.fractal_length,
        min_atr_distance=options.min_atr_distance,
        atr_period=options.atr_period,
        atr_method=options.atr_method,
        check_price_overlap=options.check_price_overlap,
        market=market,
    )
