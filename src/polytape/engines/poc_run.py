"""Points of control of a symbol at one instant: the bars they need, and what is made of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.as_of import missing_days
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.holes import no_bar_of
from polytape.engines.minutes import minutes_of_days
from polytape.engines.options import PocOptions
from polytape.engines.points_of_control import (
    NakedPoc,
    PocMove,
    developing_poc,
    naked_points_of_control,
)
from polytape.engines.ticks import tick_step
from polytape.model import timestamps
from polytape.model.counts import counted
from polytape.model.market import Market

SHOWN_NAKED = 8


@dataclass(frozen=True, eq=False, repr=False)
class PocRun(result.EngineRunResult):
    """Naked points of control of the sessions before the last one that has bars, and each move of
    that one's own; `day` is that session. Prices in dollars, on multiples of `step`;
    `price` is the close of the last minute.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(NakedPoc)

    symbol: str
    as_of: datetime
    day: date | None
    price: float | None
    step: float | None
    poc: float | None
    naked: tuple[NakedPoc, ...]
    developing: tuple[PocMove, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[NakedPoc, ...]:
        """A row for each naked point of control."""
        return self.naked

    def __repr__(self) -> str:
        naked = result.shortened(
            (f"{one.price:.2f} ({one.day})" for one in self.naked), SHOWN_NAKED
        )
        poc = "none" if self.poc is None else f"{self.poc:.2f}"
        text = f"{self.symbol} at {self._when}: POC {poc}, naked {naked or 'none'}"
        return self._shown(text)


def poc_flow(symbol: str, as_of: int, market: Market, options: PocOptions) -> EngineFlow[PocRun]:
    """Points of control from the minutes that were complete at `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    minutes = yield from minutes_of_days(
        symbol, options.days_back, as_of, market, exclude_bad_prints=options.exclude_bad_prints
    )
    bars = minutes.bars
    if not options.include_extended:
        bars = bars.take(market.regular(bars.timestamp))
    step = options.price_step
    if step is None and len(bars):
        step = tick_step(float(bars.close[-1]))
    naked = naked_points_of_control(bars, price_step=step, market=market)
    days = market.days_of(bars.timestamp)
    moves = developing_poc(bars.take(days == days[-1:]), price_step=step)
    searched = counted(options.days_back, "day")
    notes = [] if moves else [f"no volume in {searched} before {result.new_york(as_of)}"]
    if lacking := missing_days(bars, market):
        notes.append(f"{no_bar_of(lacking, 'minute')}: what was traded then is not known")
    return PocRun(
        symbol=symbol,
        as_of=timestamps.to_datetime(as_of),
        day=timestamps.number_day(int(days[-1])) if len(bars) else None,
        price=minutes.price,
        step=step,
        poc=moves[-1].price if moves else None,
        naked=naked,
        developing=moves,
        notes=(*minutes.notes, *notes),
        drawn=Drawn.of_minutes(bars, as_of, market),
    )
