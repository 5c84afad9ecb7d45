"""A folder in the vendor's flat-file layout: one gzip CSV a day with all symbols, as traded.

    us_stocks_sip/{minute_aggs_v1,day_aggs_v1}/YYYY/MM/YYYY-MM-DD.csv.gz

Facts that govern this file: the columns are in the order open, close, high, low; volumes have
decimals; tickers such as NA and TRUE are text; rows may come unsorted; the date of a daily bar is
the file's name, whatever the row's stamp says; a day without a file is a day without bars.
"""

import csv
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from polytape.errors import (
    ConfigurationError,
    DataFetchError,
    NotFoundError,
    PolygonClientError,
)
from polytape.model.bars import Bars
from polytape.model.clock import ExchangeClock
from polytape.model.market import MarketBars
from polytape.model.newyork import date_of, midnight
from polytape.model.resample import days_from_minutes
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.spans import Span, day_span
from polytape.model.splits import Split
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.upstream.source import SourceBars

log = logging.getLogger(__name__)

MARKET = "us_stocks_sip"
FOLDERS = {Series.MINUTE: "minute_aggs_v1", Series.DAY: "day_aggs_v1"}
NUMBERS = ("volume", "open", "close", "high", "low")
COLUMNS = ("ticker", *NUMBERS, "window_start", "transactions")
SPLIT_COLUMNS = ("ticker", "execution_date", "split_from", "split_to")
KEPT_BYTES = 512 * 1024 * 1024
# A symbol's name and its slice.
PLACE_BYTES = 250
NS_PER_US = 1_000

_FILE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})\.csv\.gz")


@dataclass
class FlatFiles:
    """The source of `--source flatfiles --data DIR`. `splits_file` defaults to `DIR/splits.csv`.

    Without a table of splits, prices can only be had as traded.
    """

    root: Path
    clock: ExchangeClock
    splits_file: Path | None = None
    name: str = "flatfiles"
    made_up: bool = False
    _kept: "_KeptFiles" = field(default_factory=lambda: _KeptFiles(KEPT_BYTES), repr=False)
    _looked_at: dict[Path, int] = field(default_factory=dict, repr=False)
    _last_seen: dict[Series, dict[str, date]] = field(
        default_factory=lambda: {series: {} for series in Series}, repr=False
    )
    _splits: tuple[int, dict[str, tuple[Split, ...]]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        inner = self.root / MARKET
        self.market = inner if inner.is_dir() else self.root
        if not any((self.market / folder).is_dir() for folder in FOLDERS.values()):
            raise ConfigurationError(
                f"{self.root} holds no flat files: expected {MARKET}/{FOLDERS[Series.MINUTE]}/"
                "YYYY/MM/YYYY-MM-DD.csv.gz below it"
            )
        self._splits_path = self.splits_file or self.root / "splits.csv"
        if self.splits_file is not None and not self.splits_file.is_file():
            raise ConfigurationError(
                f"{self.splits_file} is no file: a table of splits is expected"
            )
        self.splits("")  # a wrong table is told at the start

    def bars(self, symbol: str, series: Series, span: Span) -> SourceBars:
        days = self._days(span)
        if series is Series.MINUTE:
            answer = SourceBars(Bars.concat(self._minutes(symbol, day) for day in days))
        else:
            answer = self._daily(symbol, days)
        bars = answer.bars.within(span)
        absent = tuple(self._without_file(series, span))
        bare = [gap for gap in absent if gap not in answer.unsettled and gap.start < span.end]
        notes = (*answer.notes, *((_no_file(series, bare),) if bare else ()))
        if not len(bars) and self.find(symbol) is None:
            raise NotFoundError(f"no file below {self.market} holds the symbol {symbol}")
        return SourceBars(bars, notes, (*answer.unsettled, *absent))

    def last_bar(self, symbol: str) -> Bars:
        minute, day = (self._last_day(symbol, series) for series in (Series.MINUTE, Series.DAY))
        if minute is not None and (day is None or minute >= day):
            bars = self._minutes(symbol, minute)
            if len(bars):
                return bars.last(1)
        return Bars.empty() if day is None else self._official(symbol, day)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        try:
            stamp = self._splits_path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._splits is None or self._splits[0] != stamp:
            self._splits = stamp, read_splits(self._splits_path)
        return self._splits[1].get(symbol, ())

    def find(self, symbol: str) -> SymbolInfo | None:
        known = any(self._last_day(symbol, series) for series in (Series.DAY, Series.MINUTE))
        return SymbolInfo(symbol) if known else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        for series in FOLDERS:
            self._last_day("", series)  # no symbol: every file is looked at
        infos = map(SymbolInfo, {s for seen in self._last_seen.values() for s in seen})
        return rank([i for i in infos if matches(i, query, active_only=active_only)], query)

    def _daily(self, symbol: str, days: list[date]) -> SourceBars:
        """The vendor's daily bars; where only minutes are at hand, bars made from them."""
        parts, made = [], []
        for day in days:
            part = self._official(symbol, day)
            if not len(part):
                part = days_from_minutes(self._minutes(symbol, day), self.clock)
                made += [day] if len(part) else []
            parts.append(part)
        notes = (_made_from_minutes(made),) if made else ()
        return SourceBars(Bars.concat(parts), notes, tuple(day_span(day) for day in made))

    def _without_file(self, series: Series, span: Span) -> Iterator[Span]:
        """The trading days of a span whose file is not there: it may still come."""
        there = {day for day, _ in self._files(series)}
        for session in self.clock.sessions(span):
            if session.day not in there:
                yield day_span(session.day).intersect(span)

    def _official(self, symbol: str, day: date) -> Bars:
        bars = self._read(Series.DAY, day).of_symbol(symbol).last(1)
        if not len(bars):
            return bars
        stamp = np.array([midnight(day)], np.int64)
        return Bars(stamp, *list(bars.columns().values())[1:])

    def _minutes(self, symbol: str, day: date) -> Bars:
        bars = self._read(Series.MINUTE, day).of_symbol(symbol)
        inside = bars.within(day_span(day))
        if len(inside) < len(bars):
            strays = len(bars) - len(inside)
            log.warning("%s minutes of %s filed under %s are of other days", strays, symbol, day)
        return inside

    def _read(self, series: Series, day: date) -> MarketBars:
        path = self._path(series, day)
        try:
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            return MarketBars.of({})
        except OSError as error:
            raise DataFetchError(f"{path} cannot be read: {error.strerror}") from error
        return self._kept.get(path, stamp)

    def _path(self, series: Series, day: date) -> Path:
        folder = self.market / FOLDERS[series] / f"{day:%Y}" / f"{day:%m}"
        return folder / f"{day:%Y-%m-%d}.csv.gz"

    def _days(self, span: Span) -> list[date]:
        """The days inside `span` that have a file of either kind."""
        if not span:
            return []
        first, last = date_of(span.start), date_of(span.end - 1)
        days = {day for series in FOLDERS for day, _ in self._files(series, first, last)}
        return sorted(days)

    def _files(
        self, series: Series, first: date = date.min, last: date = date.max
    ) -> Iterator[tuple[date, Path]]:
        for year in _numbered(self.market / FOLDERS[series], first.year, last.year):
            for month in _numbered(year, 1, 12):
                for path in month.iterdir():
                    day = day_of_file(path)
                    if day is not None and first <= day <= last:
                        yield day, path

    def _last_day(self, symbol: str, series: Series) -> date | None:
        """The newest day whose file holds a symbol. Files are looked at from the newest on, once
        each, and only until the symbol is found.
        """
        seen = self._last_seen[series]
        for day, path in sorted(self._files(series), reverse=True):
            if symbol in seen and seen[symbol] >= day:
                break
            for name in self._new_tickers(path):
                seen[name] = max(day, seen.get(name, day))
        return seen.get(symbol)

    def _new_tickers(self, path: Path) -> list[str]:
        """The symbols of a file that was not looked at yet. A file that cannot be read names none
        here: a question for its own day tells what is wrong with it.
        """
        try:
            stamp = path.stat().st_mtime_ns
            if self._looked_at.get(path) == stamp:
                return []
            names = _parse(path, ("ticker",)).column("ticker").unique().to_pylist()
        except FileNotFoundError:
            return []
        except DataFetchError as error:
            log.warning("looking for symbols: %s", error)
            names = []
        self._looked_at[path] = stamp
        return [str(name) for name in names]


class _KeptFiles:
    """Parsed files, the most recently used ones, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[Path, int], MarketBars] = OrderedDict()

    def get(self, path: Path, stamp: int) -> MarketBars:
        key = (path, stamp)
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        parsed = read_file(path)
        with self._lock:
            self._files[key] = parsed
            while len(self._files) > 1 and self._bytes() > self._most:
                self._files.popitem(last=False)
        return parsed

    def _bytes(self) -> int:
        files = self._files.values()
        return sum(kept.bars.nbytes + len(kept.places) * PLACE_BYTES for kept in files)


def read_file(path: Path) -> MarketBars:
    """One flat file, parsed whole. Raises DataFetchError naming the file."""
    table = _parse(path, COLUMNS)
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


def _no_file(series: Series, gaps: list[Span]) -> str:
    first, last = date_of(gaps[0].start), date_of(gaps[-1].start)
    when = f"{first}" if first == last else f"{len(gaps)} trading days from {first} to {last}"
    return f"no {FOLDERS[series]} file for {when}: their bars are missing"


def _made_from_minutes(days: list[date]) -> str:
    named = f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
    return (
        f"no official daily bar for {named}: made from minutes "
        "(the volume lacks trades that no minute bar has)"
    )


def day_of_file(path: Path) -> date | None:
    """The day that a file's name says; None for another file."""
    match = _FILE_NAME.fullmatch(path.name)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        log.warning("%s is named after a day that does not exist", path)
        return None


def _numbered(folder: Path, first: int, last: int) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name.isdecimal() and first <= int(path.name) <= last and path.is_dir():
            yield path


def _parse(path: Path, columns: tuple[str, ...]) -> Any:
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
        with pa.CompressedInputStream(pa.OSFile(str(path)), "gzip") as stream:
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
