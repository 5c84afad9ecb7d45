"""How far work is, where nobody looks at a terminal: a line now and then."""

import pytest

from polytape.cli import progress


def test_a_log_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one a thing that is done, and none of what is done in a moment."""
    now = 0.0
    monkeypatch.setattr("polytape.cli.progress.time.monotonic", lambda: now)
    with progress.progress("symbols", 40) as done:
        for number in range(40):
            now = float(number)
            done(f"S{number}")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["16 of 40 symbols: S15", "31 of 40 symbols: S30"]
    with progress.counted_progress("folders") as show:
        show(1, None, "x")
    assert capsys.readouterr().err == ""
