"""What the documents say is so: their code runs, their tables are complete."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from polytape import PolygonClient
from polytape.cli.commands import COMMANDS
from tests.gateway.api.test_openapi import schema

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CLIENT = (ROOT / "docs/reference/client.md").read_text("utf-8")
GATEWAY = (ROOT / "docs/reference/gateway.md").read_text("utf-8")
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")


@pytest.mark.socket
def test_the_readmes_script_runs(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYTAPE_URL", gateway)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "daily atr" in done.stdout


def test_every_method_of_the_client_is_on_its_page() -> None:
    methods = [n for n, _ in inspect.getmembers(PolygonClient, inspect.isfunction) if n[0] != "_"]
    assert {name for name in methods if f"`{name}(" not in CLIENT} == {"close"}


def test_every_route_and_command_is_on_the_gateways_page() -> None:
    assert [path for path in schema.raw_schema["paths"] if f"{path}" not in GATEWAY] == []
    help_text = subprocess.run(
        [sys.executable, "-m", "polytape", "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = re.findall(
        r"^  ([a-z][a-z-]*)  ", help_text.partition("\nCommands:\n")[2], re.MULTILINE
    )
    assert commands == list(COMMANDS)
    assert [name for name in commands if name not in GATEWAY] == []


def test_every_target_of_the_readme_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z0-9-]+)  ", README):
        assert f"\n{target}: " in makefile


def test_every_page_that_is_named_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).is_file(), (page.name, link)


def test_a_page_names_the_install_of_what_its_code_imports() -> None:
    """Where that does not come with polytape, its gateway and its pictures."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    given = [*project["dependencies"], *extras["gateway"], *extras["plot"]]
    known = {re.split(r"[^\w-]", one)[0] for one in given} | sys.stdlib_module_names | {"polytape"}
    absent = []
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text("utf-8")
        code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
        lines = re.findall(r"^\s*(?:from|import) ([\w., ]+?)(?: import| as|$)", code, re.MULTILINE)
        names = {name.split(".")[0] for line in lines for name in re.split(r", *", line)}
        install = re.findall(r"pip install ([^`\n]+)", text)
        absent += [
            (page.name, name) for name in names - known
            if not any(re.search(rf"\b{name}\b", one) for one in install)
        ]  # fmt: skip
    assert absent == []


def test_every_folder_is_on_the_map() -> None:
    page = (ROOT / "docs/why/map.md").read_text()
    folders = [p.parent.name for p in (ROOT / "src/polytape").glob("*/__init__.py")]
    assert [name for name in folders if f"`{name}/`" not in page] == []


def test_no_lock_or_constraint_names_an_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
