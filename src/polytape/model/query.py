"""What a caller wants: parsed once, and carried whole from the caller to the store."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from numbers import Integral

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_span
from polytape.model.market import Market
from polytape.model.resample import LONGEST_ON_GRID_MINUTES, complete_through, resample, whole_bars
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series, Timeframe, parse_timeframe


@dataclass(frozen=True, slots=True)
class BarsQuery:
    """Bars of `symbol` that start inside `span`, and how they are to be had.

    `limit` leaves only the most recent ones. `use_cache` False fetches again what is stored.
    `allow_partial` accepts what there is, with a list of what is missing. `validate` wants a
    quality report, too. `background`: nobody waits for the bars, so other queries go first.
    `needed_from`: the day from which an engine needs the bars; what is before it would be liked.
    """

    symbol: str
    timeframe: Timeframe
    span: Span
    limit: int | None = None
    include_extended: bool = True
    adjusted: bool = True
    use_cache: bool = True
    allow_partial: bool = False
    validate: bool = False
    background: bool = False
    # Says nothing of which bars these are, but of what it means when they are missing.
    needed_from: date | None = field(default=None, compare=False)

    @property
    def series(self) -> Series:
        """The stored series that the bars are made from."""
        return self.timeframe.series

    @property
    def anchored(self) -> bool:
        """Whether the bars begin at the opening bell instead of on the hour."""
        minutes = self.timeframe.minutes or 0
        return not self.include_extended and minutes > LONGEST_ON_GRID_MINUTES

    def of_series(self, market: Market) -> "BarsQuery":
        """The query for the stored bars that whole bars of this one are made from."""
        span = whole_bars(self.span, self.timeframe, market, anchored=self.anchored)
        return replace(self, timeframe=self.series.timeframe, span=span, limit=None)

    def over(self, span: Span) -> "BarsQuery":
        """The same for another span."""
        return replace(self, span=span)

    def complete_through(self, now: int, market: Market) -> int:
        """The instant through which the bars are complete at `now`, both in microseconds UTC."""
        return complete_through(self.span, self.timeframe, now, market, anchored=self.anchored)

    def answer(self, stored: Bars, splits: Iterable[Split], *, market: Market, today: date) -> Bars:
        """The bars from tidy as-traded bars of the stored series: adjusted, cut to regular hours,
        summed, and only then cut to the span and the limit.
        """
        bars = adjust(stored, splits, today, market) if self.adjusted else stored
        bars = resample(bars, self.timeframe, market=market, include_extended=self.include_extended)
        return bars.within(self.span).last(self.limit)


def series_query(
    symbol: str, series: Series, span: Span, *, use_cache: bool = True, background: bool = False
) -> BarsQuery:
    """The query for bars of a stored series as traded."""
    return BarsQuery(
        symbol, series.timeframe, span, adjusted=False, use_cache=use_cache, background=background
    )


def parse_query(
    symbol: object,
    start_date: object,
    end_date: object,
    timeframe: object,
    market: Market,
    *,
    limit: object = None,
    include_extended: bool = True,
    use_cache: bool = True,
    allow_partial: bool = False,
    adjusted: bool = True,
) -> BarsQuery:
    """A query from what a caller wrote; dates are read by `model.instants.parse_span`.

    Raises: ValidationError naming the parameter.
    """
    return BarsQuery(
        symbol=parse_symbol(symbol),
        timeframe=parse_timeframe(timeframe),
        span=parse_span(start_date, end_date, market),
        limit=parse_limit(limit),
        include_extended=bool(include_extended),
        adjusted=bool(adjusted),
        use_cache=bool(use_cache),
        allow_partial=bool(allow_partial),
    )


def parse_limit(value: object, param: str = "limit") -> int | None:
    """A number of bars above 0, or None for all.

    Raises: ValidationError naming `param`.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral) or value <= 0:
        raise ValidationError(param, value, "a whole number above 0, or nothing for all bars")
    return int(value)
