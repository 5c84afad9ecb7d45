"""What is a symbol and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.symbols import MAX_LENGTH, parse_symbol


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("aapl", "AAPL"), (" AAPL ", "AAPL"), ("brk.b", "BRK.B"), ("BRK.B", "BRK.B"),
        ("KIMpL", "KIMpL"), ("ABCw", "ABCw"), ("TpC", "TpC"), ("TPC", "TPC"), ("tpc", "TPC"),
        ("NA", "NA"), ("true", "TRUE"), ("X:BTC-USD", "X:BTC-USD"), ("O:SPY251219C00650000",) * 2,
    ],
)  # fmt: skip
def test_symbols_are_trimmed_and_upper_cased_but_for_case_bearing_classes(
    text: str, symbol: str
) -> None:
    assert parse_symbol(text) == symbol


@pytest.mark.parametrize(
    "bad",
    ["", "  ", "A" * 33, "../etc/passwd", "a/b", "http://x", "A\nB", "A B", "A\x00", "A..B", "-A",
     "ÄÖ", "AAPL?", "A%20", "AAPL\n", None, 5, float("nan"), ["AAPL"]],
)  # fmt: skip
def test_what_is_no_symbol_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_symbol(bad)
    assert caught.value.param == "symbol"


@given(st.text(max_size=40))
def test_parsing_is_stable_and_safe_in_a_url(text: str) -> None:
    try:
        symbol = parse_symbol(text)
    except ValidationError:
        return
    assert parse_symbol(symbol) == symbol
    assert not set(symbol) & set("/?#%& \\\r\n")


def test_the_longest_symbol_is_one() -> None:
    """And one letter more is none."""
    assert parse_symbol("A" * MAX_LENGTH) == "A" * MAX_LENGTH
    with pytest.raises(ValidationError):
        parse_symbol("A" * (MAX_LENGTH + 1))
