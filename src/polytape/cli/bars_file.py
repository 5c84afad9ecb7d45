"""Bars into a file: by way of Arrow, so that any number of them fits."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from polytape.cli.answers import Metadata
from polytape.cli.bars import BarsBody, bars_text
from polytape.cli.gateway import noting_waits, open_client
from polytape.cli.output import note
from polytape.errors import ConfigurationError
from polytape.model.counts import counted
from polytape.net.atomic_file import write_atomically
from polytape.wire import arrow, json_rows

if TYPE_CHECKING:
    import pyarrow as pa


def write_bars(body: BarsBody, out: Path, form: str, url: str | None) -> Metadata:
    """Write the bars that a body of `POST /bars` stands for; what the gateway says of them.

    Raises: ConfigurationError naming the path.
    """
    with open_client(url) as client, noting_waits(url):
        table = client.fetch_table(
            body["symbol"],
            body["start_date"],
            body["end_date"],
            body["timeframe"],
            body.get("limit"),
            body["include_extended"],
            allow_partial=body.get("allow_partial", False),
            adjusted=body.get("adjusted", True),
        )
    content, metadata = _content(table, form)
    try:
        write_atomically(out, lambda sink: sink.write(content))
    except OSError as error:
        raise ConfigurationError(f"cannot write {out}: {error.strerror}") from error
    note(f"{counted(len(table), 'bar')} written to {out}")
    return metadata


def _content(table: "pa.Table", form: str) -> tuple[bytes, Metadata]:
    """The bytes of a file, and what the table says of its bars."""
    bars, metadata = arrow.from_table(table)
    facts: Metadata = msgspec.to_builtins(metadata)
    if form == "parquet":
        return _parquet(table), facts
    if form == "json":
        assert metadata is not None
        return json_rows.encode(bars, metadata) + b"\n", facts
    rows = msgspec.to_builtins(json_rows.to_rows(bars))
    return bars_text(rows, facts, form).encode(), facts


def _parquet(table: "pa.Table") -> bytes:
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()
