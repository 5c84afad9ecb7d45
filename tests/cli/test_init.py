"""A file of settings to be filled in: complete, readable, private."""

import stat
import sys
import tomllib
from pathlib import Path

import pytest

from polytape.cli.init import SECTIONS, template
from polytape.settings import SECRETS, Secret, Settings, load
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def filled_in() -> str:
    """Every line of the template that sets something, with its # away."""
    lines = template().splitlines()
    return "\n".join(
        line[1:] if line[:1] == "#" and line[1:2].islower() else line for line in lines
    )


def test_every_setting_is_explained_once() -> None:
    """A new one needs its line."""
    names = [name for settings in SECTIONS.values() for name, _, _ in settings]
    assert sorted(names) == sorted(Settings.__struct_fields__)


def test_the_template_sets_nothing_and_can_set_everything() -> None:
    """Its examples are values that are allowed."""
    assert tomllib.loads(template()) == {}
    Path("polytape.toml").write_text(filled_in())
    Path("polytape.toml").chmod(0o600)
    settings = load()
    assert set(tomllib.loads(filled_in())) == set(Settings.__struct_fields__)
    assert (settings.port, settings.allowed_hosts) == (8200, "prices.example")
    assert all(isinstance(getattr(settings, name), Secret) for name in SECRETS)


def test_a_default_that_is_shown_is_the_default() -> None:
    """ "As each line below shows it"."""
    shown = tomllib.loads(filled_in())
    for name, value in ((n, v) for n, v in shown.items() if n not in SECRETS):
        default = getattr(Settings(), name)
        if default not in (None, "", False):
            assert value == default, name


def test_it_is_written_once_and_for_nobody_else(polytape: Run, tmp_path: Path) -> None:
    """A file that is there is left as it is."""
    code, out, _ = polytape("init")
    path = tmp_path / "polytape.toml"
    assert (code, out) == (0, f"{path}\n")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("port = 1\n")
    code, out, err = polytape("init")
    assert (code, out, path.read_text()) == (1, "", "port = 1\n")
    assert "is there already: polytape init --print shows a new one" in err


def test_it_can_be_the_users_own_or_printed(polytape: Run, tmp_path: Path) -> None:
    """For all working folders; and `--print` writes nothing."""
    assert polytape("init", "--print") == (0, template(), "")
    code, out, _ = polytape("init", "--user")
    assert (code, out) == (0, f"{tmp_path}/config/polytape/polytape.toml\n")
    assert not (tmp_path / "polytape.toml").exists()
