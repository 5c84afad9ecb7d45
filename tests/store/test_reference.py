"""Splits beside the bars: an imported table, or what the vendor listed."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from polytape.errors import DataFetchError
from polytape.model.splits import Split
from polytape.net.storage import open_storage
from polytape.store.answers import StoredAnswers
from polytape.store.reference import READ_AT, SPLITS, Reference
from polytape.wire.polygon.split_records import WHOLE_TABLE, SplitRecord, splits_of
from tests.store.bars import memory

APPLE = Split(date(2014, 6, 9), "AAPL", 1.0, 7.0)
LATER = Split(date(2020, 8, 31), "AAPL", 1.0, 4.0)
shares = st.floats(0.01, 1e4)
splits = st.builds(
    Split, st.dates(date(1980, 1, 1), date(2030, 1, 1)), st.sampled_from(["A", "B"]), shares, shares
)


def records(*rows: Split) -> bytes:
    return msgspec.json.encode([SplitRecord.of(row) for row in rows])


def test_splits_come_back_and_their_file_says_when_they_were_read() -> None:
    storage = open_storage("memory")
    reference = Reference(storage)
    assert reference.splits("AAPL") is None
    assert not reference.imported()
    reference.put_splits([APPLE, APPLE], read_at=5)
    assert reference.splits("AAPL") == (APPLE,)
    assert reference.splits("MSFT") == ()
    assert reference.imported()
    assert parquet.read_schema(storage.open(SPLITS)).metadata[READ_AT] == b"5"


@given(st.lists(splits, max_size=8))
def test_a_table_comes_back_whole_each_split_once(rows: list[Split]) -> None:
    storage = open_storage("memory")
    Reference(storage).put_splits(rows, read_at=1)
    reference = Reference(storage)
    for symbol in ("A", "B"):
        assert reference.splits(symbol) == tuple(sorted({r for r in rows if r.symbol == symbol}))


def test_a_table_that_another_process_replaced_is_read_anew() -> None:
    storage = memory()
    reference, other = Reference(storage), Reference(storage)
    other.put_splits([APPLE], read_at=1)
    assert reference.splits("AAPL") == (APPLE,)
    other.put_splits([LATER], read_at=2)
    assert reference.splits("AAPL") == (LATER,)


def test_without_a_table_the_vendors_list_counts_the_whole_one_before_a_symbols() -> None:
    storage = memory()
    reference, answers = Reference(storage), StoredAnswers(storage)
    answers.put(splits_of("AAPL"), records(LATER, APPLE, APPLE), 1)
    assert reference.splits("AAPL") == (APPLE, LATER)
    assert reference.splits("MSFT") is None  # nobody asked for it
    answers.put(WHOLE_TABLE, records(APPLE), 2)
    assert reference.splits("AAPL") == (APPLE,)
    assert reference.splits("MSFT") == ()
    answers.put(WHOLE_TABLE, records(APPLE, LATER), 3)
    assert reference.splits("AAPL") == (APPLE, LATER)
    assert not reference.imported()
    reference.put_splits([], read_at=4)
    assert reference.splits("AAPL") == ()


def test_a_damaged_table_is_named() -> None:
    storage = memory()
    storage.put(SPLITS, lambda sink: sink.write(b"no parquet"))
    with pytest.raises(DataFetchError, match=f"memory/{SPLITS} is damaged"):
        Reference(storage).splits("AAPL")
