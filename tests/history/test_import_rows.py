"""Which imported rows are bars, and what is wrong with the others."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.history.import_rows import all_sound, fault_lines, faults
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars

GOOD = (10.0, 12.0, 9.0, 11.0, 100.0)
numbers = st.sampled_from([0.0, -1.0, 1.0, 9.0, 12.0, math.nan, math.inf, -math.inf])
rows = st.lists(st.tuples(numbers, numbers, numbers, numbers, numbers), max_size=6)


def bars_of(values: list[tuple[float, ...]]) -> Bars:
    columns = np.array(values, np.float64).reshape(-1, 5).T
    return Bars.of([60_000_000 * n for n in range(len(values))], *columns)


@given(rows)
def test_rows_are_sound_where_no_fault_marks_one(values: list[tuple[float, ...]]) -> None:
    bars = bars_of(values)
    marked = np.logical_or.reduce(list(faults(bars).values()))
    assert all_sound(bars) == (not marked.any())
    for number, (open_, high, low, close, volume) in enumerate(values):
        prices = (open_, high, low, close)
        is_bar = (
            all(math.isfinite(price) and price > 0 for price in prices)
            and math.isfinite(volume)
            and volume >= 0
            and high >= low
        )
        assert marked[number] == (not is_bar)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({0: math.nan}, "has a price that is no number"),
        ({4: -1.0}, "has a volume that is no number or negative"),
        ({4: math.inf}, "has a volume that is no number or negative"),
        ({0: 0.0}, "has a price not above 0"),
        ({1: 8.0}, "has its high below its low"),
    ],
)
def test_a_fault_is_named(change: dict[int, float], fault: str) -> None:
    bad: tuple[Any, ...] = tuple(change.get(at, value) for at, value in enumerate(GOOD))
    marked = faults(bars_of([GOOD, bad]))
    assert [name for name, mask in marked.items() if mask.any()] == [fault]
    assert marked[fault].tolist() == [False, True]


def test_a_line_says_symbol_start_and_fault() -> None:
    bad = (math.nan, 8.0, 9.0, 11.0, 100.0)
    market = MarketBars.of({"A": bars_of([GOOD, bad]), "B": bars_of([bad])})
    lines = sorted(fault_lines(market, faults(market.bars)))
    assert lines == [
        "A 1970-01-01T00:01:00Z has a price that is no number",
        "A 1970-01-01T00:01:00Z has its high below its low",
        "B 1970-01-01T00:00:00Z has a price that is no number",
        "B 1970-01-01T00:00:00Z has its high below its low",
    ]
