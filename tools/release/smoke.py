"""What a user does, of a real size, where the wheel is installed and nothing else.

Run by `trials`, as a script of the environment's own Python in an empty folder: it imports nothing
of the checkout. Its last line is JSON: seconds of each step, and answers, equal everywhere.
"""

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polytape import AsyncPolygonClient, FractalEngine, PolygonClient

POLYTAPE = Path(sys.executable).with_name("polytape")
AT = "2024-07-03 11:30 America/New_York"
# A year of minutes, extended hours among them, of which not each has a trade.
YEAR = ("2023-07-03", "2024-07-03")
LEAST_BARS = 150_000
SYMBOLS = ("AAPL", "MSFT", "NVDA", "AMZN", "META", "SPY", "QQQ", "BRK.B")
ENGINES = ("scan", "fractals", "fractal-history", "hvn", "camarilla", "zones", "vwap",
           "opening-range", "gaps", "poc", "atr", "bad-prints")  # fmt: skip
DIGITS = 9
COLUMNS = ["open", "high", "low", "close", "volume", "timestamp"]


@dataclass
class User:
    """Somebody at a gateway. `answers`: digests of what they got, by what they asked for."""

    client: PolygonClient
    url: str
    answers: dict[str, str] = field(default_factory=dict)


def bars(user: User) -> None:
    """A year of minutes as a frame, from the cache, as a table, and by asyncio."""
    frame = user.client.fetch_bars("AAPL", *YEAR, "1min")
    assert list(frame.columns) == COLUMNS
    assert len(frame) > LEAST_BARS, len(frame)
    assert frame.index.is_unique
    assert frame.index.is_monotonic_increasing
    assert str(frame.dtypes["timestamp"]) == "datetime64[us, UTC]"
    assert user.client.fetch_bars("AAPL", *YEAR, "1min").equals(frame)
    assert user.client.fetch_table("AAPL", *YEAR, "1min").num_rows == len(frame)
    prices = frame[COLUMNS[:5]].to_numpy(float).round(DIGITS)
    user.answers["bars"] = hashlib.sha256(prices.tobytes()).hexdigest()[:16]

    async def once(url: str) -> Any:
        async with AsyncPolygonClient(url) as other:
            return await other.fetch_bars("AAPL", *YEAR, "1min")

    assert asyncio.run(once(user.url)).equals(frame)


def many(user: User) -> None:
    """Several symbols and timeframes; frames on which pandas' verbs work."""
    frames = user.client.fetch_many(list(SYMBOLS), *YEAR, ["15min", "60min", "1day"])
    rows = {str(key): frame.shape[0] for key, frame in frames.items() if hasattr(frame, "shape")}
    assert len(rows) == 3 * len(SYMBOLS)
    assert all(count > 200 for count in rows.values())
    user.answers["many"] = digest(rows)
    daily = user.client.bars("AAPL", *YEAR)
    assert daily.index.name == "timestamp"
    assert daily.pct_change().rolling(5).mean().notna().to_numpy().any()
    assert len(daily.resample("W").last()) > 50
    wide = user.client.download(list(SYMBOLS[:3]), *YEAR)
    assert wide["close"].shape[1] == 3
    session = user.client.get_session_data("AAPL", AT)
    assert session["error"] is None
    user.answers["session"] = digest({name: str(value) for name, value in session.items()})
    assert user.client.get_latest_price("AAPL") is not None
    assert user.client.get_candle_at_datetime("AAPL", AT) is not None
    fractals = FractalEngine(user.client).run("SPY", AT).fractals
    assert fractals.structure


def over_http(user: User) -> None:
    """JSON without the client, the vendor's dialect, the page, the figures."""
    asked = {"symbol": "AAPL", "timeframe": "1day", "start_date": YEAR[0], "end_date": YEAR[1]}
    data = json.loads(fetched(f"{user.url}/api/v1/bars", asked))["data"]
    assert len(data) > 250
    user.answers["json"] = digest(data)
    path = f"/v2/aggs/ticker/AAPL/range/1/day/{YEAR[0]}/{YEAR[1]}"
    assert json.loads(fetched(user.url + path))["resultsCount"] == len(data)
    for path, has in {"/": b"<html", "/docs": b"swagger", "/metrics": b"polytape_"}.items():
        assert has in fetched(user.url + path), path


def engines(user: User) -> None:
    """Each by its command, as JSON, and one as a picture."""
    for name in ENGINES:
        printed = called(name, "SPY", "--as-of", AT, "--format", "json", url=user.url)
        user.answers[name] = digest(json.loads(printed))
    called("scan", "SPY", "--as-of", AT, "--plot", "scan.png", url=user.url)
    assert Path("scan.png").read_bytes().startswith(b"\x89PNG")


def history(user: User) -> None:
    """A store: filled, looked at, checked, taken out, scanned as a whole."""
    where = ("--source", "synthetic", "--store", "kept")
    called(
        "history", "backfill", *SYMBOLS[:3], "--from", "2024-05-20", "--to", "2024-07-03", *where
    )
    called("history", "status", "AAPL", *where)
    called("history", "verify", "AAPL", *where)
    called("history", "export", "AAPL", "--out", "out.parquet", *where)
    assert Path("out.parquet").stat().st_size > 10_000
    printed = called(
        "scan", "--universe", "all", "--store", "kept", "--as-of", AT, "--format", "csv"
    )
    user.answers["universe"] = str(len(printed.splitlines()))


def live(_user: User) -> None:
    """The demo: a gateway, a scan, live bars of a replayed day."""
    assert "The gateway is stopped" in called("demo")


def digest(value: object) -> str:
    """Of what JSON can say; floats of so many digits, for sums may differ in the last bit."""
    text = json.dumps(rounded(value), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rounded(value: Any) -> Any:
    """The same with floats that have DIGITS digits behind the point."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def called(*arguments: str, url: str = "") -> str:
    """What a command prints. A warning of Python's is an error, as a user would see it."""
    environment = {"POLYTAPE_URL": url} if url else {}
    done = subprocess.run(
        [POLYTAPE, *arguments], capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, f"polytape {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    assert "Warning:" not in done.stderr, done.stderr
    return done.stdout


def fetched(url: str, body: object = None) -> bytes:
    """The body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        content: bytes = response.read()
        return content


@contextmanager
def gateway() -> Iterator[str]:
    """The URL of a gateway of this environment's, on made-up prices."""
    options = ["--source", "synthetic", "--port", "0", "--store", "served"]
    with subprocess.Popen(
        [POLYTAPE, "serve", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield re.findall(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()
            process.wait(30)


def main() -> None:
    """Do all of it, and print what came of it."""
    seconds: dict[str, float] = {}
    steps: list[Callable[[User], None]] = [
        bars, many, over_http, engines, history, live,
    ]  # fmt: skip
    with gateway() as url, PolygonClient(url) as client:
        user = User(client, url)
        for step in steps:
            began = time.monotonic()
            step(user)
            seconds[step.__name__] = round(time.monotonic() - began, 2)
    print(json.dumps({"steps": seconds, "answers": user.answers}))


if __name__ == "__main__":
    main()
