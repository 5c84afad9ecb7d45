"""Rows of segments kept decoded. Segments never change, so what was decoded once stays right."""

import threading
from collections.abc import Callable
from typing import Any

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.store.segment import Segment, read_market, read_symbol, to_bars

# Opening a file costs more than decoding a small one: up to here bars stay decoded.
SMALL_BYTES = 64 * 1024
SMALL_KEPT_BYTES = 32 * 1024 * 1024
# What an entry takes beside its bars.
SMALL_OVERHEAD = 1_500
# Row groups of many symbols that are kept decoded: about 2 MB each.
SHARED_GROUPS = 16


class DecodedRows:
    """Usable from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._small: dict[tuple[str, str], Bars] = {}
        self._small_bytes = 0
        self._shared: dict[tuple[str, int], MarketBars] = {}

    def bars_of(self, segment: Segment, symbol: str, opened: Callable[[], Any]) -> Bars:
        """A symbol's bars in a segment; `opened` gives its file. Raises DamagedSegmentError."""
        small = segment.size <= SMALL_BYTES
        bars = self._small.get((segment.name, symbol)) if small else None
        if bars is None:
            bars = self._decoded(segment, symbol, opened)
            if small:
                self._remember(segment.name, symbol, bars)
        return bars

    def _decoded(self, segment: Segment, symbol: str, opened: Callable[[], Any]) -> Bars:
        """A row group that a symbol shares with others is decoded for all of them and kept for a
        while: who reads one symbol of it will often read the next.
        """
        groups = segment.groups_of(symbol)
        shared = len(groups) == 1 and segment.firsts[groups[0]] != segment.lasts[groups[0]]
        if not shared:
            return to_bars(read_symbol(opened(), segment, symbol))
        key = (segment.name, groups[0])
        with self._lock:
            market = self._shared.get(key)
        if market is None:
            market = read_market(opened(), segment, groups)
            with self._lock:
                self._shared[key] = market
                while len(self._shared) > SHARED_GROUPS:
                    self._shared.pop(next(iter(self._shared)))
        return market.of_symbol(symbol)

    def _remember(self, name: str, symbol: str, bars: Bars) -> None:
        with self._lock:
            if (name, symbol) in self._small:  # another thread was first
                return
            self._small[name, symbol] = bars
            self._small_bytes += bars.nbytes + SMALL_OVERHEAD
            while self._small_bytes > SMALL_KEPT_BYTES:
                gone = self._small.pop(next(iter(self._small)))
                self._small_bytes -= gone.nbytes + SMALL_OVERHEAD
