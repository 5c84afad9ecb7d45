"""One file: what it covers stands in its own footer, and damage is seen."""

import io
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from polytape.errors import DataFetchError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.store.coverage import Coverage
from polytape.store.footer import (
    FOOTER_KEY,
    SCHEMA,
    DamagedSegmentError,
    arrow_schema,
    read_footer,
    sealed_end,
)
from polytape.store.segment import (
    SegmentWriter,
    read_market,
    read_symbol,
    table_within,
    to_bars,
    to_table,
)
from tests.store.bars import FIRST, HOUR, WEEK, some_bars


def written(coverage: tuple[Coverage, ...], *parts: MarketBars) -> bytes:
    sink = io.BytesIO()
    writer = SegmentWriter(sink, coverage, "test")
    for part in parts:
        writer.add(part)
    writer.close()
    return sink.getvalue()


def opened(content: bytes) -> Any:
    return pa.BufferReader(content)


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    symbol = draw(st.sampled_from([None, "A", "KIMpL"]))
    start = draw(st.integers(-(10**15), 10**15))
    span = Span(start, start + draw(st.integers(0, 10**14)))
    excluded = draw(st.frozensets(st.sampled_from(["B", "C"]))) if symbol is None else frozenset()
    return Coverage(symbol, span, draw(st.integers(0, 10**15)), draw(st.booleans()), excluded)


@given(st.lists(coverages(), max_size=6).map(tuple))
def test_coverage_comes_back_from_the_footer(coverage: tuple[Coverage, ...]) -> None:
    content = written(coverage)
    segment = read_footer(opened(content), "x.parquet")
    assert segment.coverage == coverage
    assert (segment.name, segment.size, segment.rows) == ("x.parquet", len(content), 0)


def test_the_words_of_a_footer_are_those_of_every_store_that_there_is() -> None:
    """They are on disks already, and the documented queries read them."""
    single = Coverage("A", Span(1, 2), 3, True)
    market = Coverage(None, Span(4, 5), 6, False, frozenset({"C", "B"}))
    content = written((single, market), MarketBars.of({"A": some_bars([1])}))
    metadata = parquet.ParquetFile(opened(content)).metadata
    assert msgspec.json.decode(metadata.metadata[FOOTER_KEY]) == {
        "schema": 1,
        "covers": [
            {"symbol": "A", "start": 1, "end": 2, "asked": 3, "final": True},
            {"symbol": None, "start": 4, "end": 5, "asked": 6, "final": False, "but": ["B", "C"]},
        ],
        "groups": [["A", "A"]],
        "source": "test",
        "sealed": True,
    }


prices = st.floats(allow_nan=False, allow_infinity=False)
counts = st.none() | st.integers(0, 10**9)
rows = st.lists(st.tuples(prices, counts), max_size=9)


@given(st.dictionaries(st.sampled_from(["A", "B", "KIMpL", "NA"]), rows))
def test_every_row_comes_back_by_symbol_and_together(parts: dict[str, list[Any]]) -> None:
    bars: dict[str, Bars] = {}
    for symbol, values in parts.items():
        stamps = [FIRST + n * HOUR for n in range(len(values))]
        column = [price for price, _ in values]
        known = [np.nan if count is None else count for _, count in values]
        bars[symbol] = Bars.of(stamps, column, column, column, column, column, column, known)
    market = MarketBars.of(bars)
    content = written((Coverage(None, WEEK, 1, True),), market)
    segment = read_footer(opened(content), "x")
    assert segment.rows == len(market)
    for symbol in ("A", "B", "KIMpL", "NA", "ZZ"):
        mine = bars.get(symbol, Bars.empty())
        if segment.groups_of(symbol):
            assert to_bars(read_symbol(opened(content), segment, symbol)).same(mine)
        else:
            assert not len(mine)
    again = read_market(opened(content), segment, range(len(segment.firsts)))
    assert again.places == market.places
    assert again.bars.same(market.bars)


def test_damage_is_named() -> None:
    content = written((), MarketBars.of({"A": some_bars([FIRST])}))
    sink = io.BytesIO()
    parquet.write_table(to_table(some_bars([1]), ["A"], [1]), sink)
    for damaged in (content[:50], b"", b"hello", sink.getvalue()):  # the last one has no footer
        with pytest.raises(DamagedSegmentError, match=r"x\.parquet is damaged") as caught:
            read_footer(opened(damaged), "x.parquet")
        assert caught.value.name == "x.parquet"
    segment = read_footer(opened(content), "x.parquet")
    zeros = bytes(len(content))
    with pytest.raises(DamagedSegmentError):
        read_symbol(opened(zeros), segment, "A")
    with pytest.raises(DamagedSegmentError):
        read_market(opened(zeros), segment, range(1))


def test_a_segment_of_a_newer_schema_is_not_damaged() -> None:
    sink = io.BytesIO()
    writer = parquet.ParquetWriter(sink, arrow_schema())
    footer = {"schema": SCHEMA + 1, "covers": [], "groups": [], "sealed": True}
    writer.add_key_value_metadata({FOOTER_KEY: msgspec.json.encode(footer)})
    writer.close()
    with pytest.raises(DataFetchError, match=f"schema {SCHEMA + 1}") as caught:
        read_footer(opened(sealed_end(sink.getvalue())), "x")
    assert not isinstance(caught.value, DamagedSegmentError)


@given(
    st.lists(st.integers(0, 50), unique=True).map(sorted), st.integers(0, 50), st.integers(0, 50)
)
def test_rows_within_a_span_are_those_that_start_in_it(
    stamps: list[int], start: int, length: int
) -> None:
    table = to_table(some_bars(stamps), ["A"], [len(stamps)]).drop_columns(["symbol"])
    span = Span(start, start + length)
    inside = table_within(table, span)
    assert to_bars(inside).same(some_bars(stamps).within(span))
