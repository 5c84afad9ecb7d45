"""The fake vendor on a socket. HTTP is written here by hand, since it must be able to be wrong:
reset, drip, promise more than it sends. A WebSocket on `/stocks` is handed to `live.py`.

Beside the vendor's paths it has `/_fake`: GET lists the requests that came, POST
`{"mischief": [...]}` says what to do wrong with the next answers, `{"every": "name"}` with each;
`{"live": [...]}` and `{"live_every": "name"}` say the same of live events, `{"push": [...]}` sends
some.
"""

import asyncio
import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from polytape.fake_vendor.answers import Answer, Json, Query, json_answer, refused
from polytape.fake_vendor.listener import Listener, LoopCalls
from polytape.fake_vendor.live import LiveVendor
from polytape.fake_vendor.live_bars import LiveBars, bar_feed, minutes_wanted
from polytape.fake_vendor.live_mischief import LiveMischief
from polytape.fake_vendor.mischief import TEXTS, Mischief, spoiled
from polytape.fake_vendor.routes import EVERYTHING, NAMED_PLANS, Routes
from polytape.upstream.market_clock import MarketClock

CONTROL, LIVE = "/_fake", "/stocks"
LARGEST_HEAD = 64 * 1024
GZIP_FROM = 2_000
DRIP_BYTES, DRIP_S = 20, 0.05


@dataclass(frozen=True)
class Received:
    """One request: when it came (seconds), its path, its query without a key, and the status of its
    answer.
    """

    at: float
    path: str
    query: tuple[tuple[str, str], ...]
    status: int


@dataclass
class FakeVendor:
    """Answers, counts and misbehaves. `key`: the only one accepted, None for any. `budget` is
    (requests, seconds), by default the plan's. `seconds` is the clock that requests are counted by.

    `live` is the live side, with at most `live_connections` of a key. Minute bars are sent as they
    end on `clock`, which should be the market's; without one, only what is pushed is sent.
    """

    routes: Routes
    key: str | None = None
    budget: tuple[int, float] | None = None
    seconds: Callable[[], float] = time.monotonic
    requests: list[Received] = field(default_factory=list)
    keys_in_urls: int = 0
    mischief: deque[Mischief] = field(default_factory=deque)
    every: Mischief | None = None
    clock: MarketClock | None = None
    live_connections: int = 1

    def __post_init__(self) -> None:
        named = self.routes.plan
        self._plan = EVERYTHING if named is None else NAMED_PLANS[named]
        self._calls = LoopCalls()
        self._feed: asyncio.Task[None] | None = None
        self.live = LiveVendor(
            self.routes.market,
            self.admits,
            self._plan.channels,
            self.live_connections,
            self._calls,
        )
        self.listener = Listener(lambda reader, writer: _connection(self, reader, writer))
        if self.budget is None and self.routes.plan is not None:
            plan = NAMED_PLANS[self.routes.plan]
            self.budget = plan.requests, plan.seconds
        self._lock = threading.Lock()

    @property
    def marks(self) -> dict[str, str]:
        """What each response says of the prices."""
        return self.routes.market.marks

    def admits(self, key: str) -> bool:
        """Whether a key is accepted."""
        return bool(key) and self.key in (None, key)

    def answer(self, target: str, headers: dict[str, str]) -> Answer:
        """What one request is answered."""
        with self._lock:
            path, pairs = unquote(urlsplit(target).path), parse_qsl(urlsplit(target).query, True)
            offered = headers.get("authorization", "").removeprefix("Bearer ").strip()
            query = {name: value for name, value in pairs if name != "apiKey"}
            in_url = dict(pairs).get("apiKey", "")
            self.keys_in_urls += bool(in_url)
            answer = self._answer(path, query, offered or in_url)
            now = self.seconds()
            self.requests.append(Received(now, path, tuple(sorted(query.items())), answer.status))
            return answer

    def busiest(self) -> int:
        """The most requests that came in any window of the budget, refused ones too."""
        window = self.budget[1] if self.budget else 1.0
        times = [one.at for one in self.requests]
        return max((sum(t <= other < t + window for other in times) for t in times), default=0)

    def control(self, body: bytes) -> Answer:
        """What `/_fake` answers: the requests that came; a body is an order that is taken first."""
        try:
            order = json.loads(body) if body else {}
            self.mischief.extend(Mischief(name) for name in order.get("mischief", ()))
            if "every" in order:
                self.every = None if order["every"] is None else Mischief(order["every"])
            self.live.control(order)
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            known = f"{', '.join(Mischief)}; live: {', '.join(LiveMischief)}"
            return refused(400, f"{error}; known: {known}")
        received: list[Json] = [
            {"path": one.path, "query": dict(one.query), "status": one.status}
            for one in self.requests
        ]
        return json_answer(
            {
                "asked": received,
                "mischief": list(self.mischief),
                "every": self.every,
                "busiest": self.busiest(),
                "keys_in_urls": self.keys_in_urls,
                "live": self.live.report(),
            }
        )

    async def start(self, host: str, port: int) -> asyncio.Server:
        """As the function `start`."""
        loop, market = asyncio.get_running_loop(), self.routes.market
        self._calls.attach(loop)
        server = await self.listener.start(host, port, LARGEST_HEAD)
        if self.clock is not None:
            feed = bar_feed(market, self.clock, late=self._plan.late)
            self.live.on_topics = lambda topics: feed.want(minutes_wanted(topics, market.universe))
            self._feed = loop.create_task(feed.run(LiveBars(market, self.live.send)))
        return server

    def stop_listening(self) -> None:
        """Be dead: every connection is reset, nobody is let in. From any thread."""
        self._calls.call(self.listener.stop)

    def listen_again(self) -> None:
        """Be there again, on the same port. From any thread."""
        self._calls.call(self.listener.listen_again)

    async def close(self) -> None:
        """End: hang up on everybody. Raises: what ended the live bars before their time."""
        await self.listener.end()
        await asyncio.sleep(0)  # transports close in the next round
        if self._feed is not None:
            self._feed.cancel()
            with suppress(asyncio.CancelledError):
                await self._feed

    def _answer(self, path: str, query: Query, key: str) -> Answer:
        if not self.admits(key):
            return refused(401, "Unknown API Key")
        if self._over_budget():
            return refused(*TEXTS[Mischief.TOO_MANY])
        right = self.routes.answer(path, query)
        kind = self.mischief.popleft() if self.mischief else self.every
        if kind is None:
            return right
        return spoiled(kind, right, self.routes.market.now() // 1_000)

    def _over_budget(self) -> bool:
        if self.budget is None:
            return False
        limit, window = self.budget
        now = self.seconds()
        recent = 0
        for one in reversed(self.requests):
            if one.at <= now - window:
                break
            recent += one.status != 429
        return recent >= limit


async def start(vendor: FakeVendor, host: str, port: int) -> asyncio.Server:
    """Listen; port 0 takes a free one. `next_url` names this address from now on."""
    server = await vendor.start(host, port)
    vendor.routes.host = f"http://{host}:{vendor.listener.port}"
    return server


@contextmanager
def running(vendor: FakeVendor, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A fake vendor in a thread of this process; yields its URL."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(start(vendor, host, port))
    runs = threading.Event()
    loop.call_soon(runs.set)
    thread = threading.Thread(target=loop.run_forever, name="polytape-fake-vendor")
    thread.start()
    runs.wait()
    try:
        yield vendor.routes.host
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(vendor.close())
        loop.close()


async def _connection(
    vendor: FakeVendor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while await _one(vendor, reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # the client left, or never spoke HTTP


async def _one(
    vendor: FakeVendor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answer one request; whether the connection goes on."""
    raw = await reader.readuntil(b"\r\n\r\n")
    head = raw.decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path = urlsplit(target).path
    if path == LIVE and headers.get("upgrade", "").lower() == "websocket":
        await vendor.live.serve(raw, reader, writer)
        return False
    if path == CONTROL:
        answer = vendor.control(body)
    elif method not in ("GET", "HEAD"):
        answer = refused(405, f"{method} is not allowed")
    else:
        answer = vendor.answer(target, headers)
    answer.headers |= vendor.marks
    return await _send(writer, answer, headers, head_only=method == "HEAD")


async def _send(
    writer: asyncio.StreamWriter, answer: Answer, headers: dict[str, str], *, head_only: bool
) -> bool:
    """Send an answer, as it should be or not; whether the connection goes on."""
    if answer.way in ("reset", "no-answer"):
        if answer.way == "reset":
            writer.transport.abort()
        return False
    answer = _compressed(answer, headers.get("accept-encoding", ""))
    length = len(answer.body) if answer.promised is None else answer.promised
    lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {length}", "X-Request-Id: fake"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if answer.way == "drip":
        await _drip(writer, answer.body)
    elif not head_only:
        writer.write(answer.body)
    if answer.way == "surplus":  # what nobody asked for
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
    await writer.drain()
    return answer.promised is None


def _compressed(answer: Answer, accepted: str) -> Answer:
    """A large answer compressed, where the client accepts it and nothing is wrong with the body."""
    plain = answer.promised is None and not answer.way
    if not plain or len(answer.body) < GZIP_FROM or "gzip" not in accepted:
        return answer
    headers = answer.headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(answer, body=gzip.compress(answer.body, 1), headers=headers)


async def _drip(writer: asyncio.StreamWriter, body: bytes) -> None:
    for at in range(0, len(body), DRIP_BYTES):
        writer.write(body[at : at + DRIP_BYTES])
        await writer.drain()
        await asyncio.sleep(DRIP_S)
