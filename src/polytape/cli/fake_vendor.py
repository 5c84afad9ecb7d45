"""`polytape fake-vendor`: the stand-in on a port of its own."""

import asyncio
import signal
from pathlib import Path

import typer

from polytape.cli.output import MADE_UP, note
from polytape.cli.wiring import now_us
from polytape.errors import ConfigurationError, ValidationError, one_of
from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.mischief import Mischief
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, start
from polytape.model.market import xnys
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Source
from polytape.upstream.synthetic.listing import FAMOUS
from polytape.upstream.synthetic.source import Synthetic

HOST = "127.0.0.1"


def run_fake_vendor(
    port: int, data: Path | None, seed: int, plan: str | None, key: str | None, every: str | None
) -> None:
    """Serve until SIGINT or SIGTERM. Raises ConfigurationError, ValidationError."""
    if every is not None and every not in tuple(Mischief):
        raise ValidationError("mischief", every, one_of(tuple(Mischief)))
    market = xnys()
    source: Source = Synthetic(market, now_us, seed=seed)
    universe = tuple(FAMOUS)
    if data is not None:
        files = FlatFiles(data, market)
        source, universe = files, tuple(i.symbol for i in files.search("", active_only=False))
    routes = Routes(FakeMarket(source, market, now_us, universe), plan)
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
    typer.echo(
        f"fake vendor on {url} · {len(vendor.routes.market.universe)} symbols · ctrl-C stops it"
    )
    typer.echo(f"try: POLYGON_API_KEY=any polytape serve --vendor {url} --store none")
    if made_up:
        note(MADE_UP)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    typer.echo("stopped")
