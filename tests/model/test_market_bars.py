"""Bars of many symbols together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from tests.conftest import flat_bars

stamps = st.lists(st.integers(0, 20), unique=True, max_size=8).map(sorted)
markets = st.dictionaries(st.sampled_from(["A", "B", "B.A", "Z"]), stamps)


@given(markets, st.integers(0, 20), st.integers(0, 20))
def test_the_bars_within_a_span_are_each_symbols(
    market: dict[str, list[int]], first: int, length: int
) -> None:
    span = Span(first, first + length)
    parts = {symbol: flat_bars(starts) for symbol, starts in market.items()}
    found = MarketBars.of(parts).within(span)
    inside = {symbol: bars.within(span) for symbol, bars in parts.items()}
    assert set(found.places) == {symbol for symbol, bars in inside.items() if len(bars)}
    for symbol, bars in inside.items():
        assert found.of_symbol(symbol).same(bars)
    assert len(found) == sum(map(len, inside.values()))


@given(markets)
def test_rows_in_any_order_are_sorted_by_symbol_and_start(market: dict[str, list[int]]) -> None:
    parts = {symbol: flat_bars(starts) for symbol, starts in market.items()}
    names = list(parts)
    rows = Bars.concat(parts[name].take(slice(None, None, -1)) for name in names)
    codes = [n for n, name in enumerate(names) for _ in market[name]]
    found = MarketBars.sorted_by(names, np.array(codes, np.int64), rows)
    assert list(found.places) == sorted(s for s, starts in market.items() if starts)
    for symbol, bars in parts.items():
        assert found.of_symbol(symbol).same(bars)


def test_a_bar_at_the_end_of_a_span_is_outside() -> None:
    """Half open, as every span."""
    bars = MarketBars.of({"A": flat_bars([0, 60])})
    assert bars.within(Span(0, 60)).of_symbol("A").timestamp.tolist() == [0]
    assert bars.within(Span(0, 61)) is bars
