"""Bars of many symbols together: sorted by symbol, then by start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.units import Ints


@dataclass(frozen=True, eq=False, slots=True)
class MarketBars:
    """`places[symbol]` is where that symbol's bars lie in `bars`; the places follow each other in
    the order of the symbols.
    """

    bars: Bars
    places: dict[str, slice]

    def __len__(self) -> int:
        return len(self.bars)

    @classmethod
    def of(cls, parts: Mapping[str, Bars]) -> "MarketBars":
        """Tidy bars by symbol, put together. A symbol without bars has no place."""
        held = {symbol: parts[symbol] for symbol in sorted(parts) if len(parts[symbol])}
        ends = np.cumsum([0, *map(len, held.values())])
        places = {s: slice(int(ends[n]), int(ends[n + 1])) for n, s in enumerate(held)}
        return cls(Bars.concat(held.values()), places)

    @classmethod
    def sorted_by(cls, symbols: Iterable[str], codes: Ints, bars: Bars) -> "MarketBars":
        """Rows in any order: `codes` numbers each row's symbol in `symbols`.

        Of several rows with one symbol and start the last one stays.
        """
        if not len(bars):
            return cls(bars, {})
        listed = list(symbols)
        ranks, ordered = codes, listed
        if any(a >= b for a, b in pairwise(listed)):
            order = sorted(range(len(listed)), key=listed.__getitem__)
            rank = np.empty(len(listed), np.int64)
            rank[order] = np.arange(len(listed))
            ranks, ordered = rank[codes], [listed[at] for at in order]
        ahead = (np.diff(ranks) > 0) | ((np.diff(ranks) == 0) & (np.diff(bars.timestamp) > 0))
        if not np.all(ahead):
            places_now = np.lexsort((bars.timestamp, ranks))  # stable: the last of equals is last
            ranks, bars = ranks[places_now], bars.take(places_now)
            last = np.append(
                (np.diff(ranks) != 0) | (np.diff(bars.timestamp) != 0), np.array([True])
            )
            ranks, bars = (ranks, bars) if last.all() else (ranks[last], bars.take(last))
        edges = np.flatnonzero(np.diff(ranks, prepend=-1))
        ends = np.append(edges[1:], len(ranks))
        owners = [ordered[rank] for rank in ranks[edges].tolist()]
        places = {
            owner: slice(lo, hi)
            for owner, lo, hi in zip(owners, edges.tolist(), ends.tolist(), strict=True)
        }
        return cls(bars, places)

    def of_symbol(self, symbol: str) -> Bars:
        """One symbol's bars; empty where there are none."""
        place = self.places.get(symbol)
        return Bars.empty() if place is None else self.bars.take(place)

    def within(self, span: Span) -> "MarketBars":
        """The bars that start inside a span."""
        stamps = self.bars.timestamp
        if not len(stamps) or (stamps.min() >= span.start and stamps.max() < span.end):
            return self
        return MarketBars.of(
            {symbol: self.bars.take(place).within(span) for symbol, place in self.places.items()}
        )
