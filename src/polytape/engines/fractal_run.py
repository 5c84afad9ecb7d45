"""The swings of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime

from polytape.engines.as_of import bars_at, few, minutes_query
from polytape.engines.flow import EngineFlow
from polytape.engines.fractals import Fractals, Swing, fractals
from polytape.engines.options import FractalOptions
from polytape.engines.result import Result, iso_minutes
from polytape.engines.validation import intraday
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, repr=False)
class FractalRun(Result):
    """The swings of a symbol at one instant."""

    symbol: str
    as_of: datetime
    timeframe: str
    fractals: Fractals
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Swing, ...]:
        """A row for each swing."""
        return self.fractals.rows()

    def __repr__(self) -> str:
        return f"{self.symbol} {self.timeframe} at {iso_minutes(self.as_of)}: {self.fractals!r}"


def fractal_flow(
    symbol: str, as_of: int, market: Market, options: FractalOptions
) -> EngineFlow[FractalRun]:
    """Swings of the last `days_back` calendar days before `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    timeframe = intraday(options.timeframe)
    (minutes,) = yield (minutes_query(symbol, as_of, market, options.days_back),)
    swings = fractals(
        bars_at(minutes, timeframe, as_of, market),
        timeframe=timeframe,
        fractal_length=options.fractal_length,
        min_atr_distance=options.min_atr_distance,
        atr_period=options.atr_period,
        atr_method=options.atr_method,
        check_price_overlap=options.check_price_overlap,
        market=market,
    )
    notes = few(swings.bars, swings.needed)
    return FractalRun(symbol, to_datetime(as_of), timeframe.value, swings, notes)
