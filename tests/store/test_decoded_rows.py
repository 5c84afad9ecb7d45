"""Decoded rows are cached: the same bars, and a file is opened no more often than it must be."""

import pytest

from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.decoded_rows import SHARED_GROUPS, SMALL_BYTES, DecodedRows
from polytape.store.footer import DamagedSegmentError, Segment
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, memory, some_bars, write_market

STEP = HOUR // 60
MONTH = Span(FIRST, FIRST + 3 * DAY)


class Opened:
    """The rows of one store, and how many files were opened for them."""

    def __init__(self, segments: int, rows: dict[str, int]) -> None:
        self.parts = {
            symbol: some_bars([FIRST + n * STEP // 2 for n in range(count)])
            for symbol, count in rows.items()
        }
        self.store = SegmentStore(memory(), "test", MARKET)
        for number in range(segments):
            write_market(self.store, self.parts, MONTH, number)
        (self.folder,) = self.store.catalog.folders(Series.MINUTE)
        self.segments = self.store.catalog.segments(self.folder)
        self.rows = DecodedRows()
        self.opened = 0

    def check(self, segment: Segment, symbol: str) -> int:
        """Read a symbol; how many files are opened so far."""

        def opened() -> object:
            self.opened += 1
            return self.store.storage.open(f"{self.folder}/{segment.name}")

        bars = self.rows.bars_of(segment, symbol, opened)
        assert bars.same(self.parts[symbol])
        return self.opened


def test_a_small_segment_is_opened_once_for_all_its_symbols() -> None:
    made = Opened(1, {"A": 10, "B": 5})
    (segment,) = made.segments
    assert segment.size <= SMALL_BYTES
    assert [made.check(segment, symbol) for symbol in ("A", "A", "B", "B", "A")] == [1] * 5


def test_a_large_symbol_is_decoded_by_itself_each_time() -> None:
    made = Opened(1, {"A": 8_500, "B": 10, "C": 10})
    (segment,) = made.segments
    assert segment.size > SMALL_BYTES
    assert [made.check(segment, "A") for _ in range(3)] == [1, 2, 3]
    # The others share a row group, which stays decoded.
    assert [made.check(segment, symbol) for symbol in ("B", "C", "B")] == [4, 4, 4]


def test_shared_groups_are_bounded_the_first_decoded_go_first() -> None:
    made = Opened(SHARED_GROUPS + 1, {"A": 1, "B": 1})
    for number, segment in enumerate(made.segments):
        assert made.check(segment, "A") == number + 1
    first, last = made.segments[0], made.segments[-1]
    assert made.check(last, "B") == SHARED_GROUPS + 1
    assert made.check(first, "B") == SHARED_GROUPS + 2


def test_what_is_damaged_is_not_cached() -> None:
    made = Opened(1, {"A": 10, "B": 5})
    (segment,) = made.segments
    path = f"{made.folder}/{segment.name}"
    content = made.store.storage.read(path)
    made.store.storage.put(path, lambda sink: sink.write(bytes(len(content))))
    with pytest.raises(DamagedSegmentError, match=segment.name):
        made.check(segment, "A")
    made.store.storage.put(path, lambda sink: sink.write(content))
    made.check(segment, "A")
