"""The command line gets what no person types: one line on stderr, an exit code, never a traceback."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.app import LONGEST_LINE, run
from tests.cli.conftest import Run, polytape

__all__ = ["polytape"]

DEAD = ("--url", "http://127.0.0.1:9")
# Commands that ask a gateway once; {} is what is hostile.
ASKING = (
    ("bars", "{}"),
    ("bars", "AAPL", "--start", "{}"),
    ("bars", "AAPL", "--timeframe", "{}"),
    ("bars", "AAPL", "--out", "{}"),
    ("price", "{}"),
    ("search", "{}"),
    ("validate", "AAPL", "{}"),
    ("session", "AAPL", "--at", "{}"),
    ("fractals", "AAPL", "--as-of", "{}"),
    ("scan", "{}", "--plot", "x.csv"),
    ("jobs", "cancel", "{}"),
    ("jobs", "show", "{}"),
)
LOCAL = (
    ("history", "status", "{}"),
    ("history", "verify", "AAPL", "--from", "{}"),
    ("history", "export", "AAPL", "--out", "{}"),
    ("history", "import", "{}"),
    ("history", "delete", "{}"),
    ("history", "backfill", "{}", "--from", "2024-01-02", "--source", "synthetic", "--dry-run"),
    ("history", "backfill", "A", "--from", "2024-01-02", "--universe", "{}"),
    ("{}",),
    ("--x{}",),
)
HOSTILE = (
    "\0",
    "AA\0PL",
    "a/\0.csv",
    "\udcff",
    "x" * 100_000,
    "",
    " ",
    "../../etc/passwd",
    "\n",
    "💥",
)


@pytest.fixture(autouse=True)
def no_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is there, and nothing is written but here."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("POLYTAPE_URL", DEAD[1])
    monkeypatch.setenv("POLYTAPE_SOURCE", "synthetic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 0)
    return tmp_path


def refused(result: tuple[int, str, str]) -> None:
    code, out, err = result
    assert code in (1, 2)
    assert out == ""
    assert err.startswith("polytape: ")
    assert err.count("\n") == 1
    assert len(err) <= LONGEST_LINE + 40
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ASKING + LOCAL, ids=" ".join)
def test_no_argument_makes_a_traceback(polytape: Run, words: tuple[str, ...]) -> None:
    """Null bytes were `embedded null byte`; 100 kB were 100 kB of error."""
    for text in HOSTILE:
        refused(polytape(*(word.replace("{}", text) for word in words)))


@given(st.sampled_from(ASKING + LOCAL), st.text(max_size=20))
def test_no_text_makes_a_traceback(
    capfd: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    """Whatever the letters are: an error, or for a few a result."""
    code = run([word.replace("{}", text) for word in words])
    _, err = capfd.readouterr()
    assert code in (0, 1, 2)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bars", "A", "--out", "x.xlsx"), "its ending has to be one of .csv, .json, .parquet"),
        (("bars", "A", "--out", "x"), "its ending has to be one of"),
        (("bars", "A", "--out", "folder.csv"), "is a folder"),
        (("bars", "A", "--out", "nowhere/x.csv"), "there is no folder nowhere"),
        (("bars", "A", "--out", "x.csv", "--format", "json"), "do not agree"),
        (("history", "export", "A", "--out", "x.xlsx"), "its ending has to be one of .parquet, .csv"),
        (("history", "export", "A", "--out", "folder.csv"), "is a folder"),
        (("scan", "A", "--plot", "x.csv"), "its ending has to be one of .png"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    polytape: Run, no_stores: Path, words: tuple[str, ...], said: str
) -> None:
    """No gateway answers here, and no store is there: neither is asked."""
    (no_stores / "folder.csv").mkdir()
    code, _, err = result = polytape(*words)
    refused(result)
    assert code == 2
    assert said in err


def test_a_span_that_ends_before_it_begins_is_named(polytape: Run) -> None:
    """In words, not in Python's."""
    result = polytape("history", "verify", "A", "--from", "2024-07-05", "--to", "2024-07-01",
                      "--store", ".")  # fmt: skip
    refused(result)
    assert "--to='2024-07-01' is not valid: must not be before --from (2024-07-05 00" in result[2]
    assert "datetime" not in result[2]


def test_a_file_of_symbols_that_is_no_text_is_named(polytape: Run, no_stores: Path) -> None:
    """A picture, a folder, and one with null bytes."""
    (no_stores / "a.txt").write_bytes(b"\xff\xfe\x00A")
    (no_stores / "b.txt").write_bytes(b"AA\0PL\n")
    for name in ("a.txt", "b.txt", ".", "nowhere.txt"):
        refused(polytape("history", "backfill", "--universe", name, "--from", "2024-01-02",
                         "--source", "synthetic", "--store", "made"))  # fmt: skip
    assert not (no_stores / "made").exists()


class Odd(io.StringIO):
    """A stdout without a number, as a notebook has, behind which there is no room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_stdout_that_is_no_file_and_cannot_be_written_is_one_line(
    polytape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was `io.UnsupportedOperation: fileno`."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Odd())
        code = run(["--version"])
    assert code == 1
    assert polytape("price", "")[0] == 2


@pytest.mark.process
@pytest.mark.timeout(60)
@pytest.mark.parametrize("closed", ["1", "0,1,2"])
def test_streams_that_the_shell_closed(closed: str) -> None:
    """`>&-`: an error as of every other program, and no file takes the stream's number."""
    closes = " ".join(f"{number}>&-" for number in closed.split(","))
    done = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m polytape --version {closes}'],
        capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    said = "polytape: cannot write: [Errno 9] Bad file descriptor\n"
    assert done.stderr == (said if closed == "1" else "")
