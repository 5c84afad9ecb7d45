"""One flat file of the vendor's, parsed: a gzip CSV of a day with all symbols, as traded.

Facts that govern this file: the columns are in the order open, close, high, low; volumes have
decimals; tickers such as NA and TRUE are text; rows may come unsorted.
"""

import csv
import logging
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from polytape.errors import ConfigurationError, DataFetchError, PolygonClientError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.splits import Split
from polytape.model.symbols import parse_symbol

log = logging.getLogger(__name__)

NUMBERS = ("volume", "open", "close", "high", "low")
COLUMNS = ("ticker", *NUMBERS, "window_start", "transactions")
SPLIT_COLUMNS = ("ticker", "execution_date", "split_from", "split_to")
NS_PER_US = 1_000

_FILE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})\.csv\.gz")


def read_file(path: Path) -> MarketBars:
    """One flat file of a folder. Raises DataFetchError naming the file."""
    return read_flat(lambda: _mapped(path), str(path))


def read_flat(opened: Callable[[], Any], name: str) -> MarketBars:
    """A flat file, parsed whole; `opened` gives it as an Arrow file. Raises DataFetchError."""
    table = parse(opened, name, COLUMNS)
    columns = {name: table.column(name).to_numpy() for name in COLUMNS if name != "ticker"}
    tickers = table.unify_dictionaries().column("ticker").combine_chunks()
    codes = np.asarray(tickers.indices).astype(np.int64)
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


def read_splits(path: Path) -> dict[str, tuple[Split, ...]]:
    """A CSV with the columns ticker, execution_date, split_from, split_to, by ticker.

    Raises ConfigurationError naming the file and the line: a row that is no split, or one that
    says otherwise than another of the same day.
    """
    splits: dict[tuple[str, date], Split] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if missing := set(SPLIT_COLUMNS) - set(rows.fieldnames or ()):
                raise ConfigurationError(f"{path} lacks the columns {', '.join(sorted(missing))}")
            for row in rows:
                split = _split(path, rows.line_num, row)
                key = (split.symbol, split.execution_date)
                if splits.setdefault(key, split).ratio != split.ratio:
                    raise ConfigurationError(
                        f"{path}, line {rows.line_num}: another ratio for the split of "
                        f"{split.symbol} on {split.execution_date} than before"
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read as a table of splits: {error}") from error
    found: dict[str, list[Split]] = {}
    for split in sorted(splits.values()):
        found.setdefault(split.symbol, []).append(split)
    return {symbol: tuple(listed) for symbol, listed in found.items()}


def _split(path: Path, line: int, row: dict[str, str | None]) -> Split:
    try:
        symbol, day, old, new = (row[name] or "" for name in SPLIT_COLUMNS)
        when = date.fromisoformat(day.strip())
        return Split(when, parse_symbol(symbol, "ticker"), float(old), float(new))
    except (ValueError, PolygonClientError) as error:
        raise ConfigurationError(f"{path}, line {line}: {error}") from error


def day_of_file(name: str) -> date | None:
    """The day that a file's name says; None for another file."""
    match = _FILE_NAME.fullmatch(name)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        log.warning("%s is named after a day that does not exist", name)
        return None


def _mapped(path: Path) -> Any:
    import pyarrow as pa

    return pa.OSFile(str(path))


def parse(opened: Callable[[], Any], path: str, columns: tuple[str, ...]) -> Any:
    """The columns of a file. zlib checks length and checksum: a cut or flipped one fails."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    types = dict.fromkeys(NUMBERS, pa.float64())
    types |= {"window_start": pa.int64(), "transactions": pa.float64()}
    types["ticker"] = pa.dictionary(pa.int32(), pa.string())
    options = arrow_csv.ConvertOptions(
        column_types=types,
        include_columns=list(columns),
        strings_can_be_null=False,
        null_values=[""],
    )
    blocks = arrow_csv.ReadOptions(block_size=4 * 1024 * 1024)
    try:
        with pa.CompressedInputStream(opened(), "gzip") as stream:
            table = arrow_csv.read_csv(stream, blocks, convert_options=options)
    except (pa.ArrowException, KeyError) as error:
        raise DataFetchError(f"{path} is not a flat file of bars: {error}") from error
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or f"damaged: {error}"
        raise DataFetchError(f"{path} is {reason}") from error
    numbers = [n for n in NUMBERS if n in columns]
    if not all(np.isfinite(table.column(n).drop_null().to_numpy()).all() for n in numbers):
        raise DataFetchError(f"{path} has rows whose numbers are not finite")
    empty = [n for n in columns if n != "transactions" and table.column(n).null_count]
    if empty:
        raise DataFetchError(f"{path} has rows without {', '.join(empty)}")
    return table
