"""`polytape open`: the gateway's page in a browser, which may then do what its owner may."""

import click

from polytape.cli.gateway import connect
from polytape.cli.options import url_option
from polytape.errors import DataFetchError


@click.command("open")
@url_option
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
def open_page(url: str | None, only_print: bool) -> None:
    """Open the gateway's page in a browser, as its owner.

    The address has a code in its fragment that is good once and for a minute: no browser sends it
    to anybody. The page trades it in for a token of its own.
    """
    with connect(url) as gateway:
        answer = gateway.post("/session/code", {})
        address = gateway.base_url
    code = answer.get("code")
    if not isinstance(code, str):
        raise DataFetchError("the answer has no code: is this a polytape gateway?")
    page = f"{address}/open#code={code}"
    if only_print or not _opened(page):
        click.echo(page)
    else:
        click.echo(f"opened {address} in the browser")


def _opened(page: str) -> bool:
    """Whether there is a browser that takes the page."""
    import webbrowser

    try:
        return webbrowser.open(page)
    except webbrowser.Error:
        return False
