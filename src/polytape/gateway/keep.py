"""Recently read bars, kept in memory, bounded in bytes."""

import threading
from collections import OrderedDict

from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.source import SourceBars

Key = tuple[str, Series, Span]


class KeptBars:
    """Least recently used goes first. Only what is final belongs here. Usable from many threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[Key, SourceBars] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> SourceBars | None:
        """What was put, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Key, answer: SourceBars) -> None:
        """Keep an answer; one too large for the whole room is not kept."""
        with self._lock:
            self._drop(key)
            if answer.bars.nbytes > self._most:
                return
            self._held[key] = answer
            self.bytes += answer.bars.nbytes
            while self.bytes > self._most:
                self._drop(next(iter(self._held)))

    def clear(self, symbol: str | None = None) -> int:
        """Drop one symbol's bars, or all; returns how many answers were dropped."""
        with self._lock:
            gone = [key for key in self._held if symbol is None or key[0] == symbol]
            for key in gone:
                self._drop(key)
            return len(gone)

    def _drop(self, key: Key) -> None:
        dropped = self._held.pop(key, None)
        if dropped is not None:
            self.bytes -= dropped.bars.nbytes
