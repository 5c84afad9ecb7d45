"""The symbols, splits and last bars of a store, where there is no source."""

from polytape.history.splits import Splits, stored_splits
from polytape.model.bars import Bars
from polytape.model.near_symbols import near
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.answers import StoredAnswers
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.made_up_check import QUESTION


class StoreReference:
    """As `SymbolReference`, from a store alone."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        self._reference = Reference(store.storage)
        self.name = store.source
        self.made_up = store.source.startswith("synthetic") or _says_made_up(store)

    def last_bar(self, symbol: str) -> Bars:
        """The last stored minute bar, else the last daily bar."""
        for series in Series:
            for part in reversed(self._store.coverage(symbol, series)):
                bars = self._store.read(symbol, series, part.span)
                if len(bars):
                    return bars.last(1)
        return Bars.empty()

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """None where no table was imported and the vendor's list was never fetched."""
        return self.checked_splits(symbol).used

    def checked_splits(self, symbol: str) -> Splits:
        """The same, with notes on doubtful ones."""
        return stored_splits(self._store, self._reference, symbol)

    def find(self, symbol: str) -> SymbolInfo | None:
        """The security of a symbol that has a stored bar, None for another."""
        return SymbolInfo(symbol) if symbol in self._symbols() else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """Securities with a stored bar whose symbol contains the query, the best first."""
        infos = map(SymbolInfo, self._symbols())
        return rank([i for i in infos if matches(i, query, active_only=active_only)], query)

    def suggest(self, symbol: str) -> tuple[str, ...]:
        """Symbols with a stored bar that may be meant by one without."""
        return near(symbol, self._symbols().__contains__)

    def _symbols(self) -> set[str]:
        return {symbol for series in Series for symbol in self._store.catalog.symbols(series)}


def _says_made_up(store: SegmentStore) -> bool:
    """Whether a vendor that is not the real one has said so: the real one is not looked at."""
    another = store.source.startswith("polygon/")
    return another and StoredAnswers(store.storage).get(QUESTION) is not None
