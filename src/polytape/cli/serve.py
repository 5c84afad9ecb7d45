"""`polytape serve | demo | fake-vendor`: what listens until it is stopped."""

from pathlib import Path
from typing import Any, get_args

import click

from polytape.cli.options import data_option, log_options, plan_option, port_type
from polytape.settings import Secret, SourceName, load


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=port_type, help="Port; 0 takes any.")
@click.option("--source", type=click.Choice(get_args(SourceName)), help="Where bars come from.")
@data_option
@plan_option
@click.option("--redis", help="redis://HOST: share a key's budget and live feed between gateways.")
@click.option("--vendor", "vendor_url", help="Where the vendor's API is.")
@click.option("--feed", "feed_url", help="Where its live feed is; default: the one of that API.")
@click.option(
    "--splits",
    type=click.Path(path_type=Path),
    help="CSV: ticker,execution_date,split_from,split_to. Default DATA/splits.csv.",
)
@click.option("--seed", type=int, help="Which made-up market; default 0.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000, min_open=True),
    help="Run a made-up market so many times as fast, from the last session's open; no store.",
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    help="PEM: serve HTTPS with this certificate and its chain.",
)
@click.option(
    "--tls-key", type=click.Path(path_type=Path), help="PEM: its key, unless it is in that file."
)
@click.option(
    "--anonymous-per-minute",
    type=click.IntRange(1),
    help="Requests an address may send without a token; default: 600 off the loopback.",
)
@click.option(
    "--memory",
    help="Memory for its cache and the answers in flight, such as 2GB; default: a quarter of all.",
)
@click.option(
    "--store", help="Where bars are kept: PATH, s3://BUCKET/PREFIX, none; default: user data."
)
@log_options
def serve(redis: str | None, **options: object) -> None:
    """Run the gateway until ctrl-C.

    Options not given come from the environment (POLYTAPE_HOST, POLYTAPE_PORT, ...). With
    --source auto, the default, the vendor is asked where a key is set.
    """
    from polytape.cli.serving import run_gateway

    run_gateway(load(**options, redis=None if redis is None else Secret(redis)))


@click.command()
@click.option(
    "--keep/--no-keep",
    default=None,
    help="Leave a gateway with the page running until ctrl-C; default: on a terminal.",
)
def demo(keep: bool | None) -> None:
    """Start a gateway on made-up prices, ask it for bars and a session, show its page.

    On a terminal the page of a replayed day stays until ctrl-C, for a browser to look at; elsewhere
    the gateway is stopped.
    """
    from polytape.cli.demo import is_watched, show

    show(keep=is_watched() if keep is None else keep)


@click.command("fake-vendor")
@click.option("--port", type=port_type, default=8300, help="Port; 0 takes any.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Flat files in place of a made-up market.",
)
@click.option("--seed", type=int, default=0, help="Which made-up market; default 0.")
@plan_option
@click.option("--key", help="The only key accepted; default any.")
@click.option("--mischief", "every", help="What to do wrong with each answer.")
@click.option("--live-mischief", "live_every", help="What to do wrong with live events each time.")
@click.option(
    "--connections",
    type=click.IntRange(min=1),
    default=1,
    help="Live connections a key; one more evicts the oldest. Default 1.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000, min_open=True),
    help="Run its clock so many times as fast, from the last session's open.",
)
def fake_vendor(**options: Any) -> None:
    """Run a stand-in for the vendor, REST and live: try a Polygon program without a key.

    POST {"mischief": ["429", "reset"]} to /_fake spoils the next answers, {"live": ["drop"]} the
    live events of /stocks; GET /_fake tells what was asked and who listens. Prices are made up,
    unless --data names real ones.
    """
    from polytape.cli.fake_vendor import FakeVendorOptions, run_fake_vendor

    run_fake_vendor(FakeVendorOptions(**options))
