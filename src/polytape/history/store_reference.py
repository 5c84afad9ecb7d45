"""What a store alone knows of symbols, where there is no source to ask."""

from polytape.history.splits import Splits, held_splits
from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore


class StoreReference:
    """The symbols, splits and last bars of a store; the same questions as a source answers."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        self._reference = Reference(store.storage)
        self.name = store.source
        self.made_up = store.source.startswith("synthetic")

    def last_bar(self, symbol: str) -> Bars:
        """The last minute bar held, else the last daily bar."""
        for series in Series:
            for piece in reversed(self._store.coverage(symbol, series)):
                bars = self._store.read(symbol, series, piece.span)
                if len(bars):
                    return bars.last(1)
        return Bars.empty()

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """None where no table was imported and the vendor was never asked."""
        return self.checked_splits(symbol).used

    def checked_splits(self, symbol: str) -> Splits:
        """The same with what is doubtful of them."""
        return held_splits(self._store, self._reference, symbol)

    def find(self, symbol: str) -> SymbolInfo | None:
        """A symbol of the reference data, or one that has a bar."""
        known = self._reference.symbols().get(symbol)
        if known is None and any(symbol in self._store.symbol_set(s) for s in Series):
            return SymbolInfo(symbol)
        return known

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """Securities whose symbol or name holds the query."""
        infos = {s: SymbolInfo(s) for series in Series for s in self._store.symbol_set(series)}
        infos |= self._reference.symbols()
        found = [i for i in infos.values() if matches(i, query, active_only=active_only)]
        return rank(found, query)
