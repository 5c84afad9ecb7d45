"""`polytape fake-vendor`: the stand-in on a port of its own."""

import asyncio
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from polytape.cli.clock import market_clock, now_us, this_market
from polytape.cli.output import MADE_UP, note
from polytape.errors import ConfigurationError, ValidationError, one_of
from polytape.fake_vendor.live_mischief import LiveMischief
from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.mischief import Mischief
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, start
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.replay import replayed
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.listing import FAMOUS
from polytape.upstream.synthetic.source import Synthetic

HOST = "127.0.0.1"
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class FakeVendorOptions:
    """The options of the command under their names there; `every` and `live_every` are what to do
    wrong each time.
    """

    port: int
    data: Path | None
    seed: int
    plan: str | None
    key: str | None
    every: str | None
    live_every: str | None
    connections: int
    speed: float | None


def run_fake_vendor(options: FakeVendorOptions) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises: ConfigurationError for a port that is taken, ValidationError for unknown mischief.
    """
    every = _kind(Mischief, "mischief", options.every)
    live_every = _kind(LiveMischief, "live_mischief", options.live_every)
    market = _open_market(options)
    vendor = FakeVendor(
        Routes(market.fake, options.plan),
        options.key,
        every=every,
        clock=market.clock,
        live_connections=options.connections,
    )
    vendor.live.every = live_every
    asyncio.run(_serve(vendor, options.port, made_up=options.data is None))


class TimedMarket(NamedTuple):
    """A market and the clock that it keeps."""

    fake: FakeMarket
    clock: MarketClock


def _open_market(options: FakeVendorOptions) -> TimedMarket:
    """A made-up market, or that of flat files: with a speed it begins at the open of their last
    session, and nothing of later is known.

    Raises: ConfigurationError for files without minutes.
    """
    market = this_market()
    if options.data is None:
        clock = market_clock(options.speed, market)
        now = now_us if options.speed is None else clock.now
        upstream = Synthetic(market, now, seed=options.seed).upstream()
        return TimedMarket(FakeMarket(upstream, market, now, tuple(FAMOUS)), clock)
    upstream = FlatFiles(options.data, market).upstream()
    universe = tuple(info.symbol for info in upstream.reference.search("", active_only=False))
    if options.speed is None:
        clock = market_clock(None, market)
        return TimedMarket(FakeMarket(upstream, market, now_us, universe), clock)
    clock = MarketClock(_last_open(upstream, market), options.speed, time.monotonic)
    cut = replayed(upstream, market, clock.now)
    return TimedMarket(FakeMarket(cut, market, clock.now, universe), clock)


def _last_open(files: Upstream, market: Market) -> int:
    """The open of the last session that there are minutes of, microseconds UTC."""
    session = market.session_before(market.date_of(now_us()))
    while session is not None:
        if files.days is not None and files.days.has_day(Series.MINUTE, session.day):
            return session.regular.start
        session = market.session_before(session.day)
    raise ConfigurationError("--speed with --data: there are no minutes in these files")


def _kind(kinds: type[Kind], param: str, name: str | None) -> Kind | None:
    if name is not None and name not in tuple(kinds):
        raise ValidationError(param, name, one_of(tuple(kinds)))
    return None if name is None else kinds(name)


async def _serve(vendor: FakeVendor, port: int, *, made_up: bool) -> None:
    try:
        await start(vendor, HOST, port)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {HOST} port {port}: {error.strerror or error} (--port names another)"
        ) from error
    url = vendor.routes.host
    symbols = counted(len(vendor.routes.market.universe), "symbol")
    click.echo(f"fake vendor on {url} · {symbols} · ctrl-C stops it")
    click.echo(f"live events on ws{url.removeprefix('http')}/stocks")
    click.echo(f"try: POLYGON_API_KEY=any polytape serve --vendor {url} --store none")
    if made_up:
        note(MADE_UP)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await vendor.close()
    click.echo("stopped")
