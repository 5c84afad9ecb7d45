"""Money is the decimal that people read, not the binary fraction beside it."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.money import money


@given(st.integers(0, 10**9), st.integers(0, 6))
def test_a_price_is_its_shortest_decimal(units: int, decimals: int) -> None:
    price = units / 10**decimals
    assert money(price) == Decimal(units) / 10**decimals
    assert float(money(price)) == price


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (189.84, None, "189.84"), (0.1 + 0.2, 6, "0.3"), (1.23456789, 4, "1.2346"), (5, None, "5.0"),
        (np.float64(168.9), None, "168.9"),
    ],
)  # fmt: skip
def test_money_is_written_as_people_write_it(value: float, decimals: int | None, text: str) -> None:
    assert str(money(value, decimals)) == text
