"""The gateway's log: what is written, in which form, and where."""

import json
import logging
import stat
import sys
from pathlib import Path

import pytest

from polytape.cli import logs
from polytape.cli.logs import ACCESS, VENDOR, configure_logs
from polytape.errors import ConfigurationError
from polytape.settings import Settings
from tests.cli.conftest import Run


def written(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("level", "lines"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_the_level_says_what_is_written(level: str, lines: int, tmp_path: Path) -> None:
    """Of polytape's own loggers."""
    configure_logs(Settings(log_level=level, log_file=tmp_path / "log"))  # type: ignore[arg-type]
    for each in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("polytape.part").log(each, "said")
    assert len(written(tmp_path / "log")) == lines


def test_the_vendors_trouble_and_changes_are_always_written(tmp_path: Path) -> None:
    """Whatever the level: they are what a log is opened for."""
    configure_logs(Settings(log_level="error", log_file=tmp_path / "log"))
    logging.getLogger(VENDOR).warning("could not reach api.massive.com")
    logging.getLogger("polytape.audit").info("{}")
    assert [line.partition("Z ")[2] for line in written(tmp_path / "log")] == [
        "WARNING polytape.vendor could not reach api.massive.com", "INFO polytape.audit {}",
    ]  # fmt: skip


@pytest.mark.parametrize(("access_log", "lines"), [(True, 1), (False, 0)])
def test_requests_are_written_on_demand(access_log: bool, lines: int, tmp_path: Path) -> None:
    """The level has no part in it."""
    configure_logs(Settings(access_log=access_log, log_level="info", log_file=tmp_path / "log"))
    logging.getLogger(ACCESS).info("127.0.0.1 GET /health 200")
    assert len(written(tmp_path / "log")) == lines


def test_json_is_an_object_a_line(tmp_path: Path) -> None:
    """With the facts apart, and a traceback inside the line."""
    configure_logs(Settings(log_format="json", access_log=True, log_file=tmp_path / "log"))
    logging.getLogger(ACCESS).info("%(method)s %(status)d", {"method": "GET", "status": 200})
    logging.getLogger("polytape").error("a bug\nin two lines", exc_info=ZeroDivisionError())
    one, other = map(json.loads, written(tmp_path / "log"))
    assert one["facts"] == {"method": "GET", "status": 200}
    assert (one["message"], one["level"], one["logger"]) == ("GET 200", "info", ACCESS)
    assert one["time"].endswith("Z")
    assert (other["message"], other["exception"]) == ("a bug\nin two lines", "ZeroDivisionError")


def test_a_full_file_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older lines lie beside it, and none of the files is for everybody."""
    monkeypatch.setattr(logs, "FILE_BYTES", 200)
    configure_logs(Settings(log_file=tmp_path / "log"))
    for number in range(20):
        logging.getLogger("polytape").warning("line %d", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log", *(f"log.{n}" for n in range(1, logs.OLDER_FILES + 1))]
    assert written(tmp_path / "log")[-1].endswith("line 19")
    if sys.platform != "win32":
        assert {stat.S_IMODE(path.stat().st_mode) & 0o007 for path in tmp_path.iterdir()} == {0}


def test_without_a_file_the_log_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Once, also where the command line has set up logging before; stdout holds nothing of it."""
    logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
    configure_logs(Settings())
    logging.getLogger("polytape").warning("said once")
    out, err = capsys.readouterr()
    assert (out, err.count("said once")) == ("", 1)


def test_verbose_goes_before_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """`polytape -v serve` tells of requests, too."""
    logging.getLogger().setLevel(logging.INFO)
    configure_logs(Settings())
    logging.getLogger("polytape.x").info("more")
    logging.getLogger(ACCESS).info("GET")
    assert capsys.readouterr().err.count("\n") == 2


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Named, with what is written without it."""
    with pytest.raises(
        ConfigurationError, match=r"log file .*there/log cannot be written: No such"
    ):
        configure_logs(Settings(log_file=tmp_path / "there" / "log"))


@pytest.mark.parametrize("command", ["serve", "replay"])
def test_the_commands_that_serve_have_the_options(polytape: Run, command: str) -> None:
    """And refuse a level that there is not."""
    code, out, _ = polytape(command, "--help")
    assert code == 0
    assert all(f"--{name}" in out for name in ("log-level", "log-file", "log-format", "access-log"))
    code, _, err = polytape(command, "--log-level", "loud")
    assert (code, "'loud' is not one of 'debug', 'info', 'warning', 'error'" in err) == (2, True)
