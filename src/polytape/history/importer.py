"""Bars brought in from files: the vendor's flat files, CSV, Parquet. One file at a time in memory.

Nothing is guessed: a wrong header and a timestamp without a zone, where none was named, are
refused; rows with NaN, with high below low, with the start of the row before, or daily ones of a
day without a session are refused, skipped or reported, as the caller chooses.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from polytape.errors import DataFetchError, ValidationError
from polytape.history import import_rows, import_tables
from polytape.model.arrays import Ints
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.coverage import Coverage
from polytape.upstream.flatfiles import filing
from polytape.upstream.flatfiles.listing import FOLDERS
from polytape.upstream.flatfiles.parsing import day_of_file, read_file

OnError: TypeAlias = Literal["fail", "skip", "report"]
Format: TypeAlias = Literal["flatfiles", "csv", "parquet"]
ENDINGS = {"flatfiles": ".csv.gz", "csv": ".csv", "parquet": ".parquet"}


class BarsWriter(Protocol):
    """What bars are written into, as into a `SegmentStore`."""

    def write(
        self,
        series: Series,
        market: MarketBars,
        coverage: Iterable[Coverage],
        *,
        now: int | None = None,
    ) -> None:
        """Store bars and their coverage. Raises: DataFetchError."""


@dataclass(frozen=True, slots=True)
class FileImport:
    """One file: how many bars were stored, and what is wrong with the rows that were not."""

    path: Path
    bars: int
    refused: tuple[str, ...]


@dataclass
class Importer:
    """Writes files into a store. `now` gives microseconds UTC and decides what is final."""

    store: BarsWriter
    market: Market
    now: Callable[[], int]
    on_error: OnError = "fail"

    def run(
        self, paths: list[Path], form: Format, mapping: import_tables.ColumnMapping
    ) -> Iterator[FileImport]:
        """Import files, and those in folders below. Each is stored before the next is read.

        Raises: ValidationError for a path, DataFetchError naming the file.
        """
        files = files_of(paths, form)
        if form == "flatfiles":
            yield from self._flat_files(files)
        else:
            yield from (self._table(path, mapping) for path in files)

    def _flat_files(self, files: list[Path]) -> Iterator[FileImport]:
        """The next file is unpacked while this one is written."""
        named = [(path, *flat_file_of(path)) for path in files]
        with ThreadPoolExecutor(1, thread_name_prefix="polytape-import") as reader:
            coming: deque[Future[MarketBars]] = deque()
            coming.extend(reader.submit(read_file, path) for path in files[:2])
            for number, (path, day, series) in enumerate(named, start=2):
                market = coming.popleft().result()
                coming.extend(reader.submit(read_file, path) for path in files[number : number + 1])
                yield self._flat_file(path, day, series, market)

    def _flat_file(self, path: Path, day: date, series: Series, market: MarketBars) -> FileImport:
        if not len(market) and self.market.session(day) is not None:
            # It would say of every symbol that it did not trade.
            raise DataFetchError(f"{path} has no row of {day}, a trading day: get it again")
        if series is Series.DAY:
            # The file's name says the day, whatever the timestamps in it.
            starts = np.full(len(market), self.market.midnight(day), np.int64)
            market = MarketBars(replace(market.bars, timestamp=starts), market.places)
        # A file of minutes may hold an evening of the next trade date, or lack its own.
        stamps, span = market.bars.timestamp, self.market.day_span(day)
        allowed = span if series is Series.DAY else filing.span_of_file(day, self.market)
        more = {f"is not of {day}": (stamps < allowed.start) | (stamps >= allowed.end)}
        if series is Series.DAY:
            more |= import_rows.faults_of_days(market.bars, self.market)
        sound, refused = self._sound(path, market, more)
        if refused and not len(sound):
            return FileImport(path, 0, refused)
        if series is Series.MINUTE:
            span = filing.span_known_from(day, sound.bars.timestamp, self.market)
        self.store.write(series, sound, [self._coverage(None, span)], now=self.now())
        return FileImport(path, len(sound), refused)

    def _table(self, path: Path, mapping: import_tables.ColumnMapping) -> FileImport:
        """A day that has a bar counts as whole."""
        table = import_tables.read_table(path, mapping, self.market)
        more = {"has a start that came before": table.repeated}
        if mapping.series is Series.DAY:
            more |= import_rows.faults_of_days(table.market.bars, self.market)
        sound, refused = self._sound(path, table.market, more, table.numbers)
        if not len(sound):
            return FileImport(path, 0, refused)
        coverage = [
            self._coverage(symbol, span)
            for symbol, bars in sound.by_symbol()
            for span in self.market.whole_days(bars.timestamp)
        ]
        self.store.write(mapping.series, sound, coverage, now=self.now())
        return FileImport(path, len(sound), refused)

    def _sound(
        self,
        path: Path,
        market: MarketBars,
        more: import_rows.Faults,
        numbers: Ints | None = None,
    ) -> tuple[MarketBars, tuple[str, ...]]:
        """The rows that are bars, and what is wrong with the others: `more`, or a bad value.

        Raises: DataFetchError for the first other row, where `on_error` is "fail".
        """
        if import_rows.all_sound(market.bars) and not any(rows.any() for rows in more.values()):
            return market, ()
        faults = import_rows.faults(market.bars) | more
        bad = np.logical_or.reduce(list(faults.values()))
        lines = tuple(import_rows.fault_lines(market, faults, numbers))
        if self.on_error == "fail":
            rows = f"({int(bad.sum())} such rows; --on-error skip)"
            raise DataFetchError(f"{path}: {lines[0]} {rows}")
        places = market.places.items()
        parts = {s: market.bars.take(place).take(~bad[place]) for s, place in places}
        return MarketBars.of(parts), lines

    def _coverage(self, symbol: str | None, span: Span) -> Coverage:
        fetched_at = self.now()
        final = span.end <= self.market.final_before(fetched_at)
        return Coverage(symbol, span, fetched_at, final)


def files_of(paths: list[Path], form: Format) -> list[Path]:
    """The named files and those below the named folders, in order of their names.

    Raises: ValidationError for a path that is not there, or has no file of the format below it.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob(f"*{ENDINGS[form]}"), key=lambda p: p.name)
            if not inside:
                raise ValidationError("PATHS", str(path), f"a folder with *{ENDINGS[form]} files")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise ValidationError("PATHS", str(path), "a file or a folder that is there")
    return files


def flat_file_of(path: Path) -> tuple[date, Series]:
    """The day and series of a flat file, from its name and folder.

    Raises: ValidationError for a path that does not say them.
    """
    day = day_of_file(path.name)
    for series, folder in FOLDERS.items():
        if day is not None and folder in path.parts:
            return day, series
    allowed = f".../{'|'.join(FOLDERS.values())}/YYYY/MM/YYYY-MM-DD.csv.gz"
    raise ValidationError("PATHS", str(path), allowed)
