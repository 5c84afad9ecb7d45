"""Setting up an environment is not silent, and each target gets what it needs."""

import subprocess
from pathlib import Path

import pytest
from tools.set_up import steps

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
