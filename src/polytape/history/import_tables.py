"""CSV and Parquet files with columns named by others, read as bars."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from polytape.errors import DataFetchError
from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import PRICES, Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("timestamp", *PRICES, "volume")
OPTIONAL = ("vwap", "transactions")
COLUMNS = ("symbol", *REQUIRED, *OPTIONAL)
ZONE_AT_END = r"(?:Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class ColumnMapping:
    """How the columns of others' files are to be read. `columns`: our name to the file's; `zone`:
    of timestamps without one; `symbol`: where no column names it.
    """

    series: Series = Series.MINUTE
    columns: dict[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    symbol: str | None = None

    def name(self, column: str) -> str:
        """The file's name of a column of ours."""
        return self.columns.get(column, column)


@dataclass(frozen=True)
class ImportedTable:
    """A file's rows by symbol and start. `repeated` marks each row whose symbol and start the row
    before has, too.
    """

    market: MarketBars
    repeated: Bools


def read_table(path: Path, mapping: ColumnMapping, market: Market) -> ImportedTable:
    """Read a CSV or Parquet file. What is no number becomes NaN in prices and volume.

    Raises: DataFetchError naming the file, ValidationError for what is not a symbol.
    """
    frame = _read_frame(path)
    required = REQUIRED if mapping.symbol else ("symbol", *REQUIRED)
    if missing := [n for n in map(mapping.name, required) if n not in frame.columns]:
        raise DataFetchError(f"{path} has no column {', '.join(missing)} (--column OURS=THEIRS)")
    symbols, codes = _symbols(frame, mapping)
    starts = _instants(path, frame[mapping.name("timestamp")], mapping.zone)
    if mapping.series is Series.DAY:
        starts = market.to_utc(market.days_of(starts) * DAY_US)
    columns = {name: _lenient(frame[mapping.name(name)]) for name in (*PRICES, "volume")}
    for name in OPTIONAL:
        if mapping.name(name) in frame.columns:
            columns[name] = _strict(path, frame[mapping.name(name)])
    return _ordered(symbols, codes, Bars.of(starts, **columns))


def _read_frame(path: Path) -> "pd.DataFrame":
    """The file as a frame; a CSV file's columns are texts."""
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=str)
    except (OSError, ValueError) as error:
        raise DataFetchError(f"{path} cannot be read: {error}") from error


def _symbols(frame: "pd.DataFrame", mapping: ColumnMapping) -> tuple[list[str], Ints]:
    """The symbols, sorted, and each row's place among them."""
    if mapping.symbol:
        return [parse_symbol(mapping.symbol)], np.zeros(len(frame), np.int64)
    symbols = [parse_symbol(value) for value in frame[mapping.name("symbol")]]
    names, codes = np.unique(np.array(symbols, object), return_inverse=True)
    return [str(name) for name in names], codes.astype(np.int64)


def _instants(path: Path, column: "pd.Series[str]", zone: ZoneInfo | None) -> Ints:
    """Microseconds UTC of timestamps that all carry a zone, or of naive ones in `zone`."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _microseconds(pd.DatetimeIndex(column))
    texts = column.astype(str).str.strip()
    zoned = texts.str.contains(ZONE_AT_END, case=False, regex=True)
    if zoned.any() and not zoned.all():
        raise DataFetchError(f"{path}: some stamps carry a zone and some do not")
    if not zoned.all() and zone is None and len(texts):
        raise DataFetchError(f"{path}: stamps carry no zone: name it with --zone America/New_York")
    try:
        if zoned.all():
            return _microseconds(
                pd.DatetimeIndex(pd.to_datetime(texts, utc=True, format="ISO8601"))
            )
        naive = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601"))
        return _microseconds(naive.tz_localize(zone, ambiguous="raise", nonexistent="raise"))
    except ValueError as error:
        raise DataFetchError(f"{path}: a stamp cannot be read: {error}") from error


def _microseconds(moments: "pd.DatetimeIndex") -> Ints:
    utc = moments.tz_convert("UTC").tz_localize(None)
    return utc.to_numpy("datetime64[us]").astype(np.int64)


def _lenient(column: "pd.Series[str]") -> Floats:
    """Numbers; NaN for what is none: such a row is refused later."""
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").to_numpy(np.float64)


def _strict(path: Path, column: "pd.Series[str]") -> Floats:
    import pandas as pd

    try:
        return pd.to_numeric(column).to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise DataFetchError(f"{path}, column {column.name}: {error}") from error


def _ordered(symbols: list[str], codes: Ints, bars: Bars) -> ImportedTable:
    order = np.lexsort((bars.timestamp, codes))
    codes, bars = codes[order], bars.take(order)
    repeated = np.append([False], (np.diff(codes) == 0) & (np.diff(bars.timestamp) == 0))
    edges = np.searchsorted(codes, np.arange(len(symbols) + 1))
    places = {s: slice(int(edges[n]), int(edges[n + 1])) for n, s in enumerate(symbols)}
    return ImportedTable(MarketBars(bars, places), repeated[: len(bars)])
