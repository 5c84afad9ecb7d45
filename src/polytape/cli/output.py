"""How answers look: tables for people, csv and json for programs, parquet for files."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from polytape.errors import ConfigurationError
from polytape.model.bars import Bars
from polytape.model.newyork import NEW_YORK, to_datetime
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import BarsMetadata

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_SHOWN, LAST_SHOWN = 10, 30
WIDEST = 500
MADE_UP = "These prices are made up. They are for trying things out, never for trading."


class BarsFormat(StrEnum):
    """Forms of bars."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Format(StrEnum):
    """Forms of everything else."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def note(text: str) -> None:
    """A remark on stderr, so that stdout holds the answer alone."""
    Console(stderr=True, soft_wrap=True).print(Text(text, style="yellow"))


def bars_bytes(table: "pa.Table", form: BarsFormat) -> bytes:
    """Bars as they go to a file or a pipe."""
    if form is BarsFormat.PARQUET:
        from pyarrow import parquet

        sink = io.BytesIO()
        parquet.write_table(table, sink, compression="zstd")
        return sink.getvalue()
    bars, metadata = arrow.from_table(table)
    assert metadata is not None
    if form is BarsFormat.JSON:
        return json_rows.encode(bars, metadata) + b"\n"
    if form is BarsFormat.CSV:
        return _csv(bars).encode()
    out = io.StringIO()
    print_bars(bars, metadata, Console(file=out, width=120))
    return out.getvalue().encode()


def print_bars(bars: Bars, metadata: BarsMetadata, console: Console) -> None:
    """A table in New York time; the middle of a long one is left out."""
    title = f"{metadata.symbol} {metadata.timeframe} · {len(bars):,} bars · {metadata.source}"
    tight = (0, 1, 0, 0)
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=tight, pad_edge=False)
    for name in ("New York", "open", "high", "low", "close", "volume", "vwap"):
        table.add_column(name, justify="left" if name == "New York" else "right", no_wrap=True)
    intraday = "min" in metadata.timeframe
    long = len(bars) > FIRST_SHOWN + LAST_SHOWN + 1
    for at in range(len(bars)):
        if long and FIRST_SHOWN <= at < len(bars) - LAST_SHOWN:
            if at == FIRST_SHOWN:
                left_out = len(bars) - FIRST_SHOWN - LAST_SHOWN
                table.add_row(f"... {left_out:,} more", *[""] * 6)
            continue
        table.add_row(*_cells(bars, at, intraday=intraday))
    _print_whole(table, console)


def print_facts(facts: Mapping[str, Any], form: Format, console: Console) -> None:
    """One record: a line a field, or one JSON object, or a CSV of one row."""
    if form is not Format.TABLE:
        print_records([facts], form, console, single=True)
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        grid.add_row(Text(name, style="bold"), _plain(value))
    console.print(grid)


def print_records(
    records: Iterable[Mapping[str, Any]], form: Format, console: Console, *, single: bool = False
) -> None:
    """Records of the same fields."""
    held = [dict(record) for record in records]
    if form is Format.JSON:
        told: Any = held[0] if single else held
        console.file.write(json.dumps(told, default=_jsonable, indent=2) + "\n")
    elif form is Format.CSV:
        writer = csv.DictWriter(console.file, held[0] if held else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _plain(v, "") for k, v in record.items()} for record in held)
    else:
        table = Table(*(held[0] if held else ()), box=SIMPLE_HEAD)
        for record in held:
            table.add_row(*(_plain(value) for value in record.values()))
        if held:
            _print_whole(table, console)
        else:
            console.print("nothing found")


def _print_whole(shown: Table, console: Console) -> None:
    """A price is never cut to fit a narrow screen; the screen may wrap the line."""
    roomy = console.options.update(width=WIDEST)
    needed = Measurement.get(console, roomy, shown).maximum
    if needed > console.width:
        console = Console(file=console.file, width=needed, force_terminal=console.is_terminal)
    console.print(shown)


def write_file(path: Path, content: bytes) -> None:
    """Write whole or not at all. Raises ConfigurationError naming the path."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error


def _csv(bars: Bars) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(json_rows.Row.__struct_fields__)
    for row in json_rows.to_rows(bars):
        volume = int(row.volume) if row.volume.is_integer() else row.volume
        prices = (row.timestamp, row.open, row.high, row.low, row.close)
        writer.writerow((*prices, volume, row.vwap, row.transactions))
    return out.getvalue()


def _cells(bars: Bars, at: int, *, intraday: bool) -> list[str]:
    moment = to_datetime(int(bars.timestamp[at])).astimezone(NEW_YORK)
    when = f"{moment:%a %Y-%m-%d %H:%M}" if intraday else f"{moment:%a %Y-%m-%d}"
    prices = [_price(getattr(bars, name)[at]) for name in ("open", "high", "low", "close")]
    vwap = bars.vwap[at]
    return [when, *prices, f"{bars.volume[at]:,.0f}", "" if vwap != vwap else _price(vwap)]  # noqa: PLR0124


def _price(value: float) -> str:
    return f"{value:,.2f}" if round(value, 2) == round(value, 4) else f"{value:,.4f}"


def _plain(value: Any, nothing: str = "-") -> str:
    if value is None:
        return nothing
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items())
    return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return _plain(value)
