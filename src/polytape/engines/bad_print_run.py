"""The bad prints of a symbol at one instant: the bars and what is flagged."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.as_of import bars_at
from polytape.engines.bad_prints import BadPrint, bad_prints
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_of_days
from polytape.engines.options import BadPrintOptions
from polytape.engines.validation import intraday
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime

SHOWN_PRINTS = 8


@dataclass(frozen=True, eq=False, repr=False)
class BadPrintRun(result.EngineRunResult):
    """The bad prints of a symbol as they could be seen at one instant, among so many `bars`.
    `price` is the close of the last minute in dollars, None without one.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(BadPrint)

    symbol: str
    as_of: datetime
    timeframe: str
    price: float | None
    prints: tuple[BadPrint, ...]
    bars: int
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[BadPrint, ...]:
        """A row for each."""
        return self.prints

    def __repr__(self) -> str:
        texts = (f"{result.shown_at(one.datetime)} {one.percent:+.1f} %" for one in self.prints)
        prints = result.shortened(texts, SHOWN_PRINTS)
        text = f"{counted(len(self.prints), 'bad print')} in {counted(self.bars, 'bar')}"
        what = f"{text}: {prints}" if prints else text
        return self._shown(f"{self.symbol} at {self._when}: {what}")


def bad_print_flow(
    symbol: str, as_of: int, market: Market, options: BadPrintOptions
) -> EngineFlow[BadPrintRun]:
    """The bad prints among the bars that were complete at `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    timeframe = intraday(options.timeframe)
    minutes = yield from minutes_of_days(symbol, options.days_back, as_of, market)
    bars = bars_at(minutes.bars, timeframe, as_of, market)
    days = counted(options.days_back, "day")
    notes = () if len(bars) else (f"no bar in {days} before {result.new_york(as_of)}",)
    return BadPrintRun(
        symbol,
        to_datetime(as_of),
        timeframe.value,
        minutes.price,
        bad_prints(bars),
        len(bars),
        notes,
        drawn=Drawn.of_minutes(minutes.bars, as_of, market),
    )
