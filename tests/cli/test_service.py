"""What starts a gateway with the machine, without a secret in it."""

import plistlib
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from polytape.cli.service_files import Service, launchd_plist, systemd_unit, windows_task
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
HARD = Service(
    ("/opt/my python/bin/python", "-m", "polytape", "serve"),
    Path("/srv/50% & <more>"),
    {"POLYTAPE_STORE": 'C:\\"x" $HOME %h'},
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYTAPE_PORT", "8201")
    monkeypatch.setenv("MASSIVE_API_KEY", "the-key")
    monkeypatch.setenv("POLYTAPE_TOKEN", "the-token")


@pytest.mark.parametrize("kind", ["systemd", "launchd", "task"])
def test_settings_go_along_and_secrets_do_not(polytape: Run, kind: str, tmp_path: Path) -> None:
    """stderr says where those go, by name."""
    code, out, err = polytape("service", "--kind", kind)
    assert code == 0
    assert "the-key" not in out + err
    assert "the-token" not in out + err
    assert "POLYTAPE_TOKEN, MASSIVE_API_KEY" in err
    assert str(tmp_path) in out
    assert "8201" in (err if kind == "task" else out)


def test_the_default_is_the_platforms_own(polytape: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Mac gets a property list."""
    for platform, begin in (("linux", "[Unit]"), ("darwin", "<?xml"), ("win32", "<?xml")):
        monkeypatch.setattr(sys, "platform", platform)
        assert polytape("service")[1].startswith(begin)


def test_a_wrong_setting_is_said_now(polytape: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a service that does not start."""
    monkeypatch.setenv("POLYTAPE_PORT", "http")
    code, out, err = polytape("service")
    assert (code, out) == (1, "")
    assert "POLYTAPE_PORT: a port from 0 to 65535" in err


def test_systemd_expands_nothing() -> None:
    """Blanks, quotes, dollars and percents are what they were."""
    lines = systemd_unit(HARD).splitlines()
    assert 'ExecStart="/opt/my python/bin/python" "-m" "polytape" "serve"' in lines
    assert r'Environment="POLYTAPE_STORE=C:\\\"x\" $HOME %%h"' in lines
    assert "WorkingDirectory=/srv/50%% & <more>" in lines
    assert "EnvironmentFile=-%h/.config/polytape/gateway.env" in lines


def test_a_property_list_is_read_back() -> None:
    """By the library that reads them."""
    read = plistlib.loads(launchd_plist(HARD).encode())
    assert read["ProgramArguments"] == list(HARD.command)
    assert read["EnvironmentVariables"] == HARD.variables
    assert read["WorkingDirectory"] == "/srv/50% & <more>"


def test_a_task_is_xml_of_its_schema() -> None:
    """It never ends by itself, and starts again after a failure."""
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = ET.fromstring(windows_task(HARD))
    assert task.findtext(".//t:Command", namespaces=space) == HARD.command[0]
    assert task.findtext(".//t:Arguments", namespaces=space) == "-m polytape serve"
    assert task.findtext(".//t:WorkingDirectory", namespaces=space) == "/srv/50% & <more>"
    assert task.findtext(".//t:ExecutionTimeLimit", namespaces=space) == "PT0S"


@pytest.mark.parametrize("kind", ["systemd", "launchd", "task"])
def test_the_page_installs_it_as_the_command_says(polytape: Run, kind: str) -> None:
    """Its commands are those on stderr."""
    page = (ROOT / "docs/start/3-gateway.md").read_text("utf-8")
    needs = {"task": "Windows"}.get(kind, kind)
    block = re.findall(rf"# needs: {needs}\n(.*?)```", page, re.DOTALL)[0]
    commands = re.findall(r"^\$ ((?:systemctl|launchctl|schtasks).*)", block, re.MULTILINE)
    _, _, err = polytape("service", "--kind", kind)
    assert commands
    assert [one for one in commands if one not in err] == []
