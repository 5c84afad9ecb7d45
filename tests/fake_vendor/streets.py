"""A fake vendor for tests of its live side, and clients that speak to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, running
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW

KEY, OTHER_KEY = "k3y", "an0ther"
UNIVERSE = ("AAPL", "BRK.B", "SPY")
WAIT_S = 5.0


def paused_clock(start: int = NOW) -> MarketClock:
    """A clock that moves by its steps alone."""
    clock = MarketClock(start, 1.0, lambda: 0.0)
    clock.pause()
    return clock


def fake_market(clock: MarketClock) -> FakeMarket:
    """A made-up market at a clock's time."""
    upstream = Synthetic(MARKET, clock.now).upstream()
    return FakeMarket(upstream, MARKET, clock.now, UNIVERSE)


@contextmanager
def live_vendor(
    plan: str | None = None, *, key: str | None = None, connections: int = 1
) -> Iterator[FakeVendor]:
    """A fake vendor that runs; its clock stands."""
    clock = paused_clock()
    vendor = FakeVendor(
        Routes(fake_market(clock), plan), key, clock=clock, live_connections=connections
    )
    with running(vendor):
        yield vendor


def address(vendor: FakeVendor) -> str:
    return vendor.routes.host.replace("http", "ws") + "/stocks"


def opened(vendor: FakeVendor, **options: Any) -> Any:
    """A WebSocket to a vendor, as a context."""
    return connect(address(vendor), proxy=None, **options)


def say(socket: ClientConnection, action: str, params: str) -> None:
    socket.send(json.dumps({"action": action, "params": params}))


def hear(socket: ClientConnection) -> Any:
    """The events of the next frame."""
    return json.loads(socket.recv(timeout=WAIT_S))


def statuses(socket: ClientConnection) -> list[tuple[str, str]]:
    """The statuses of the next frame."""
    return [(one["status"], one["message"]) for one in hear(socket)]


@contextmanager
def subscribed(
    vendor: FakeVendor, topics: str = "AM.AAPL", key: str = KEY
) -> Iterator[ClientConnection]:
    """A WebSocket that is subscribed to topics."""
    with opened(vendor) as socket:
        assert statuses(socket)[0][0] == "connected"
        say(socket, "auth", key)
        assert statuses(socket) == [("auth_success", "authenticated")]
        say(socket, "subscribe", topics)
        assert {status for status, _ in statuses(socket)} == {"success"}
        yield socket
