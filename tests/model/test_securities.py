"""A search finds by symbol and name, whatever the case, and shows the nearest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.securities import SymbolInfo, matches, rank

APPLE = SymbolInfo("AAPL", "Apple Inc.", "CS", "XNAS")
GONE = SymbolInfo("AAB", "Apple Bank", active=False)
infos = st.lists(
    st.text("AaBbp.", min_size=1, max_size=5).map(SymbolInfo), max_size=12, unique_by=str
)


@pytest.mark.parametrize(
    ("query", "found"),
    [("aap", True), ("APL", True), ("apple", True), ("inc.", True), ("", True), ("msft", False),
     ("CS", False), ("XNAS", False)],
)  # fmt: skip
def test_symbol_and_name_are_searched_and_nothing_else(query: str, found: bool) -> None:
    assert matches(APPLE, query, active_only=True) is found


def test_what_is_no_longer_traded_is_found_only_where_that_is_wanted() -> None:
    assert matches(GONE, "apple", active_only=False)
    assert not matches(GONE, "apple", active_only=True)


def test_the_symbol_itself_comes_first_then_those_that_begin_so_the_shorter_before() -> None:
    symbols = ["ZA", "AB", "ABC", "AA", "A", "BA", "XYA"]
    ordered = rank([SymbolInfo(symbol) for symbol in symbols], "a")
    assert [info.symbol for info in ordered] == ["A", "AA", "AB", "ABC", "BA", "ZA", "XYA"]


@given(infos, st.text("AaBbp.", max_size=3))
def test_ranking_loses_nothing_and_is_nearest_first(listed: list[SymbolInfo], query: str) -> None:
    ordered = rank(listed, query)
    assert sorted(map(str, ordered)) == sorted(map(str, listed))
    text = query.casefold()
    places = [
        0 if symbol == text else 1 if symbol.startswith(text) else 2
        for symbol in (info.symbol.casefold() for info in ordered)
    ]
    assert places == sorted(places)
    assert rank(ordered, query) == ordered
