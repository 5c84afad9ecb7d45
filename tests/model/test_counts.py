"""How many of something, in words."""

import pytest

from polytape.model.counts import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars"), (12_345, "12,345 bars")]
)
def test_one_is_one_and_others_are_many(number: int, text: str) -> None:
    """With commas between thousands; what is no plain s is named."""
    assert counted(number, "bar") == text
    assert counted(number, "file was", "files were").endswith("was" if number == 1 else "were")
