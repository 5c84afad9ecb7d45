"""Bars of one symbol from a store alone, for an engine, with notes on what is missing."""

from polytape.history.reader import read_stored
from polytape.history.splits import stored_splits
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
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
        self._notes = list(self._splits.notes)
        self._missing: dict[Series, list[Span]] = {}

    def answer(self, query: BarsQuery) -> Bars:
        """The bars of a query, as far as they are stored.

        Raises: DataFetchError.
        """
        read = read_stored(self._store, query.of_series(self._market), self._market, self._now)
        self._missing.setdefault(query.series, []).extend(read.missing)
        self._notes.extend(read.notes)
        today = self._market.date_of(self._now)
        used = self._splits.used or ()
        return query.answer(read.bars, used, market=self._market, today=today)

    def exist(self) -> bool:
        """Whether the store has the symbol at all."""
        return any(self._store.coverage(self._symbol, series) for series in Series)

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the answered bars: doubtful splits, missing days."""
        date_of = self._market.date_of
        missing = [
            f"{series.value} bars are not held in full: "
            f"{date_of(gaps[0].start)} to {date_of(gaps[-1].end - 1)}"
            for series, gaps in self._missing.items()
            if gaps
        ]
        return (*dict.fromkeys(self._notes), *missing)
