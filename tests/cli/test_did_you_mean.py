"""A symbol that there is not, and one that may be meant."""

import pytest

from polytape.cli.did_you_mean import WELL_KNOWN, candidates, hint


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("APPL", ["AAPL"]), ("BRK-B", ["BRK.B"]), ("appl", ["AAPL"]), ("TSAL", ["TSLA"]),
     ("NVDIA", ["NVDA"]), ("ZZZZZZ", []), ("AAPL", []), ("X", [])],
)  # fmt: skip
def test_what_may_be_meant(typed: str, meant: list[str]) -> None:
    """A share class is written with a dot; else it differs by a letter or two."""
    assert candidates(typed) == meant


def test_only_symbols_that_there_are_may_be_meant() -> None:
    """A hint that leads to the next error is worse than none."""
    assert hint("APPL", {"AAPL", "MSFT"}) == " (did you mean AAPL?)"
    assert hint("BRK-B", {"BRK.B"}) == " (did you mean BRK.B?)"
    assert hint("APPL", {"MSFT"}) == ""


def test_the_list_is_in_order_and_each_symbol_stands_once() -> None:
    """So that the next one is easily put in."""
    assert sorted(set(WELL_KNOWN)) == list(WELL_KNOWN)
