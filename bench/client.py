"""What the caller of a client waits for, beside other ways to the same bars.

The gateway is a process of its own, on made-up prices, and warm.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pandas as pd
import pyarrow as pa

from bench.peers import by_requests, massive_frame
from bench.scene import Scene
from bench.table import Goal, Row, Sides, at_most, faster, timed
from polytape import PolygonClient
from polytape.wire.api.media import ARROW

YEAR = ("2024-01-01", "2024-12-31")
SESSION = ("2024-06-12T13:30:00Z", "2024-06-12T20:00:00Z")
# Where a session is asked for out of a month.
MONTH = ("2024-06-01", "2024-06-30")
TIMEFRAMES = ("1min", "5min", "15min", "30min", "60min", "120min", "1day")
LONG = 50_000
VERY_LONG = 200_000
LARGEST = 1_000_000
SYMBOLS = 100
MOST_CACHED_US = 100.0
COLUMNS = ("open", "high", "low", "close", "volume", "timestamp")


class Questions:
    """A gateway's bars, asked for in several ways."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @property
    def url(self) -> str:
        return self.scene.gateway

    @cached_property
    def plain(self) -> PolygonClient:
        """A client that caches nothing."""
        return self.scene.stack.enter_context(PolygonClient(self.url, enable_caching=False))

    @cached_property
    def caching(self) -> PolygonClient:
        """A client as it comes, whose cache is nearly full, as that of a scanner is."""
        client = self.scene.stack.enter_context(PolygonClient(self.url))
        client.fetch_many(_symbols()[:90], *MONTH)
        return client

    @cached_property
    def long_span(self) -> tuple[str, str]:
        """An instant from which on the year has 50,000 minute bars; and its end."""
        stamps = self.plain.fetch_bars("AAPL", *YEAR, "1min")["timestamp"]
        return f"{stamps.iloc[-LONG].isoformat()}", "2025-01-01T05:00:00Z"

    @cached_property
    def very_long_span(self) -> tuple[str, str]:
        """From a morning on, as far as 200,000 minute bars go."""
        stamps = self.plain.fetch_bars("MSFT", "2024-01-02", "2025-12-31", "1min")["timestamp"]
        return "2024-01-02", f"{stamps.iloc[VERY_LONG].isoformat()}"

    def fetch_long(self) -> pd.DataFrame:
        """50,000 bars by the client, its cache off."""
        return self.plain.fetch_bars("AAPL", *self.long_span, "1min")

    def body(self, span: tuple[str, str], timeframe: str = "1min") -> dict[str, Any]:
        """A question as our client sends it."""
        start, end = span
        return {"symbol": "AAPL", "timeframe": timeframe, "start_date": start, "end_date": end}


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    asked = Questions(scene)
    return [*_over_http(asked), *_from_cache(asked), *_batches(asked), *_memory(asked)]


def _over_http(asked: Questions) -> list[Row]:
    path = "fetch_bars, 50,000 one-minute bars, gateway warm, client cache off"

    def row(name: str, beside: str, goal: Goal, measure: Callable[[], Sides]) -> Row:
        return Row(name, path, beside, "ms", goal, measure)

    return [
        row("long-massive", "massive list_aggs into a frame", faster(100),
            lambda: _beside_massive(asked)),
        row("long-raw", "raw socket, the same Arrow bytes, columns without a copy", at_most(1.25),
            lambda: _beside_raw(asked)),
        row("long-requests", "requests, .json(), DataFrame, to_datetime", faster(60),
            lambda: _beside_requests(asked)),
        Row("short-post", "fetch_bars, 390 bars, client cache off", "httpx2 POST, the same bytes",
            "ms", at_most(1.2), lambda: _beside_post(asked)),
    ]  # fmt: skip


def _beside_massive(asked: Questions) -> Sides:
    start, end = (int(pd.Timestamp(one).timestamp() * 1_000) for one in asked.long_span)
    theirs = massive_frame(asked.url, "AAPL", start, end - 1)
    assert len(theirs()) == len(asked.fetch_long()) == LONG
    return timed(asked.fetch_long, theirs, rounds=3)


def _beside_requests(asked: Questions) -> Sides:
    theirs = by_requests(asked.url, asked.body(asked.long_span))
    assert len(theirs()) == LONG
    return timed(asked.fetch_long, theirs, rounds=3)


def _beside_raw(asked: Questions) -> Sides:
    with closing(RawPost(asked.url, asked.body(asked.long_span))) as raw:

        def columns() -> list[list[Any]]:
            table = pa.ipc.open_stream(raw.fetch()).read_all()
            return [
                [chunk.to_numpy(zero_copy_only=True) for chunk in table.column(name).chunks]
                for name in COLUMNS
            ]

        assert sum(len(chunk) for chunk in columns()[0]) == LONG
        return timed(asked.fetch_long, columns, rounds=15)


def _beside_post(asked: Questions) -> Sides:
    content = json.dumps(asked.body(SESSION)).encode()
    headers = {"accept": ARROW, "content-type": "application/json"}
    with httpx2.Client() as bare:
        url = f"{asked.url}/api/v1/bars"
        return timed(
            lambda: asked.plain.fetch_bars("AAPL", *SESSION, "1min"),
            lambda: bare.post(url, content=content, headers=headers).content,
            rounds=15,
        )


def _from_cache(asked: Questions) -> list[Row]:
    def short() -> pd.DataFrame:
        return asked.caching.fetch_bars("AAPL", *SESSION, "1min")

    def very_long() -> pd.DataFrame:
        return asked.caching.fetch_bars("MSFT", *asked.very_long_span, "1min")

    def part() -> pd.DataFrame:
        return asked.caching.fetch_bars("SPY", *SESSION, "1min")

    def beside_copy(ours: Callable[[], pd.DataFrame], bars: int) -> Sides:
        frame = ours()
        assert len(frame) == bars
        return timed(ours, lambda: frame.copy(deep=True), "us")

    def within(ours: Callable[[], pd.DataFrame]) -> Sides:
        return Sides(timed(ours, lambda: None, "us").ours, [MOST_CACHED_US])

    def of_part() -> Sides:
        asked.caching.fetch_bars("SPY", *MONTH, "1min")
        sent = asked.caching.stats().requests
        sides = beside_copy(part, 390)
        assert asked.caching.stats().requests == sent
        return sides

    copy, limit, path = "frame.copy()", "100 us", "fetch_bars from the client's cache"
    return [
        Row("cached-390", f"{path}, 390 bars", copy, "us", at_most(2),
            lambda: beside_copy(short, 390)),
        Row("cached-390-us", f"{path}, 390 bars", limit, "us", at_most(1), lambda: within(short)),
        Row("cached-200k", f"{path}, 200,000 bars", copy, "us", at_most(2),
            lambda: beside_copy(very_long, VERY_LONG)),
        Row("cached-200k-us", f"{path}, 200,000 bars", limit, "us", at_most(1),
            lambda: within(very_long)),
        Row("cached-part", "a session out of a cached month", copy, "us", at_most(3), of_part),
    ]  # fmt: skip


def _batches(asked: Questions) -> list[Row]:
    symbols = _symbols()
    month = ("2024-06-03", "2024-07-02")

    def timeframes() -> Sides:
        def slowest() -> object:
            return asked.plain.fetch_bars("AAPL", *YEAR, "1min")

        return timed(lambda: asked.plain.fetch_many("AAPL", *YEAR, TIMEFRAMES), slowest)

    def many() -> Sides:
        def one_by_one() -> object:
            return [asked.plain.fetch_bars(symbol, *month, "15min") for symbol in symbols]

        return timed(lambda: asked.plain.fetch_many(symbols, *month, "15min"), one_by_one, rounds=5)

    return [
        Row("seven-timeframes", "fetch_many, 7 timeframes of one symbol and year, minutes warm",
            "the slowest of them alone (1min)", "ms", at_most(1.3), timeframes),
        Row("seven-requests", "the same", "one request", "count", at_most(1),
            lambda: _requests_of_seven(asked)),
        Row("hundred-symbols", "fetch_many, 100 symbols x 30 days of 15min",
            "one request each, one after the other", "ms", faster(5), many),
    ]  # fmt: skip


def _requests_of_seven(asked: Questions) -> Sides:
    """All timeframes of a year come of one read of its minutes: they are one request, within which
    the gateway reads once (tests/test_counts.py counts its reads).
    """
    before = asked.plain.stats().requests
    asked.plain.fetch_many("AAPL", *YEAR, TIMEFRAMES)
    return Sides([asked.plain.stats().requests - before], [1])


def _symbols() -> list[str]:
    from polytape.upstream.synthetic.listing import listing

    return [symbol for symbol, info in listing().items() if info.active][:SYMBOLS]


def _memory(asked: Questions) -> list[Row]:
    path = "memory of a client holding 1,000,000 bars"
    return [
        Row("memory-million", path, "the columns' own bytes", "MB", at_most(1.2),
            lambda: _held(asked)),
    ]  # fmt: skip


HELD = """
import gc, os, sys
from polytape import PolygonClient

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

client = PolygonClient(sys.argv[1])
client.fetch_bars("MSFT", "2024-01-02", "2024-01-03", "1min")
gc.collect()
before = resident()
client.fetch_bars("AAPL", sys.argv[2], sys.argv[3], "1min")
gc.collect()
(answer,) = [one for key, one in client._core.cache.cache.items() if key.startswith("AAPL")]
print(resident() - before, answer.bars.nbytes, len(answer.bars))
"""


def _held(asked: Questions) -> Sides:
    """What new processes grow by, beside the bytes of the columns that their clients hold."""
    grown, columns = zip(*(_grown(asked) for _ in range(3)), strict=True)
    return Sides(grown, columns)


def _grown(asked: Questions) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", HELD, asked.url, "2020-01-01", "2026-10-31"],
        capture_output=True, text=True, check=True, env=asked.scene.environment,
    )  # fmt: skip
    grown, columns, count = map(int, done.stdout.split())
    assert count >= LARGEST, count
    return grown / 2**20, columns / 2**20


class RawPost:
    """A question sent again and again on one bare socket; only the answer's bytes are read."""

    def __init__(self, url: str, body: dict[str, Any]) -> None:
        address = urlsplit(url)
        content = json.dumps(body).encode()
        self._request = (
            f"POST /api/v1/bars HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: {ARROW}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        ).encode() + content
        self._socket = socket.create_connection((address.hostname, address.port))
        self._buffer = bytearray(16 * 2**20)

    def fetch(self) -> Any:
        """The body: a view of the buffer, or, where it came in chunks, these joined."""
        self._socket.sendall(self._request)
        view, end = memoryview(self._buffer), 0
        while (split := self._buffer.find(b"\r\n\r\n", 0, end)) < 0:
            end += self._socket.recv_into(view[end:])
        head, first = bytes(view[:split]).lower(), split + 4
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        if length:
            last = first + int(length)
            while end < last:
                end += self._socket.recv_into(view[end:])
            return pa.py_buffer(view[first:last])
        while bytes(view[end - 7 : end]) != b"\r\n0\r\n\r\n":
            end += self._socket.recv_into(view[end:])
        return b"".join(self._chunks(view, first))

    def _chunks(self, view: memoryview, at: int) -> list[memoryview]:
        chunks: list[memoryview] = []
        while True:
            line = self._buffer.index(b"\r\n", at)
            size = int(bytes(view[at:line]), 16)
            if size == 0:
                return chunks
            chunks.append(view[line + 2 : line + 2 + size])
            at = line + 2 + size + 2

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
