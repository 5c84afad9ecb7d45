"""`polytape demo`: the whole way from a source to a frame, in one process."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from polytape.cli.engines import print_scan
from polytape.cli.output import MADE_UP, Format, print_bars, print_facts
from polytape.cli.wiring import make_app, make_desk
from polytape.client.engines import ConfluenceScanner
from polytape.client.sync import PolygonClient
from polytape.model.market import Session, xnys
from polytape.model.newyork import NEW_YORK, to_datetime
from polytape.settings import Settings
from polytape.wire import arrow

SYMBOL = "AAPL"


def show(console: Console) -> None:
    """Print bars, a session and the gateway's figures."""
    settings = Settings(source="synthetic", port=0, data=None, token=None, store="none")
    desk = make_desk(settings)
    from polytape.gateway.server import running

    with running(make_app(settings, desk)) as url, PolygonClient(url) as client:
        console.print(f"[bold]A gateway on {url}[/]  {MADE_UP}\n")
        last = _last_session(desk.now())
        _bars(console, client, last)
        _session(console, client, last)
        for _ in range(2):
            _year(console, client, last)
        _scan(console, client, last)
        console.print("\n[bold]The gateway's figures[/]")
        told = client.gateway_status()
        wanted = ("source", "requests", "bars_served", "source_questions", "uptime_seconds")
        print_facts({name: told[name] for name in wanted}, Format.TABLE, console)
    console.print("\nThe gateway is stopped. Next: polytape serve --source synthetic")


def _last_session(now: int) -> Session:
    last = xnys().session_before(to_datetime(now).astimezone(NEW_YORK).date())
    assert last is not None
    return last


def _bars(console: Console, client: PolygonClient, last: Session) -> None:
    table = client.fetch_table(SYMBOL, last.day, last.day, "60min", include_extended=False)
    bars, metadata = arrow.from_table(table)
    assert metadata is not None
    print_bars(bars, metadata, console)


def _session(console: Console, client: PolygonClient, last: Session) -> None:
    at = to_datetime(last.open) + timedelta(hours=1)
    console.print(f"\n[bold]{SYMBOL} as it could be known at {at.astimezone(NEW_YORK):%a %H:%M}[/]")
    print_facts(client.get_session_data(SYMBOL, at), Format.TABLE, console)


def _scan(console: Console, client: PolygonClient, last: Session) -> None:
    at = to_datetime(last.open) + timedelta(hours=4)
    found = ConfluenceScanner(client).scan(SYMBOL, at)
    console.print("\n[bold]Where levels of several kinds meet[/]")
    print_scan(found, 4, console)
    picture = Path(tempfile.gettempdir()) / "polytape-demo.png"
    found.plot(str(picture))
    console.print(f"drawn into {picture}")


def _year(console: Console, client: PolygonClient, last: Session) -> None:
    began = datetime.now(NEW_YORK)
    frame = client.fetch_bars(SYMBOL, last.day - timedelta(days=364), last.day, "1min")
    took = (datetime.now(NEW_YORK) - began).total_seconds() * 1e3
    hits = client.stats().cache_hits
    how = "from the client's cache" if hits else "over HTTP as Arrow"
    console.print(f"\na year of minutes, {how}: {len(frame):,} bars in {took:,.0f} ms")
