"""The vendor's flat files as they lie in a folder or a bucket: which days there are, and each file
parsed.

    us_stocks_sip/{minute_aggs_v1,day_aggs_v1}/YYYY/MM/YYYY-MM-DD.csv.gz

A file's stamp (its ETag, or the time it was written) tells whether it was replaced. In a bucket a
listing is believed for ten minutes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from polytape.errors import AuthenticationError, ConfigurationError, DataFetchError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.upstream.flatfiles.parsing import day_of_file, parse, read_flat

T = TypeVar("T")
L = TypeVar("L", list[str], list["FlatFile"])

MARKET = "us_stocks_sip"
FOLDERS = {Series.MINUTE: "minute_aggs_v1", Series.DAY: "day_aggs_v1"}
KEPT_BYTES = 512 * 1024 * 1024
# A symbol's name and its slice.
PLACE_BYTES = 250
LISTING_HOLDS_S = 600.0


@dataclass(frozen=True, slots=True)
class FlatFile:
    """One file: its day, its name in the place, and what changes when it is replaced."""

    day: date
    name: str
    stamp: object


@dataclass
class FlatFileListing:
    """The files of one place. Usable from many threads."""

    storage: Storage
    monotonic: Callable[[], float] = time.monotonic
    _listed: dict[str, tuple[float, list[str] | list[FlatFile]]] = field(
        default_factory=dict, repr=False
    )

    def __post_init__(self) -> None:
        self.remote = not isinstance(self.storage, FolderStorage)
        inside = MARKET in self.storage.folders("")
        self._root = f"{MARKET}/" if inside else ""
        if not any(name in self.storage.folders(self._root) for name in FOLDERS.values()):
            raise ConfigurationError(
                f"{self.storage.url} holds no flat files: expected {MARKET}/"
                f"{FOLDERS[Series.MINUTE]}/YYYY/MM/YYYY-MM-DD.csv.gz below it"
            )
        self._kept = _KeptFiles(KEPT_BYTES)

    def files(
        self, series: Series, first: date = date.min, last: date = date.max
    ) -> Iterator[FlatFile]:
        """The files of the days from first to last, in no order."""
        root = f"{self._root}{FOLDERS[series]}"
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
                files = self._month(f"{root}/{year}/{month}")
                yield from sorted(files, key=lambda file: file.day, reverse=True)

    def market(self, file: FlatFile) -> MarketBars:
        """A file parsed whole. Raises DataFetchError naming it."""
        return self._kept.get(file, partial(self._read, file))

    def tickers(self, file: FlatFile) -> list[str]:
        """The symbols of a file."""
        table = self._opened(file, lambda opened: parse(opened, self._path(file), ("ticker",)))
        return [str(name) for name in table.column("ticker").unique().to_pylist()]

    def _read(self, file: FlatFile) -> MarketBars:
        return self._opened(file, lambda opened: read_flat(opened, self._path(file)))

    def _opened(self, file: FlatFile, read: Callable[[Callable[[], object]], T]) -> T:
        try:
            return read(lambda: self.storage.open(file.name))
        except FileNotFoundError as error:
            raise DataFetchError(f"{self._path(file)} was listed and is gone") from error
        except AuthenticationError as error:
            told = f"{self._path(file)} is listed, but the plan of these keys does not include it"
            raise AuthenticationError(told, status=HTTPStatus.FORBIDDEN) from error

    def _path(self, file: FlatFile) -> str:
        return f"{self.storage.url}/{file.name}"

    def _month(self, folder: str) -> list[FlatFile]:
        def look() -> list[FlatFile]:
            stamped = self.storage.stamps(folder).items()
            named = ((day_of_file(name), name, stamp) for name, stamp in stamped)
            return [FlatFile(d, f"{folder}/{n}", s) for d, n, s in named if d is not None]

        return self._believed(folder, look)

    def _numbered(self, folder: str, first: int, last: int) -> list[str]:
        names = self._believed(f"{folder}/", lambda: self.storage.folders(folder))
        return [name for name in names if name.isdecimal() and first <= int(name) <= last]

    def _believed(self, key: str, look: Callable[[], L]) -> L:
        if not self.remote:
            return look()
        now = self.monotonic()
        held = self._listed.get(key)
        if held is None or now - held[0] > LISTING_HOLDS_S:
            held = now, look()
            self._listed[key] = held
        return held[1]  # type: ignore[return-value]


class _KeptFiles:
    """Parsed files, the most recently used ones, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[str, object], MarketBars] = OrderedDict()
        self._reading: dict[tuple[str, object], threading.Lock] = {}

    def get(self, file: FlatFile, read: Callable[[], MarketBars]) -> MarketBars:
        key = (file.name, file.stamp)
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:  # a file is read by one, and the others wait for it
            with self._lock:
                if key in self._files:
                    self._files.move_to_end(key)
                    return self._files[key]
            parsed = read()
            with self._lock:
                self._files[key] = parsed
                self._reading.pop(key, None)
                while len(self._files) > 1 and self._bytes() > self._most:
                    self._files.popitem(last=False)
        return parsed

    def _bytes(self) -> int:
        files = self._files.values()
        return sum(kept.bars.nbytes + len(kept.places) * PLACE_BYTES for kept in files)
