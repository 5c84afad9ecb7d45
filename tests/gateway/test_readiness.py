"""`/ready`: 200 where the gateway can do what it is there for, else 503 and why."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from polytape.errors import AuthenticationError, PolygonClientError
from polytape.fake_vendor.mischief import Mischief
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.readiness import disk_trouble, readiness
from polytape.model.market import xnys
from polytape.net.storage import FolderStorage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import FeedSink
from polytape.upstream.synthetic.source import Synthetic
from polytape.upstream.vendor_health import FORGOTTEN_S
from polytape.wire.api.readiness_message import Readiness
from polytape.wire.budget import BudgetState
from polytape.wire.flow import Request
from polytape.wire.polygon.topics import Topic
from tests.fakes.vendor import KEY, Street, street
from tests.upstream.polygon.conftest import NOW

STATUS = Request("GET", "/v1/marketstatus/now")


def gateway_of(wall: Street) -> tuple[Gateway, Any]:
    source = wall.source("advanced")
    return Gateway(source.upstream(), xnys(), lambda: NOW, source.vendor.budget), source.vendor


def made_up(**parts: Any) -> Gateway:
    upstream = Synthetic(xnys(), lambda: NOW).upstream()
    return Gateway(upstream, xnys(), lambda: NOW, Budget.of(100, 1.0), **parts)


def ready(gateway: Gateway) -> Readiness:
    return asyncio.run(readiness(gateway))


def ask(vendor: Any, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(PolygonClientError):
            vendor.get(STATUS)


async def test_the_route_says_so_with_its_status_and_needs_no_token() -> None:
    """Whoever restarts containers has none, and looks at the status alone."""
    gateway = made_up(feed=Feed("waiting"))
    app = create_app(gateway, token="a token of some length")
    transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        good = await client.get("/ready")
        gateway.live.connect("me", lifecycle=False)
        gateway.live.want("me", [Topic("AM", "AAPL")])
        bad = await client.get("/ready")
        head = await client.head("/ready")
    gateway.close()
    facts = {"source": "synthetic", "store": None, "feed": "waiting", "requests_left": 100}
    assert (good.status_code, good.json()) == (200, {"ready": True, "reasons": []} | facts)
    reasons = ["the live feed is down: waiting"]
    assert (bad.status_code, bad.json()) == (503, {"ready": False, "reasons": reasons} | facts)
    assert head.status_code == 503


@pytest.mark.socket
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Mischief.RESET, "nothing can be fetched: could not reach http"),
        (Mischief.UNAVAILABLE, "nothing can be fetched: the vendor answers 503"),
        (Mischief.UNKNOWN_KEY, "nothing can be fetched: the vendor does not accept the API key"),
        (Mischief.TOO_MANY, "nothing can be fetched: the vendor refused a request"),
    ],
)
def test_a_vendor_that_fails_is_a_reason_until_it_answers(kind: Mischief, reason: str) -> None:
    """By what happened last: no request of its own."""
    with street(NOW) as wall:
        gateway, vendor = gateway_of(wall)
        if kind is Mischief.TOO_MANY:  # as long as it is closed then
            vendor.budget._window.resize(100, 60.0)
        assert ready(gateway).ready
        wall.vendor.every = kind
        ask(vendor)
        requests = len(wall.vendor.requests)
        state = ready(gateway)
        assert (state.ready, len(state.reasons)) == (False, 1)
        assert state.reasons[0].startswith(reason)
        assert KEY not in state.reasons[0]
        assert len(wall.vendor.requests) == requests
        wall.vendor.every = None
        wall.time.sleep(FORGOTTEN_S + 1 if kind is Mischief.TOO_MANY else 0)
        vendor.get(STATUS)
        assert ready(gateway).ready
        gateway.close()


@pytest.mark.socket
def test_it_recovers_although_nobody_asks() -> None:
    """A balancer sends nothing to whoever is not ready."""
    with street(NOW) as wall:
        gateway, vendor = gateway_of(wall)
        wall.vendor.every = Mischief.RESET
        ask(vendor)
        assert not ready(gateway).ready
        wall.time.sleep(FORGOTTEN_S + 1)
        assert ready(gateway).ready
        gateway.close()


@pytest.mark.socket
def test_what_says_nothing_against_the_vendor_is_no_reason() -> None:
    """A plan that does not include something, an unknown address, one lost connection."""
    with street(NOW) as wall:
        gateway, vendor = gateway_of(wall)
        for kind in (Mischief.NOT_IN_PLAN, Mischief.DATES_NOT_IN_PLAN):
            wall.vendor.every = kind
            ask(vendor, 4)
        wall.vendor.every = None
        wall.spoil(Mischief.RESET)
        vendor.get(STATUS)
        assert ready(gateway).ready
        gateway.close()


def test_a_budget_that_is_used_up_for_long_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has places again in a minute is not."""
    gateway = made_up()
    for reset_s in (61.0, 59.0):
        state = BudgetState(limit=5, used=5, window_s=3600.0, reset_s=reset_s)
        monkeypatch.setattr(gateway, "budget_state", lambda state=state: state)
        assert ready(gateway).ready is (reset_s < 60)
    gateway.close()


class Feed:
    """A feed that is as it is told to be."""

    channels = ("AM",)

    def __init__(self, state: str) -> None:
        self.state = state

    def want(self, topics: frozenset[Topic]) -> None:
        """Whatever."""

    async def run(self, sink: FeedSink) -> None:
        if self.state == "refused":
            raise AuthenticationError("no live data")

    def status(self) -> str:
        return self.state


@pytest.mark.parametrize(
    ("state", "wanted", "works"),
    [
        ("waiting", True, False),
        ("waiting", False, True),
        ("connecting", True, False),
        ("connected", True, True),
        ("idle", False, True),
    ],
)
def test_a_feed_that_is_down_is_a_reason_where_somebody_wants_it(
    state: str, wanted: bool, works: bool
) -> None:
    """Nobody misses what nobody wants."""
    gateway = made_up(feed=Feed(state))
    gateway.live.connect("me", lifecycle=False)
    if wanted:
        gateway.live.want("me", [Topic("AM", "AAPL")])
    found = ready(gateway)
    gateway.close()
    assert (found.ready, found.feed) == (works, state)
    assert found.reasons == (() if works else (f"the live feed is down: {state}",))


def test_a_full_disk_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the next write finds out."""
    gateway = made_up(store=SegmentStore(FolderStorage(tmp_path), "synthetic", xnys()))
    assert ready(gateway).store == str(tmp_path)
    usage = SimpleNamespace(free=63 * 2**20)
    monkeypatch.setattr("polytape.gateway.readiness.shutil.disk_usage", lambda _: usage)
    reasons = ready(gateway).reasons
    gateway.close()
    assert reasons == (f"the disk of {tmp_path} is full: 63 MB are left",)


def test_a_folder_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    """It is made with the first bars."""
    assert disk_trouble(tmp_path / "a" / "b") is None
    assert "is full" in str(disk_trouble(tmp_path / "a", least_free=2**62))
