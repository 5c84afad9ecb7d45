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
    before has, too; `numbers` are their places in the file, the first row below the header is 1.
    """

    market: MarketBars
    repeated: Bools
    numbers: Ints


def read_table(path: Path, mapping: ColumnMapping, market: Market) -> ImportedTable:
    """Read a CSV or Parquet file. What is no number becomes NaN in prices and volume. Daily bars
    are stamped at midnight in the market's zone of their date (`_dates`).

    Raises: DataFetchError naming the file, ValidationError for what is not a symbol.
    """
    frame = _read_frame(path)
    required = REQUIRED if mapping.symbol else ("symbol", *REQUIRED)
    if missing := [n for n in map(mapping.name, required) if n not in frame.columns]:
        raise DataFetchError(f"{path} has no column {', '.join(missing)} (--column OURS=THEIRS)")
    symbols, codes = _symbols(frame, mapping)
    stamps = frame[mapping.name("timestamp")]
    if mapping.series is Series.DAY:
        starts = market.to_utc(_dates(path, stamps, mapping.zone, market) * DAY_US)
    else:
        starts = _instants(path, stamps, mapping.zone)
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


def _dates(path: Path, column: "pd.Series[str]", zone: ZoneInfo | None, market: Market) -> Ints:
    """The dates of daily stamps, in days since 1970.

    Midnight in the stamp's own zone or in UTC is a date, not the evening before it in New York: a
    daily bar one day early would let a reader see the future. Midnights need no zone. Any other
    stamp is of its date in the market's zone.
    """
    walls = _walls(path, column)
    dated = walls % DAY_US == 0
    dates = walls // DAY_US
    if not dated.all():
        utc = _instants(path, column[~dated], zone)
        dates[~dated] = np.where(utc % DAY_US == 0, utc // DAY_US, market.days_of(utc))
    return dates


def _walls(path: Path, column: "pd.Series[str]") -> Ints:
    """Stamps as a clock in their own zone shows them, microseconds since 1970."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _microseconds(path, pd.DatetimeIndex(column).tz_localize(None))
    texts = _texts(path, column)[0].str.replace(ZONE_AT_END, "", case=False, regex=True)
    return _microseconds(path, _parsed(path, texts))


def _instants(path: Path, column: "pd.Series[str]", zone: ZoneInfo | None) -> Ints:
    """Microseconds UTC of timestamps that all carry a zone, or of naive ones in `zone`."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _microseconds(path, pd.DatetimeIndex(column).tz_convert(None))
    texts, zoned = _texts(path, column)
    if zoned:
        return _microseconds(path, _parsed(path, texts, utc=True).tz_convert(None))
    if zone is None and len(texts):
        raise DataFetchError(f"{path}: stamps carry no zone: name it with --zone America/New_York")
    naive = _parsed(path, texts)
    try:
        local = naive.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    except ValueError as error:
        raise DataFetchError(f"{path}: a stamp cannot be read: {error}") from error
    return _microseconds(path, local.tz_convert(None))


def _texts(path: Path, column: "pd.Series[str]") -> tuple["pd.Series[str]", bool]:
    """Stamps as texts, and whether they carry a zone: all of them or none."""
    texts = column.astype(str).str.strip()
    zoned = texts.str.contains(ZONE_AT_END, case=False, regex=True)
    if zoned.any() and not zoned.all():
        raise DataFetchError(f"{path}: some stamps carry a zone and some do not")
    return texts, bool(zoned.all())


def _parsed(path: Path, texts: "pd.Series[str]", *, utc: bool = False) -> "pd.DatetimeIndex":
    import pandas as pd

    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, utc=utc, format="ISO8601"))
    except ValueError as error:
        raise DataFetchError(f"{path}: a stamp cannot be read: {error}") from error


def _microseconds(path: Path, naive: "pd.DatetimeIndex") -> Ints:
    empty = np.flatnonzero(naive.isna())
    if len(empty):
        raise DataFetchError(f"{path}: a stamp cannot be read: row {empty[0] + 1} has none")
    return naive.to_numpy("datetime64[us]").astype(np.int64)


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
    return ImportedTable(MarketBars(bars, places), repeated[: len(bars)], order + 1)
