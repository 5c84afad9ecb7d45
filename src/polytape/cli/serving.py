"""The gateway as a process."""

import click

from polytape.cli.logs import configure_logs
from polytape.cli.output import MADE_UP, note
from polytape.cli.stores import served
from polytape.cli.wiring import make_app, make_gateway
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import address, listen, serve
from polytape.gateway.tls import server_context
from polytape.settings import Settings


def run_gateway(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises: ConfigurationError."""
    gateway = make_gateway(served(settings))
    store = gateway.store
    stored = "nothing is kept" if store is None else f"store {store.storage.url}"
    serve_gateway(settings, gateway, "gateway", stored)


def serve_gateway(settings: Settings, gateway: Gateway, kind: str, remark: str) -> None:
    """Say where a gateway of a kind is, with a remark on it, and serve it until SIGINT or SIGTERM.

    Raises: ConfigurationError.
    """
    configure_logs(settings)
    context = server_context(settings.tls_cert, settings.tls_key)
    app = make_app(settings, gateway)
    sockets = listen(settings.host, settings.port)
    source = gateway.bars.source_name
    url = address(sockets, "http" if context is None else "https")
    click.echo(f"polytape {kind} on {url} · source {source} · {remark} · ctrl-C stops it")
    if gateway.bars.made_up:
        note(MADE_UP)
    serve(app, sockets, context)
    click.echo("stopped")
