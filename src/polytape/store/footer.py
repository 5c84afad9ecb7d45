"""The footer of a segment: what it covers, of which source, and a hash that covers all of it.

The hash stands right before the Parquet footer, where readers of Parquet do not look: an eye
catcher, then the BLAKE2b of everything behind it. A flipped bit in the schema, the row groups, the
bounds or the coverage is seen before any of that is believed. Segments of the first versions have
none, and say so: their footer has no `sealed`.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from polytape.errors import DataFetchError
from polytape.model.bars import PRICES
from polytape.model.spans import Span
from polytape.store.coverage import Coverage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

SCHEMA = 1
FOOTER_KEY = b"polytape"
# https://parquet.apache.org/docs/file-format/ : the footer, its length in four bytes, the magic.
MAGIC, LENGTH_BYTES = b"PAR1", 4
END_BYTES = LENGTH_BYTES + len(MAGIC)
SEAL = b"polytape-footer\n"
DIGEST_BYTES = 16
SEAL_BYTES = len(SEAL) + DIGEST_BYTES
# A writer makes groups of 32,768 rows; what claims more is refused before memory is taken.
MOST_GROUP_ROWS = 131_072
# One symbol in one file: a month has 45,000 minutes.
MOST_SYMBOL_ROWS = 1_048_576
# A row has nine numbers and a symbol; a group has headers and a dictionary.
MOST_ROW_BYTES, MOST_GROUP_BYTES = 256, 1_048_576
LONGEST_SYMBOL = 128
# Instants until the year 5138, microseconds UTC.
LAST_INSTANT = 10**17


class DamagedSegmentError(DataFetchError):
    """A segment cannot be read; `name` says which, `reason` why."""

    def __init__(self, name: str, reason: object) -> None:
        super().__init__(f"{name} is damaged: {reason}")
        self.name = name
        self.reason = str(reason)


class CoverageMessage(msgspec.Struct, omit_defaults=True):
    """Coverage in the footer, instants in microseconds UTC; `symbol` null is the whole market."""

    symbol: str | None
    start: int
    end: int
    fetched_at: int = msgspec.field(name="asked")
    final: bool
    excluded_symbols: list[str] = msgspec.field(name="but", default=[])
    deleted: bool = False


class Footer(msgspec.Struct):
    """The footer of a segment. `groups`: first and last symbol of each row group; `source`: whose
    bars they are; `sealed`: there is a hash. The first versions wrote neither.
    """

    schema: int
    coverage: list[CoverageMessage] = msgspec.field(name="covers")
    groups: list[tuple[str, str]]
    source: str = ""
    sealed: bool = False


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment by its footer: `name` is its file's, `size` in bytes; `firsts` and `lasts` are the
    first and last symbol of each row group; `source` is empty in those of the first versions.
    """

    name: str
    size: int
    rows: int
    coverage: tuple[Coverage, ...]
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    metadata: "parquet.FileMetaData"
    source: str = ""

    def groups_of(self, symbol: str) -> range:
        """The row groups that may have rows of a symbol."""
        return range(bisect_left(self.lasts, symbol), bisect_right(self.firsts, symbol))

    def overlaps(self, span: Span) -> bool:
        """Whether it covers anything of a span."""
        return any(entry.span.intersect(span) for entry in self.coverage)

    @cached_property
    def newest(self) -> int:
        """When the latest of what it covers was fetched, microseconds UTC."""
        return max((entry.fetched_at for entry in self.coverage), default=0)


def arrow_schema() -> "pa.Schema":
    """The columns of every segment."""
    import pyarrow as pa

    floats = [(name, pa.float64()) for name in (*PRICES, "volume", "vwap")]
    stamp = ("timestamp", pa.timestamp("us", "UTC"))
    return pa.schema([("symbol", pa.string()), stamp, *floats, ("transactions", pa.int64())])


def encode_footer(
    coverage: tuple[Coverage, ...], groups: list[tuple[str, str]], source: str
) -> bytes:
    """What stands under FOOTER_KEY."""
    messages = [_message(entry) for entry in coverage]
    return msgspec.json.encode(Footer(SCHEMA, messages, groups, source, sealed=True))


def sealed_end(end: bytes) -> bytes:
    """The end of a Parquet file, from anywhere before its footer on, with a hash of the footer."""
    at = len(end) - END_BYTES - _length(end)
    return end[:at] + SEAL + _digest(end[at:]) + end[at:]


def read_footer(file: "pa.NativeFile", name: str) -> Segment:
    """A segment's footer, with nothing believed that does not fit together.

    Raises: DamagedSegmentError; DataFetchError for one of a newer schema.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        sealed = _check_seal(file)
        metadata = parquet.ParquetFile(file).metadata
        footer = msgspec.json.decode(metadata.metadata[FOOTER_KEY], type=Footer)
        if sealed and footer.schema > SCHEMA:
            text = f"{name} is of schema {footer.schema}: this version reads {SCHEMA}"
            raise DataFetchError(text)
        _check_footer(footer, metadata, sealed=sealed)
        coverage = tuple(_coverage(message) for message in footer.coverage)
    except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as error:
        raise DamagedSegmentError(name, error or type(error).__name__) from error
    except msgspec.DecodeError as error:
        raise DamagedSegmentError(name, f"its footer: {error}") from error
    firsts, lasts = zip(*footer.groups, strict=True) if footer.groups else ((), ())
    size = file.size()
    return Segment(name, size, metadata.num_rows, coverage, firsts, lasts, metadata, footer.source)


def check_groups(segment: Segment, groups: list[int], *, of_one_symbol: bool) -> int:
    """How many rows some row groups claim, where that is no more than can be.

    Raises: DamagedSegmentError.
    """
    rows = 0
    for number in groups:
        group = segment.metadata.row_group(number)
        here = group.num_rows
        most_bytes = MOST_GROUP_BYTES + MOST_ROW_BYTES * here
        if not (0 <= here <= MOST_GROUP_ROWS and 0 <= group.total_byte_size <= most_bytes):
            claim = f"{here:,} rows and {group.total_byte_size:,} bytes"
            raise DamagedSegmentError(segment.name, f"row group {number} claims {claim}")
        rows += here
    if of_one_symbol and rows > MOST_SYMBOL_ROWS:
        raise DamagedSegmentError(segment.name, f"it claims {rows:,} rows of one symbol")
    return rows


def _check_seal(file: "pa.NativeFile") -> bool:
    """Whether the footer has a hash; it is the right one then.

    Raises: ValueError for a hash of another footer, and for what is no Parquet file.
    """
    size = file.size()
    end = file.read_at(END_BYTES, max(0, size - END_BYTES))
    at = size - END_BYTES - _length(end)
    if end[LENGTH_BYTES:] != MAGIC or at < len(MAGIC):
        raise ValueError("its end is not that of a Parquet file")
    seal = file.read_at(SEAL_BYTES, at - SEAL_BYTES) if at >= SEAL_BYTES else b""
    if not seal.startswith(SEAL):
        return False
    if seal[len(SEAL) :] != _digest(file.read_at(size - at, at)):
        raise ValueError("its footer is not the one that was written")
    return True


def _check_footer(footer: Footer, metadata: "parquet.FileMetaData", *, sealed: bool) -> None:
    """Raises: ValueError for a footer that does not fit to its file."""
    names = [name for pair in footer.groups for name in pair]
    if footer.schema > SCHEMA or footer.sealed != sealed:
        raise ValueError("the hash of its footer is gone")
    if not metadata.schema.to_arrow_schema().equals(arrow_schema()):
        raise ValueError("its columns are not those of a segment")
    if len(footer.groups) != metadata.num_row_groups or any(a > b for a, b in pairwise(names)):
        raise ValueError("its row groups are not those that it names")
    if not 0 <= metadata.num_rows <= MOST_GROUP_ROWS * len(footer.groups):
        raise ValueError(f"it claims {metadata.num_rows:,} rows in {len(footer.groups):,} groups")
    if any(not 0 < len(name) <= LONGEST_SYMBOL for name in names):
        raise ValueError("it names a symbol that is none")


def _length(end: bytes) -> int:
    return int.from_bytes(end[-END_BYTES : -len(MAGIC)], "little")


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _message(entry: Coverage) -> CoverageMessage:
    span, excluded = entry.span, sorted(entry.excluded_symbols)
    return CoverageMessage(
        entry.symbol, span.start, span.end, entry.fetched_at, entry.final, excluded, entry.deleted
    )


def _coverage(message: CoverageMessage) -> Coverage:
    """Raises: ValueError for spans and instants that cannot be."""
    span = Span(message.start, message.end)
    fetched_at, symbols = message.fetched_at, (message.symbol or "A", *message.excluded_symbols)
    outside = span.start < -LAST_INSTANT or span.end > LAST_INSTANT
    if outside or not 0 <= fetched_at <= LAST_INSTANT or message.symbol == "":
        raise ValueError("it covers what cannot be: an instant or a symbol that is none")
    if message.deleted and message.symbol is None:
        raise ValueError("it deletes the whole market")
    if any(len(symbol) > LONGEST_SYMBOL for symbol in symbols):
        raise ValueError("it names a symbol that is none")
    excluded = frozenset(message.excluded_symbols)
    return Coverage(message.symbol, span, fetched_at, message.final, excluded, message.deleted)
