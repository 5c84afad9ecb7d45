"""The gateways that the walks walk through. How a gateway is put together is said once, in `opened`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx2

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import xnys
from polytape.net.storage import Storage, open_storage
from polytape.store.answers import StoredAnswers
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import DATA, NOW
from tests.fakes.vendor import Street, street


@contextmanager
def opened(
    upstream: Upstream | None,
    storage: Storage | None = None,
    *,
    identity: str = "synthetic/0",
    budget: Budget | None = None,
    token: str | None = None,
    compress: bool = False,
) -> Iterator[str]:
    """The URL of a gateway at the fixed instant, over a source and a store at a place."""
    store = None if storage is None else SegmentStore(storage, identity, xnys())
    budget = budget or Budget.of(100, 1.0)
    gateway = Gateway(upstream, xnys(), lambda: NOW, budget, store, wall=lambda: NOW)
    with running(create_app(gateway, token=token, compress=compress)) as url:
        yield url


def made_up() -> Upstream:
    return Synthetic(xnys(), lambda: NOW).upstream()


@contextmanager
def held() -> Iterator[str]:
    """A gateway on a store alone: a week of minutes and a month of days were asked for before."""
    place = open_storage("memory")
    with opened(made_up(), place) as url, httpx2.Client(base_url=url) as http:
        for timeframe, start, end in (
            ("1min", "2024-05-30", "2024-06-05"),
            ("1day", "2024-05-01", "2024-05-31"),
        ):
            asked = {"symbols": ["AAPL", "BAC"], "timeframe": timeframe}
            asked |= {"start_date": start, "end_date": end}
            http.post("/api/v1/history/backfill", json=asked).raise_for_status()
    with opened(None, place) as url:
        yield url


OWN: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "fresh": lambda: opened(made_up()),
    "stored": lambda: opened(made_up(), open_storage("memory")),
    "held": held,
    "bare": lambda: opened(None),
    "guarded": lambda: opened(made_up(), token="letmein", compress=True),
}


def files() -> AbstractContextManager[str]:
    """A gateway on the real bars, with a store."""
    return opened(FlatFiles(DATA, xnys()).upstream(), open_storage("memory"), identity="flatfiles")


@contextmanager
def before_the_vendor() -> Iterator[tuple[str, Street]]:
    """A gateway with a store in front of the fake vendor, which can be told to misbehave."""
    with street(NOW) as wall:
        place = open_storage("memory")
        source = wall.source("advanced", memory=StoredAnswers(place))
        with opened(
            source.upstream(), place, identity="polygon", budget=source.vendor.budget
        ) as url:
            yield url, wall
