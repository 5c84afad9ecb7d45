"""One flat file of the vendor's, parsed: a gzip CSV of a day with all symbols, as traded.

https://massive.com/docs/flat-files/stocks/minute-aggregates
https://massive.com/docs/flat-files/stocks/day-aggregates

The columns are in the order open, close, high, low; volumes have decimals; tickers such as NA and
TRUE are text; rows may come unsorted.
"""

import logging
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from polytape.errors import DataFetchError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.wire import arrow

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

NUMBERS = ("volume", "open", "close", "high", "low")
COLUMNS = ("ticker", *NUMBERS, "window_start", "transactions")
NS_PER_US = 1_000
BLOCK_BYTES = 4 * 1024 * 1024

# Opens a file as an Arrow file; it may be opened more than once.
Open: TypeAlias = Callable[[], "pa.NativeFile"]

_FILE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})\.csv\.gz")


def day_of_file(name: str) -> date | None:
    """The day that a file's name says; None for another file."""
    match = _FILE_NAME.fullmatch(name)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        log.warning("%s is named after a day that does not exist", name)
        return None


def read_file(path: Path) -> MarketBars:
    """One flat file of a folder, parsed whole.

    Raises: DataFetchError naming the file.
    """
    import pyarrow as pa

    return read_flat(lambda: pa.OSFile(str(path)), str(path))


def read_flat(opened: Open, path: str) -> MarketBars:
    """A flat file, parsed whole; `path` is what errors call it.

    Raises: DataFetchError naming the file.
    """
    table = parse(opened, path, COLUMNS)
    columns = {n: arrow.to_numpy(table.column(n)) for n in COLUMNS if n != "ticker"}
    tickers = table.unify_dictionaries().column("ticker").combine_chunks()
    codes = arrow.to_numpy(tickers.indices).astype(np.int64)
    bars = Bars.of(
        columns["window_start"] // NS_PER_US,
        columns["open"],
        columns["high"],
        columns["low"],
        columns["close"],
        columns["volume"],
        transactions=columns["transactions"],
    )
    return MarketBars.sorted_by(tickers.dictionary.to_pylist(), codes, bars)


def read_tickers(opened: Open, path: str) -> list[str]:
    """The symbols of a flat file, each once, in the file's order.

    Raises: DataFetchError naming the file.
    """
    table = parse(opened, path, ("ticker",))
    return [str(name) for name in table.column("ticker").unique().to_pylist()]


def parse(opened: Open, path: str, columns: tuple[str, ...]) -> "pa.Table":
    """Some columns of a file, whole and checked.

    Raises: DataFetchError naming the file, FileNotFoundError where it is gone.
    """
    table = _read(opened, path, columns)
    numbers = [name for name in NUMBERS if name in columns]
    chunks = (chunk.drop_null() for name in numbers for chunk in table.column(name).chunks)
    if not all(np.isfinite(arrow.to_numpy(chunk)).all() for chunk in chunks):
        raise DataFetchError(f"{path} has rows whose numbers are not finite")
    needed = [name for name in columns if name != "transactions"]
    empty = [name for name in needed if table.column(name).null_count]
    if empty:
        raise DataFetchError(f"{path} has rows without {', '.join(empty)}")
    return table


def _read(opened: Open, path: str, columns: tuple[str, ...]) -> "pa.Table":
    """The columns as they come. zlib checks length and checksum: a cut or flipped file fails."""
    import pyarrow as pa
    from pyarrow import csv

    types = dict.fromkeys(NUMBERS, pa.float64())
    types |= {"window_start": pa.int64(), "transactions": pa.float64()}
    types["ticker"] = pa.dictionary(pa.int32(), pa.string())
    options = csv.ConvertOptions(
        column_types=types,
        include_columns=list(columns),
        strings_can_be_null=False,
        null_values=[""],
    )
    blocks = csv.ReadOptions(block_size=BLOCK_BYTES)
    try:
        with pa.CompressedInputStream(opened(), "gzip") as stream:
            return csv.read_csv(stream, blocks, convert_options=options)
    except (pa.ArrowException, KeyError) as error:
        raise DataFetchError(f"{path} is not a flat file of bars: {error}") from error
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or f"damaged: {error}"
        raise DataFetchError(f"{path} is {reason}") from error
