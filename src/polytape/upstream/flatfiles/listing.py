"""The vendor's flat files as they lie in a folder or a bucket: which days there are, and each file
parsed.

    us_stocks_sip/{minute_aggs_v1,day_aggs_v1}/YYYY/MM/YYYY-MM-DD.csv.gz

https://massive.com/docs/flat-files/stocks/overview

A file's stamp (its ETag, or the time it was written) tells whether it was replaced. In a bucket a
listing is believed for ten minutes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Generic, TypeVar

from cachetools import LRUCache

from polytape.errors import AuthenticationError, ConfigurationError, DataFetchError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.upstream.flatfiles.parsing import Open, day_of_file, read_flat, read_tickers
from polytape.upstream.turns import Turns

T = TypeVar("T")

MARKET = "us_stocks_sip"
FOLDERS = {Series.MINUTE: "minute_aggs_v1", Series.DAY: "day_aggs_v1"}
CACHE_BYTES = 512 * 1024 * 1024
# A symbol's name and its slice.
PLACE_BYTES = 250
LISTING_HOLDS_S = 600.0


@dataclass(frozen=True, slots=True)
class FlatFile:
    """One file: its day, its name in the storage, and what changes when it is replaced."""

    day: date
    name: str
    stamp: object


@dataclass
class FlatFileListing:
    """The files of one storage, but for those of days after `last`. Usable from many threads.

    Raises: ConfigurationError for a storage without flat files.
    """

    storage: Storage
    last: date = date.max
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        self.remote = not isinstance(self.storage, FolderStorage)
        inside = MARKET in self.storage.folders("")
        self._root = f"{MARKET}/" if inside else ""
        if not any(name in self.storage.folders(self._root) for name in FOLDERS.values()):
            raise ConfigurationError(
                f"{self.storage.url} holds no flat files: expected {MARKET}/"
                f"{FOLDERS[Series.MINUTE]}/YYYY/MM/YYYY-MM-DD.csv.gz below it"
            )
        holds_s = LISTING_HOLDS_S if self.remote else -1.0
        self._folders = _Listings[list[str]](holds_s, self.monotonic)
        self._months = _Listings[list[FlatFile]](holds_s, self.monotonic)
        self._parsed = _ParsedFiles(CACHE_BYTES)

    @classmethod
    def of(cls, root: Path | Storage) -> "FlatFileListing":
        """The files of a folder, or of another storage."""
        return cls(FolderStorage(root) if isinstance(root, Path) else root)

    def beside(self, name: str) -> Path | None:
        """The path of another file in the folder; None in a bucket."""
        return self.storage.root / name if isinstance(self.storage, FolderStorage) else None

    def files(
        self, series: Series, first: date = date.min, last: date = date.max
    ) -> Iterator[FlatFile]:
        """The files of the days from first to last, both included, in no order."""
        root, last = f"{self._root}{FOLDERS[series]}", min(last, self.last)
        for year in self._numbered(root, first.year, last.year):
            low = first.month if int(year) == first.year else 1
            high = last.month if int(year) == last.year else 12
            for month in self._numbered(f"{root}/{year}", low, high):
                for file in self._month(f"{root}/{year}/{month}"):
                    if first <= file.day <= last:
                        yield file

    def file(self, series: Series, day: date) -> FlatFile | None:
        """The file of a day; None where there is none (yet)."""
        return next(self.files(series, day, day), None)

    def newest(self, series: Series) -> Iterator[FlatFile]:
        """All files from the newest on; months are listed as far as they are looked at."""
        root = f"{self._root}{FOLDERS[series]}"
        for year in sorted(self._numbered(root, 1, 9999), reverse=True):
            for month in sorted(self._numbered(f"{root}/{year}", 1, 12), reverse=True):
                files = [f for f in self._month(f"{root}/{year}/{month}") if f.day <= self.last]
                yield from sorted(files, key=lambda file: file.day, reverse=True)

    def market(self, file: FlatFile) -> MarketBars:
        """A file parsed whole.

        Raises: DataFetchError naming it, AuthenticationError where the plan does not include it.
        """
        return self._parsed.get(file, partial(self._opened, file, read_flat))

    def market_of(self, series: Series, day: date) -> MarketBars:
        """The same for the file of a day; empty where there is none (yet)."""
        file = self.file(series, day)
        return MarketBars.of({}) if file is None else self.market(file)

    def tickers(self, file: FlatFile) -> list[str]:
        """The symbols of a file, each once, in its order.

        Raises: DataFetchError naming it, AuthenticationError where the plan does not include it.
        """
        return self._opened(file, read_tickers)

    def _opened(self, file: FlatFile, read: Callable[[Open, str], T]) -> T:
        path = f"{self.storage.url}/{file.name}"
        try:
            return read(lambda: self.storage.open(file.name), path)
        except FileNotFoundError as error:
            raise DataFetchError(f"{path} was listed and is gone") from error
        except AuthenticationError as error:
            detail = f"{path} is listed, but the plan of these keys does not include it"
            raise AuthenticationError(detail, status=HTTPStatus.FORBIDDEN) from error

    def _month(self, folder: str) -> list[FlatFile]:
        def look() -> list[FlatFile]:
            stamped = self.storage.stamps(folder).items()
            named = ((day_of_file(name), name, stamp) for name, stamp in stamped)
            return [FlatFile(d, f"{folder}/{n}", s) for d, n, s in named if d is not None]

        return self._months.get(folder, look)

    def _numbered(self, folder: str, first: int, last: int) -> list[str]:
        names = self._folders.get(folder, partial(self.storage.folders, folder))
        return [name for name in names if name.isdecimal() and first <= int(name) <= last]


class _Listings(Generic[T]):
    """Listings by folder, each believed for so many seconds; fewer than none: never."""

    def __init__(self, holds_s: float, monotonic: Callable[[], float]) -> None:
        self._holds_s = holds_s
        self._monotonic = monotonic
        self._listings: dict[str, tuple[float, T]] = {}

    def get(self, folder: str, look: Callable[[], T]) -> T:
        now = self._monotonic()
        listed = self._listings.get(folder)
        if listed is None or now - listed[0] > self._holds_s:
            listed = self._listings[folder] = now, look()
        return listed[1]


class _ParsedFiles:
    """Parsed files, the most recently used ones, up to so many bytes; a larger one stands alone.
    Each is parsed by one thread, and the others wait for it.
    """

    def __init__(self, max_bytes: int) -> None:
        self._cache: LRUCache[tuple[str, object], MarketBars] = LRUCache(
            max_bytes, lambda parsed: min(max_bytes, _bytes_of(parsed))
        )
        self._lock = threading.Lock()
        self._turns = Turns()

    def get(self, file: FlatFile, parse: Callable[[], MarketBars]) -> MarketBars:
        key = (file.name, file.stamp)
        with self._turns.of(key):
            with self._lock:
                cached = self._cache.get(key)
            if cached is not None:
                return cached
            parsed = parse()
            with self._lock:
                self._cache[key] = parsed
        return parsed


def _bytes_of(parsed: MarketBars) -> int:
    return parsed.bars.nbytes + len(parsed.places) * PLACE_BYTES
