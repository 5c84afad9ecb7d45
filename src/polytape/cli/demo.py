"""`polytape demo`: the whole way from a source to a frame, in one process."""

import sys
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import msgspec

from polytape.cli import scan_output
from polytape.cli.bars import bars_lines
from polytape.cli.output import MADE_UP, note, paragraph, price_text, print_facts
from polytape.cli.replay import ReplayRequest
from polytape.cli.replaying import make_replay
from polytape.cli.wiring import make_app, make_gateway
from polytape.client.engines import ConfluenceScanner
from polytape.client.sync import PolygonClient
from polytape.gateway.server import running
from polytape.model.counts import counted
from polytape.model.market import Market, Session
from polytape.model.timestamps import to_datetime
from polytape.settings import Settings
from polytape.wire import arrow, json_rows
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.messages import US_PER_MS

SYMBOL = "AAPL"
STREAMED = ("AAPL", "SPY")
REPLAY_SPEED, LIVE_BARS = 120.0, 6
# The day that the page shows: it lasts a quarter of an hour from there on.
PAGE_FROM, PAGE_SPEED, PAGE = "11:00", 30.0, f"/#/chart?symbol={SYMBOL}&timeframe=5min"
SESSION_FACTS = (
    "current_price", "pre_market_price", "open_price",
    "atr_5min", "atr_15min", "atr_2hour", "daily_atr", "atr_high", "atr_low",
)  # fmt: skip
FIGURES = ("source", "requests", "bars_served", "fetches", "uptime_seconds")


def is_watched() -> bool:
    """Whether somebody sits before it, who can look at the page and press ctrl-C."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def show(*, keep: bool) -> None:
    """Print bars, a session and the gateway's figures; `keep` a gateway with the page at the end,
    until ctrl-C.
    """
    settings = Settings(source="synthetic", port=0, store="none", slow_request_s=0)
    gateway = make_gateway(settings)
    with running(make_app(settings, gateway)) as url, PolygonClient(url) as client:
        click.echo(f"{_bold(f'A gateway on {url}')}\n{MADE_UP}\n")
        last = _last_session(gateway.now(), gateway.market)
        _bars(client, last)
        _session(client, last)
        for _ in range(2):
            _year(client, last)
        _scan(client, last)
        click.echo("\n" + _bold("The gateway's figures"))
        status = client.gateway_status()
        print_facts({name: status[name] for name in FIGURES}, "table")
    _replay(settings, last)
    if keep:
        _page(settings, last)
    else:
        click.echo("\nThe page: polytape demo --keep, and a browser at the address that it prints")
    click.echo("\nThe gateway is stopped. Next: polytape serve --source synthetic")


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _last_session(now: int, market: Market) -> Session:
    last = market.session_before(market.date_of(now))
    assert last is not None
    return last


def _bars(client: PolygonClient, last: Session) -> None:
    table = client.fetch_table(SYMBOL, last.day, last.day, "60min", include_extended=False)
    bars, metadata = arrow.from_table(table)
    rows = msgspec.to_builtins(json_rows.to_rows(bars))
    for line in bars_lines(rows, msgspec.to_builtins(metadata)):
        click.echo(line)


def _session(client: PolygonClient, last: Session) -> None:
    at = to_datetime(last.open) + timedelta(hours=1)
    local = at.astimezone(client.market.zone)
    click.echo("\n" + _bold(f"{SYMBOL} as it could be known at {local:%a %H:%M}"))
    session = client.get_session_data(SYMBOL, at)
    facts: Mapping[str, object] = session
    print_facts({name: facts[name] for name in SESSION_FACTS}, "table")
    if session["basis"] is not None:
        for line in paragraph(basis_words(session["basis"]), 0):
            click.echo(line.rstrip())
    if session["error"] is not None:
        note(session["error"])


def basis_words(basis: Mapping[str, Any]) -> str:
    """What an answer stands on, for a reader: how many sessions have bars, and what to know."""
    inputs = [
        f"{one['series']} bars of {_share(one['with_bars'], one['expected'])}"
        for one in basis["inputs"]
    ]
    return "; ".join(filter(None, (f"from {' and '.join(inputs)}", basis["line"])))


def _share(with_bars: int, expected: int) -> str:
    of = "all" if with_bars == expected else f"{with_bars:,} of"
    return f"{of} {counted(expected, 'session')}"


def _scan(client: PolygonClient, last: Session) -> None:
    result = ConfluenceScanner(client).scan(SYMBOL, to_datetime(last.open) + timedelta(hours=4))
    click.echo("\n" + _bold("Where levels of several kinds meet"))
    for line in scan_output.scan_lines(scan_output.as_json(result), 4):
        click.echo(line)
    picture = Path(tempfile.gettempdir()) / "polytape-demo.png"
    result.plot(path=picture)
    click.echo(f"drawn into {picture}")


def _replay(settings: Settings, last: Session) -> None:
    """A few live bars of a day replayed."""
    request = ReplayRequest(f"{last.day}", STREAMED, "synthetic", speed=REPLAY_SPEED)
    gateway = make_replay(request, settings)
    title = f"{last.day} replayed, live, {REPLAY_SPEED:g} times as fast"
    click.echo("\n" + _bold(title))
    with (
        running(make_app(settings, gateway)) as url,
        PolygonClient(url) as client,
        client.stream(STREAMED) as events,
    ):
        bars = (event for event in events if isinstance(event, MinuteAggregate))
        for bar in islice(bars, LIVE_BARS):
            local = client.market.local(bar.start * US_PER_MS)
            click.echo(f"{local:%a %H:%M}  {bar.symbol:<6}{price_text(bar.close):>10}")


def _page(settings: Settings, last: Session) -> None:
    """The page of a replayed day, until ctrl-C."""
    request = ReplayRequest(f"{last.day}", (), "synthetic", at=PAGE_FROM, speed=PAGE_SPEED)
    gateway = make_replay(request, settings)
    with running(make_app(settings, gateway)) as url:
        click.echo("\n" + _bold(f"The page: {url}{PAGE}"))
        click.echo(
            f"{last.day} from {PAGE_FROM} New York, {PAGE_SPEED:g} times as fast, until ctrl-C"
        )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo()


def _year(client: PolygonClient, last: Session) -> None:
    began = perf_counter()
    frame = client.fetch_bars(SYMBOL, last.day - timedelta(days=364), last.day, "1min")
    took = (perf_counter() - began) * 1e3
    hits = client.stats().cache_hits
    how = "from the client's cache" if hits else "over HTTP as Arrow"
    click.echo(f"\na year of minutes, {how}: {len(frame):,} bars in {took:,.0f} ms")
