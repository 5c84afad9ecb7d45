"""One segment: an immutable Parquet file with its coverage in its own footer.

Sorted by symbol, then timestamp; columns symbol (string), timestamp[us, UTC], open, high, low,
close, volume, vwap (float64), transactions (int64); zstd. A symbol of many rows has row groups of
its own, so that reading it decodes nothing else; others share groups of about 32,000 rows.
"""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import numpy as np

from polytape.model.bars import PRICES, Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.store.coverage import Coverage
from polytape.store.footer import (
    FOOTER_KEY,
    DamagedSegmentError,
    Segment,
    arrow_schema,
    check_groups,
    encode_footer,
    sealed_end,
)
from polytape.wire import arrow

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

GROUP_ROWS = 32_768
OWN_GROUP_ROWS = 8_192
COLUMNS = ("timestamp", *PRICES, "volume", "vwap", "transactions")


class _Sink:
    """Passes on what is written, but for the end of the file, which is held back to be sealed."""

    closed = False

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._end: bytearray | None = None

    def write(self, content: bytes) -> None:
        if self._end is None:
            self._sink.write(content)
        else:
            self._end += content

    def flush(self) -> None:
        """As files have it."""

    def hold_back(self) -> None:
        """What is written from now on is the end."""
        self._end = bytearray()

    def end(self) -> bytes:
        """What was held back."""
        return bytes(self._end or b"")


class SegmentWriter:
    """Writes one segment, part by part; the parts come in the order of their symbols."""

    def __init__(self, sink: IO[bytes], coverage: tuple[Coverage, ...], source: str = "") -> None:
        self._out = sink
        self._sink = _Sink(sink)
        self._groups: list[tuple[str, str]] = []
        self._coverage = coverage
        self._source = source
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
        """Write the footer, and a hash of it."""
        writer = self._open(MarketBars.of({}))
        footer = encode_footer(self._coverage, self._groups, self._source)
        writer.add_key_value_metadata({FOOTER_KEY: footer})
        self._sink.hold_back()
        writer.close()
        self._out.write(sealed_end(self._sink.end()))

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


def read_symbol(file: "pa.NativeFile", segment: Segment, symbol: str) -> "pa.Table":
    """All of a symbol's bars in a segment, as an Arrow table of COLUMNS.

    Raises: DamagedSegmentError.
    """
    import pyarrow as pa

    parts = []
    check_groups(segment, list(segment.groups_of(symbol)), of_one_symbol=True)
    for group in segment.groups_of(symbol):
        own = segment.firsts[group] == segment.lasts[group] == symbol
        parts.append(_read(file, segment, [group], None if own else symbol))
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts)


def table_within(table: "pa.Table", span: Span) -> "pa.Table":
    """The rows of a table in the order of time that start inside `span`; nothing is copied."""
    import pyarrow as pa

    column = table.column("timestamp")
    if not len(column) or (span.start <= column[0].value and column[-1].value < span.end):
        return table
    stamps = arrow.to_numpy(column.cast(pa.int64()))
    left, right = np.searchsorted(stamps, (span.start, span.end))
    return table.slice(int(left), int(right - left))


def read_market(file: "pa.NativeFile", segment: Segment, groups: range) -> MarketBars:
    """All rows of some row groups.

    Raises: DamagedSegmentError.
    """
    check_groups(segment, list(groups), of_one_symbol=False)
    table = _table(file, segment, list(groups), ("symbol", *COLUMNS))
    codes, names = _symbols_of(table, segment)
    return MarketBars.sorted_by(names, codes.astype(np.int64), to_bars(table))


def to_table(bars: Bars, symbols: list[str], sizes: list[int]) -> "pa.Table":
    """Bars as the columns of a segment: the first sizes[0] rows are of symbols[0], and so on."""
    import pyarrow as pa

    codes = np.repeat(np.arange(len(symbols), dtype=np.int32), sizes)
    names = arrow.to_text_array(symbols).take(arrow.to_array(codes, pa.int32()))
    return pa.Table.from_arrays([names, *arrow.to_arrays(bars)], schema=arrow_schema())


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
    codes, names = _symbols_of(table, segment)
    rows = table.drop_columns(["symbol"])
    if symbol not in names:
        return rows.slice(0, 0)
    mine = np.flatnonzero(codes == names.index(symbol))
    return rows.slice(int(mine[0]), len(mine))


def _symbols_of(table: "pa.Table", segment: Segment) -> tuple[np.ndarray, list[str]]:
    """The symbol of each row, as a place in the list of symbols."""
    try:
        column = table.column("symbol").combine_chunks().dictionary_encode()
        return arrow.to_numpy(column.indices), column.dictionary.to_pylist()
    except ValueError as error:  # bytes that are no text
        raise DamagedSegmentError(segment.name, error) from error


def _table(
    file: "pa.NativeFile", segment: Segment, groups: list[int], columns: tuple[str, ...]
) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import parquet

    try:
        reader = parquet.ParquetFile(
            file, metadata=segment.metadata, page_checksum_verification=True, pre_buffer=False
        )
        table = reader.read_row_groups(groups, columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DamagedSegmentError(segment.name, error) from error
    rows = sum(segment.metadata.row_group(group).num_rows for group in groups)
    if table.num_rows != rows or table.column("timestamp").null_count:
        raise DamagedSegmentError(segment.name, f"{table.num_rows:,} rows instead of {rows:,}")
    return table


def to_bars(table: "pa.Table") -> Bars:
    """A table of COLUMNS as bars."""
    import pyarrow as pa

    starts = arrow.to_numpy(table.column("timestamp").cast(pa.int64()))
    columns = [arrow.to_numpy(table.column(name)) for name in COLUMNS[1:]]
    floats = [column.astype(np.float64, copy=False) for column in columns]
    return Bars(starts.astype(np.int64, copy=False), *floats)
