"""From when to when a symbol has bars: where it was asked for in vain, none is missing."""

from dataclasses import dataclass, replace
from functools import cached_property

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.quality import Gap, QualityReport, check
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore

BEFORE_FIRST = "before the first bar of the symbol"
# The files do not say which.
AFTER_LAST = "no more bars in files of the whole market: delisted, or missing there"
NO_BAR = "no bar of the symbol at all"


@dataclass
class TradedSpan:
    """The days from the first stored bar of a symbol to its last one, of whichever series."""

    store: SegmentStore
    symbol: str
    market: Market

    @cached_property
    def _days(self) -> Span | None:
        """From the start of the first day with a bar to the end of the last; None without one."""
        edges = [edge for series in Series for edge in self._first_and_last(series)]
        if not edges:
            return None
        first, last = map(self.market.date_of, (min(edges), max(edges)))
        return Span(self.market.day_span(first).start, self.market.day_span(last).end)

    def _first_and_last(self, series: Series) -> list[int]:
        """Where the first and the last stored bar start, microseconds UTC; nothing without any."""
        spans = [part.span for part in self.store.coverage(self.symbol, series)]
        read = (self.store.read(self.symbol, series, span) for span in spans)
        first = next((int(bars.timestamp[0]) for bars in read if len(bars)), None)
        if first is None:
            return []
        backwards = (self.store.read(self.symbol, series, span) for span in reversed(spans))
        return [first, next(int(bars.timestamp[-1]) for bars in backwards if len(bars))]

    def report(self, bars: Bars, series: Series, covered: Span) -> QualityReport:
        """The report on the bars of a covered span, by what can be expected in it.

        Raises: DataFetchError.
        """
        expected, ends = self.expected(series, covered)
        report = check(bars, series.timeframe, expected, market=self.market)
        return replace(report, gaps=tuple(sorted((*report.gaps, *ends), key=lambda gap: gap.span)))

    def expected(self, series: Series, covered: Span) -> tuple[Span, tuple[Gap, ...]]:
        """The part of a covered span in which bars can be expected, and why none are outside it: a
        source or a listing begins with the first bar, and a symbol that files of the whole market
        have no longer was delisted, or is missing there. Days after the last bar of which the
        symbol itself was asked for stay expected.

        Raises: DataFetchError.
        """
        days = self._days
        if days is None:
            return Span(covered.end, covered.end), (Gap(covered, 0, NO_BAR),)
        start = min(max(covered.start, days.start), covered.end)
        end = max(start, self._end(series, covered, days.end))
        before, after = Span(covered.start, start), Span(end, covered.end)
        causes = ((before, BEFORE_FIRST), (after, AFTER_LAST))
        return Span(start, end), tuple(Gap(span, 0, cause) for span, cause in causes if span)

    def _end(self, series: Series, covered: Span, last_day: int) -> int:
        """The end of what a covered span has before files of the whole market without the symbol;
        `last_day`: where the day of its last bar ends. Microseconds UTC.
        """
        end = covered.end
        for part in reversed(self.store.coverage(self.symbol, series, covered)):
            if part.coverage.symbol is not None or end <= last_day:
                break
            end = max(last_day, part.span.start)
        return end
