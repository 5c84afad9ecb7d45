"""A process that writes until it is killed, and says what it has written.

`python -m tests.store.writer FOLDER SYMBOL SEED [compact]`: each line on stdout acknowledges one write.
"""

import random
import sys
from pathlib import Path

import numpy as np

from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore

DAY = 86_400_000_000
FIRST = 1_706_500_000_000_000 // DAY * DAY
STEP = 60_000_000


def span_of(number: int) -> Span:
    """The span that write `number` covers; neighbours overlap."""
    start = FIRST + number % 40 * DAY // 2
    return Span(start, start + DAY)


def bars_of(number: int) -> Bars:
    """What write `number` says: a price that names the write."""
    span = span_of(number)
    stamps = np.arange(span.start, span.end, STEP * (1 + number % 7))
    column = np.full(len(stamps), 1.0 + number)
    return Bars.of(stamps, column, column, column, column, column)


def main(folder: str, symbol: str, seed: str, *mode: str) -> None:
    """Write for ever."""
    store = SegmentStore(FolderStorage(Path(folder)), "test", xnys())
    chance = random.Random(int(seed))
    for number in range(int(seed) * 1_000, (int(seed) + 1) * 1_000):
        cover = Coverage(symbol, span_of(number), number, True)
        store.write(Series.MINUTE, MarketBars.of({symbol: bars_of(number)}), [cover])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if "compact" in mode and chance.random() < 0.2:
            for name in store.catalog.folders(Series.MINUTE):
                compact(store, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
