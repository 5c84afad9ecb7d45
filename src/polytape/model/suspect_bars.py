"""Rows of a source that are no bars: set aside, with the reason."""

from dataclasses import dataclass

from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series


@dataclass(frozen=True, eq=False, slots=True)
class SuspectBars:
    """Rows that a source sent for a symbol's `span` and that cannot be right. `request` is what it
    was asked, without any key. The rows may be in any order.
    """

    symbol: str
    series: Series
    span: Span
    reason: str
    request: str
    bars: Bars
