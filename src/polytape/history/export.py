"""Bars out of the store into files: as traded, one file, or one folder a symbol."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from polytape.errors import ConfigurationError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.atomic_file import write_atomically
from polytape.store.footer import arrow_schema
from polytape.store.segment import to_table
from polytape.store.segments import SegmentStore

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv, parquet

Form: TypeAlias = Literal["parquet", "csv"]


class Exporter:
    """Writes the stored bars of a series that start inside a span. One symbol at a time is in
    memory. `on_symbol` is called with each symbol that is done.
    """

    def __init__(
        self,
        store: SegmentStore,
        series: Series,
        span: Span,
        form: Form = "parquet",
        on_symbol: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._series = series
        self._span = span
        self._form: Form = form
        self._on_symbol = on_symbol

    def to_file(self, symbols: Iterable[str], out: Path) -> dict[str, int]:
        """One file; returns how many bars of each symbol. Without any, nothing is written.

        Raises: ConfigurationError naming the path; DataFetchError for a store that cannot be read.
        """
        counts: dict[str, int] = {}
        tables = self._tables(symbols, counts)
        first = next(tables, None)
        if first is None:
            return counts

        def write(sink: IO[bytes]) -> None:
            with _writer(sink, self._form) as writer:
                for table in chain([first], tables):
                    writer.write_table(table)

        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(out, write)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"cannot write {out}: {reason}") from error
        return counts

    def to_folders(self, symbols: Iterable[str], out: Path) -> dict[str, int]:
        """`symbol=S/bars.FORM` for each symbol in the folder `out`, but for those without bars;
        returns how many bars of each.

        Raises: as `to_file`.
        """
        counts: dict[str, int] = {}
        for symbol in symbols:
            counts |= self.to_file([symbol], out / f"symbol={symbol}" / f"bars.{self._form}")
        return counts

    def _tables(self, symbols: Iterable[str], counts: dict[str, int]) -> "Iterator[pa.Table]":
        """The bars of each symbol that has any; how many, also none, is written into `counts`."""
        for symbol in dict.fromkeys(symbols):
            bars = self._store.read(symbol, self._series, self._span)
            counts[symbol] = len(bars)
            if len(bars):
                yield to_table(bars, [symbol], [len(bars)])
            self._on_symbol(symbol)


@contextmanager
def _writer(sink: IO[bytes], form: Form) -> "Iterator[csv.CSVWriter | parquet.ParquetWriter]":
    from pyarrow import csv, parquet

    if form == "csv":
        with csv.CSVWriter(sink, arrow_schema()) as writer:
            yield writer
    else:
        with parquet.ParquetWriter(sink, arrow_schema(), compression="zstd") as writer:
            yield writer
