"""Clients that send without an end, do not read, or leave: others are answered, memory is bounded."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.doorkeeper import ConnectionLimits
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.gateway.workers import ThreadWorkers
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.upstream.budget.budget import Budget
from polytape.upstream.source import SourceBars, Upstream
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire import arrow
from tests.conftest import MARKET, NOW
from tests.gateway.conftest import speaking_to

ARROW = "application/vnd.apache.arrow.stream"
WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}
MONTHS = {
    "symbol": "AAPL",
    "timeframe": "1min",
    "start_date": "2024-01-02",
    "end_date": "2024-03-15",
}
YEARS = {
    "symbol": "AAPL",
    "timeframe": "1min",
    "start_date": "2004-01-01",
    "end_date": "2023-12-31",
}
MB = 1024 * 1024
START = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


class Blocked:
    """A made-up market that answers minutes only when it is let, and notes what it is asked."""

    def __init__(self) -> None:
        self.inner = Synthetic(MARKET, lambda: NOW)
        self.queries: list[BarsQuery] = []
        self.let = threading.Event()

    def upstream(self) -> Upstream:
        return Upstream("synthetic", self, self.inner, made_up=True)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        self.queries.append(query)
        if query.symbol != "MSFT":
            self.let.wait(30)
        return self.inner.bars(query)

    def last_bar(self, symbol: str) -> Bars:
        return self.inner.last_bar(symbol)


def gateway_of(source: Synthetic | Blocked, **named: object) -> Gateway:
    return Gateway(source.upstream(), MARKET, lambda: NOW, Budget.of(100, 1.0), **named)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    limits = ConnectionLimits(connections=6, share=6, reserve=2)
    with running(create_app(gateway_of(Synthetic(MARKET, lambda: NOW))), limits=limits) as url:
        yield url


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        yield sock


def status_after(url: str, *parts: bytes) -> int:
    """The status that a gateway answers to bytes, however many of them it takes."""
    with connected(url) as sock:
        try:
            for part in parts:
                sock.sendall(part)
        except OSError:
            pass  # it is closed already
        try:
            return int(sock.recv(64).split()[1])
        except OSError:
            return 0  # closed while we were still sending: the answer is lost


def small(url: str) -> int:
    return httpx2.post(f"{url}/api/v1/bars", json=WEEK).status_code


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([b"GET /" + b"a" * 17_000], 414),
        ([START + b"X: " + b"a" * 40_000, b"a" * 40_000], 431),
        ([START + b"X: y\r\n" * 12_000], 431),
        ([START + b"X: y\r\n" * 250 + b"\r\n"], 431),
        ([b"\r\n" * 40_000], 431),
        ([b"POST /api/v1/bars HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n",
          b" " * 2_100_000], 413),
        ([b"POST /api/v1/bars HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
          b"100000\r\n" + b" " * 0x100000 + b"\r\n", b"180000\r\n" + b" " * 0x180000], 413),
        ([b"\x16\x03\x01 hello\r\n\r\n"], 400),
    ],
    ids=["url", "header", "headers", "many headers", "empty lines", "body", "chunks", "no HTTP"],
)  # fmt: skip
def test_what_is_too_large_is_refused_with_a_reason_and_others_go_on(
    url: str, parts: list[bytes], status: int
) -> None:
    assert status_after(url, *parts) in (status, 0)
    assert small(url) == 200


def test_a_url_without_an_end_does_not_stop_the_loop(url: str) -> None:
    """100 MB of it were joined byte string by byte string."""
    began = time.perf_counter()
    assert status_after(url, b"GET /", *[b"a" * MB] * 100) in (414, 0)
    assert small(url) == 200
    assert time.perf_counter() - began < 3


def test_connections_that_say_nothing_keep_nobody_out(url: str) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(connected(url)).sendall(START)
        assert small(url) == 200


def test_where_all_places_are_taken_health_is_still_told_and_others_are_told_why() -> None:
    source = Blocked()
    limits = ConnectionLimits(connections=3, share=3, reserve=2)
    with running(create_app(gateway_of(source)), limits=limits) as url, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(url)).sendall(posted(MONTHS))
        wait_for(lambda: len(source.queries) >= 2)
        assert httpx2.get(f"{url}/health").status_code == 200
        refused = httpx2.post(f"{url}/api/v1/bars", json=WEEK)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "as many connections and requests as it takes" in refused.json()["detail"]
        source.let.set()


def test_work_whose_asker_is_gone_never_starts() -> None:
    """One thread asks the source; behind it wait twenty whose askers leave, and one small one."""
    source, workers = Blocked(), ThreadWorkers(foreground_threads=1)
    with running(create_app(gateway_of(source, workers=workers))) as url:
        symbols = ["AAPL", "SPY", "QQQ", "NVDA", "TSLA", "AMZN", "META", "GOOGL"]
        for symbol in symbols:
            with connected(url) as sock:
                sock.sendall(posted(MONTHS | {"symbol": symbol}))
                wait_for(lambda: len(source.queries) >= 1)
        status = httpx2.get(f"{url}/status").json()
        wait_for(lambda: httpx2.get(f"{url}/status").json()["bytes_in_flight"] == 0)
        source.let.set()
        assert httpx2.post(f"{url}/api/v1/bars", json=WEEK | {"symbol": "MSFT"}).status_code == 200
    assert status["memory_limit_bytes"] > 0
    assert [query.symbol for query in source.queries] == ["AAPL", "MSFT"]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = gateway_of(Synthetic(MARKET, lambda: NOW), memory_bytes=1024 * MB)
    yield gateway
    gateway.close()


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking_to(create_app(gateway)) as client:
        yield client


async def test_a_long_answer_in_parts_has_what_a_short_one_of_each_month_has(
    http: httpx2.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.answer_body.WHOLE_ARROW_BARS", arrow.BATCH_BARS)
    whole = await http.post("/api/v1/bars", json=MONTHS, headers={"Accept": ARROW})
    bars, metadata = arrow.decode(whole.content)
    assert metadata is not None
    assert len(bars) == metadata.count > arrow.BATCH_BARS
    rows = (await http.post("/api/v1/bars", json=MONTHS)).json()
    assert len(rows["data"]) == len(bars)
    assert [row["close"] for row in rows["data"]] == bars.close.tolist()
    assert rows["metadata"]["count"] == len(bars)
    assert "content-length" not in whole.headers
    assert gateway.memory.used == 0


async def test_a_question_too_large_is_refused_before_anything_is_read(
    http: httpx2.AsyncClient, gateway: Gateway
) -> None:
    json_answer = await http.post("/api/v1/bars", json=YEARS)
    assert (json_answer.status_code, json_answer.json()["param"]) == (400, "limit")
    assert "up to 4,8" in json_answer.json()["detail"]
    answer = await http.post("/api/v1/bars", json=YEARS, headers={"Accept": ARROW})
    assert (answer.status_code, answer.json()["param"]) == (400, "start_date")
    assert "--memory" in answer.json()["detail"]
    assert gateway.status().fetches == 0


async def test_who_waits_too_long_for_memory_is_told_to_come_back(
    http: httpx2.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.memory, "_patience_s", 0)
    gateway.memory.large.change(gateway.memory.large.capacity)
    refused = await http.post(
        "/api/v1/bars", json=YEARS | {"start_date": "2022-01-01"}, headers={"Accept": ARROW}
    )
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"] == "urn:polytape:busy"
    assert "come back in 5 s" in refused.json()["detail"]
    assert (await http.post("/api/v1/bars", json=WEEK)).status_code == 200
    shown = (await http.get("/metrics")).text
    assert "polytape_memory_refusals_total 1.0" in shown


async def test_a_batch_reads_nothing_more_once_its_bars_are_used_up(
    http: httpx2.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.batch.MAX_BATCH_BARS", 30_000)
    body = {"requests": [MONTHS | {"limit": 20_000}] * 40 + [YEARS]}
    answers = (await http.post("/api/v1/bars/batch", json=body)).json()["answers"]
    assert ["error" in answer for answer in answers] == [False] + [True] * 40
    assert gateway.metrics.total("polytape_bars_served") < 20 * 20_000


@pytest.mark.parametrize(
    "query",
    [
        "symbol=AAPL&timeframe=1min&" + "&".join(f"x{n}={n}" for n in range(1_500)),
        "symbol=AAPL&timeframe=1day&" + "limit=1&" * 1_500, "symbol=%00&timeframe=1day",
        "symbol=%ff%fe&timeframe=1day", "symbol=AAPL&timeframe=1day&limit=" + "9" * 400,
        "symbol=AAPL&timeframe=1day&limit=1e400", "symbol=AAPL&timeframe=%F0%9F%92%A9",
        "symbol=AAPL&timeframe=1day&start_date=" + "9" * 1_000, "=&=&&&;;", "symbol[]=AAPL&timeframe",
        "symbol=AAPL&timeframe=1day&start_date=0001-01-01&end_date=9999-12-31",
        "symbol=AAPL&timeframe=1day&start_date=-999999999999999999",
        "symbol=AAPL&timeframe=1day&start_date=99999999999999999999999",
    ],
)  # fmt: skip
async def test_no_hostile_query_is_a_bug(http: httpx2.AsyncClient, query: str) -> None:
    assert (await http.get(f"/api/v1/bars?{query}")).status_code in (200, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 50_000, b'{"symbol":"AAPL","timeframe":"1day","x":' + b"[" * 5_000,
        b'{"symbol": "\xff", "timeframe": "1day"}', b'{"symbol":"AAPL","timeframe":"1day","limit":1e999}',
        b'{"symbol":"AAPL","timeframe":"1day","limit":' + b"9" * 5_000 + b"}", b"\x00" * 1_000, b'"',
        b'{"symbol":"\\ud800","timeframe":"1day"}', json.dumps({"requests": [[]] * 2_000}).encode(),
    ],
    ids=range(10),
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/bars", "/api/v1/bars/batch"])
async def test_no_hostile_body_is_a_bug(http: httpx2.AsyncClient, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await http.post(path, content=body, headers=headers)).status_code == 400


def posted(body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /api/v1/bars HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + content


def wait_for(true: Callable[[], bool]) -> None:
    """Wait for another thread. Raises: AssertionError after ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)
