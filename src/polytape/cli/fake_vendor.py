"""`polytape fake-vendor`: the stand-in on a port of its own."""

import asyncio
import signal
from pathlib import Path

import click

from polytape.cli.clock import now_us, this_market
from polytape.cli.output import MADE_UP, note
from polytape.errors import ConfigurationError, ValidationError, one_of
from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.mischief import Mischief
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, start
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.listing import FAMOUS
from polytape.upstream.synthetic.source import Synthetic

HOST = "127.0.0.1"


def run_fake_vendor(
    port: int, data: Path | None, seed: int, plan: str | None, key: str | None, every: str | None
) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises: ConfigurationError for a port that is taken, ValidationError for unknown mischief.
    """
    if every is not None and every not in tuple(Mischief):
        raise ValidationError("mischief", every, one_of(tuple(Mischief)))
    market = this_market()
    upstream, universe = Synthetic(market, now_us, seed=seed).upstream(), tuple(FAMOUS)
    if data is not None:
        upstream = FlatFiles(data, market).upstream()
        universe = tuple(info.symbol for info in upstream.reference.search("", active_only=False))
    routes = Routes(FakeMarket(upstream, market, now_us, universe), plan)
    vendor = FakeVendor(routes, key, every=None if every is None else Mischief(every))
    asyncio.run(_serve(vendor, port, made_up=data is None))


async def _serve(vendor: FakeVendor, port: int, *, made_up: bool) -> None:
    try:
        server = await start(vendor, HOST, port)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {HOST} port {port}: {error.strerror or error} (--port names another)"
        ) from error
    url = vendor.routes.host
    click.echo(
        f"fake vendor on {url} · {len(vendor.routes.market.universe)} symbols · ctrl-C stops it"
    )
    click.echo(f"try: POLYGON_API_KEY=any polytape serve --vendor {url} --store none")
    if made_up:
        note(MADE_UP)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    click.echo("stopped")
