"""Timed comparisons, each as a ratio beside a peer or a limit of the same run.

`python bench/run.py` prints the median of several rounds for ours and for the peer, alternating.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial

import httpx2
import numpy as np
import pandas as pd

from polytape import PolygonClient
from polytape.cli.wiring import make_app, make_gateway
from polytape.gateway.server import running
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.settings import Settings
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import BarsMetadata

ROUNDS = 9
MARKET = xnys()
YEAR = Span(MARKET.midnight(date(2024, 1, 1)), MARKET.midnight(date(2025, 1, 1)))
AAPL = series_query("AAPL", Series.MINUTE, YEAR)


def main() -> None:
    """All of them."""
    heading()
    start_up()
    source = Synthetic(MARKET, lambda: YEAR.end)
    made_up_year(source)
    resampling(source)
    codecs(source)
    over_http()


def heading() -> None:
    """The names of the columns."""
    print(f"{'what':66} {'ours ms':>9} {'peer ms':>9} {'ratio':>7}")


def compare(
    what: str, ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = ROUNDS
) -> None:
    """The medians of alternating rounds, after one of each that does not count."""
    timed: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for call, times in zip((ours, peer), timed, strict=True):
            began = time.perf_counter()
            call()
            if number:
                times.append((time.perf_counter() - began) * 1e3)
    mine, theirs = (statistics.median(times) for times in timed)
    print(f"{what:66} {mine:9.2f} {theirs:9.2f} {mine / theirs:7.2f}")


def start_up() -> None:
    """Beside an interpreter that does nothing."""
    for what in ("import polytape", "from polytape import PolygonClient", "import pandas"):
        compare(f"{what} | python -c pass", partial(python, what), partial(python, "pass"))


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def made_up_year(source: Synthetic) -> None:
    """Beside numpy drawing as many random rows of seven columns."""
    count = len(source.bars(AAPL).bars)
    draw = np.random.default_rng(0)
    compare(
        f"a made-up year, {count:,} minutes | numpy normal, same size",
        lambda: source.bars(AAPL),
        lambda: draw.standard_normal((count, 7)),
    )


def resampling(source: Synthetic) -> None:
    """Beside pandas' own resample of the same minutes."""
    minutes = source.bars(AAPL).bars
    columns = {n: getattr(minutes, n) for n in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(minutes.timestamp.astype("M8[us]")))
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    compare(
        "resample the year to 15 minutes | pandas resample",
        lambda: resample(minutes, Timeframe.MIN_15, market=source.market),
        lambda: frame.resample("15min").agg(how).dropna(),
    )


def codecs(source: Synthetic) -> None:
    """Arrow beside JSON, 50,000 bars."""
    bars = source.bars(AAPL).bars.last(50_000)
    metadata = BarsMetadata(symbol="AAPL", timeframe="1min", count=len(bars), source="bench")
    as_arrow, as_json = arrow.encode(bars, metadata), json_rows.encode(bars, metadata)
    compare(
        "write 50,000 bars: Arrow | JSON",
        lambda: arrow.encode(bars, metadata),
        lambda: json_rows.encode(bars, metadata),
    )
    compare(
        "read 50,000 bars: Arrow | JSON",
        lambda: arrow.decode(as_arrow),
        lambda: json_rows.decode(as_json, MARKET),
    )


def over_http() -> None:
    """The client beside a bare httpx2 download of the same bytes from the same gateway."""
    settings = Settings(source="synthetic", port=0, data=None, token=None, store="none")
    body = {"symbol": "AAPL", "timeframe": "1min", "start_date": "2024-01-02"}
    body["end_date"] = "2024-12-31"
    accept = {"Accept": "application/vnd.apache.arrow.stream"}
    with running(make_app(settings, make_gateway(settings))) as url, httpx2.Client() as bare:
        with PolygonClient(url, enable_caching=False) as client, PolygonClient(url) as cached:
            query = ("AAPL", "2024-01-02", "2024-12-31", "1min")
            compare(
                "fetch_bars, a year of minutes | bare download",
                lambda: client.fetch_bars(*query),
                lambda: bare.post(f"{url}/api/v1/bars", json=body, headers=accept).content,
            )
            compare(
                "the same from the client's cache | fetch_bars",
                lambda: cached.fetch_bars(*query),
                lambda: client.fetch_bars(*query),
            )
            compare(
                "latest price | bare GET /health",
                lambda: client.get_latest_price("AAPL"),
                lambda: bare.get(f"{url}/health").content,
            )


if __name__ == "__main__":
    main()
