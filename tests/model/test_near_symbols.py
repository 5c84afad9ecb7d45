"""Symbols that may be meant by one that there is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.near_symbols import MOST, WELL_KNOWN, candidates, near


@pytest.mark.parametrize(
    ("typed", "there", "meant"),
    [
        ("APPL", {"AAPL", "APL"}, ("AAPL",)),  # what is well known stands for all
        ("APPL", {"APL", "APPLX", "XPPL", "QQQ"}, ("APL", "APPLX", "XPPL")),
        ("BRK-B", {"BRK.B"}, ("BRK.B",)),
        ("ABDC", {"ABCD"}, ("ABCD",)),
        ("appl", {"APL"}, ("APL",)),
        ("AB", {"ABC", "B"}, ()),  # of two letters everything is near
        ("APPL", set(), ()),
    ],
)
def test_what_exists_and_is_near(typed: str, there: set[str], meant: tuple[str, ...]) -> None:
    """The well-known first, else what is one letter away; nothing that does not exist."""
    assert near(typed, there.__contains__) == meant


def test_a_source_that_cannot_say_without_a_request_trusts_the_well_known() -> None:
    """No request is spent on a guess."""
    assert near("APPL") == ("AAPL",)
    assert near("ZZZZZZ") == ()
    assert WELL_KNOWN


@given(st.text("ABCZ.", max_size=7), st.sets(st.text("ABCZ", min_size=1, max_size=5)))
def test_suggestions_exist_are_few_and_differ(typed: str, there: set[str]) -> None:
    """Whatever was typed."""
    names = near(typed, there.__contains__)
    assert set(names) <= there - {typed}
    assert len(names) == len(set(names)) <= MOST
    assert len(candidates(typed)) <= MOST
