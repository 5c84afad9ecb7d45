"""`polytape top`: what a gateway does now, as a live view in the terminal."""

import click

from polytape.cli.options import url_option


@click.command()
@click.argument("address", metavar="[URL]", required=False)
@click.option("--once", is_flag=True, help="Print one view, and end.")
@click.option(
    "--interval",
    "every_s",
    type=click.FloatRange(min=0.1),
    help="Seconds between views; default 1 on a screen, 60 where lines are written.",
)
@url_option
def top(address: str | None, once: bool, every_s: float | None, url: str | None) -> None:
    """What a gateway does now: requests, cache, budget, sockets, lag, slowest routes.

    Until q or ctrl-C. Requests and bars are counted between two views, the routes' times over the
    last minute. A gateway that is gone is waited for. Where the output is no terminal, views are
    written one after the other.
    """
    from polytape.cli.top_loop import run_top

    run_top(address or url, once=once, every_s=every_s)
