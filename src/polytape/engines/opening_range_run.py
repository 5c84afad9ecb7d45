"""The opening ranges of a symbol at one instant: the bars they need, and what is made of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_since
from polytape.engines.opening_range import OpeningRange, opening_range
from polytape.engines.options import OpeningRangeOptions
from polytape.engines.validation import is_number, require
from polytape.model.counts import counted
from polytape.model.market import REGULAR_MINUTES, Market
from polytape.model.timestamps import to_datetime
from polytape.model.units import MINUTE_US


@dataclass(frozen=True, eq=False, repr=False)
class OpeningRangeRun(result.EngineRunResult):
    """The opening ranges of a session that were complete at an instant; `price` is the close of the
    last minute in dollars, extended hours too; None before the session's first.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(OpeningRange)

    symbol: str
    as_of: datetime
    day: date | None
    price: float | None
    ranges: tuple[OpeningRange, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[OpeningRange, ...]:
        """A row for each range."""
        return self.ranges

    def __repr__(self) -> str:
        ranges = "; ".join(f"{r.minutes}min {r.low:.2f}-{r.high:.2f}" for r in self.ranges)
        head = f"{self.symbol} at {self._when}"
        return self._shown(f"{head}: {ranges or 'no range'}")


def opening_range_flow(
    symbol: str, as_of: int, market: Market, options: OpeningRangeOptions
) -> EngineFlow[OpeningRangeRun]:
    """The opening ranges of the session of `as_of` (microseconds UTC), or of the last one before it
    on a day without one.

    Raises: ValidationError.
    """
    sizes = _sizes(options.minutes)
    day = market.date_of(as_of)
    session = market.session(day) or market.session_before(day)
    start = as_of if session is None else session.open
    minutes = yield from minutes_since(
        symbol,
        start,
        as_of,
        market,
        exclude_bad_prints=options.exclude_bad_prints,
        priced_from=market.day_start(day if session is None else session.day),
    )
    ranges, notes = [], [*minutes.notes]
    for size in sizes:
        made = opening_range(minutes.bars, size, session=session, market=market)
        if session is None or as_of < min(session.close, session.open + size * MINUTE_US):
            notes.append(f"the first {counted(size, 'minute is', 'minutes are')} not complete")
        elif made is None:
            notes.append(f"no bar in the first {counted(size, 'minute')}")
        else:
            ranges.append(made)
    where = None if session is None else session.day
    return OpeningRangeRun(
        symbol,
        to_datetime(as_of),
        where,
        minutes.price,
        tuple(ranges),
        tuple(notes),
        drawn=Drawn.of_minutes(minutes.bars, as_of, market),
    )


def _sizes(minutes: Iterable[int]) -> list[int]:
    """Each size once, the shortest first. Raises: ValidationError."""
    several = tuple(minutes)
    sound = all(is_number(one, whole=True) and 1 <= one <= REGULAR_MINUTES for one in several)
    require("minutes", several, several and sound, f"numbers of minutes, 1 to {REGULAR_MINUTES}")
    return sorted(set(several))
