"""The client's cache of answers."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Generic, TypeVar

from cachetools import Cache, TTLCache

from polytape.errors import ValidationError

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    symbol: str
    timeframe: str
    value: V


class CacheManager(Generic[V]):
    """LRU with a time to live. Usable from many threads.

    `clock` gives seconds that only grow. Values are handed out as they were put: put only what
    nobody changes.

    Raises: ValidationError for a size below 1 or minutes not above 0.
    """

    def __init__(
        self,
        max_size: int = 100,
        ttl_minutes: float = 5,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_size < 1:
            raise ValidationError("max_size", max_size, "at least 1 entry")
        if not ttl_minutes > 0:
            raise ValidationError("ttl_minutes", ttl_minutes, "minutes above 0")
        self.max_size = max_size
        self.ttl_minutes = ttl_minutes
        self._lock = threading.Lock()
        self._entries: TTLCache[str, _Entry[V]] = TTLCache(max_size, ttl_minutes * 60, clock)
        # The keys of each symbol and timeframe, the earliest put first, and some that are gone.
        self._keys: dict[tuple[str, str], dict[str, None]] = {}
        self._puts = 0

    def __repr__(self) -> str:
        entries = f"{len(self.cache)} of {self.max_size} entries"
        return f"{type(self).__name__}({entries}, {self.ttl_minutes:g} minutes each)"

    @property
    def ttl(self) -> timedelta:
        """How long an entry lives."""
        return timedelta(minutes=self.ttl_minutes)

    @property
    def cache(self) -> Mapping[str, V]:
        """What is cached now, by key; it does not change with the cache."""
        with self._lock:
            return MappingProxyType({key: entry.value for key, entry in self._peek()})

    @staticmethod
    def get_cache_key(symbol: str, timeframe: str, start: object, end: object) -> str:
        """`SYMBOL_TIMEFRAME_START_END`."""
        return f"{symbol}_{timeframe}_{start}_{end}"

    def get(self, key: str) -> V | None:
        """What was put under `key`, None when it is gone or too old."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, symbol: str, timeframe: str, start: object, end: object, value: V) -> str:
        """Cache an answer under its key, which is returned; a full cache drops the answer that was
        used the longest ago.
        """
        key = self.get_cache_key(symbol, timeframe, start, end)
        with self._lock:
            self._entries.pop(key, None)  # put anew, it is the latest
            self._entries[key] = _Entry(symbol, timeframe, value)
            self._index(key, symbol, timeframe)
            self._puts += 1
            if self._puts >= self.max_size:
                self._index_anew()
        return key

    def find(self, symbol: str, timeframe: str, fits: Callable[[V], bool]) -> V | None:
        """An answer of this symbol and timeframe that fits, the latest put first."""
        with self._lock:
            keys = self._keys.get((symbol, timeframe), {})
            for key in reversed([*keys]):
                if key not in self._entries:  # too old, or others needed its room
                    del keys[key]
                    continue
                entry = Cache.__getitem__(self._entries, key)
                if (entry.symbol, entry.timeframe) == (symbol, timeframe) and fits(entry.value):
                    self._entries.get(key)  # used now: it goes last
                    return entry.value
        return None

    def clear(self, symbol: str | None = None) -> int:
        """Drop one symbol's answers, or all; returns how many."""
        with self._lock:
            gone = [k for k, e in self._peek() if symbol is None or e.symbol == symbol]
            for key in gone:
                self._entries.pop(key, None)
            return len(gone)

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _peek(self) -> list[tuple[str, _Entry[V]]]:
        """The entries, the earliest put first. This does not count as a use of them."""
        return [(key, Cache.__getitem__(self._entries, key)) for key in self._entries]

    def _index(self, key: str, symbol: str, timeframe: str) -> None:
        """The key is the latest of its symbol and timeframe."""
        keys = self._keys.setdefault((symbol, timeframe), {})
        keys.pop(key, None)
        keys[key] = None

    def _index_anew(self) -> None:
        """Forget the keys that are gone: of those there are never more than there is room for."""
        self._keys, self._puts = {}, 0
        for key, entry in self._peek():
            self._index(key, entry.symbol, entry.timeframe)
