"""Results of the engines as tables: the rows of what a gateway answered."""

from typing import Any

import click
import pytest

from polytape.cli.engine_tables import (
    LEVEL_NAMES,
    WITH_PRICE,
    heading,
    how_lines,
    moment_text,
    rows_of,
)
from polytape.cli.output import fitted_lines
from polytape.engines.registry import CLIENT_ENGINES, SCAN

AS_OF, AT = {"as_of": "2024-07-02T13:30:00Z"}, "Tue 2024-07-02 09:30 New York"


def test_an_instant_is_shown_in_new_york_time() -> None:
    """In winter and in summer."""
    assert moment_text("2024-07-02T13:30:00Z") == "Tue 2024-07-02 09:30"
    assert moment_text("2024-01-02T14:30:00+00:00") == "Tue 2024-01-02 09:30"


def test_a_swing_is_a_row_that_says_when_it_was_known() -> None:
    """Not only when it was."""
    swing = {"occurred_at": "2024-07-02T13:30:00Z", "kind": "high", "price": 1.23456, "atr": 0.1,
             "confirmed_at": "2024-07-02T14:00:00Z", "settled_at": None}  # fmt: skip
    result = {"symbol": "A", "timeframe": "15min",
              "fractals": {"structure": "UPTREND", "swings": [swing]}}  # fmt: skip
    assert rows_of("fractals", result) == [
        {"occurred": "2024-07-02 09:30", "kind": "high", "price": 1.2346,
         "confirmed": "2024-07-02 10:00", "settled": ""}
    ]  # fmt: skip
    assert heading("fractals", result | AS_OF) == [f"A 15min UPTREND · {AT}"]


def test_a_swing_of_the_history_says_when_another_took_its_place() -> None:
    """Or when none could any more."""
    swing = {"occurred_at": "2024-07-02T13:30:00Z", "kind": "low", "price": 1.0, "atr": 0.1,
             "confirmed_at": "2024-07-02T14:00:00Z", "settled_at": None,
             "replaced_at": "2024-07-02T15:00:00Z"}  # fmt: skip
    settled = swing | {"settled_at": "2024-07-02T15:00:00Z", "replaced_at": None}
    result = {"symbol": "A", "timeframe": "15min", "start": "2024-06-03T04:00:00Z",
              "history": {"swings": [swing, settled]}}  # fmt: skip
    rows = rows_of("fractal-history", result)
    assert [(row["settled"], row["replaced"]) for row in rows] == [
        ("", "2024-07-02 11:00"),
        ("2024-07-02 11:00", ""),
    ]
    since = "swings shown since Mon 2024-06-03 00:00, older ones too"
    assert heading("fractal-history", result | AS_OF) == [f"A 15min · {AT}", f"  {since}"]


@pytest.mark.parametrize(("price", "factor"), [(1.0, None), (1234.5, None), (92.4, 7.0)])
def test_a_table_of_the_history_is_a_line_a_swing_at_80_columns(
    price: float, factor: float | None
) -> None:
    """One column says which of three became of it, and when."""
    swing = SWING | {"price": price, "price_as_traded": price * 7, "replaced_at": None}
    later = "2024-07-02T15:00:00Z"
    swings = [swing, swing | {"settled_at": later}, swing | {"replaced_at": later}]
    result = {"symbol": "A", "history": {"swings": swings}, "split_factor": factor}
    rows = rows_of("fractal-history", result, "table")
    assert [row["outcome"] for row in rows] == [
        "may be replaced", "settled 2024-07-02 11:00", "replaced 2024-07-02 11:00"
    ]  # fmt: skip
    cells = [[str(cell) for cell in row.values()] for row in rows]
    lines = [click.unstyle(line) for line in fitted_lines(list(rows[0]), cells, 80)]
    begin = [line for line in lines if "2024-07-02 09:30" in line]
    assert len(begin) == len(rows)  # a table, not a block for each
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 4 + 2 * len(rows)


def test_a_window_has_its_point_of_control_value_area_and_nodes() -> None:
    """A window without volume has none of them."""
    nothing: dict[str, Any] = {"poc": None, "value_area_low": None, "value_area_high": None,
                               "hvns": []}  # fmt: skip
    full = {"poc": 10.0, "value_area_low": 9.0, "value_area_high": 11.0,
            "hvns": [{"rank": 1, "price": 10.5}]}  # fmt: skip
    rows = rows_of("hvn", {"profiles": {"7": full, "14": nothing}})
    assert [(row["days"], row["what"], row["price"]) for row in rows] == [
        (7, "poc", 10.0), (7, "value area low", 9.0), (7, "value area high", 11.0), (7, "HVN 1", 10.5)
    ]  # fmt: skip


def test_pivots_are_a_row_for_each_level_from_the_top_down() -> None:
    """A column for each period."""
    levels = {name: float(number) for number, name in enumerate(reversed(LEVEL_NAMES))}
    rows = rows_of("camarilla", {"pivots": {"day": {"levels": levels}, "week": {"levels": levels}}})
    assert [row["level"] for row in rows] == list(LEVEL_NAMES)
    assert [row["day"] for row in rows] == sorted(levels.values(), reverse=True)
    assert list(rows[0]) == ["level", "day", "week"]


def test_zones_are_listed_from_the_highest_down() -> None:
    """The price stands above them, where there is one."""
    zones = [{"name": f"z{n}", "type": "t", "low": n, "level": n, "high": n, "side": "above"}
             for n in (1.0, 3.0, 2.0)]  # fmt: skip
    result = {"symbol": "A", "price": 2.5, "zones": zones}
    assert [row["zone"] for row in rows_of("zones", result)] == ["z3.0", "z2.0", "z1.0"]
    for price, sides in ((2.0, ["above", "above inside", "above"]), (2.5, ["above"] * 3)):
        rows = rows_of("zones", result | {"price": price}, "table")
        assert [row["side"] for row in rows] == sides
    assert {row["side"] for row in rows_of("zones", result | {"price": 2.0})} == {"above"}
    assert heading("zones", result | AS_OF) == [f"A 2.50 · {AT}"]
    assert heading("zones", result | {"price": None}) == ["A no price"]


@pytest.mark.parametrize("name", sorted(WITH_PRICE))
def test_the_price_stands_in_the_heading_of_every_engine_that_has_one(name: str) -> None:
    """Where there is none, that is said; an older server does not say."""
    anchor = {"anchor": AS_OF["as_of"]} if name == "vwap" else {}
    result = {"symbol": "A"} | AS_OF | anchor
    begins = {2.5: f"A 2.50 · {AT}", 0.5: f"A 0.5000 · {AT}", None: f"A no price · {AT}"}
    for price, begin in begins.items():
        assert " · ".join(heading(name, result | {"price": price})).startswith(begin)
    if name != "vwap":
        assert heading(name, result) == [f"A as of {AT}"]


def test_no_atr_is_said_in_the_heading() -> None:
    """In the place that an ATR has."""
    result = {"symbol": "A", "timeframe": "15min", "atr": None, "atr_regular": None}
    assert heading("atr", result | AS_OF) == [f"A no ATR of 15min · {AT}"]


HOLIDAY = {
    "as_of": "2026-11-26T11:05:00Z",
    "session_day": "2026-11-25",
    "closed": "exchange holiday",
}
WEDNESDAY = "closed: exchange holiday; levels of Wed 2026-11-25"


@pytest.mark.parametrize("name", [s.name for s in CLIENT_ENGINES if s is not SCAN])
def test_a_closed_days_levels_are_not_passed_off_as_nows(name: str) -> None:
    """Each heading has the instant, why nothing trades, and the session that its levels are of."""
    result = {"symbol": "A", "timeframe": "15min", "price": 2.5, "atr": 0.1, "atr_regular": 0.1,
              "start": "2026-10-27T04:00:00Z", "pivots": {},
              "fractals": {"structure": "UPTREND"}}  # fmt: skip
    if name == "vwap":
        result["anchor"] = "2026-11-25T05:00:00Z"
    lines = heading(name, result | HOLIDAY)
    text = "\n".join(lines)
    assert "Thu 2026-11-26 06:05 New York" in text
    assert WEDNESDAY in text
    assert max(map(len, lines)) <= 80
    assert "closed" not in "".join(heading(name, result | HOLIDAY | {"closed": None}))
    if name == "vwap":
        assert "since Wed 2026-11-25 00:00" in text


def test_an_engine_without_a_table_of_its_own_shows_its_first_records() -> None:
    """A sixth engine has a command at once."""
    assert rows_of("new", {"symbol": "A", "notes": [], "x": [{"a": 1}]}) == [{"a": 1}]
    assert rows_of("new", {"symbol": "A"}) == []
    assert heading("new", {"symbol": "A"}) == []


@pytest.mark.parametrize("name", [s.name for s in CLIENT_ENGINES if s is not SCAN])
def test_a_result_without_anything_has_a_table(name: str) -> None:
    """Too little history is no error here."""
    empty: dict[str, Any] = {"symbol": "A", "timeframe": "15min", "price": None, "zones": [], "profiles": {},
             "pivots": {}, "start": "2024-06-03T04:00:00Z", "history": {"swings": []}, "fractals": {"structure": "INSUFFICIENT_DATA", "swings": []}}  # fmt: skip
    rows = rows_of(name, empty)
    assert [list(row) for row in rows] == ([["level"]] * 13 if name == "camarilla" else [])


SWING = {"occurred_at": "2024-07-02T13:30:00Z", "kind": "high", "price": 92.4, "price_as_traded": 646.8,
         "confirmed_at": "2024-07-02T14:00:00Z", "settled_at": None}  # fmt: skip
ZONE = {"name": "PDH", "type": "daily-zone", "side": "support", "low": 0.9, "low_as_traded": 6.3,
        "level": 1.0, "level_as_traded": 7.0, "high": 1.1, "high_as_traded": 7.7}  # fmt: skip
NODES: dict[str, object] = {
    "poc": 10.0,
    "poc_as_traded": 70.0,
    "value_area_low": None,
    "value_area_high": None,
    "hvns": [],
}


@pytest.mark.parametrize(
    ("engine", "result", "table", "csv"),
    [
        ("fractals", {"fractals": {"swings": [SWING]}},
         {"price": "92.40 (646.80)"}, {"price": 92.4, "price as traded": 646.8}),
        ("zones", {"zones": [ZONE]},
         {"level": "1.00 (7.00)", "low": 0.9}, {"low as traded": 6.3, "high as traded": 7.7}),
        ("hvn", {"profiles": {"7": NODES}, "anchors": {"7": 0.5}, "anchors_as_traded": {"7": 3.5}},
         {"what": "poc", "price": "10.00 (70.00)"}, {"price as traded": 70.0}),
        ("vwap", {"levels": [{"name": "VWAP", "price": 2.0, "price_as_traded": 14.0}]},
         {"price": "2.00 (14.00)"}, {"price": 2.0, "price as traded": 14.0}),
    ],
)  # fmt: skip
def test_prices_as_traded_stand_beside_the_others(
    engine: str, result: dict[str, Any], table: dict[str, Any], csv: dict[str, Any]
) -> None:
    """In a table for people in brackets, within 80 columns; in csv as columns."""
    split = result | {"split_factor": 7.0}
    first, *_ = rows_of(engine, split, "table")
    assert first == first | table
    assert sum(max(len(f"{k}"), len(f"{v}")) + 3 for k, v in first.items()) <= 78
    row, *_ = rows_of(engine, split, "csv")
    assert row == row | csv
    for factor in (1.0, None):  # nothing differs, or nobody knows
        row, *_ = rows_of(engine, result | {"split_factor": factor}, "table")
        assert not [name for name in row if "as traded" in name]


def test_an_anchor_is_a_row_of_its_window() -> None:
    """A price below a dollar has four decimals."""
    result = {"profiles": {"7": NODES}, "anchors": {"7": 0.05}, "anchors_as_traded": {"7": 0.35}}
    assert rows_of("hvn", result | {"split_factor": 7.0}, "table")[-1] == {
        "days": 7, "what": "anchor", "price": "0.0500 (0.3500)"
    }  # fmt: skip
    assert rows_of("hvn", result)[-1]["price"] == 0.05


def test_what_changes_how_a_result_is_read_is_said_above_it() -> None:
    assert how_lines({"preset": None}) == []
    assert how_lines({"preset": "classic", "split_factor": 7.0}) == [
        "preset classic",
        "prices as traded on that day: times 7, for the splits since",
    ]
