"""Settings in files: `.env`, `polytape.toml` here, then the user's own; all below the environment."""

import logging
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError
from polytape.settings import (
    KEY_NAMES,
    Secret,
    Settings,
    ca_file,
    config_folder,
    load,
    long_day_from,
    origins,
)

HERE, DOTENV = Path("polytape.toml"), Path(".env")


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file; the working directory is another folder, without a file."""
    work, config = tmp_path / "work", tmp_path / "config" / "polytape"
    work.mkdir()
    config.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in (*KEY_NAMES, "POLYTAPE_PORT", "POLYTAPE_STORE"):
        monkeypatch.delenv(name, raising=False)
    return config / "polytape.toml"


def test_the_nearest_that_sets_it_counts(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option, the environment, .env, the file here, the user's own, the default."""
    seen = [load().port]
    own.write_text("port = 1\nseed = 9\n")
    seen.append(load().port)
    HERE.write_text("port = 2\n")
    seen.append(load().port)
    DOTENV.write_text("POLYTAPE_PORT=3\n")
    seen.append(load().port)
    monkeypatch.setenv("POLYTAPE_PORT", "4")
    seen += [load().port, load(port=5).port]
    assert seen == [8200, 1, 2, 3, 4, 5]
    assert load().seed == 9


def test_an_environment_that_is_given_is_all_there_is() -> None:
    """Tests and programs that hand one in are not surprised by a file."""
    HERE.write_text("port = 2\n")
    assert load({}) == Settings()


def test_every_kind_of_value_can_be_written() -> None:
    """TOML has numbers, dates and lists; `~` is the home."""
    HERE.write_text(
        'port = 80\nseed = -3\nspeed = 1.5\nsplits = "~/s.csv"\nlong_day_from = 2026-12-07\n'
        'allowed_hosts = ["a.example", "b.example"]\naccess_log = true\nlog_level = "info"\n'
    )
    settings = load()
    assert (settings.port, settings.seed, settings.speed) == (80, -3, 1.5)
    assert settings.splits == Path.home() / "s.csv"
    assert settings.allowed_hosts == "a.example,b.example"
    assert (settings.access_log, settings.log_level) == (True, "info")
    assert settings.long_day_from == long_day_from() == date(2026, 12, 7)


def test_what_is_read_alone_is_read_from_files_too() -> None:
    """And is not stopped by what is wrong elsewhere in them."""
    HERE.write_text('ca = "/ca.pem"\nlong_day_from = 2026-12-07\nport = "http"\nprot = 1\n')
    assert (ca_file(), long_day_from()) == (Path("/ca.pem"), date(2026, 12, 7))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("POLYGON_API_KEY=abc", "api_key", Secret("abc")),
        ("export MASSIVE_API_KEY='a b#c'  # mine", "api_key", Secret("a b#c")),
        ('POLYTAPE_STORE = "/x y"', "store", "/x y"),
        ("POLYTAPE_STORE=/x#y # a comment", "store", "/x#y"),
        ("POLYTAPE_STORE=  # none", "store", None),
        ("# POLYTAPE_STORE=/x", "store", None),
        ("DATABASE_URL=postgres://x\nnot a line\nPOLYTAPE_SEED=2", "seed", 2),
        ("\ufeffPOLYTAPE_SEED=3\r\nPOLYTAPE_PORT=4\r\n", "seed", 3),
    ],
)  # fmt: skip
def test_dotenv_is_as_others_write_it(line: str, name: str, value: object) -> None:
    """Quoted or not, with comments, beside the settings of other programs."""
    DOTENV.write_text(line, encoding="utf-8")
    DOTENV.chmod(0o600)
    assert getattr(load(), name) == value


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (HERE, "prot = 8200", "polytape.toml: prot is no setting (did you mean port?)"),
        (HERE, "xyzzy = 1", "polytape.toml: xyzzy is no setting; polytape init --print has"),
        (DOTENV, "POLYTAPE_PROT=1", ".env: POLYTAPE_PROT is no setting (did you mean POLYTAPE_PORT?)"),
        (HERE, "port = 99999", "polytape.toml: port: a port from 0 to 65535 is expected"),
        (HERE, 'api_key = {a = "hidden"}', "polytape.toml: api_key is a table or a list"),
        (HERE, "[gateway]\nport = 1", "polytape.toml: gateway is a table or a list"),
        (HERE, 'token = "hidden', "polytape.toml is no TOML: "),
        (HERE, "port = 1\nsource = hidden", "polytape.toml, line 2, column 10 (source) is no TOML: "),
        (DOTENV, "POLYTAPE_PLAN=hidden", ".env: POLYTAPE_PLAN: one of basic,"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_file_and_key(file: Path, content: str, says: str) -> None:
    """Never a value: it may be a secret."""
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert str(caught.value).startswith(says)
    assert "hidden" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    """Docker makes a folder of a file that is not there; `.env` may be a virtual environment."""
    DOTENV.mkdir()
    assert load() == Settings()
    HERE.mkdir()
    with pytest.raises(ConfigurationError, match=r"polytape.toml is a folder or a device"):
        load()
    HERE.rmdir()
    HERE.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"polytape.toml cannot be read: is no UTF-8"):
        load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
@pytest.mark.parametrize(
    ("file", "content", "mode", "warned"),
    [
        (HERE, 'api_key = "hidden"', 0o644, True), (HERE, 'token = "hidden"', 0o640, True),
        (HERE, 'api_key = "hidden"', 0o600, False), (HERE, "port = 1", 0o644, False),
        (DOTENV, "MASSIVE_API_KEY=hidden", 0o644, True), (DOTENV, "OTHER=hidden", 0o644, False),
    ],
)  # fmt: skip
def test_a_secret_that_others_may_read_is_warned_about(
    file: Path, content: str, mode: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each state of the file, and without the secret."""
    caplog.set_level(logging.WARNING)
    file.write_text(content)
    file.chmod(mode)
    for _ in range(3):
        load()
    lines = [text for text in caplog.messages if "chmod 600" in text]
    assert len(lines) == warned
    assert all(f"{file} has secrets, and others may read it (mode 0{mode:o})" in x for x in lines)
    assert "hidden" not in caplog.text


def test_it_is_known_where_a_setting_is_written(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever wonders why."""
    own.write_text("seed = 1\n")
    DOTENV.write_text("POLYTAPE_STORE=x\n")
    monkeypatch.setenv("POLYTAPE_PORT", "4")
    where = {name: origin.where for name, origin in origins().items()}
    assert where == {
        "port": "POLYTAPE_PORT",
        "store": ".env: POLYTAPE_STORE",
        "seed": f"{own}: seed",
    }


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({}, "linux", Path.home() / ".config/polytape"),
        ({"XDG_CONFIG_HOME": "/c"}, "linux", Path("/c/polytape")),
        ({}, "darwin", Path.home() / "Library/Application Support/polytape"),
        ({"LOCALAPPDATA": "/l"}, "win32", Path("/l/polytape")),
    ],
)  # fmt: skip
def test_the_users_own_file_is_where_the_platform_keeps_such(
    environment: dict[str, str], platform: str, folder: Path
) -> None:
    """As the tokens are."""
    assert config_folder(environment, platform) == folder


@pytest.mark.process
def test_without_a_file_nothing_is_imported_for_it() -> None:
    """Every command starts with the settings."""
    code = "import sys; from polytape.settings import load; load(); print('tomllib' in sys.modules)"
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False\n"
