"""Whole processes: the command line, the gateway's start, the first call in a new process."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.request import urlopen

from bench.client import SESSION
from bench.scene import Finished, Scene, address_of, end
from bench.table import Goal, Row, Sides, at_most

ROUNDS = 5
DAY = "2024-06-12"
FIRST = """
import sys
from polytape import PolygonClient
with PolygonClient(sys.argv[1]) as client:
    assert len(client.fetch_bars("AAPL", sys.argv[2], sys.argv[3], "1min")) == 390
"""
FIRST_SCAN = """
import sys
from polytape import PolygonClient, ConfluenceScanner
with PolygonClient(sys.argv[1]) as client:
    assert ConfluenceScanner(client).scan("AAPL", as_of=sys.argv[2]).zones
"""
AS_OF = "2024-06-12 14:30 America/New_York"


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    return [*_light(scene), *_asking(scene), *_first(scene)]


def processes(ours: Callable[[], float], beside: Callable[[], float]) -> Sides:
    """What both take, in turn, after a round that does not count."""
    sides: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for call, times in zip((ours, beside), sides, strict=True):
            took = call() * 1e3
            if number:
                times.append(took)
    return Sides(*sides)


def _light(scene: Scene) -> list[Row]:
    def row(name: str, call: Callable[[], Finished]) -> Row:
        return Row(
            f"command-{name}", f"polytape {name}", "python -c pass", "ms", at_most(6),
            lambda: processes(lambda: call().seconds, lambda: scene.python("pass").seconds),
        )  # fmt: skip

    return [
        row("--help", lambda: scene.polytape("--help")),
        row("--version", lambda: scene.polytape("--version")),
        Row("command-completion", "a completion of the shell (polytape sc<TAB>)", "python -c pass",
            "ms", at_most(6),
            lambda: processes(lambda: _complete(scene), lambda: scene.python("pass").seconds)),
    ]  # fmt: skip


def _complete(scene: Scene) -> float:
    variables = {"_POLYTAPE_COMPLETE": "bash_complete", "COMP_WORDS": "polytape sc"}
    scene.environment.update(variables | {"COMP_CWORD": "1"})
    try:
        return scene.polytape().seconds
    finally:
        for name in (*variables, "COMP_CWORD"):
            del scene.environment[name]


def _asking(scene: Scene) -> list[Row]:
    def row(name: str, *arguments: str) -> Row:
        def ours() -> float:
            return scene.polytape(name, *arguments, "--url", scene.gateway).seconds

        return Row(
            f"command-{name}", f"polytape {name} of a warm gateway, the whole process",
            'python -c "import httpx2"', "ms", at_most(2),
            lambda: processes(ours, lambda: scene.python("import httpx2").seconds),
        )  # fmt: skip

    return [
        row("price", "AAPL"),
        row("bars", "AAPL", "--start", DAY, "--end", DAY, "--timeframe", "15min"),
        row("scan", "AAPL", "--as-of", AS_OF),
    ]


def _first(scene: Scene) -> list[Row]:
    def new(code: str, *arguments: str) -> float:
        command = [sys.executable, "-c", code, scene.gateway, *arguments]
        return scene.run(command).seconds

    def row(name: str, path: str, beside: str, goal: Goal, ours: Callable[[], float]) -> Row:
        return Row(
            name, path, f'python -c "{beside}"', "ms", goal,
            lambda: processes(ours, lambda: scene.python(beside).seconds),
        )  # fmt: skip

    return [
        row("gateway-start", "gateway from exec to its first answer", "import litestar, pyarrow",
            at_most(2), lambda: _start_of_a_gateway(scene)),
        row("first-fetch", "first fetch_bars in a new process, imports in", "import pandas",
            at_most(1.5), lambda: new(FIRST, *SESSION)),
        row("first-scan", "first scan in a new process, imports in", "import pandas", at_most(1.5),
            lambda: new(FIRST_SCAN, AS_OF)),
    ]  # fmt: skip


def _start_of_a_gateway(scene: Scene) -> float:
    """Seconds from exec to the answer to a first request."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "polytape", "serve", "--port", "0", "--source", "synthetic",
         "--store", "none"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=scene.environment,
        cwd=scene.folder,
    )  # fmt: skip
    try:
        url = address_of(process)
        with urlopen(f"{url}/health") as answer:
            assert re.match(rb"\{", answer.read())
        return time.perf_counter() - began
    finally:
        end(process)
