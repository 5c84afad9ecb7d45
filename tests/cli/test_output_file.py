"""Where bars are written: by the ending, and refused before any of the work."""

from pathlib import Path

import click
import pytest

from polytape.cli.output_file import BARS_FILES, chosen_form, form_of


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.parquet", "parquet"), ("a.PARQUET", "parquet"), ("a.csv", "csv"), ("b.json", "json")],
)
def test_a_file_is_written_in_the_form_of_its_ending(tmp_path: Path, name: str, form: str) -> None:
    """Whatever its case."""
    assert chosen_form(tmp_path / name, None) == (form, tmp_path / name)
    assert chosen_form(tmp_path / name, form) == (form, tmp_path / name)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.csv.gz", ".csv", "x" * 5_000])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    """The error names those that there are, and is no longer than a line."""
    with pytest.raises(click.BadParameter, match=r"one of \.csv, \.json, \.parquet") as refused:
        form_of(tmp_path / name, BARS_FILES)
    assert len(str(refused.value)) < 200


def test_stdout_is_a_table_or_what_is_said(tmp_path: Path) -> None:
    """`-` is for a pipe: csv, where nothing is said; Parquet is no text."""
    assert chosen_form(None, None) == ("table", None)
    assert chosen_form(None, "csv") == ("csv", None)
    assert chosen_form(Path("-"), None) == ("csv", None)
    assert chosen_form(Path("-"), "json") == ("json", None)
    with pytest.raises(click.BadParameter, match=r"needs --out FILE\.parquet"):
        chosen_form(None, "parquet")
    with pytest.raises(click.BadParameter, match="do not agree"):
        chosen_form(tmp_path / "a.csv", "json")
