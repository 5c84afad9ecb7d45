"""The gateway's hottest route under wrk, beside nginx with the same bytes as a file.

Needs wrk and nginx (Debian: apt-get install wrk nginx-light).
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import httpx2

from bench.client import SESSION
from bench.scene import Scene, end, wait_for
from bench.table import CannotMeasureError, Row, Sides, at_least, at_most, is_full
from polytape.upstream.synthetic.listing import listing
from polytape.wire.api.media import ARROW

CONNECTIONS, ROUNDS = 64, 3
QUESTIONS = 1_000
NGINX_PORT, FASTAPI_PORT = 18_391, 18_392
QUERY = f"symbol=AAPL&timeframe=1min&start_date={SESSION[0]}&end_date={SESSION[1]}"
BODY = json.dumps(
    {"symbol": "AAPL", "timeframe": "1min", "start_date": SESSION[0], "end_date": SESSION[1]}
)
NGINX = """
daemon off; worker_processes 1; error_log /dev/null; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


class Load(NamedTuple):
    """Requests a second, and the 99th percentile in milliseconds."""

    rate: float
    p99_ms: float


class Runs(NamedTuple):
    """The loads of alternating rounds."""

    ours: list[Load]
    beside: list[Load]

    def rates(self) -> Sides:
        return Sides([one.rate for one in self.ours], [one.rate for one in self.beside])

    def p99s(self) -> Sides:
        return Sides([one.p99_ms for one in self.ours], [one.p99_ms for one in self.beside])


class Servers:
    """The gateway and its peers, each started when it is first asked for."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._runs: dict[tuple[str, str], Runs] = {}

    @property
    def bars_url(self) -> str:
        return f"{self.scene.gateway}/api/v1/bars"

    @cached_property
    def folder(self) -> Path:
        """What nginx serves: its user has to see it."""
        folder = self.scene.folder / "files"
        folder.mkdir()
        self.scene.folder.chmod(0o755)
        folder.chmod(0o755)
        return folder

    @cached_property
    def nginx(self) -> str:
        """One worker, with a folder of files."""
        _need("nginx")
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=self.folder, port=NGINX_PORT))
        process = subprocess.Popen(
            ["nginx", "-c", str(config)], stderr=subprocess.DEVNULL, text=True
        )
        self.scene.stack.callback(end, process)
        url = f"http://127.0.0.1:{NGINX_PORT}"
        wait_for(url, process)
        return url

    @cached_property
    def fastapi(self) -> str:
        """FastAPI and pydantic on uvicorn, building the same JSON from columns."""
        columns = httpx2.get(f"{self.bars_url}?{QUERY}").content
        (self.folder / "bars.json").write_bytes(columns)
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.fastapi_peer", str(self.folder / "bars.json"),
             str(FASTAPI_PORT)],
            stderr=subprocess.DEVNULL, text=True, env=self.scene.environment | _path(),
        )  # fmt: skip
        self.scene.stack.callback(end, process)
        url = f"http://127.0.0.1:{FASTAPI_PORT}/bars"
        wait_for(url, process)
        assert len(httpx2.get(url).json()["data"]) == len(json.loads(columns)["data"])
        return url

    def beside_nginx(self, method: str, kind: str) -> Runs:
        """GET or POST of JSON or Arrow, beside a file of the same bytes; measured once for the rows
        that speak of it.
        """
        known = self._runs.get((method, kind))
        if known is None:
            known = self._runs[method, kind] = self._beside_nginx(method, kind)
        return known

    def _beside_nginx(self, method: str, kind: str) -> Runs:
        _need("wrk")
        headers = {"accept": ARROW} if kind == "Arrow" else {}
        peer = self.nginx
        for _ in range(3):
            body = httpx2.get(f"{self.bars_url}?{QUERY}", headers=headers).content
        (self.folder / f"bars.{kind}").write_bytes(body)
        lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        if method == "POST":
            lines += ['wrk.method = "POST"', f"wrk.body = '{BODY}'"]
            lines += ['wrk.headers["content-type"] = "application/json"']
        script = self.script(f"{method}{kind}", lines)
        ours = f"{self.bars_url}?{QUERY}" if method == "GET" else self.bars_url
        return alternating(lambda: wrk(ours, script), lambda: wrk(f"{peer}/bars.{kind}"))

    def script(self, name: str, lines: list[str]) -> Path:
        """A script of wrk."""
        path = self.folder / f"{name}.lua"
        path.write_text("\n".join(lines))
        return path

    def beside_fastapi(self) -> Sides:
        """JSON by GET, beside FastAPI building it."""
        _need("wrk")
        peer, address = self.fastapi, f"{self.bars_url}?{QUERY}"
        return alternating(lambda: wrk(address), lambda: wrk(peer, seconds=3)).rates()

    def different(self) -> Sides:
        """1,000 different questions in flight, beside as many equal ones."""
        _need("wrk")
        queries = _questions()
        with httpx2.Client() as client:
            for query in queries * 2:
                client.get(f"{self.bars_url}?{query}").raise_for_status()
        every = self.script("many", _cycling(queries))
        one = self.script("one", _cycling([queries[0]] * QUESTIONS))
        return alternating(
            lambda: wrk(self.bars_url, every, QUESTIONS, seconds=3),
            lambda: wrk(self.bars_url, one, QUESTIONS, seconds=3),
        ).rates()


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    servers = Servers(scene)
    made = []
    for kind in ("Arrow", "JSON"):
        for method in ("GET", "POST"):
            path = f"gateway, 390 bars {kind}, {method}, wrk with {CONNECTIONS} connections"
            name, beside = f"{method}-{kind}".lower(), "nginx, the same bytes as a file"
            made += [
                Row(name, path, beside, "1/s", at_least(0.4),
                    lambda m=method, k=kind: servers.beside_nginx(m, k).rates()),  # type: ignore[misc]
                Row(f"{name}-p99", f"{path}, 99th percentile", beside, "ms", at_most(3),
                    lambda m=method, k=kind: servers.beside_nginx(m, k).p99s()),  # type: ignore[misc]
            ]  # fmt: skip
    return [
        *made,
        Row("fastapi", "the same JSON", "FastAPI + pydantic, from the same columns", "1/s",
            at_least(20), servers.beside_fastapi),
        Row("different", "1,000 different questions in flight, warm", "as many equal questions",
            "1/s", at_least(0.5), servers.different),
    ]  # fmt: skip


def alternating(ours: Callable[[], Load], beside: Callable[[], Load]) -> Runs:
    """Rounds of both."""
    runs = Runs([], [])
    for _ in range(ROUNDS):
        runs.ours.append(ours())
        runs.beside.append(beside())
    return runs


def wrk(
    url: str, script: Path | None = None, connections: int = CONNECTIONS, seconds: int = 1
) -> Load:
    """Put a server under load for a moment."""
    extra = [] if script is None else ["-s", str(script)]
    seconds = 5 if is_full() else seconds
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", *extra, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if "Non-2xx" in said or rate is None or slow is None:
        raise RuntimeError(said)
    if float(rate[1]) == 0:
        raise CannotMeasureError("too slow to count: nothing was answered in time")
    return Load(float(rate[1]), float(slow[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[slow[2]])


def _questions() -> list[str]:
    """Other symbols and other spans, each a session's minutes."""
    symbols = [symbol for symbol, info in listing().items() if info.active][:100]
    days = ("2024-06-03", "2024-06-04", "2024-06-05", "2024-06-06", "2024-06-07",
            "2024-06-10", "2024-06-11", "2024-06-12", "2024-06-13", "2024-06-14")  # fmt: skip
    return [
        f"symbol={symbol}&timeframe=5min&start_date={day}&end_date={day}"
        for symbol in symbols
        for day in days
    ]


def _cycling(queries: list[str]) -> list[str]:
    """A script that asks them in turn."""
    paths = ",\n".join(f'"/api/v1/bars?{query}"' for query in queries)
    return [
        f"local paths = {{{paths}}}",
        "local at = 0",
        "request = function()",
        "  at = at % #paths + 1",
        "  return wrk.format(nil, paths[at])",
        "end",
    ]


def _need(program: str) -> None:
    if shutil.which(program) is None:
        raise CannotMeasureError(f"needs {program}")


def _path() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[1])}
