"""`polytape bars`."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

import click
import msgspec

from polytape.cli import options as shared
from polytape.cli import output
from polytape.cli.answers import BarRow, BarsAnswer, Metadata, whole_bars
from polytape.cli.bars_dates import first_and_last
from polytape.cli.gateway import connect
from polytape.cli.gateway_time import gateway_day
from polytape.cli.moments import MOMENT
from polytape.cli.output_file import chosen_form
from polytape.model.counts import counted

FIRST_SHOWN, LAST_SHOWN = 10, 30
SHOWN_IN = ZoneInfo("America/New_York")
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "vwap", "transactions")


class BarsBody(TypedDict):
    """The body of `POST /bars`; dates as `model.instants` reads them."""

    symbol: str
    timeframe: str
    start_date: str
    end_date: str
    include_extended: bool
    limit: NotRequired[int]
    allow_partial: NotRequired[bool]
    adjusted: NotRequired[bool]


@click.command()
@shared.symbol_argument
@click.option(
    "--start",
    type=MOMENT,
    help="First day, 5d, ytd, or instant (New York time without a zone); default 30 days ago.",
)
@click.option("--period", help="In place of --start: a length before --end, 1mo, 5d, ytd.")
@click.option(
    "--end",
    type=MOMENT,
    help="Last day, yesterday, or instant (exclusive; New York time without a zone).",
)
@click.option("--timeframe", default="1day", help="1min 5min 15min 60min 1day ...")
@click.option("--limit", type=int, help="Only the latest so many bars.")
@click.option("--extended/--no-extended", default=True, help="Extended hours too.")
@click.option("--allow-partial", is_flag=True, help="What there is, where some bars are missing.")
@click.option("--as-traded", is_flag=True, help="Prices and volumes before splits.")
@click.option("--format", "form", type=click.Choice(shared.BARS_FORMATS), help="Default table.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="FILE.csv, .json or .parquet; - is stdout."
)
@shared.url_option
def bars(
    symbol: str,
    start: str | None,
    period: str | None,
    end: str | None,
    timeframe: str,
    limit: int | None,
    extended: bool,
    allow_partial: bool,
    as_traded: bool,
    form: str | None,
    out: Path | None,
    url: str | None,
) -> None:
    """Bars of one symbol; times are shown in New York time, csv and json are UTC."""
    form, out = chosen_form(out, form)
    first, last = first_and_last(start, end, lambda: gateway_day(url), period)
    body = BarsBody(
        symbol=symbol,
        timeframe=timeframe,
        start_date=first,
        end_date=last,
        include_extended=extended,
    )
    if limit is not None:
        body["limit"] = limit
    if allow_partial:
        body["allow_partial"] = True
    if as_traded:
        body["adjusted"] = False
    metadata = _print(body, form, url) if out is None else _write(body, out, form, url)
    for remark in _remarks(metadata):
        output.note(remark)
    if metadata.get("count") == 0:
        output.note(_why_empty(first, last, timeframe))


def bars_text(rows: Sequence[BarRow], metadata: Metadata, form: str) -> str:
    """Bars as they go to a pipe or a text file."""
    if form == "json":
        return msgspec.json.encode({"data": rows, "metadata": metadata}).decode() + "\n"
    if form == "csv":
        return _csv(rows)
    return "".join(f"{line}\n" for line in bars_lines(rows, metadata))


def bars_lines(rows: Sequence[BarRow], metadata: Metadata) -> list[str]:
    """A table in New York time; the middle of a long one is left out."""
    title = f"{metadata['symbol']} {metadata['timeframe']} · {counted(len(rows), 'bar')}"
    title += f" · {metadata.get('source', '')}"
    names = ("New York", "open", "high", "low", "close", "volume", "vwap")
    intraday = "min" in metadata["timeframe"]
    shown = [_cells(row, intraday=intraday) for row in _ends(rows)]
    if len(shown) < len(rows):
        left_out = f"... {len(rows) - len(shown):,} more"
        shown.insert(FIRST_SHOWN, [left_out, *[""] * (len(names) - 1)])
    lines = output.table_lines(names, shown, right=range(1, len(names)), tight=True)
    return [click.style(title.ljust(len(lines[0])), italic=True), *lines]


def _print(body: BarsBody, form: str, url: str | None) -> Metadata:
    """Print the bars; what the gateway says of them."""
    with connect(url) as gateway:
        answer: BarsAnswer = gateway.post("/bars", body, BarsAnswer)
    rows, metadata = whole_bars(answer, body["symbol"].upper(), body["timeframe"])
    click.echo(bars_text(rows, metadata, form), nl=False)  # without the italics, but on a screen
    return metadata


def _write(body: BarsBody, out: Path, form: str, url: str | None) -> Metadata:
    from polytape.cli.bars_file import write_bars

    return write_bars(body, out, form, url)


def _why_empty(first: str, last: str, timeframe: str) -> str:
    from polytape.cli.why_empty import why_empty

    return why_empty(first, last, timeframe)


def _remarks(metadata: Metadata) -> Iterator[str]:
    """What a reader must know of the bars, and whether they are invented."""
    basis = metadata.get("basis")
    if basis is None:
        yield from metadata.get("notes", ())
    else:
        yield from filter(None, [output.basis_line(basis)])
    if metadata.get("made_up"):
        yield output.MADE_UP


def _ends(rows: Sequence[BarRow]) -> Sequence[BarRow]:
    """The first and last rows of many; all of few."""
    if len(rows) <= FIRST_SHOWN + LAST_SHOWN + 1:
        return rows
    return [*rows[:FIRST_SHOWN], *rows[-LAST_SHOWN:]]


def _cells(row: BarRow, *, intraday: bool) -> list[str]:
    moment = datetime.fromisoformat(row["timestamp"]).astimezone(SHOWN_IN)
    when = f"{moment:%a %Y-%m-%d %H:%M}" if intraday else f"{moment:%a %Y-%m-%d}"
    prices = [
        output.price_text(price) for price in (row["open"], row["high"], row["low"], row["close"])
    ]
    vwap = row.get("vwap")
    return [when, *prices, f"{row['volume']:,.0f}", "" if vwap is None else output.price_text(vwap)]


def _csv(rows: Sequence[BarRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        volume = float(row["volume"])
        whole = int(volume) if volume.is_integer() else volume
        writer.writerow([whole if name == "volume" else row.get(name) for name in COLUMNS])
    return out.getvalue()
