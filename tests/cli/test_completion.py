"""Shells complete commands, options and symbols, and nothing is loaded or asked for it."""

import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from polytape.cli.app import app
from polytape.cli.commands import COMMANDS
from polytape.cli.completion import SHELLS, VARIABLE
from tests.cli.conftest import Run


def completions(*words: str) -> list[str]:
    """What follows the words, the last of which is begun."""
    *before, begun = words
    items = ShellComplete(app, {}, "polytape", VARIABLE).get_completions(before, begun)
    return [item.value for item in items]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_script(polytape: Run, shell: str) -> None:
    """It names the program and the variable; stdout holds nothing else."""
    code, out, err = polytape("completion", shell)
    assert (code, err) == (0, "")
    assert f"{VARIABLE}={shell}_complete polytape" in out or (
        f"{VARIABLE}={shell}_complete" in out and "polytape" in out
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_of_its_shell(polytape: Run, shell: str) -> None:
    """Where the shell is here, it reads the script without complaint."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    _, out, _ = polytape("completion", shell)
    done = subprocess.run([program, "-n"], input=out, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("",), list(COMMANDS)),
        (("h",), ["hvn", "history"]),
        (("cl",), ["clock"]),
        (("history", "st"), ["status"]),
        (("serve", "--log-f"), ["--log-file", "--log-format"]),
        (("serve", "--log-format", ""), ["text", "json"]),
        (("bars", "ms"), ["MSFT", "MSTR"]),
        (("validate", "SPY", "QQ"), ["QQQ"]),
        (("completion", "z"), ["zsh"]),
        (("bars", "ZZZZ"), []),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_begun_is_completed(words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, options, their values, and symbols of a list that lies here."""
    assert completions(*words) == offered


def test_commands_are_completed_without_loading_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key that is pressed waits for it."""
    for name in [name for name in sys.modules if name.startswith("polytape.cli.h")]:
        monkeypatch.delitem(sys.modules, name)
    assert completions("h") == ["hvn", "history"]
    assert "polytape.cli.history" not in sys.modules
