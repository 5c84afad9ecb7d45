"""Bars of many symbols together: sorted by symbol, then by start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from polytape.model.bars import Bars
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
        names = np.array(list(symbols), object)
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(len(names))
        ranks = rank[codes]
        ahead = (np.diff(ranks) > 0) | ((np.diff(ranks) == 0) & (np.diff(bars.timestamp) > 0))
        if not np.all(ahead):
            order = np.lexsort((bars.timestamp, ranks))  # stable: the last of equals comes last
            ranks, bars = ranks[order], bars.take(order)
            last = np.append(
                (np.diff(ranks) != 0) | (np.diff(bars.timestamp) != 0), np.array([True])
            )
            ranks, bars = (ranks, bars) if last.all() else (ranks[last], bars.take(last))
        edges = np.flatnonzero(np.diff(ranks, prepend=-1))
        ends = np.append(edges[1:], len(ranks))
        ordered = names[np.argsort(names, kind="stable")]
        places = {
            str(ordered[ranks[lo]]): slice(int(lo), int(hi))
            for lo, hi in zip(edges, ends, strict=True)
        }
        return cls(bars, places)

    def of_symbol(self, symbol: str) -> Bars:
        """One symbol's bars; empty where there are none."""
        place = self.places.get(symbol)
        return Bars.empty() if place is None else self.bars.take(place)
