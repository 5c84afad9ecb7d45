"""What `bars` and `download` want, as flows: spans from dates, words and periods."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

import numpy as np

from polytape.client.core import Core
from polytape.errors import ValidationError
from polytape.model.date_words import begin_of, is_word, naming_words, read_dates
from polytape.model.instants import must_have_begun, parse_span
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import parse_timeframe
from polytape.model.zone_warning import warn_without_zone
from polytape.wire.flow import Flow

# A date or an instant, as callers write it; `pandas.Timestamp` is a datetime.
When: TypeAlias = str | date | datetime | np.datetime64
USUAL_PERIOD = "1mo"
NAMES = ("start", "end")


@dataclass(frozen=True, slots=True)
class BarsRequest:
    """Bars from `start`, or from a `period` before `end`, to `end`: one month up to today where
    nothing is said.
    """

    start: object
    end: object
    period: object
    timeframe: object
    include_extended: bool = True
    allow_partial: bool = False
    adjusted: bool = True

    def queries(self, core: Core, symbols: Iterable[object]) -> Flow[list[BarsQuery]]:
        """A query for each symbol, of one span by the gateway's time.

        Raises: ValidationError naming the parameter; what asking for the time raises.
        """
        names, timeframe = [parse_symbol(one) for one in symbols], parse_timeframe(self.timeframe)
        span = yield from self._span(core)
        return [
            BarsQuery(
                name,
                timeframe,
                span,
                include_extended=self.include_extended,
                adjusted=self.adjusted,
                allow_partial=self.allow_partial,
            )
            for name in names
        ]

    def _span(self, core: Core) -> Flow[Span]:
        if self.start is not None and self.period is not None:
            raise ValidationError("period", self.period, "nothing beside start: one of them begins")
        warn_without_zone(start=self.start, end=self.end)
        start, end = self.start, "today" if self.end is None else self.end
        with naming_words(NAMES):
            if start is None or is_word(start) or is_word(end):
                now = yield from core.gateway_now()
                start, end = self._by_time(end, now, core)
            return parse_span(start, end, core.market, NAMES)

    def _by_time(self, end: object, now: int, core: Core) -> tuple[object, object]:
        """Start and end without words and periods; `now` in microseconds UTC."""
        start, end = read_dates(self.start, end, now, core.market, NAMES)
        if start is None:
            return begin_of(self.period or USUAL_PERIOD, end, now, core.market), end
        if self.end is None:  # then the start may be at fault, not the end
            must_have_begun(start, "start", core.market, now, today=True)
        return start, end
