"""The client's memory of answers."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from polytape.errors import ValidationError

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    symbol: str
    timeframe: str
    value: V
    expires: float


class CacheManager(Generic[V]):
    """LRU with a time to live. Usable from many threads.

    `market` gives seconds that only grow. Values are handed out as they were put: put only what
    nobody changes.
    """

    def __init__(
        self,
        max_size: int = 100,
        ttl_minutes: float = 5,
        *,
        market: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_size < 1:
            raise ValidationError("max_size", max_size, "at least 1 entry")
        if not ttl_minutes > 0:
            raise ValidationError("ttl_minutes", ttl_minutes, "minutes above 0")
        self.max_size = max_size
        self.ttl_minutes = ttl_minutes
        self._clock = market
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()

    @staticmethod
    def get_cache_key(symbol: str, timeframe: str, start: object, end: object) -> str:
        """`SYMBOL_TIMEFRAME_START_END`."""
        return f"{symbol}_{timeframe}_{start}_{end}"

    def get(self, key: str) -> V | None:
        """What was put under `key`, None when it is gone or too old."""
        with self._lock:
            return self._fresh(key)

    def put(self, symbol: str, timeframe: str, start: object, end: object, value: V) -> str:
        """Keep an answer under its key, which is returned; the least recently used one goes."""
        key = self.get_cache_key(symbol, timeframe, start, end)
        expires = self._clock() + self.ttl_minutes * 60
        with self._lock:
            self._entries[key] = _Entry(symbol, timeframe, value, expires)
            self._entries.move_to_end(key)
            while len(self._entries) > self.max_size:
                self._entries.popitem(last=False)
        return key

    def find(self, symbol: str, timeframe: str, fits: Callable[[V], bool]) -> V | None:
        """The most recently used answer of this symbol and timeframe that fits."""
        with self._lock:
            for key in reversed(list(self._entries)):
                entry = self._entries[key]
                if (entry.symbol, entry.timeframe) == (symbol, timeframe):
                    value = self._fresh(key)
                    if value is not None and fits(value):
                        return value
            return None

    def clear(self, symbol: str | None = None) -> int:
        """Forget one symbol's answers, or all; returns how many."""
        with self._lock:
            gone = [k for k, e in self._entries.items() if symbol is None or e.symbol == symbol]
            for key in gone:
                del self._entries[key]
            return len(gone)

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _fresh(self, key: str) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires <= self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry.value
