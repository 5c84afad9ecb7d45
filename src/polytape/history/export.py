"""Bars taken out of the store: as traded, one file or one folder a symbol."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from polytape.errors import ConfigurationError
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segment import arrow_schema, to_table
from polytape.store.segments import SegmentStore


def export_bars(
    store: SegmentStore,
    symbols: list[str],
    series: Series,
    span: Span,
    out: Path,
    *,
    form: Literal["parquet", "csv"] = "parquet",
    hive: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the bars of `symbols`; returns how many. One symbol at a time is in memory. With `hive`
    `out` is a folder that holds `symbol=S/bars.FORM`. Raises ConfigurationError naming the path.
    """
    try:
        if hive:
            rows = 0
            for s in symbols:
                part = [(s, _read(store, s, series, span))]
                rows += _write(out / f"symbol={s}" / f"bars.{form}", part, form, told)
            return rows
        parts = ((s, _read(store, s, series, span)) for s in symbols)
        return _write(out, parts, form, told)
    except OSError as error:
        raise ConfigurationError(f"cannot write {out}: {error.strerror or error}") from error


def _read(store: SegmentStore, symbol: str, series: Series, span: Span) -> Bars:
    return store.read(symbol, series, span)


def _write(path: Path, parts: Any, form: str, told: Callable[[str], None]) -> int:
    """Under a temporary name first: a file of that name is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    rows = 0
    try:
        with _writer(temporary, form) as writer:
            for symbol, bars in parts:
                if len(bars):
                    writer.write_table(to_table(bars, [symbol], [len(bars)]))
                    rows += len(bars)
                told(symbol)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


@contextmanager
def _writer(path: Path, form: str) -> Iterator[Any]:
    from pyarrow import csv, parquet

    if form == "csv":
        with csv.CSVWriter(str(path), arrow_schema()) as writer:
            yield writer
    else:
        with parquet.ParquetWriter(str(path), arrow_schema(), compression="zstd") as writer:
            yield writer
