"""The ATRs of a symbol at one instant: of all hours, of regular hours, and by time of day."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.as_of import bars_at
from polytape.engines.atr import atr
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_of_days
from polytape.engines.options import AtrOptions
from polytape.engines.usual_range import UsualRange, range_at, usual_ranges
from polytape.engines.validation import intraday
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.resample import bar_start
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, eq=False, repr=False)
class AtrRun(result.EngineRunResult):
    """ATRs in dollars, None with too few bars. `usual_now` is the usual true range of the bar that
    runs at the instant; `usual` has every time of day.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(UsualRange)

    symbol: str
    as_of: datetime
    timeframe: str
    period: int
    method: str
    atr: float | None
    atr_regular: float | None
    usual_now: float | None
    usual: tuple[UsualRange, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[UsualRange, ...]:
        """A row for each time of day."""
        return self.usual

    def __repr__(self) -> str:
        named = (("all hours", self.atr), ("regular", self.atr_regular), ("now", self.usual_now))
        values = ", ".join(f"{name} {'none' if v is None else f'{v:.4f}'}" for name, v in named)
        method = f"ATR({self.period}, {self.method}) of {self.timeframe}"
        return self._shown(f"{self.symbol} at {self._when}: {method}: {values}")


def atr_flow(symbol: str, as_of: int, market: Market, options: AtrOptions) -> EngineFlow[AtrRun]:
    """ATRs of the bars that were complete at `as_of` (microseconds UTC), and the usual ranges of
    the sessions before its day.

    Raises: ValidationError.
    """
    timeframe = intraday(options.timeframe)
    minutes = yield from minutes_of_days(
        symbol, options.days_back, as_of, market, exclude_bad_prints=options.exclude_bad_prints
    )
    bars = bars_at(minutes.bars, timeframe, as_of, market)
    regular = bars_at(minutes.bars, timeframe, as_of, market, include_extended=False)
    every, inside = (
        atr(some, period=options.period, method=options.method, market=market)
        for some in (bars, regular)
    )
    usual = usual_ranges(bars, market.date_of(as_of), sessions=options.sessions, market=market)
    running = market.local(bar_start(as_of, timeframe, market)).time()
    notes = [
        f"the ATR of {name} needs {counted(made.needed, 'bar')}, there are {len(made.values)}"
        for name, made in (("all hours", every), ("regular hours", inside))
        if made.last is None
    ]
    return AtrRun(
        symbol=symbol,
        as_of=to_datetime(as_of),
        timeframe=timeframe.value,
        period=every.period,
        method=every.method,
        atr=every.last,
        atr_regular=inside.last,
        usual_now=range_at(usual, running),
        usual=usual,
        notes=(*minutes.notes, *notes, *every.notes),
    )
