"""The gateway's hottest route beside nginx with the same bytes as a file, under wrk.

python -m bench.serving         needs wrk and nginx (Debian: apt-get install wrk nginx-light)
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from polytape.wire.api.media import ARROW

SECONDS, CONNECTIONS, ROUNDS = 3, 64, 3
DAY = "2026-11-20"
QUERY = f"symbol=AAPL&timeframe=1min&start_date={DAY}T14:30:00Z&end_date={DAY}T21:00:00Z"
BODY = json.dumps(
    {
        "symbol": "AAPL",
        "timeframe": "1min",
        "start_date": f"{DAY}T14:30:00Z",
        "end_date": f"{DAY}T21:00:00Z",
    }
)
NGINX = """
daemon off; worker_processes 1; error_log /dev/null; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


def main() -> None:
    """Requests a second and the 99th percentile, alternating."""
    for program in ("wrk", "nginx"):
        if shutil.which(program) is None:
            sys.exit(f"bench.serving needs {program}: apt-get install wrk nginx-light")
    with tempfile.TemporaryDirectory() as folder, gateway() as url:
        own = Path(folder)
        own.chmod(0o755)
        with nginx(own) as peer:
            print(
                f"{'what':34} {'ours/s':>9} {'nginx/s':>9} {'ratio':>7} {'p99 ms':>8} {'nginx':>7}"
            )
            for as_arrow in (False, True):
                measure(own, url, peer, as_arrow=as_arrow)


def measure(folder: Path, url: str, peer: str, *, as_arrow: bool) -> None:
    """GET and POST of one media type, beside a file of the same bytes."""
    accept = {"accept": ARROW} if as_arrow else {}
    body = httpx2.get(f"{url}/api/v1/bars?{QUERY}", headers=accept).content
    (folder / "bars").write_bytes(body)
    kind = "Arrow" if as_arrow else "JSON"
    for method in ("GET", "POST"):
        script = folder / f"{method}.lua"
        lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in accept.items()]
        if method == "POST":
            lines += ['wrk.method = "POST"', f"wrk.body = '{BODY}'"]
            lines += ['wrk.headers["content-type"] = "application/json"']
        script.write_text("\n".join(lines))
        address = f"{url}/api/v1/bars" + (f"?{QUERY}" if method == "GET" else "")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(wrk(address, script))
            theirs.append(wrk(f"{peer}/bars"))
        mine, other = (statistics.median(r for r, _ in runs) for runs in (ours, theirs))
        slow, slow_peer = (statistics.median(p for _, p in runs) for runs in (ours, theirs))
        what = f"{method} {kind}, 390 bars, {len(body):,} bytes"
        print(
            f"{what:34} {mine:9,.0f} {other:9,.0f} {mine / other:7.2f} {slow:8.1f} {slow_peer:7.1f}"
        )


def wrk(url: str, script: Path | None = None) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds."""
    extra = [] if script is None else ["-s", str(script)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", *extra, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return rate, float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


@contextmanager
def gateway() -> Iterator[str]:
    """A gateway in a process of its own, on made-up prices; what is asked for is warm."""
    command = [sys.executable, "-m", "polytape", "serve", "--source", "synthetic", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        # A line before it may name the file of the owner's token.
        lines = (re.search(r"gateway on (http://\S+)", line) for line in process.stdout)
        url = next(line[1] for line in lines if line is not None)
        for _ in range(3):
            httpx2.get(f"{url}/api/v1/bars?{QUERY}").raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(folder: Path, port: int = 18_391) -> Iterator[str]:
    """One worker, with a folder of files."""
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
