"""One segment: an immutable Parquet file with its coverage in its own footer.

Sorted by symbol, then timestamp; columns symbol (string), timestamp[us, UTC], open, high, low,
close, volume, vwap (float64), transactions (int64); zstd. A symbol of many rows has row groups of
its own, so that reading it decodes nothing else; others share groups of about 32,000 rows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import msgspec
import numpy as np

from polytape.errors import DataFetchError
from polytape.model.bars import PRICES, Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.store.coverage import Coverage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

SCHEMA = 1
FOOTER_KEY = b"polytape"
GROUP_ROWS = 32_768
OWN_GROUP_ROWS = 8_192
COLUMNS = ("timestamp", *PRICES, "volume", "vwap", "transactions")


class DamagedSegmentError(DataFetchError):
    """A segment cannot be read; `name` says which."""

    def __init__(self, name: str, reason: object) -> None:
        super().__init__(f"{name} is damaged: {reason}")
        self.name = name


class CoverageMessage(msgspec.Struct, omit_defaults=True):
    """Coverage in the footer, instants in microseconds UTC; `symbol` null is the whole market."""

    symbol: str | None
    start: int
    end: int
    fetched_at: int = msgspec.field(name="asked")
    final: bool
    excluded_symbols: list[str] = msgspec.field(name="but", default=[])


class Footer(msgspec.Struct):
    """The footer of a segment. `groups`: first and last symbol of each row group."""

    schema: int
    coverage: list[CoverageMessage] = msgspec.field(name="covers")
    groups: list[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment by its footer: `name` is its file's, `size` in bytes; `firsts` and `lasts` are the
    first and last symbol of each row group.
    """

    name: str
    size: int
    rows: int
    coverage: tuple[Coverage, ...]
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    metadata: "parquet.FileMetaData"

    def groups_of(self, symbol: str) -> range:
        """The row groups that may have rows of a symbol."""
        return range(bisect_left(self.lasts, symbol), bisect_right(self.firsts, symbol))

    def overlaps(self, span: Span) -> bool:
        """Whether it covers anything of a span."""
        return any(entry.span.intersect(span) for entry in self.coverage)


def arrow_schema() -> "pa.Schema":
    """The columns of every segment."""
    import pyarrow as pa

    floats = [(name, pa.float64()) for name in (*PRICES, "volume", "vwap")]
    stamp = ("timestamp", pa.timestamp("us", "UTC"))
    return pa.schema([("symbol", pa.string()), stamp, *floats, ("transactions", pa.int64())])


class SegmentWriter:
    """Writes one segment, part by part; the parts come in the order of their symbols."""

    def __init__(self, sink: IO[bytes], coverage: tuple[Coverage, ...]) -> None:
        self._sink = sink
        self._groups: list[tuple[str, str]] = []
        self._coverage = coverage
        self._writer: parquet.ParquetWriter | None = None

    def add(self, market: MarketBars) -> None:
        """Append the symbols of `market`, all after those added before."""
        writer = self._open(market)
        for symbols, place in _groups(market.places):
            shared = len(symbols) > 1
            sizes = [_size(market.places[s]) for s in symbols] if shared else [_size(place)]
            table = to_table(market.bars.take(place), symbols, sizes)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            self._groups.append((symbols[0], symbols[-1]))

    def close(self) -> None:
        """Write the footer."""
        writer = self._open(MarketBars.of({}))
        footer = Footer(SCHEMA, [_message(entry) for entry in self._coverage], self._groups)
        writer.add_key_value_metadata({FOOTER_KEY: msgspec.json.encode(footer)})
        writer.close()

    def _open(self, market: MarketBars) -> "parquet.ParquetWriter":
        """In row groups of one symbol prices repeat, so a dictionary makes them smaller and faster
        to read; those of many symbols side by side do not, and cost half as much to write without.
        """
        from pyarrow import parquet

        if self._writer is None:
            dense = any(_size(place) >= OWN_GROUP_ROWS for place in market.places.values())
            repeated = [*PRICES, "volume", "transactions"] if dense else []
            self._writer = parquet.ParquetWriter(
                self._sink,
                arrow_schema(),
                compression="zstd",
                use_dictionary=["symbol", *repeated],
                column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
                write_page_checksum=True,
                store_schema=False,
            )
        return self._writer


def read_footer(file: "pa.NativeFile", name: str) -> Segment:
    """A segment's footer.

    Raises: DamagedSegmentError; DataFetchError for one of a newer schema.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.ParquetFile(file).metadata
        footer = msgspec.json.decode(metadata.metadata[FOOTER_KEY], type=Footer)
    except (pa.ArrowException, OSError, KeyError, TypeError, msgspec.DecodeError) as error:
        raise DamagedSegmentError(name, error) from error
    if footer.schema > SCHEMA:
        raise DataFetchError(f"{name} is of schema {footer.schema}: this version reads {SCHEMA}")
    firsts, lasts = zip(*footer.groups, strict=True) if footer.groups else ((), ())
    coverage = tuple(_coverage(message) for message in footer.coverage)
    return Segment(name, file.size(), metadata.num_rows, coverage, firsts, lasts, metadata)


def read_symbol(file: "pa.NativeFile", segment: Segment, symbol: str) -> "pa.Table":
    """All of a symbol's bars in a segment, as an Arrow table of COLUMNS.

    Raises: DamagedSegmentError.
    """
    import pyarrow as pa

    parts = []
    for group in segment.groups_of(symbol):
        own = segment.firsts[group] == segment.lasts[group] == symbol
        parts.append(_read(file, segment, [group], None if own else symbol))
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts)


def table_within(table: "pa.Table", span: Span) -> "pa.Table":
    """The rows of a table in the order of time that start inside `span`; nothing is copied."""
    import pyarrow as pa

    stamps = table.column("timestamp").cast(pa.int64()).to_numpy()
    left, right = np.searchsorted(stamps, (span.start, span.end))
    return table.slice(int(left), int(right - left))


def read_market(file: "pa.NativeFile", segment: Segment, groups: range) -> MarketBars:
    """All rows of some row groups.

    Raises: DamagedSegmentError.
    """
    table = _table(file, segment, list(groups), ("symbol", *COLUMNS))
    column = table.column("symbol").combine_chunks().dictionary_encode()
    codes = np.asarray(column.indices).astype(np.int64)
    return MarketBars.sorted_by(column.dictionary.to_pylist(), codes, to_bars(table))


def to_table(bars: Bars, symbols: list[str], sizes: list[int]) -> "pa.Table":
    """Bars as the columns of a segment: the first sizes[0] rows are of symbols[0], and so on."""
    import pyarrow as pa

    codes = np.repeat(np.arange(len(symbols), dtype=np.int32), sizes)
    names = pa.DictionaryArray.from_arrays(codes, pa.array(symbols, pa.string()))
    stamps = pa.array(bars.timestamp.view("M8[us]"), pa.timestamp("us", "UTC"))
    floats = [pa.array(getattr(bars, name)) for name in (*PRICES, "volume")]
    vwap = pa.array(bars.vwap, from_pandas=True)
    counts = pa.array(bars.transactions, from_pandas=True).cast(pa.int64(), safe=False)
    columns = [names.cast(pa.string()), stamps, *floats, vwap, counts]
    return pa.Table.from_arrays(columns, schema=arrow_schema())


def _groups(places: dict[str, slice]) -> Iterator[tuple[list[str], slice]]:
    """The symbols and rows of each row group: large symbols alone, small ones together."""
    shared: list[str] = []
    for symbol, place in places.items():
        rows = _size(place)
        first = places[shared[0]].start if shared else place.start
        if shared and (rows >= OWN_GROUP_ROWS or place.stop - first > GROUP_ROWS):
            yield shared, slice(first, place.start)
            shared = []
        if rows >= OWN_GROUP_ROWS:
            for start in range(place.start, place.stop, GROUP_ROWS):
                yield [symbol], slice(start, min(start + GROUP_ROWS, place.stop))
        else:
            shared.append(symbol)
    if shared:
        yield shared, slice(places[shared[0]].start, places[shared[-1]].stop)


def _size(place: slice) -> int:
    return int(place.stop - place.start)


def _read(
    file: "pa.NativeFile", segment: Segment, groups: list[int], symbol: str | None
) -> "pa.Table":
    """The rows of a symbol in some row groups; None: the groups have no rows of others."""
    if symbol is None:
        return _table(file, segment, groups, COLUMNS)
    table = _table(file, segment, groups, ("symbol", *COLUMNS))
    column = table.column("symbol").combine_chunks().dictionary_encode()
    names = column.dictionary.to_pylist()
    rows = table.drop_columns(["symbol"])
    if symbol not in names:
        return rows.slice(0, 0)
    mine = np.flatnonzero(np.asarray(column.indices) == names.index(symbol))
    return rows.slice(int(mine[0]), len(mine))


def _table(
    file: "pa.NativeFile", segment: Segment, groups: list[int], columns: tuple[str, ...]
) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import parquet

    try:
        reader = parquet.ParquetFile(
            file, metadata=segment.metadata, page_checksum_verification=True, pre_buffer=False
        )
        return reader.read_row_groups(groups, columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DamagedSegmentError(segment.name, error) from error


def to_bars(table: "pa.Table") -> Bars:
    """A table of COLUMNS as bars."""
    import pyarrow as pa

    starts = table.column("timestamp").cast(pa.int64()).to_numpy()
    floats = [table.column(n).to_numpy().astype(np.float64, copy=False) for n in COLUMNS[1:]]
    return Bars(starts, *floats)


def _message(entry: Coverage) -> CoverageMessage:
    span, excluded = entry.span, sorted(entry.excluded_symbols)
    return CoverageMessage(
        entry.symbol, span.start, span.end, entry.fetched_at, entry.final, excluded
    )


def _coverage(message: CoverageMessage) -> Coverage:
    span = Span(message.start, message.end)
    excluded = frozenset(message.excluded_symbols)
    return Coverage(message.symbol, span, message.fetched_at, message.final, excluded)
