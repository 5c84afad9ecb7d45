"""Setting up an environment is not silent, and each target gets what it needs."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import set_up
from tools.set_up import has_own_index, steps, ticking

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")


def test_it_is_said_what_pip_is_at() -> None:
    """One text for each thing that takes time; the rest of what pip prints is left out."""
    lines = [
        "Obtaining file:///home/me/polytape\n",
        "Collecting numpy>=1.26 (from polytape==0.1.0)\n",
        "  Downloading numpy-2.3.0-cp313-manylinux_2_28_x86_64.whl (16.6 MB)\n",
        "Requirement already satisfied: six in /x\n",
        "Collecting exchange-calendars>=4.11\n",
        "  Using cached exchange_calendars-4.11-py3-none-any.whl (191 kB)\n",
        "  Building wheel for korean_lunar (pyproject.toml): started\n",
        "Installing collected packages: numpy, exchange-calendars\n",
    ]  # fmt: skip
    assert list(steps(lines)) == [
        "  0 libraries · getting what builds polytape",
        "  1 libraries · looking for numpy", "  1 libraries · downloading numpy",
        "  2 libraries · looking for exchange-calendars", "  2 libraries · building korean_lunar",
        "  2 libraries · installing them",
    ]  # fmt: skip


def test_it_is_said_what_uv_is_at() -> None:
    """It tells how many libraries there are, then names those that it loads and builds."""
    lines = [
        "Using Python 3.11.7 environment at: .venv\n",
        "Resolved 157 packages in 6.28s\n",
        "   Building polytape @ file:///home/me/polytape\n",
        "Downloading scipy (33.7MiB)\n",
        " Downloaded scipy\n",
        "Prepared 157 packages in 16.28s\n",
        "Installed 157 packages in 702ms\n",
        " + anyio==4.16.0\n",
    ]  # fmt: skip
    assert list(steps(lines)) == [
        "157 libraries · all of them found", "157 libraries · building polytape",
        "157 libraries · downloading scipy", "157 libraries · installing them",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uv", "codes", "programs"),
    [("/x/uv", [0], ["uv"]), ("/x/uv", [2, 0], ["uv", "python"]), (None, [0], ["python"]),
     ("/x/uv", [2, 1], ["uv", "python"])],
)  # fmt: skip
def test_pip_installs_what_uv_does_not(
    uv: str | None, codes: list[int], programs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where uv is not there, or fails; what failed at last is the answer."""
    commands: list[list[str | Path]] = []

    def run(command: list[str | Path], _began: float, _what: str) -> tuple[int, list[str]]:
        commands.append(command)
        return codes[len(commands) - 1], []

    monkeypatch.setattr(set_up, "_run", run)
    monkeypatch.setattr(set_up, "_uv", lambda _folder, _began: uv)
    assert set_up._install(Path("there"), ["-e", "."], 0.0) == codes[-1]
    assert [Path(command[0]).name for command in commands] == programs
    assert all(command[-2:] == ["-e", "."] and "-c" in command for command in commands)


def test_what_says_nothing_is_seen_to_go_on() -> None:
    """The last text is given again, now and then, until there is another or all is done."""
    more = threading.Event()

    def texts() -> Iterator[str]:
        yield "looking"
        more.wait(20)
        yield "installing"

    shown = []
    for text in ticking(texts(), "beginning", each_s=0.001):
        shown.append(text)
        if shown.count("looking") == 3:
            more.set()
    assert list(dict.fromkeys(shown)) == ["beginning", "looking", "installing"]
    assert shown.count("looking") >= 3


def test_an_index_of_pips_own_is_asked_by_pip() -> None:
    """uv would not know of it, and look elsewhere."""
    assert has_own_index("global.cert='/x'\nglobal.index-url='https://mirror.example/simple'\n")
    assert not has_own_index("global.extra-index-url='file:///x'\n:env:.cert='/x'\n")


@pytest.mark.process
def test_the_demo_gets_what_it_needs_and_no_more(tmp_path: Path) -> None:
    """The tests' environment where that is there, and else a small one."""

    def planned(target: str, *arguments: str) -> str:
        make = ["make", "-n", "-B", "-C", str(ROOT), target, *arguments]
        return subprocess.run(make, capture_output=True, text=True, check=True).stdout

    alone = planned("demo", f"VENV={tmp_path}/none")
    assert "tools/set_up.py .venv-demo gateway,plot\n.venv-demo/bin/polytape demo" in alone
    whole = planned("test", f"VENV={tmp_path}/none")
    assert f"tools/set_up.py {tmp_path}/none all,dev" in whole
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / ".ready").touch()
    there = planned("demo", f"VENV={tmp_path}/there")
    assert f"{tmp_path}/there/bin/polytape demo" in there
    assert ".venv-demo" not in there


@pytest.mark.process
def test_an_environment_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    """A .venv that README had somebody make is neither changed nor removed; one of ours serves."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)

    def planned(target: str) -> str:
        make = ["make", "-n", "-B", "-C", str(tmp_path), target]
        return subprocess.run(make, capture_output=True, text=True, check=True).stdout

    (tmp_path / ".venv").mkdir()
    plans = {target: planned(target) for target in ("docs", "test", "check", "clean")}
    assert [target for target, plan in plans.items() if re.search(r"\.venv[/ ]", plan)] == []
    assert "set_up.py .venv-dev all,dev,docs\n.venv-dev/bin/python -m tools.site" in plans["docs"]
    assert "set_up.py .venv all,dev,docs" in planned(".venv/.ready")  # where that is asked for
    (tmp_path / ".venv/.ready").touch()
    assert ".venv/bin/python -m tools.site" in planned("docs")
    assert "rm -rf .venv .venv-dev" in planned("clean")
