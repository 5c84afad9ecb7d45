"""The gateway as a process."""

import click

from polytape.cli.output import MADE_UP, note
from polytape.cli.wiring import make_app, make_gateway
from polytape.gateway.server import address, listen, serve
from polytape.settings import Settings


def run_gateway(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises: ConfigurationError."""
    gateway = make_gateway(settings)
    app = make_app(settings, gateway)
    sockets = listen(settings.host, settings.port)
    store = gateway.store
    stored = "nothing is kept" if store is None else f"store {store.storage.url}"
    source = gateway.bars.source_name
    url = address(sockets)
    click.echo(f"polytape gateway on {url} · source {source} · {stored} · ctrl-C stops it")
    if gateway.bars.made_up:
        note(MADE_UP)
    serve(app, sockets)
    click.echo("stopped")
