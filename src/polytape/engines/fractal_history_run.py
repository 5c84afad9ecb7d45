"""The swings of a symbol as they were shown at each instant: the bars that they need, and what is
made of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from polytape.engines import fractals, result, validation
from polytape.engines.as_of import MAX_DAYS_BACK, bars_at, days_back
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.fractal_run import history_of, notes_on, warm_query
from polytape.engines.options import FractalHistoryOptions
from polytape.model.aware import Instant, aware
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, eq=False, repr=False)
class FractalHistoryRun(result.EngineRunResult):
    """The swings of a symbol as they were shown at each instant from `start` to `as_of`. `history`
    has those that were shown in that time.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(fractals.ShownSwing)

    symbol: str
    start: datetime
    as_of: datetime
    timeframe: str
    days_back: int
    history: fractals.FractalHistory
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[fractals.ShownSwing, ...]:
        """A row for each swing that was shown."""
        return self.history.rows()

    @property
    def since_text(self) -> str:
        """Since when swings were shown; the first of them occurred before."""
        return f"since {result.shown_at(self.start)}, older ones too"

    def at(self, moment: Instant) -> tuple[fractals.Swing, ...]:
        """The swings that `FractalEngine.run` showed at an instant, UTC where it names no zone.

        Raises: ValidationError for what is no instant, or one before `start` or after `as_of`.
        """
        at = aware(moment, "moment")
        allowed = f"an instant from {self.start.isoformat()} to {self.as_of.isoformat()}"
        validation.require("moment", moment, self.start <= at <= self.as_of, allowed)
        local = at.astimezone(result.SHOWN_IN)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return self.history.at(at, since=midnight - timedelta(days=self.days_back))

    def changes(self) -> Iterator[tuple[datetime, tuple[fractals.Swing, ...]]]:
        """`start`, then each instant at which a swing was confirmed, and the swings shown then."""
        confirmed = {swing.confirmed_at for swing in self.history.swings}
        for moment in sorted({self.start} | {at for at in confirmed if at > self.start}):
            yield moment, self.at(moment)

    def __repr__(self) -> str:
        span = f"from {result.shown_at(self.start)} to {self._when}"
        head = f"{self.symbol} {self.timeframe} swings shown {span}, older ones too"
        return self._shown(f"{head}: {self.history!r}")


def fractal_history_flow(
    symbol: str, as_of: int, market: Market, options: FractalHistoryOptions
) -> EngineFlow[FractalHistoryRun]:
    """Swings as `fractal_flow` has them at each instant of the last `history_days` calendar days
    before `as_of` (microseconds UTC).

    Yields a query for the minutes of these, of `days_back` and of `WARM_UP_DAYS` more.

    Raises: ValidationError.
    """
    timeframe = validation.intraday(options.timeframe)
    days = options.history_days
    sound = validation.is_number(days, whole=True) and 1 <= days <= MAX_DAYS_BACK
    validation.require("history_days", days, sound, f"1 to {MAX_DAYS_BACK} days")
    start = days_back(as_of, market, days).start
    first = days_back(start, market, options.days_back).start
    (minutes,) = yield (warm_query(symbol, first, as_of, market),)
    bars = bars_at(minutes, timeframe, as_of, market)
    history = history_of(bars, timeframe, market, options)
    begins, moment = to_datetime(first), to_datetime(start)
    seen = tuple(
        swing
        for swing in history.swings
        if swing.occurred_at >= begins and (swing.replaced_at is None or swing.replaced_at > moment)
    )
    return FractalHistoryRun(
        symbol=symbol,
        start=moment,
        as_of=to_datetime(as_of),
        timeframe=timeframe.value,
        days_back=options.days_back,
        history=replace(history, swings=seen),
        notes=notes_on(bars, history.needed, market),
        drawn=Drawn.of(bars, timeframe),
    )
