"""`polytape stream`: live events, a line each, until ctrl-C."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import msgspec

from polytape.cli import output
from polytape.cli.gateway import noting_waits, open_client, warn_if_made_up
from polytape.cli.known_symbols import check_symbols
from polytape.cli.market_hours import why_silent
from polytape.cli.options import symbols_argument, url_option
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.errors import DataFetchError
from polytape.wire.polygon.events import CHANNELS, Aggregate, Quote, Trade

SHOWN_IN = ZoneInfo("America/New_York")
# The gateway says every second that it lives: that is for programs.
UNSEEN = frozenset({"heartbeat", "subscribed", "through"})
FATAL = frozenset({"error", "refused"})
# What the columns of an event are, beside its time and symbol.
COLUMNS: Mapping[type, tuple[str, ...]] = {
    Aggregate: ("open", "high", "low", "close", "volume"),
    Trade: ("price", "size"),
    Quote: ("bid", "ask"),
}


@click.command()
@symbols_argument
@click.option(
    "--channel",
    "channels",
    type=click.Choice(CHANNELS),
    multiple=True,
    default=("AM",),
    show_default=True,
    help="AM minute bars, A second bars, T trades, Q quotes; may be repeated.",
)
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json")),
    default="table",
    help="How to print an event.",
)
@url_option
def stream(
    symbols: tuple[str, ...],
    channels: tuple[str, ...],
    count: int | None,
    form: str,
    url: str | None,
) -> None:
    """Live events of symbols, a line each; times are shown in New York time.

    Above the first event of each kind stands what its columns are; json has none.
    """
    if not symbols:
        raise click.BadParameter("name symbols, or '*' for all")
    check_symbols(url, symbols)
    printed, headed = 0, set[type]()
    with open_client(url) as client, client.stream(symbols, channels) as events, ExitStack() as gap:
        for event in events:
            if isinstance(event, StreamNotice):
                _note(event, client.gateway_status)
                if event.kind == "connected" and (why := why_silent(url)):
                    output.note(why)
                if event.kind in ("gap", "backfilled"):
                    gap.close()
                if event.kind == "gap":  # it is filled before live bars go on
                    gap.enter_context(noting_waits(url))
                continue
            if form == "table":
                _head(event, headed)
            click.echo(_line(event, form))
            printed += 1
            if printed == count:
                return


def _note(notice: StreamNotice, status: Callable[[], Mapping[str, object]]) -> None:
    """What happened to the feed, on stderr. Raises: DataFetchError for what waiting cannot mend."""
    if notice.kind in FATAL:
        raise DataFetchError(notice.detail)
    if notice.kind not in UNSEEN:
        output.note(f"{notice.kind} {notice.detail}".rstrip())
    if notice.kind == "connected":
        warn_if_made_up(status)


def _line(event: StreamEvent, form: str) -> str:
    if form == "json":
        return msgspec.json.encode(event).decode()
    if isinstance(event, Aggregate):
        prices = (event.open, event.high, event.low, event.close)
        cells = [*map(output.price_text, prices), f"{event.volume:,.0f}"]
        return _row(event.start, event.symbol, cells)
    if isinstance(event, Trade):
        return _row(
            event.timestamp, event.symbol, [output.price_text(event.price), f"{event.size:,.0f}"]
        )
    if isinstance(event, Quote):
        sides = (event.bid_price, event.ask_price)
        return _row(event.timestamp, event.symbol, [output.price_text(side) for side in sides])
    return str(event)


def _row(at_ms: int, symbol: str, cells: list[str]) -> str:
    moment = datetime.fromtimestamp(at_ms / 1e3, UTC).astimezone(SHOWN_IN)
    return _columns(f"{moment:%a %H:%M:%S}", symbol, cells)


def _head(event: StreamEvent, headed: set[type]) -> None:
    """Say once what the columns of a kind of event are; `headed` are the kinds so far."""
    for kind, names in COLUMNS.items():
        if isinstance(event, kind) and kind not in headed:
            headed.add(kind)
            click.secho(_columns("New York", "symbol", names), bold=True)


def _columns(at: str, symbol: str, cells: Iterable[str]) -> str:
    return f"{at:<12}  {symbol:<6}" + "".join(f"{cell:>12}" for cell in cells)
