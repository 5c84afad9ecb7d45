"""Bars of one symbol from a store alone, for an engine, with what they stand on."""

from polytape.history.bars_result import make_basis
from polytape.history.reader import read_stored
from polytape.history.splits import stored_splits
from polytape.history.store_reference import StoreReference
from polytape.model.bars import Bars
from polytape.model.basis import Basis, union
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore


class StoredBars:
    """Answers an engine's queries. `now`: microseconds UTC."""

    def __init__(self, store: SegmentStore, symbol: str, market: Market, now: int) -> None:
        self._store = store
        self._symbol = symbol
        self._market = market
        self._now = now
        self._splits = stored_splits(store, Reference(store.storage), symbol)
        self._reference = StoreReference(store)
        self._bases: list[Basis] = []

    def answer(self, query: BarsQuery) -> Bars:
        """The bars of a query, as far as they are stored.

        Raises: DataFetchError.
        """
        read = read_stored(self._store, query.of_series(self._market), self._market, self._now)
        basis = make_basis(query, read, self._splits, self._reference, self._market, self._now)
        self._bases.append(basis.needing(query.needed_from))
        today = self._market.date_of(self._now)
        used = self._splits.used or ()
        return query.answer(read.bars, used, market=self._market, today=today)

    def exist(self) -> bool:
        """Whether the store has the symbol at all."""
        return any(self._store.coverage(self._symbol, series) for series in Series)

    def basis(self) -> Basis:
        """What all the answered bars stand on."""
        name, made_up = self._reference.name, self._reference.made_up
        return union(self._bases) or Basis(source=name, made_up=made_up)
