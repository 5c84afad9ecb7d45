"""A command starts in a blink: what it imports is counted, since time varies and modules do not."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

# Heavy libraries that no command may load which only asks a gateway and prints.
HEAVY = {
    "numpy", "pandas", "pyarrow", "rich", "scipy", "litestar", "uvicorn", "pydantic", "asyncio",
    "exchange_calendars", "matplotlib",
}  # fmt: skip
COUNT = """
import json, sys
before = set(sys.modules)
from polytape.cli.app import run
code = run(sys.argv[1:])
sys.stderr.write(json.dumps([code, sorted(set(sys.modules) - before)]))
"""


def loaded_by(*arguments: str, url: str = "") -> set[str]:
    """The modules that a command line loads in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *arguments], capture_output=True, text=True, timeout=60,
        check=True, env={"POLYTAPE_URL": url, "PATH": "", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    code, modules = json.loads(
        done.stderr[done.stderr.rindex("[0") :] if "[0" in done.stderr else "[1, []]"
    )
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("price", "--help"), ("scan", "--help")]
)
def test_help_loads_no_http_library(arguments: tuple[str, ...]) -> None:
    """Help needs neither a connection nor an engine; that of all commands, and the version, not
    even what checks an engine's options.
    """
    modules, alone = loaded_by(*arguments), arguments[0].startswith("--")
    assert not modules & (HEAVY | {"httpx2", "msgspec", "decimal"} if alone else HEAVY)
    assert len(modules) < (90 if alone else 270)


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "AAPL"),
        ("search", "apple"),
        ("validate", "AAPL"),
        ("rate-limit",),
        ("session", "AAPL", "--at", "2024-07-02T14:30:00Z"),
        ("bars", "AAPL", "--start", "2024-07-02", "--end", "2024-07-02"),
        ("scan", "AAPL", "--as-of", "2024-07-02T14:30:00Z"),
        ("fractals", "AAPL", "--as-of", "2024-07-02T14:30:00Z"),
        ("hvn", "AAPL", "--as-of", "2024-07-02T14:30:00Z"),
    ],
    ids=" ".join,
)
def test_a_command_asks_the_gateway_and_prints(arguments: tuple[str, ...], gateway: str) -> None:
    """No numbers are worked on here: the gateway did. To one of this machine no library is needed
    that speaks to all others.
    """
    modules = loaded_by(*arguments, url=gateway)
    assert not modules & (HEAVY | {"httpx2", "httpcore2"})
    assert len(modules) < 520
