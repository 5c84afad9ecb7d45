"""A cache of decoded rows of segments. Segments never change, so an entry never goes stale."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from cachetools import FIFOCache

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.store.footer import Segment
from polytape.store.segment import read_market, read_symbol, to_bars

if TYPE_CHECKING:
    import pyarrow as pa

OpenFile: TypeAlias = Callable[[], "pa.NativeFile"]

# Opening a file costs more than decoding a small one: up to here bars stay decoded.
SMALL_BYTES = 64 * 1024
SMALL_CACHE_BYTES = 32 * 1024 * 1024
# What an entry takes beside its bars.
ENTRY_BYTES = 1_500
# Row groups of many symbols that stay decoded, about 2 MB each: those of a month of daily imports,
# so that work on one symbol after the other decodes each once.
SHARED_GROUPS = 48


class DecodedRows:
    """Usable from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._small: FIFOCache[tuple[str, str], Bars] = FIFOCache(
            SMALL_CACHE_BYTES, lambda bars: bars.nbytes + ENTRY_BYTES
        )
        self._shared: FIFOCache[tuple[str, int], MarketBars] = FIFOCache(SHARED_GROUPS)

    def bars_of(self, segment: Segment, symbol: str, open_file: OpenFile) -> Bars:
        """A symbol's bars in a segment; `open_file` opens its file.

        Raises: DamagedSegmentError, and what `open_file` raises.
        """
        if segment.size > SMALL_BYTES:
            return self._decoded(segment, symbol, open_file)
        key = (segment.name, symbol)
        with self._lock:
            bars = self._small.get(key)
        if bars is None:
            bars = self._decoded(segment, symbol, open_file)
            with self._lock:
                self._small[key] = bars
        return bars

    def _decoded(self, segment: Segment, symbol: str, open_file: OpenFile) -> Bars:
        """A row group that a symbol shares with others is decoded for all of them and cached: the
        next read is often of another symbol of it.
        """
        groups = segment.groups_of(symbol)
        shared = len(groups) == 1 and segment.firsts[groups[0]] != segment.lasts[groups[0]]
        if not shared:
            return to_bars(read_symbol(open_file(), segment, symbol))
        key = (segment.name, groups[0])
        with self._lock:
            market = self._shared.get(key)
        if market is None:
            market = read_market(open_file(), segment, groups)
            with self._lock:
                self._shared[key] = market
        return market.of_symbol(symbol)
