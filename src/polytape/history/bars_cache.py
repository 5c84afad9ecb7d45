"""Recently read series, cached in memory as columns, bounded in bytes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segments import FolderTokens

# Keys, spans, arrays and their headers.
ENTRY_BYTES = 2_000


class _Key(NamedTuple):
    symbol: str
    series: Series
    span: Span


@dataclass(frozen=True, slots=True)
class CachedSpan:
    """All bars of a span, final; `tokens` say how the store's folders were when they were read."""

    span: Span
    bars: Bars
    tokens: FolderTokens = ()


def nothing_of(query: BarsQuery) -> CachedSpan:
    """Nothing, at the start of a query's span."""
    return CachedSpan(Span(query.span.start, query.span.start), Bars.empty())


class _Entries(LRUCache[_Key, CachedSpan]):
    """The entries, and which of them are of a symbol and series: there may be thousands."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, _cost)
        self._of_series: dict[tuple[str, Series], set[_Key]] = {}

    def of(self, query: BarsQuery) -> set[_Key]:
        """The keys of a query's symbol and series."""
        return self._of_series.get((query.symbol, query.series), set())

    def __setitem__(self, key: _Key, value: CachedSpan) -> None:
        super().__setitem__(key, value)
        self._of_series.setdefault((key.symbol, key.series), set()).add(key)

    def __delitem__(self, key: _Key) -> None:
        super().__delitem__(key)
        keys = self._of_series[key.symbol, key.series]
        keys.discard(key)
        if not keys:
            del self._of_series[key.symbol, key.series]


class BarsCache:
    """The least recently used entry goes first. Only final bars belong here. Usable from many
    threads. `unchanged` says whether folders of the store are as they were: what another program
    stored since is not hidden.
    """

    def __init__(
        self, max_bytes: int, unchanged: Callable[[FolderTokens], bool] = lambda _: True
    ) -> None:
        self._unchanged = unchanged
        self._entries = _Entries(max_bytes)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Bytes that the entries take."""
        return int(self._entries.currsize)

    def beginning(self, query: BarsQuery) -> CachedSpan:
        """What is cached from the start of a query's span on, as far as it goes inside the span;
        nothing for a query that uses no cache.
        """
        span, start = query.span, query.span.start
        with self._lock:
            fits = [key for key in self._entries.of(query) if start in key.span]
            if not fits or not query.use_cache:
                return nothing_of(query)
            key = max(fits, key=lambda key: key.span.end)
            cached = self._entries[key]
            if not self._unchanged(cached.tokens):
                del self._entries[key]
                return nothing_of(query)
        inside = cached.span.intersect(span)
        return CachedSpan(inside, cached.bars.within(inside))

    def put(self, query: BarsQuery, bars: Bars, tokens: FolderTokens = ()) -> None:
        """Cache all bars of a query's span, in place of entries inside it. An empty span, and bars
        too large for the cache, are left out. `tokens`: from before the bars were read.
        """
        span = query.span
        with self._lock:
            for key in [key for key in self._entries.of(query) if key.span in span]:
                del self._entries[key]
            cached = CachedSpan(span, bars)
            if span and _cost(cached) <= self._entries.maxsize:
                # A slice would keep the whole array alive that it was cut from.
                key = _Key(query.symbol, query.series, span)
                self._entries[key] = CachedSpan(span, bars.copy(), tokens)

    def drop(self, series: Series, span: Span) -> None:
        """Drop what is cached of a span, of every symbol: it was fetched anew."""
        with self._lock:
            for key in [k for k in self._entries if k.series is series and k.span.intersect(span)]:
                del self._entries[key]

    def clear(self, symbol: str | None = None) -> int:
        """Drop one symbol's bars, or all; returns how many spans were dropped."""
        with self._lock:
            gone = [key for key in self._entries if symbol is None or key.symbol == symbol]
            for key in gone:
                del self._entries[key]
            return len(gone)


def _cost(cached: CachedSpan) -> int:
    """Bytes that an entry takes; one without bars takes some too."""
    return cached.bars.nbytes + ENTRY_BYTES
