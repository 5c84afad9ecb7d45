"""Splits and securities beside the flat files: a table of splits, and the files' symbols."""

from pathlib import Path

from polytape.errors import ConfigurationError
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.listing import FlatFileListing
from polytape.upstream.flatfiles.splits_table import SplitsTable
from polytape.upstream.flatfiles.tickers import TickerIndex


class FlatFileReference:
    """Flat files as a `ReferenceSource`. `splits_file` is a file that must be there; else the table
    is `splits.csv` in the folder, where there is one.

    Raises: ConfigurationError for a table that is not there or has a wrong row.
    """

    checks_splits = False

    def __init__(self, listing: FlatFileListing, splits_file: Path | None) -> None:
        if splits_file is not None and not splits_file.is_file():
            raise ConfigurationError(f"{splits_file} is no file: a table of splits is expected")
        self.tickers = TickerIndex(listing)
        self._table = SplitsTable(splits_file or listing.beside("splits.csv"))
        self._table.of("")  # a wrong table is an error at the start

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`."""
        return self._table.of(symbol)

    cached_splits = splits

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`: where a file has the symbol."""
        days = (self.tickers.last_day(symbol, series) for series in (Series.DAY, Series.MINUTE))
        return SymbolInfo(symbol) if any(days) else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`, by symbol: files have no names."""
        infos = map(SymbolInfo, self.tickers.symbols())
        return rank([i for i in infos if matches(i, query, active_only=active_only)], query)

    def forget(self) -> None:
        """As `ReferenceSource.forget`: by their stamps, replaced files are read again anyway."""
