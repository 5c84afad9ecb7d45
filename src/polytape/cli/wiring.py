"""From settings to a gateway, and to the application that serves it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from polytape.cli import stores
from polytape.cli.budget import make_budget
from polytape.cli.clock import market_clock, now_us, this_market
from polytape.cli.feed_sharing import shared_feed
from polytape.cli.feeds import choose_feed
from polytape.cli.options import StoreOptions
from polytape.cli.sources import choose_upstream
from polytape.errors import ConfigurationError
from polytape.settings import Settings, load
from polytape.store.answers import StoredAnswers
from polytape.upstream.answer_store import MemoryAnswers

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from polytape.gateway.browser_guard import BrowserGuard
    from polytape.gateway.gateway import Gateway

# Shorter ones can be guessed.
SHORTEST_TOKEN = 16


def make_gateway(settings: Settings) -> "Gateway":
    """The gateway over its source and store. Raises: ConfigurationError."""
    try:
        from polytape.gateway.gateway import Gateway
    except ImportError as error:
        raise ConfigurationError(stores.NEED_GATEWAY) from error
    market, budget = this_market(), make_budget(settings)
    clock = market_clock(settings.speed, market)
    turned = None if settings.speed is None else clock
    now = now_us if turned is None else turned.now
    # What a market that runs ahead has made up is not for a store.
    store = stores.open_store(settings) if settings.speed is None else None
    answers = MemoryAnswers() if store is None else StoredAnswers(store.storage)
    upstream = choose_upstream(settings, market, budget, answers, now)
    feed = shared_feed(settings, choose_feed(settings, upstream, market, clock, budget), now)
    return Gateway(upstream, market, now, budget, store, feed, turned)


def make_app(settings: Settings, gateway: "Gateway") -> "ASGIApp":
    """The application over a gateway.

    Raises: ConfigurationError where it would face a network without an access token.
    """
    try:
        from polytape.gateway.app import create_app
        from polytape.gateway.server import is_loopback
    except ImportError as error:
        raise ConfigurationError(stores.NEED_GATEWAY) from error
    local = is_loopback(settings.host)
    if not local and settings.token is None:
        raise ConfigurationError(
            f"{settings.host} can be reached from other machines: set POLYTAPE_TOKEN to an "
            "access token, or stay on --host 127.0.0.1"
        )
    token = None if settings.token is None else settings.token.reveal()
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"POLYTAPE_TOKEN has {len(token)} characters: at least {SHORTEST_TOKEN} are needed, "
            "so that nobody guesses it"
        )
    return create_app(gateway, token=token, compress=not local, guard=browser_guard(settings))


def browser_guard(settings: Settings) -> "BrowserGuard":
    """Which hosts and pages the gateway knows: the address that it is bound to, this machine's
    name, and those that the settings name.
    """
    from polytape.gateway.browser_guard import BrowserGuard

    hosts = {settings.host.lower(), socket.gethostname().lower(), *_names(settings.allowed_hosts)}
    return BrowserGuard(frozenset(hosts), frozenset(_names(settings.allowed_origins)))


def _names(text: str) -> list[str]:
    return [name.strip().lower().rstrip("/") for name in text.split(",") if name.strip()]


@contextmanager
def opened_gateway(options: StoreOptions) -> Iterator["Gateway"]:
    """A gateway that fetches into the store that a command names, closed afterwards.

    Raises: ConfigurationError for `--store none`, or without a source.
    """
    settings = load(**options)
    if settings.store == "none":
        raise ConfigurationError(stores.NO_STORE)
    gateway = make_gateway(settings)
    try:
        if gateway.upstream is None:
            raise ConfigurationError("there is nobody to ask: name a --source")
        yield gateway
    finally:
        gateway.close()
