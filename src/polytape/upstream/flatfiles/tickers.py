"""Which symbols the flat files have, and each one's last day."""

import logging
import threading
from datetime import date

from polytape.errors import DataFetchError
from polytape.model.near_symbols import near
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.listing import FOLDERS, FlatFile, FlatFileListing

log = logging.getLogger(__name__)


class TickerIndex:
    """The symbols of a listing. Files are looked at from the newest on, once each, and only until a
    symbol is there; in a bucket the newest one of each year is. Usable from many threads.
    """

    def __init__(self, listing: FlatFileListing) -> None:
        self._listing = listing
        self._lock = threading.Lock()
        self._stamps: dict[str, object] = {}
        self._last_days: dict[Series, dict[str, date]] = {series: {} for series in Series}

    def last_day(self, symbol: str, series: Series) -> date | None:
        """The newest day whose file has a symbol; None where no file has it."""
        last_days = self._last_days[series]
        years: set[int] = set()
        with self._lock:
            for file in self._listing.newest(series):
                if symbol in last_days and last_days[symbol] >= file.day:
                    break
                if self._listing.remote and file.day.year in years:
                    continue
                years.add(file.day.year)
                for name in self._new_tickers(file):
                    last_days[name] = max(file.day, last_days.get(name, file.day))
        return last_days.get(symbol)

    def suggest(self, symbol: str) -> tuple[str, ...]:
        """As `Upstream.suggest`: of the files that were looked at already."""
        return near(symbol, lambda name: any(name in days for days in self._last_days.values()))

    def symbols(self) -> set[str]:
        """Every symbol of the files."""
        for series in FOLDERS:
            self.last_day("", series)  # no symbol: every file is looked at
        return {symbol for last_days in self._last_days.values() for symbol in last_days}

    def _new_tickers(self, file: FlatFile) -> list[str]:
        """The symbols of a file that was not looked at yet. A file that cannot be read names none
        here: a query for its own day says what is wrong with it.
        """
        if self._stamps.get(file.name) == file.stamp:
            return []
        try:
            names = self._listing.tickers(file)
        except DataFetchError as error:
            log.warning("looking for symbols: %s", error)
            names = []
        self._stamps[file.name] = file.stamp
        return names
