"""Bars of many symbols together: sorted by symbol, then by start."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from polytape.model.arrays import Ints
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.suspect_bars import SuspectBars


@dataclass(frozen=True, eq=False, slots=True)
class MarketBars:
    """`places[symbol]` is where that symbol's bars lie in `bars`; the places follow each other in
    the order of the symbols. `suspects` are rows of other symbols that cannot be right: whether
    those traded is not known.
    """

    bars: Bars
    places: dict[str, slice]
    suspects: tuple[SuspectBars, ...] = ()

    def __len__(self) -> int:
        return len(self.bars)

    @classmethod
    def of(cls, parts: Mapping[str, Bars]) -> "MarketBars":
        """Tidy bars by symbol, put together. A symbol without bars has no place."""
        traded = {symbol: parts[symbol] for symbol in sorted(parts) if len(parts[symbol])}
        ends = np.cumsum([0, *map(len, traded.values())])
        places = {s: slice(int(ends[n]), int(ends[n + 1])) for n, s in enumerate(traded)}
        return cls(Bars.concat(traded.values()), places)

    @classmethod
    def sorted_by(cls, symbols: Iterable[str], codes: Ints, bars: Bars) -> "MarketBars":
        """Rows in any order: `codes` numbers each row's symbol in `symbols`.

        Of several rows with one symbol and start the last one stays.
        """
        if not len(bars):
            return cls(bars, {})
        ordered, ranks = _ranked(list(symbols), codes)
        ranks, bars = _sorted_once(ranks, bars)
        edges = np.flatnonzero(np.diff(ranks, prepend=-1))
        owners = [ordered[rank] for rank in ranks[edges].tolist()]
        ends = [*edges[1:].tolist(), len(ranks)]
        places = map(slice, edges.tolist(), ends)
        return cls(bars, dict(zip(owners, places, strict=True)))

    def by_symbol(self) -> Iterator[tuple[str, Bars]]:
        """Each symbol with its bars, in order."""
        return ((symbol, self.bars.take(place)) for symbol, place in self.places.items())

    def of_symbol(self, symbol: str) -> Bars:
        """One symbol's bars; empty where there are none."""
        place = self.places.get(symbol)
        return Bars.empty() if place is None else self.bars.take(place)

    def within(self, span: Span) -> "MarketBars":
        """The bars that start inside `span`."""
        stamps = self.bars.timestamp
        if not len(stamps) or (stamps.min() >= span.start and stamps.max() < span.end):
            return self
        return MarketBars.of({symbol: bars.within(span) for symbol, bars in self.by_symbol()})


def _ranked(symbols: list[str], codes: Ints) -> tuple[list[str], Ints]:
    """The symbols in order, and each row's place in that order."""
    if all(a < b for a, b in pairwise(symbols)):
        return symbols, codes
    order = sorted(range(len(symbols)), key=symbols.__getitem__)
    rank = np.empty(len(symbols), np.int64)
    rank[order] = np.arange(len(symbols))
    return [symbols[at] for at in order], rank[codes]


def _sorted_once(ranks: Ints, bars: Bars) -> tuple[Ints, Bars]:
    """The rows by rank and start, of several with one rank and start the last one."""
    ahead = (np.diff(ranks) > 0) | ((np.diff(ranks) == 0) & (np.diff(bars.timestamp) > 0))
    if np.all(ahead):
        return ranks, bars
    order = np.lexsort((bars.timestamp, ranks))  # stable: the last of equals is last
    ranks, bars = ranks[order], bars.take(order)
    last = np.append((np.diff(ranks) != 0) | (np.diff(bars.timestamp) != 0), np.array([True]))
    return (ranks, bars) if last.all() else (ranks[last], bars.take(last))
