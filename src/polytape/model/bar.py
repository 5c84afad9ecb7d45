"""One bar, as it arrives live. `Bars` has many of them, in columns."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from math import nan

from polytape.model.bars import Bars


@dataclass(frozen=True, slots=True)
class Bar:
    """`timestamp` is its start, microseconds UTC; prices in dollars; `volume` in shares, fractions
    allowed; `vwap` and `transactions` are NaN where unknown.
    """

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float = nan
    transactions: float = nan


def bar_rows(bars: Bars) -> Iterator[Bar]:
    """The bars of some columns one by one, in their order."""
    columns = [column.tolist() for column in bars.columns().values()]
    return (Bar(*row) for row in zip(*columns, strict=True))


def bars_from(rows: Iterable[Bar]) -> Bars:
    """Single bars in columns, in their order."""
    columns = zip(*map(astuple, rows), strict=True)
    names = Bars.empty().columns()
    made = dict(zip(names, columns, strict=False))
    return Bars.of(**made) if made else Bars.empty()
