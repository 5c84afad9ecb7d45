"""Which rows are in force where several segments of a folder speak of the same spans."""

from collections.abc import Iterable

import numpy as np

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.store.coverage import coverage_slices
from polytape.store.footer import Segment


class RowsInForce:
    """Picks, of the rows of some segments of a folder, those in force inside `span`."""

    def __init__(self, segments: list[Segment], span: Span) -> None:
        self._segments = segments
        self._span = span
        self._named = named_symbols(segments)
        self._of_unnamed = spans_in_force(segments, None, span)

    def market(self, rows: Iterable[tuple[Segment, str, Bars]]) -> MarketBars:
        """The rows in force; `rows` are tidy bars of one symbol out of one segment each."""
        parts: dict[str, list[Bars]] = {}
        for segment, symbol, bars in rows:
            inside = bars_inside(bars, self._spans(symbol).get(segment.name, SpanSet()))
            if len(inside):
                parts.setdefault(symbol, []).append(inside)
        return MarketBars.of({symbol: Bars.concat(own).tidy() for symbol, own in parts.items()})

    def _spans(self, symbol: str) -> dict[str, SpanSet]:
        if symbol not in self._named:
            return self._of_unnamed
        return spans_in_force(self._segments, symbol, self._span)


def spans_in_force(segments: list[Segment], symbol: str | None, span: Span) -> dict[str, SpanSet]:
    """By segment, the spans of a symbol on which it has the last word; `symbol` None: of every
    symbol that no coverage names.
    """
    coverage = [
        (entry, segment.name)
        for segment in segments
        for entry in segment.coverage
        if (entry.symbol is None if symbol is None else entry.includes(symbol))
    ]
    owned: dict[str, list[Span]] = {}
    for part in coverage_slices(coverage, span):
        owned.setdefault(part.owner, []).append(part.span)
    return {name: SpanSet.of(spans) for name, spans in owned.items()}


def named_symbols(segments: Iterable[Segment]) -> set[str]:
    """The symbols that some coverage names, as its own or as excluded."""
    names: set[str] = set()
    for segment in segments:
        for entry in segment.coverage:
            names |= entry.excluded_symbols
            if entry.symbol is not None:
                names.add(entry.symbol)
    return names


def bars_inside(bars: Bars, spans: SpanSet) -> Bars:
    """The bars that start inside any of the spans. Needs tidy bars."""
    if len(spans) == 1:
        return bars.within(spans.spans[0])
    starts = np.array([span.start for span in spans], np.int64)
    ends = np.array([span.end for span in spans], np.int64)
    at = np.searchsorted(starts, bars.timestamp, side="right") - 1
    return bars.take((at >= 0) & (bars.timestamp < ends[at])) if len(spans) else bars.take(slice(0))
