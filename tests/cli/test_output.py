"""How results look: for people a table, for programs nothing but csv or json."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli import output

texts = st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), min_size=1, max_size=9)
rows = st.lists(st.lists(texts, min_size=3, max_size=3), max_size=5)


@given(rows, st.sets(st.integers(0, 2)), st.booleans())
def test_a_table_is_a_rectangle_that_cuts_nothing(
    cells: list[list[str]], right: set[int], tight: bool
) -> None:
    """Every line is as wide as the others; every cell stands whole in its column."""
    lines = output.table_lines(["a", "bb", "ccc"], cells, right=right, tight=tight)
    plain = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines]
    assert len({len(line) for line in plain}) == 1
    assert len(lines) == len(cells) + 4
    for line, row in zip(plain[3:], cells, strict=False):
        assert all(cell in line for cell in row)


def test_numbers_are_set_to_the_right() -> None:
    """Their digits stand below each other."""
    lines = output.table_lines(["name", "n"], [["a", "1"], ["b", "100"]], right=[1], tight=True)
    assert lines[3:5] == [" a       1 ", " b     100 "]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"), (True, "yes"), (False, "no"), (1.5, "1.5"), (0, "0"), ("x", "x"),
        ([1, None], "1, -"), ({"a": True, "b": [1]}, "a yes, b 1"), (Decimal("1.10"), "1.10"),
        (datetime(2024, 7, 2, 10, tzinfo=ZoneInfo("America/New_York")), "2024-07-02T14:00:00Z"),
    ],
)  # fmt: skip
def test_a_value_as_people_read_it(value: object, text: str) -> None:
    """Instants are UTC, whatever their zone was."""
    assert output.plain(value) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [(1.0, "1.00"), (1234.5, "1,234.50"), (0.1234, "0.1234"), (10.005, "10.0050"), (0.0, "0.00")],
)
def test_a_price_has_four_decimals_where_they_say_more(price: float, text: str) -> None:
    """Below a dollar the vendor's ticks are hundredths of a cent."""
    assert output.price_text(price) == text


RECORDS: list[dict[str, object]] = [
    {"a": 1, "b": None, "c": True},
    {"a": 2.5, "b": datetime(2024, 1, 1, tzinfo=UTC), "c": "x,y"},
]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([343.8, 10.0, None], ["343.80", " 10.00", "     -"]),
        ([0.1234, 0.5], ["0.1234", "0.5000"]),
        ([3, 12], [" 3", "12"]),
        ([327.20123, "left out"], ["327.20  ", "left out"]),
    ],
)
def test_a_column_of_prices_has_as_many_decimals_in_each_row(
    values: list[object], texts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And stands to the right, where it holds nothing but numbers."""
    output.print_records([{"x": value, "end": "|"} for value in values], "table")
    rows = [line for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row.partition("   |")[0].removeprefix("  ") for row in rows] == texts


def test_csv_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is an empty cell; a comma is quoted."""
    output.print_records(RECORDS, "csv")
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [
        {"a": "1", "b": "", "c": "yes"},
        {"a": "2.5", "b": "2024-01-01T00:00:00Z", "c": "x,y"},
    ]


def test_json_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Records are a list, even one of none; a decimal is a number."""
    output.print_records([*RECORDS, {"a": Decimal("1.25")}], "json")
    assert json.loads(capsys.readouterr().out) == [
        {"a": 1, "b": None, "c": True}, {"a": 2.5, "b": "2024-01-01T00:00:00Z", "c": "x,y"},
        {"a": 1.25},
    ]  # fmt: skip
    output.print_records([], "json")
    assert json.loads(capsys.readouterr().out) == []


def test_no_records_say_so_to_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads an empty table."""
    output.print_records([], "table")
    assert capsys.readouterr().out == "nothing found\n"
    output.print_records([], "csv")
    assert capsys.readouterr().out.strip() == ""


def test_one_record_is_a_line_a_field_or_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Names stand in one column."""
    output.print_facts({"symbol": "A", "n": None}, "table")
    assert capsys.readouterr().out == "symbol  A\nn       -\n"
    output.print_facts({"symbol": "A", "price": Decimal("1.5")}, "json")
    assert json.loads(capsys.readouterr().out) == {"symbol": "A", "price": 1.5}
    output.print_facts({"symbol": "A", "n": None}, "csv")
    assert capsys.readouterr().out == "symbol,n\nA,\n"


def test_a_long_fact_is_several_lines_that_fit_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Below each other, with none of its words left out."""
    text = "no price " * 30
    output.print_facts({"symbol": "A", "error": text.strip()}, "table")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(line[8:].strip() for line in lines[1:]) == text.strip()


def test_a_remark_never_stands_among_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout may be a pipe."""
    output.note("made up")
    assert capsys.readouterr() == ("", "made up\n")


@given(st.lists(texts, max_size=40).map(" ".join), st.integers(0, 10))
def test_a_paragraph_fits_the_screen(text: str, indent: int) -> None:
    """Its words are all there."""
    lines = output.paragraph(text, indent)
    assert {len(line) for line in lines} == {output.screen_width()}
    assert all(line.startswith(" " * indent) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(rows, st.integers(40, 80))
def test_a_table_is_no_wider_than_the_screen_and_says_everything(
    cells: list[list[str]], width: int
) -> None:
    """A long text goes over several lines; no word of it is lost, and no other cell is cut."""
    wide = [[one, two, " ".join(f"{three}{n}" for n in range(20))] for one, two, three in cells]
    lines = [click.unstyle(line) for line in output.fitted_lines(["a", "bb", "ccc"], wide, width)]
    assert all(len(line) <= width for line in lines)
    printed = " ".join(lines)
    for row in wide:
        assert all(word in printed for cell in row for word in cell.split())


def test_records_that_fit_no_table_are_blocks() -> None:
    """Nine columns of text on a narrow screen: a line a field."""
    headers = [f"column {n}" for n in range(9)]
    lines = [click.unstyle(one) for one in output.fitted_lines(headers, [["x" * 20] * 9], 80)]
    assert len(lines) == 10
    assert all(len(line) <= 80 for line in lines)
