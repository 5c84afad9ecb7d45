"""Tests that are gone are seen, though all that are left pass."""

from pathlib import Path

import pytest
from tools.enough_tests import main

ROOT = Path(__file__).parents[1]
SUITE = (
    '<?xml version="1.0"?><testsuites name="pytest tests">'
    '<testsuite name="pytest" errors="0" failures="0" skipped="2" tests="{}" time="1.0">'
    '<testcase name="test_one" tests="99"/></testsuite></testsuites>'
)


@pytest.mark.parametrize(("count", "code"), [(8, 0), (9, 0), (7, 1)])
def test_fewer_than_expected_is_a_failure(
    count: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the report of the run itself."""
    (tmp_path / "report.xml").write_text(SUITE.format(count))
    (tmp_path / "least").write_text("8\n")
    assert main(tmp_path / "report.xml", tmp_path / "least") == code
    printed = capsys.readouterr()
    assert printed.err + printed.out == f"{count} tests were run, at least 8 are expected\n"


def test_a_report_without_a_count_is_no_report(tmp_path: Path) -> None:
    """Nothing is counted as if it were none."""
    (tmp_path / "report.xml").write_text("<html/>")
    with pytest.raises(ValueError, match="did pytest write it"):
        main(tmp_path / "report.xml", ROOT / "tests" / "least_count")
