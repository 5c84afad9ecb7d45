"""The vendor's messages: its own names, nothing that is not there, and room for what is new."""

import msgspec
from msgspec import UNSET

from polytape.wire.polygon.messages import Agg, AggsPage, SnapshotBar, TickerRow, TickersPage


def test_what_is_not_there_is_left_out() -> None:
    """No bars is an answer without `results`; null would be another thing."""
    page = AggsPage(ticker="SPY", status="OK", query_count=0, results_count=0)
    assert msgspec.to_builtins(page) == {
        "ticker": "SPY", "queryCount": 0, "resultsCount": 0, "adjusted": True, "status": "OK"
    }  # fmt: skip
    assert msgspec.convert({"status": "OK"}, AggsPage).results is UNSET
    assert msgspec.convert({"status": "OK", "results": None}, AggsPage).results is None


def test_a_bar_may_have_fractions_exponents_and_nothing_but_prices() -> None:
    """Volumes have decimals since 2026, and large ones an exponent."""
    bar = msgspec.json.decode(b'{"o":1,"h":1,"l":1,"c":1,"v":1.5e9,"t":1720000000000}', type=Agg)
    assert (bar.v, bar.t, bar.vw, bar.n) == (1.5e9, 1_720_000_000_000, UNSET, UNSET)
    assert msgspec.to_builtins(bar).keys() == set("ohlcvt")


def test_unknown_fields_are_passed_over() -> None:
    """The vendor adds some without a word."""
    row = {"ticker": "A", "cik": "1", "composite_figi": "x"}
    page = msgspec.convert({"status": "OK", "results": [row], "news": 1}, TickersPage)
    assert page.results == [TickerRow(ticker="A")]


def test_a_snapshot_without_a_bar_is_zeros() -> None:
    """As the vendor sends it before the first trade of a day."""
    assert msgspec.convert({}, SnapshotBar) == SnapshotBar(0, 0, 0, 0, 0, 0)
