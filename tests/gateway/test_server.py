"""The gateway as a process: sockets, signals, refusals."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from polytape import PolygonClient
from polytape.cli.app import run
from polytape.errors import ConfigurationError
from polytape.gateway.server import TAKEN_A_TURN, address, is_loopback, listen, taken_together

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]


@contextmanager
def gateway_process(
    *arguments: str, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`polytape serve` on a free port: its URL and the process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "polytape", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={k: v for k, v in os.environ.items() if "POLY" not in k} | {"POLYTAPE_STORE": "none"} | environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        yield first.split(" on ")[1].split()[0], process
    finally:
        process.kill()
        process.communicate()


def test_who_asks_is_who_connects(tmp_path: Path) -> None:
    """Whatever a header says: guesses of one address are counted together. The audit is written
    though nothing else is logged, and a new token's file is named.
    """
    folder = {"POLYTAPE_ACCESS_FOLDER": str(tmp_path)}
    with gateway_process("--source", "synthetic", **folder) as (url, process):
        statuses = []
        for number in range(12):
            headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-API-Key": f"guess-{number}"}
            statuses.append(
                httpx2.delete(f"{url}/api/v1/history?symbol=A", headers=headers).status_code
            )
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert statuses == [401] * 10 + [429] * 2
    assert err.count('"what": "DELETE /api/v1/history"') == 12
    assert err.count('"address": "127.0.0.1"') == 12
    assert f"The owner's token is new, in {tmp_path}/owner.token" in err
    assert "192.0.2" not in err


def test_who_connects_in_a_crowd_is_taken_within_a_few_turns() -> None:
    """Nobody waits until those before it were answered again and again."""
    crowd, turns, taken = 4 * TAKEN_A_TURN, 0, 0

    class Counting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal taken
            taken += 1
            transport.close()

    async def take(sockets: list[socket.socket]) -> None:
        nonlocal turns
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Counting, sock=one) for one in sockets]
        while taken < crowd:
            turns += 1
            await asyncio.sleep(0)
        for server in servers:
            server.close()

    with ExitStack() as stack:
        first, *others = listen("127.0.0.1", 0)
        for other in others:
            other.close()
        sockets, place = taken_together([first]), first.getsockname()
        for one in sockets:
            stack.enter_context(closing(one))
        for _ in range(crowd):
            stack.enter_context(closing(socket.create_connection(place)))
        pytest.importorskip("uvloop").run(take(sockets))
    assert turns < crowd // 2


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_in_good_order(stop: signal.Signals) -> None:
    # The first answer may be a slow one on a busy machine, which is a line of its own.
    options = ("--source", "synthetic", "--slow-request", "0")
    with gateway_process(*options) as (url, process):
        with PolygonClient(url) as client:
            assert len(client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1day")) == 4
        port = url.rsplit(":", 1)[1]
        if socket.has_ipv6:
            with urllib.request.urlopen(f"http://[::1]:{port}/health") as answer:
                assert answer.status == 200
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == "stopped\n"
    assert err == "These prices are made up. They are for trying things out, never for trading.\n"


def test_settings_come_from_the_environment_and_options_go_before_them() -> None:
    with gateway_process("--seed", "1", POLYTAPE_SOURCE="synthetic", POLYTAPE_SEED="7") as (url, _):
        with PolygonClient(url) as client:
            ours = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1day")
    with gateway_process("--source", "synthetic", "--seed", "1") as (url, _):
        with PolygonClient(url) as client:
            assert client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1day").equals(ours)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "no source of bars: for the vendor's prices set POLYGON_API_KEY=YOUR_KEY in the "
         "environment or in a file .env here, or api_key = "),
        (["--source", "flatfiles"], {}, "--source flatfiles needs --data DIR"),
        (["--source", "flatfiles", "--data", "/nowhere"], {}, "/nowhere holds no flat files"),
        (["--data", "/nowhere"], {}, "--data names flat files: add --source flatfiles"),
        (["--source", "polygon"], {}, "--source polygon needs the vendor's key: set POLYGON_API_KEY"),
        (["--source", "flatfiles", "--data", "s3://flatfiles"], {}, "set POLYTAPE_FILES_KEY and"),
        (["--vendor", "ftp://x"], {"POLYGON_API_KEY": "k"}, "--vendor='ftp://x' is not valid"),
        ([], {"POLYGON_API_KEY": "k\u00e9y"}, "POLYGON_API_KEY is not valid"),
        (["--redis", "nonsense"], {"POLYGON_API_KEY": "k"}, "--redis"),
        (["--source", "synthetic", "--host", "0.0.0.0"], {}, "set POLYTAPE_TOKEN"),
        (["--source", "synthetic", "--host", "0.0.0.0"], {"POLYTAPE_TOKEN": " "}, "POLYTAPE_TOKEN"),
        (["--source", "synthetic"], {"POLYTAPE_PORT": "none"}, "POLYTAPE_PORT: "),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_in_one_line(
    arguments: list[str],
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if "POLY" in name]:
        monkeypatch.delenv(name)
    for name, value in ({"POLYTAPE_STORE": "none"} | environment).items():
        monkeypatch.setenv(name, value)
    code = run(["serve", "--port", "0", *arguments])
    out, err = capfd.readouterr()
    assert (code, out) in ((1, ""), (2, ""))
    assert err.startswith("polytape: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_port_in_use_is_named() -> None:
    sockets = listen("127.0.0.1", 0)
    try:
        port = sockets[0].getsockname()[1]
        assert address(sockets) == f"http://127.0.0.1:{port}"
        with pytest.raises(ConfigurationError, match=f"port {port}: Address already in use"):
            listen("127.0.0.1", port)
    finally:
        for sock in sockets:
            sock.close()


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True),
                                             ("0.0.0.0", False), ("example.com", False)])  # fmt: skip
def test_what_only_this_machine_reaches(host: str, local: bool) -> None:
    assert is_loopback(host) is local
