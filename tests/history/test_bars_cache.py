"""Bars in memory: bounded in bytes, the least recently used go first, and never a wrong one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.history.bars_cache import ENTRY_BYTES, BarsCache
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from tests.conftest import flat_bars


def query(span: Span, symbol: str = "X", series: Series = Series.MINUTE) -> BarsQuery:
    return series_query(symbol, series, span)


def test_cached_bars_are_bounded_in_bytes() -> None:
    one = flat_bars(list(range(100)))
    cache = BarsCache((one.nbytes + ENTRY_BYTES) * 3)
    spans = [Span(n * 1_000, n * 1_000 + 100) for n in range(5)]

    def cached(n: int) -> bool:
        return cache.beginning(query(spans[n])).span == spans[n]

    for span in spans:
        cache.put(query(span), one)
    assert len(cache) == 3
    assert [cached(n) for n in (0, 1, 3, 4)] == [False, False, True, True]
    assert cached(2)  # and is now the most recently used
    cache.put(query(spans[0]), one)
    assert not cached(3)
    assert cache.bytes == (one.nbytes + ENTRY_BYTES) * 3
    cache.put(query(spans[1]), flat_bars(list(range(10_000))))
    assert not cached(1)
    assert cache.clear("Y") == 0
    assert cache.clear() == 3
    assert cache.bytes == 0


def test_the_beginning_of_a_span_is_given_as_far_as_it_goes() -> None:
    cache = BarsCache(10_000)
    days = Span(10, 20)
    cache.put(query(days, series=Series.DAY), flat_bars([10, 15]))
    part = cache.beginning(query(Span(12, 30), series=Series.DAY))
    assert (part.span, part.bars.timestamp.tolist()) == (Span(12, 20), [15])
    assert not cache.beginning(query(Span(5, 30), series=Series.DAY)).span
    assert not cache.beginning(query(Span(12, 30))).span
    assert not cache.beginning(query(Span(12, 30), "Y", Series.DAY)).span
    longer = Span(5, 25)
    cache.put(query(longer, series=Series.DAY), flat_bars([10, 15, 22]))
    assert len(cache) == 1


def test_a_day_that_was_fetched_anew_is_dropped_for_every_symbol() -> None:
    cache = BarsCache(100_000)
    for symbol in ("A", "B"):
        for series in Series:
            for span in (Span(0, 10), Span(10, 20)):
                cache.put(query(span, symbol, series), flat_bars([]))
    cache.drop(Series.MINUTE, Span(5, 10))
    assert len(cache) == 6
    assert not cache.beginning(query(Span(0, 10), "A")).span
    assert cache.beginning(query(Span(10, 20), "B")).span == Span(10, 20)
    assert cache.beginning(query(Span(0, 10), "A", Series.DAY)).span == Span(0, 10)
    assert cache.clear("A") == 3
    assert len(cache) == 3


def test_a_cached_span_keeps_no_larger_array_alive() -> None:
    cache = BarsCache(10**6)
    large = flat_bars(list(range(1_000)))
    span = Span(0, 10)
    cache.put(query(span), large.within(span))
    cached = cache.beginning(query(span)).bars
    assert cached.same(large.within(span))
    assert not any(
        np.shares_memory(column, large.columns()[name]) for name, column in cached.columns().items()
    )


spans = st.tuples(st.integers(0, 30), st.integers(0, 12)).map(lambda p: Span(p[0], p[0] + p[1]))
owners = st.tuples(st.sampled_from("AB"), st.sampled_from(list(Series)))
operations = st.lists(
    st.tuples(st.sampled_from(["put", "drop", "clear"]), owners, spans), max_size=20
)


def truth(symbol: str, series: Series, span: Span) -> Bars:
    """Every second instant has a bar, whose price names its owner."""
    stamps = [at for at in range(span.start, span.end) if at % 2]
    return flat_bars(stamps, price=1.0 + ord(symbol) + (series is Series.DAY) / 2)


@given(operations, owners, spans, st.integers(0, 12_000))
def test_whatever_was_put_and_dropped_an_answer_is_a_true_beginning(
    operations: list[tuple[str, tuple[str, Series], Span]],
    owner: tuple[str, Series],
    wanted: Span,
    max_bytes: int,
) -> None:
    cache = BarsCache(max_bytes)
    for what, (symbol, series), span in operations:
        if what == "put":
            bars = truth(symbol, series, span)
            cache.put(query(span, symbol, series), bars)
        elif what == "drop":
            cache.drop(series, span)
        else:
            cache.clear(symbol)
        assert cache.bytes <= max_bytes
    cached = cache.beginning(query(wanted, *owner))
    assert cached.span.start == wanted.start
    assert cached.span in wanted
    assert cached.bars.same(truth(*owner, cached.span))
    assert cache.clear() * ENTRY_BYTES <= max_bytes
    assert (cache.bytes, len(cache)) == (0, 0)
