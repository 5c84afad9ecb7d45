"""No answer changes unnoticed: requests and commands, compared byte for byte with a record.

    POLYTAPE_RECORD=1 pytest tests/walks            writes the record anew
    POLYTAPE_ANSWERS=FOLDER pytest tests/walks      writes each answer whole into a folder

Of long answers the record holds a hash: where one has changed, two folders of whole answers, one
made before the change and one after it, say where. A change of the record that was meant is read
in its diff before it is kept.
"""

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pyarrow.csv
import pyarrow.parquet
import pytest

from polytape.cli.app import run
from polytape.fake_vendor.mischief import Mischief
from tests.conftest import DATA
from tests.fakes.vendor import Street
from tests.walks import commands, gateways, requests, requests_vendor
from tests.walks.commands import Command
from tests.walks.recording import (
    RECORD,
    RECORDING,
    Masked,
    Told,
    compare,
    compare_text,
    keep_whole,
    of_answer,
    of_file,
    of_text,
    unique,
    whole,
)
from tests.walks.requests import Ask

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

# Walks that leave nothing behind them: they share a gateway with other tests.
SHARED = {
    "bars": requests.BARS,
    "wrong-bars": requests.WRONG_BARS,
    "many": requests.MANY,
    "symbols": requests.SYMBOLS,
    "tools": requests.TOOLS,
    "edges": requests.EDGES,
    "dialect": requests_vendor.DIALECT,
}
# Walks whose answers depend on the steps before: each has a gateway of its own.
OWN = {
    "fresh": requests.OF_ITSELF,
    "stored": requests.HISTORY,
    "held": requests.HELD,
    "bare": requests.BARE,
    "guarded": requests.GUARDED,
}
COMMANDS = {
    "cli-bars": commands.BARS,
    "cli-looked-up": commands.LOOKED_UP,
    "cli-tools": commands.TOOLS,
    "cli-wrong": commands.WRONG,
    "cli-help": commands.HELP,
    "cli-history": commands.HISTORY,
}
OTHERS = ("openapi", "vendor", "real", "real-history", "cli-real")


def walk(group: str, url: str, asks: Sequence[Ask], wall: Street | None = None) -> None:
    """Ask one after the other, and compare."""
    names = {url: "GATEWAY", str(DATA): "DATA"}
    masked = Masked(names if wall is None else names | {wall.url: "VENDOR"})
    answers: dict[str, Told] = {}
    texts: dict[str, str] = {}
    with httpx2.Client(timeout=30) as http:
        for name, ask in zip(unique(map(str, asks)), asks, strict=True):
            if wall is not None:
                wall.vendor.mischief.clear()
                wall.spoil(*map(Mischief, ask.spoils))
            headers = {"X-Request-Id": "walk", "Accept-Encoding": "identity"} | dict(ask.headers)
            answer = http.request(
                ask.method, f"{url}{ask.path}", content=ask.content(), headers=headers
            )
            answers[name], texts[name] = of_answer(answer, masked), whole(answer, masked)
    keep_whole(group, texts)
    compare(group, answers)


@pytest.mark.parametrize("group", SHARED)
def test_made_up_prices(group: str, gateway: str) -> None:
    walk(group, gateway, SHARED[group])


@pytest.mark.parametrize("group", OWN)
def test_a_gateway_of_its_own(group: str) -> None:
    with gateways.OWN[group]() as url:
        walk(group, url, OWN[group])


def test_a_gateway_before_the_vendor() -> None:
    with gateways.before_the_vendor() as (url, wall):
        walk("vendor", url, requests_vendor.BEFORE_THE_VENDOR, wall)


@pytest.mark.realdata
def test_real_bars(real_gateway: str) -> None:
    walk("real", real_gateway, requests_vendor.REAL)


@pytest.mark.realdata
def test_real_bars_that_are_kept() -> None:
    with gateways.files() as url:
        walk("real-history", url, requests_vendor.REAL_HISTORY)


def test_the_description_of_the_api(gateway: str) -> None:
    """Whole, with a line for each part of it."""
    told = Masked({})(httpx2.get(f"{gateway}/docs/openapi.json").text)
    compare_text("openapi", json.dumps(json.loads(told), indent=1, ensure_ascii=False) + "\n")


class Shell:
    """Runs commands in a folder, each in this process."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]
    ) -> None:
        self._folder, self._patch, self._capture = folder, patch, capture

    def walk(self, group: str, url: str, several: Sequence[Command]) -> None:
        """Run one after the other, and compare."""
        masked = Masked({url: "GATEWAY", str(self._folder): "TMP", str(DATA): "DATA"})
        answers: dict[str, Told] = {}
        texts: dict[str, str] = {}
        for name, command in zip(unique(map(str, several)), several, strict=True):
            code, *said = self._run(command, url)
            out, err = map(masked, said)
            if "Usage: polytape" in out:  # how the words of such a page lie is the library's
                out = " ".join(re.sub("[\u2500-\u257f]", " ", out).split())
            answers[name] = {"code": code, "out": of_text(out), "err": of_text(err)}
            if command.writes:
                answers[name]["file"] = of_file(self._folder / command.writes, masked)
            texts[name] = f"{out}\n{err}"
        keep_whole(group, texts)
        compare(group, answers)

    def _run(self, command: Command, url: str) -> tuple[int, str, str]:
        places = {"tmp": self._folder, "data": DATA}
        with self._patch.context() as patch:
            patch.setenv("POLYTAPE_URL", url)
            patch.setattr(sys, "stdin", io.StringIO(command.typed))
            for name, value in command.settings.items():
                patch.setenv(name, value.format(**places))
            code = run(shlex.split(command.line.format(**places)))
        sys.stdout.flush()
        out, err = self._capture.readouterr()
        return code, out.decode(), err.decode()


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Shell:
    """A shell in a folder with the files of `commands`, and with nothing in its environment."""
    for name, text in commands.FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    table = pyarrow.csv.read_csv(tmp_path / "more.csv")
    pyarrow.parquet.write_table(table, tmp_path / "bars.parquet")
    for name in list(os.environ):
        if name.startswith(("POLYTAPE_", "POLYGON_", "MASSIVE_", "FORCE_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 0)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, monkeypatch, capfdbinary)


@pytest.mark.parametrize("group", COMMANDS)
def test_commands(group: str, shell: Shell, gateway: str) -> None:
    shell.walk(group, gateway, COMMANDS[group])


@pytest.mark.realdata
def test_commands_on_real_bars(shell: Shell, real_gateway: str) -> None:
    shell.walk("cli-real", real_gateway, commands.REAL)


@pytest.mark.skipif(bool(RECORDING), reason="the record is being written")
def test_every_record_is_of_a_walk() -> None:
    kept = {path.stem for path in RECORD.iterdir()}
    assert kept == {*SHARED, *OWN, *COMMANDS, *OTHERS}
