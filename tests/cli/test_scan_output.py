"""Scans as they are printed."""

import csv
import io
import json
from typing import Any

import click
import pytest

from polytape.cli.scan_output import Scans, scan_lines, show

PARTS = [
    {"name": "fractal high", "type": "fractal", "family": "fractal", "level": 168.03},
    {"name": "fractal low", "type": "fractal", "family": "fractal", "level": 168.08},
    {"name": "hvn-30d HVN 1", "type": "hvn-30d", "family": "hvn", "level": 168.1},
    {"name": "cam-weekly R4", "type": "cam-weekly", "family": "camarilla", "level": 168.2},
]


def zone(level: str = "L5", **more: Any) -> dict[str, Any]:
    return {"level": level, "rate": None, "low": 168.0, "high": 168.5, "kind": "support", "score": 9.75,
            "distance": -1.5, "distance_atr": -0.5, "parts": PARTS, "candle": None,
            "families": ["fractal", "hvn"], "votes": ["fractal"]} | more  # fmt: skip


def result(*zones: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"symbol": "SPY", "as_of": "2013-10-11T18:30:00Z", "price": 170.15, "structure": "UPTREND",
            "atr_5min": 0.1, "atr_15min": None, "atr_day": 2.0, "zones": list(zones), "errors": {},
            "notes": []} | more  # fmt: skip


def plain(lines: list[str]) -> list[str]:
    return [click.unstyle(line).rstrip() for line in lines]


def test_a_scan_says_of_what_when_and_how_the_market_moves() -> None:
    """An ATR that could not be had is left out."""
    head, more, *_ = plain(scan_lines(result(preset="classic"), 5))
    assert head == "SPY 170.15 · Fri 2013-10-11 14:30 New York · UPTREND"
    assert more == "  ATR 5min 0.10, ATR 1day 2.00 · preset classic"
    head, *_ = plain(scan_lines(result(price=None), 5))
    assert head.startswith("SPY no price · ")


def test_a_zone_is_a_line_and_the_kinds_that_voted_for_it() -> None:
    """Each kind once, with all of its levels."""
    _, _, line, parts = plain(scan_lines(result(zone()), 5))
    assert line == "  L5  168.00-168.50  support  score 9.8  -1.50 (-0.5 ATR)"
    for price in (168.0, 168.5):  # its edges count
        _, _, line, _ = plain(scan_lines(result(zone(), price=price), 5))
        assert line == "  L5  168.00-168.50  support  score 9.8  -1.50 (-0.5 ATR)  inside"
    assert parts.strip() == "fractal 168.03/168.08 (cam-weekly R4 168.20, hvn-30d 168.10)"


def test_many_levels_of_a_kind_are_counted() -> None:
    """Of a quiet month's swings the first four are named."""
    swings = [PARTS[0] | {"level": 168 + n / 100} for n in range(9)]
    _, _, _, parts = plain(scan_lines(result(zone(parts=swings)), 5))
    assert parts.strip() == "fractal 168.00/168.01/168.02/168.03 and 5 more"


@pytest.mark.parametrize(
    ("low", "end"),
    [(-0.04, "; difference -4 to +10 points"), (None, "; too few to tell them apart")],
)
def test_the_rate_of_a_level_stands_beside_it(low: float | None, end: str) -> None:
    """With what a random level does, and whether chance tells them apart."""
    rate = {"share": 0.714, "of": 210, "random": 0.68, "low": low, "high": 0.1}
    _, _, _, text, _ = plain(scan_lines(result(zone(rate=rate)), 5))
    assert text.strip() == f"held 71% of 210, random levels 68%{end}"
    untouched = dict.fromkeys(("share", "random", "low", "high")) | {"of": 0}
    _, _, _, text, _ = plain(scan_lines(result(zone(rate=untouched)), 5))
    assert text.strip() == "no zone of this level was touched before"


def test_only_the_first_zones_are_shown() -> None:
    """They are in the order of their score; none is said to be none."""
    lines = plain(scan_lines(result(zone("L5"), zone("L3"), zone("L1")), 2))
    assert [line[2:4] for line in lines if line.startswith("  L")] == ["L5", "L3"]
    assert plain(scan_lines(result(), 5))[2] == "  no zones"


def test_nothing_is_wider_than_80_columns() -> None:
    """However much is to be said."""
    lacks = "1min bars are not held in full: 2013-09-12 to 2013-10-03 (16 sessions) missing"
    rate = {"share": 0.714, "of": 210, "random": 0.68, "low": -0.04, "high": 0.1}
    traded: dict[str, Any] = {"low_as_traded": 1176.0, "high_as_traded": 1179.5}
    everything = result(
        zone(rate=rate, **traded), atr_15min=0.2, errors={"hvn-30d": lacks}, preset="classic",
        notes=[lacks], split_factor=7.0,
    )  # fmt: skip
    lines = plain(scan_lines(everything, 5))
    assert max(map(len, lines)) <= 80
    assert "      as traded 1176.00-1179.50" in lines
    assert "  prices as traded on that day: times 7, for the splits since" in lines
    assert not [line for line in plain(scan_lines(result(zone()), 5)) if "as traded" in line]


def test_what_could_not_be_had_is_said_below() -> None:
    """A part that is missing makes a zone weaker: the reader must know."""
    lines = plain(scan_lines(result(errors={"hvn": "no bars"}, notes=["days are short"]), 5))
    assert lines[-2:] == ["  hvn: no bars", "  days are short"]


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_errors_go_to_stderr_and_results_to_stdout(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program reads the results alone."""
    show(Scans({"SPY": result(zone())}, {"ZZZ": "no symbol ZZZ"}), form, 5)
    out, err = capsys.readouterr()
    assert err == "ZZZ: no symbol ZZZ\n"
    assert "ZZZ" not in out
    assert "168" in out


def test_csv_has_a_row_for_each_zone_and_json_all_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`top` cuts what people and tables see; JSON is the gateway's own."""
    scans = Scans(
        {"SPY": result(zone(), zone("L1", candle={"datetime": "2013-10-11T14:00:00Z"}))}, {}
    )
    show(scans, "csv", 1)
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["symbol"], row["level"], row["families"]) == ("SPY", "L5", "fractal, hvn")
    assert row["parts"].split(", ") == [str(part["name"]) for part in PARTS]
    assert row["candle"] == ""
    show(scans, "json", 1)
    assert json.loads(capsys.readouterr().out) == [scans.results["SPY"]]


def test_a_scan_of_a_closed_market_says_whose_levels_it_has() -> None:
    """In the heading, which stays within the screen; a server that does not say has none."""
    closed = {"as_of": "2013-10-12T16:00:00Z", "session_day": "2013-10-11", "closed": "weekend"}
    head, more, *_ = plain(scan_lines(result(**closed), 5))
    assert head == "SPY 170.15 · Sat 2013-10-12 12:00 New York"
    assert more == "  closed: weekend; levels of Fri 2013-10-11 · UPTREND"
