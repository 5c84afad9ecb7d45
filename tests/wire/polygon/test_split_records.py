"""Splits as they are stored: what goes in comes out, each once, oldest first."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.splits import Split
from polytape.model.symbols import parse_symbol
from polytape.wire.polygon.messages import SplitRow
from polytape.wire.polygon.split_records import (
    WHOLE_TABLE,
    SplitRecord,
    each_once,
    read_records,
    refused_of,
    splits_of,
)

shares = st.floats(0.01, 1e4)
splits = st.builds(
    Split,
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["A", "BRK.B"]),
    shares,
    shares,
)


@given(st.lists(splits, max_size=20))
def test_each_split_comes_back_once_oldest_first(listed: list[Split]) -> None:
    """Over JSON, to the last bit; a row that is there twice is one split."""
    body = msgspec.json.encode([SplitRecord.of(split) for split in [*listed, *listed]])
    rows = msgspec.json.decode(body, type=list[SplitRecord])
    assert each_once(rows) == tuple(sorted(set(listed)))


def test_a_row_is_small_and_of_a_form_that_stays() -> None:
    """Stores of older versions still open."""
    row = SplitRecord.of(Split(date(2020, 8, 31), "AAPL", 1.0, 4.0))
    assert msgspec.json.encode(row) == b'["AAPL","2020-08-31",1.0,4.0]'


def test_no_symbols_question_is_that_of_the_whole_table() -> None:
    """Each question has a name of its own: what would be alike is no symbol."""
    assert splits_of("A") != splits_of("B")
    with pytest.raises(ValidationError):
        parse_symbol(WHOLE_TABLE.removeprefix("splits of "))


anything = st.one_of(st.none(), st.floats(), st.text(max_size=60), st.just(msgspec.UNSET))
rows = st.builds(
    SplitRow,
    ticker=st.sampled_from(["A", "B"]),
    execution_date=st.one_of(st.none(), st.text(max_size=12), st.dates().map(str)),
    split_from=anything,
    split_to=anything,
)


@given(st.lists(rows, max_size=10))
def test_whatever_is_listed_is_a_split_or_is_refused_now_and_from_the_store(
    listed: list[SplitRow],
) -> None:
    """It never raises, and says the same after a restart."""
    records = list(map(SplitRecord.of_row, listed))
    body = msgspec.json.encode(records)
    stored = read_records(body)
    assert each_once(stored) == each_once(records)
    assert refused_of(stored) == refused_of(records)
    for record in stored:
        assert (record.refused() is None) == bool(each_once([record]))
        assert len(str(record.refused())) < 500
