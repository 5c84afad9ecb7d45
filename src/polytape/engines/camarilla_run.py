"""The pivots of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from polytape.engines.as_of import AsOfBars, pivot_bars
from polytape.engines.camarilla import Camarilla, camarilla_of_period
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.options import PERIODS, CamarillaOptions, Period
from polytape.engines.result import EngineRunResult
from polytape.errors import IncompleteDataError, ValidationError
from polytape.model.market import Market
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import to_datetime

# Days in a picture of pivots, by the shortest period that has some: beside the range of more days
# its levels would lie too close to be told apart.
SHOWN_DAYS: dict[Period, int] = {"day": 12, "week": 30, "month": 66}


@dataclass(frozen=True, eq=False, repr=False)
class CamarillaRun(EngineRunResult):
    """The pivots of a symbol at one instant, by period."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("period", "name", "price")

    symbol: str
    as_of: datetime
    pivots: dict[Period, Camarilla]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [
            {"period": period, **row} for period, made in self.pivots.items() for row in made.rows()
        ]

    @property
    def shortest(self) -> Period | None:
        """The shortest period that has pivots; None where none has."""
        return next((period for period in PERIODS if period in self.pivots), None)

    def __repr__(self) -> str:
        head = f"{self.symbol} at {self._when}:"
        return self._shown("\n  ".join([head, *map(repr, self.pivots.values())]))


def camarilla_flow(
    symbol: str, as_of: int, market: Market, options: CamarillaOptions
) -> EngineFlow[CamarillaRun]:
    """Pivots of the last periods completed before `as_of` (microseconds UTC). A period without a
    daily bar for each of its sessions has none; `notes` name the days.

    Raises: ValidationError.
    """
    known = yield from pivot_bars(symbol, as_of, market, options.pivots_of)
    pivots: dict[Period, Camarilla] = {}
    notes = []
    for period in options.periods:
        try:
            levels = _levels(known, period, options)
        except IncompleteDataError as error:
            notes.append(error.detail)
            continue
        except ValidationError as error:
            # An auction may close outside the day's regular range: that period has no levels.
            if error.param != "close":
                raise
            notes.append(f"no pivots of the last {period}: {error}")
            continue
        if levels is None:
            notes.append(f"no completed {period} in the daily bars")
        else:
            pivots[period] = levels
    run = CamarillaRun(symbol, to_datetime(as_of), pivots, tuple(notes))
    days = known.days.last(SHOWN_DAYS[run.shortest or "month"])
    return replace(run, drawn=Drawn.of(days, Timeframe.DAY))


def _levels(known: AsOfBars, period: Period, options: CamarillaOptions) -> Camarilla | None:
    completed = known.period(period, options.pivots_of)
    if completed is None:
        return None
    return camarilla_of_period(completed, known.market, variant=options.variant)
