"""Files of tickers."""

from pathlib import Path

import pytest

from polytape.cli.universe import read_universe
from polytape.errors import ConfigurationError


def test_a_line_is_a_ticker_and_remarks_are_none(tmp_path: Path) -> None:
    """Blanks and empty lines do no harm; the order is the file's."""
    path = tmp_path / "mine.txt"
    path.write_text("# mine\n MSFT \n\nAAPL  # the other\n#\nBRK.B")
    assert read_universe(path) == ["MSFT", "AAPL", "BRK.B"]
    assert read_universe(str(path)) == ["MSFT", "AAPL", "BRK.B"]


def test_no_file_is_no_tickers() -> None:
    """The option was not given."""
    assert read_universe(None) == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """It is not there, or is no text."""
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"mine\.txt cannot be read"):
        read_universe(path)
