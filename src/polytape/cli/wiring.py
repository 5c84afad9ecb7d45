"""From settings to a gateway, and to the application that serves it."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from polytape.cli import stores
from polytape.cli.access import make_admission
from polytape.cli.budget import make_budget
from polytape.cli.clock import market_clock, now_us, this_market
from polytape.cli.feed_sharing import shared_feed
from polytape.cli.feeds import choose_feed
from polytape.cli.memory import memory_bytes
from polytape.cli.options import StoreOptions
from polytape.cli.sources import choose_upstream
from polytape.errors import ConfigurationError
from polytape.net.storage import Storage
from polytape.net.tracing import open_tracer
from polytape.settings import Settings, load
from polytape.store.answers import StoredAnswers
from polytape.store.segments import SegmentStore
from polytape.upstream.answer_store import AnswerStore, BestEffortAnswers, MemoryAnswers

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from polytape.gateway.gateway import Gateway
    from polytape.gateway.metrics import Metrics
    from polytape.net.tracing import Tracer

NOBODY = "there is nobody to ask: name a --source"


def make_gateway(settings: Settings) -> "Gateway":
    """The gateway over its source and store. Raises: ConfigurationError."""
    try:
        from polytape.gateway.gateway import Gateway
        from polytape.gateway.metrics import Metrics
    except ImportError as error:
        raise ConfigurationError(stores.need_gateway()) from error
    memory = memory_bytes(settings.memory)
    market, budget = this_market(), make_budget(settings)
    clock = market_clock(settings.speed, market)
    turned = None if settings.speed is None else clock
    now = now_us if turned is None else turned.now
    storage = _place_of(settings)
    metrics = Metrics()
    answers = _answers(storage, metrics)
    upstream = choose_upstream(settings, market, budget, answers, now)
    # Now that there is a source: a gateway that does not start makes no store.
    store = None if storage is None else _store(storage, settings, asks=upstream is not None)
    if turned is None and upstream is not None and upstream.clock is not None:
        now = upstream.clock.earliest
        if store is not None:
            store.believe_until(upstream.clock.latest)
    feed = shared_feed(settings, choose_feed(settings, upstream, market, clock, budget), now)
    return Gateway(
        upstream,
        market,
        now,
        budget,
        store,
        feed,
        turned,
        metrics=metrics,
        job_list=_job_list(settings),
        memory_bytes=memory,
        slow_request_s=settings.slow_request_s or inf,
        tracer=_tracer_of(settings),
    )


def _store(storage: Storage, settings: Settings, *, asks: bool) -> SegmentStore:
    """The store of the settings, made where there is none; `asks`: a source is asked for more.

    Raises: ConfigurationError where it is another source's.
    """
    if asks:
        return stores.claim_store(storage, stores.store_identity(settings))
    return stores.claim_store(storage, stores.identity_without_source(storage, settings))


def _place_of(settings: Settings) -> Storage | None:
    """Where bars are stored. What a market that runs ahead has made up is not for a store."""
    return stores.open_place(settings) if settings.speed is None else None


def _tracer_of(settings: Settings) -> "Tracer | None":
    return open_tracer() if settings.tracing else None


def _answers(storage: Storage | None, metrics: "Metrics") -> AnswerStore:
    """Where reference answers are stored: beside the bars, as far as that can be written."""
    if storage is None:
        return MemoryAnswers()
    return BestEffortAnswers(StoredAnswers(storage), metrics.store_write_failures.inc)


def make_app(settings: Settings, gateway: "Gateway") -> "ASGIApp":
    """The application over a gateway.

    Raises: ConfigurationError where it would face a network without an access token.
    """
    try:
        from polytape.gateway.app import create_app
        from polytape.gateway.server import is_loopback
        from polytape.web.page import page_routes
    except ImportError as error:
        raise ConfigurationError(stores.need_gateway()) from error
    page = page_routes()
    admission = make_admission(settings, has_page=bool(page))
    compress = not is_loopback(settings.host)
    return create_app(gateway, compress=compress, admission=admission, page=page)


@contextmanager
def opened_gateway(
    options: StoreOptions, *, makes_store: bool = True, keeps: bool = True
) -> Iterator["Gateway"]:
    """A gateway that fetches into the store that a command names, closed afterwards. A command that
    only counts `keeps` nothing, and does without one.

    Raises: ConfigurationError for `--store none`, without a source, and where there is no store and
    the command makes none.
    """
    settings = load(**options)
    if settings.store == "none" and keeps:
        raise ConfigurationError(stores.NO_STORE)
    if not makes_store:
        stores.must_be_store(settings)
    if settings.source == "none":  # before a store is made for it
        raise ConfigurationError(NOBODY)
    gateway = make_gateway(settings)
    try:
        if gateway.upstream is None:
            raise ConfigurationError(NOBODY)
        yield gateway
    finally:
        gateway.close()


def _job_list(settings: Settings) -> str:
    """The name of a gateway's list of jobs: its own, of those that share a store."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{socket.gethostname()}-{settings.port}")
