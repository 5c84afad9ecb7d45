"""Recently read series, kept in memory as columns, bounded in bytes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series

Key = tuple[str, Series, Span]
# Keys, spans, arrays and their headers.
ENTRY_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class CachedSpan:
    """All bars of a span, final."""

    span: Span
    bars: Bars


class BarsCache:
    """Least recently used goes first. Only what is final belongs here. Usable from many threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[Key, CachedSpan] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def beginning(self, symbol: str, series: Series, span: Span) -> CachedSpan:
        """What is held from the start of `span` on, as far as it goes inside the span."""
        with self._lock:
            fits = [
                key for key in self._held
                if key[:2] == (symbol, series) and span.start in key[2]
            ]  # fmt: skip
            if not fits:
                return CachedSpan(Span(span.start, span.start), Bars.empty())
            best = max(fits, key=lambda key: key[2].end)
            self._held.move_to_end(best)
            held = self._held[best]
        inside = held.span.intersect(span)
        return CachedSpan(inside, held.bars.within(inside))

    def put(self, symbol: str, series: Series, held: CachedSpan) -> None:
        """Keep a span in place of all inside it; one too large for the room is not kept."""
        key = (symbol, series, held.span)
        with self._lock:
            for other in [k for k in self._held if k[:2] == key[:2] and k[2] in held.span]:
                self._drop(other)
            if not held.span or _cost(held) > self._most:
                return
            # A slice would keep the whole array alive that it was cut from.
            self._held[key] = CachedSpan(held.span, held.bars.copy())
            self.bytes += _cost(held)
            while self.bytes > self._most:
                self._drop(next(iter(self._held)))

    def drop(self, series: Series, span: Span) -> None:
        """Forget what is held of a span, of every symbol: it was asked for anew."""
        with self._lock:
            for key in [k for k in self._held if k[1] is series and k[2].intersect(span)]:
                self._drop(key)

    def clear(self, symbol: str | None = None) -> int:
        """Drop one symbol's bars, or all; returns how many spans were dropped."""
        with self._lock:
            gone = [key for key in self._held if symbol is None or key[0] == symbol]
            for key in gone:
                self._drop(key)
            return len(gone)

    def _drop(self, key: Key) -> None:
        self.bytes -= _cost(self._held.pop(key))


def _cost(held: CachedSpan) -> int:
    """Bytes that an entry takes; one without bars takes some too."""
    return held.bars.nbytes + ENTRY_BYTES
