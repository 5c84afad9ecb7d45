"""A question for bars, and how its answer is made from stored bars."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from numbers import Integral

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import LONGEST_ON_GRID_MINUTES, complete_through, resample, whole_bars
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class BarsQuery:
    """Bars of `symbol` that start inside `span`; `limit` keeps the most recent ones."""

    symbol: str
    timeframe: Timeframe
    span: Span
    limit: int | None = None
    include_extended: bool = True
    adjusted: bool = True

    @property
    def anchored(self) -> bool:
        """Whether the bars begin at the opening bell instead of on the hour."""
        minutes = self.timeframe.minutes or 0
        return not self.include_extended and minutes > LONGEST_ON_GRID_MINUTES

    @property
    def series_span(self) -> Span:
        """The span of stored bars that the answer is made from."""
        return whole_bars(self.span, self.timeframe, anchored=self.anchored)

    def complete_through(self, now: int) -> int:
        """The instant through which the answer is complete at `now`."""
        return complete_through(self.span, self.timeframe, now, anchored=self.anchored)

    def answer(self, base: Bars, splits: Iterable[Split], *, market: Market, today: date) -> Bars:
        """The answer from tidy as-traded bars of `series_span`: adjusted, cut to regular hours,
        summed, and only then cut to the span and the limit.
        """
        bars = adjust(base, splits, today) if self.adjusted else base
        bars = resample(bars, self.timeframe, market=market, include_extended=self.include_extended)
        return bars.within(self.span).last(self.limit)


def parse_limit(value: object, param: str = "limit") -> int | None:
    """A number of bars above 0, or None for all. Raises ValidationError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral) or value <= 0:
        raise ValidationError(param, value, "a whole number above 0, or nothing for all bars")
    return int(value)
