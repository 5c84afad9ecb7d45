"""The pivots of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime

from polytape.engines.as_of import days_query
from polytape.engines.camarilla import Camarilla, camarilla_of
from polytape.engines.flow import EngineFlow
from polytape.engines.options import CamarillaOptions, Period
from polytape.engines.result import EngineRunResult, iso_minutes
from polytape.errors import IncompleteDataError, ValidationError
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, repr=False)
class CamarillaRun(EngineRunResult):
    """The pivots of a symbol at one instant, by period."""

    symbol: str
    as_of: datetime
    pivots: dict[Period, Camarilla]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [
            {"period": period, **row} for period, made in self.pivots.items() for row in made.rows()
        ]

    def __repr__(self) -> str:
        return self._shown(
            f"{self.symbol} at {iso_minutes(self.as_of)}: {list(self.pivots.values())!r}"
        )


def camarilla_flow(
    symbol: str, as_of: int, market: Market, options: CamarillaOptions
) -> EngineFlow[CamarillaRun]:
    """Pivots of the last periods completed before `as_of` (microseconds UTC). A period without a
    daily bar for each of its sessions has none; `notes` name the days.

    Raises: ValidationError.
    """
    (days,) = yield (days_query(symbol, as_of, market),)
    pivots: dict[Period, Camarilla] = {}
    notes = []
    for period in options.periods:
        try:
            levels = camarilla_of(days, period, as_of, market, variant=options.variant)
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
    return CamarillaRun(symbol, to_datetime(as_of), pivots, tuple(notes))
