"""The vendor's flat files as a source: a folder of them, or the vendor's own bucket.

A day without a file is a day without bars, for now: its file may still come. The date of a daily
bar is its file's name, whatever the row's stamp says.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from polytape.errors import ConfigurationError, DataFetchError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import date_of, midnight
from polytape.model.resample import days_from_minutes
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.spans import Span, day_span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.upstream.daily_cache import AnswerStore
from polytape.upstream.flatfiles.listing import FOLDERS, FlatFile, FlatFileListing
from polytape.upstream.flatfiles.parsing import read_splits
from polytape.upstream.source import Local, SourceBars

log = logging.getLogger(__name__)


class FlatFiles(Local):
    """The source of `--source flatfiles --data PLACE`: a folder, or a bucket.

    Of a bucket, which must be downloaded from, whole days are worth keeping; symbols are looked up
    in its newest file and the last one of each year. `splits_file` defaults to `FOLDER/splits.csv`;
    without a table of splits, prices can only be had as traded. `memory` remembers which files
    were kept, so that replaced ones are read again.
    """

    name = "flatfiles"
    made_up = False

    def __init__(
        self,
        root: Path | Storage,
        market: Market,
        splits_file: Path | None = None,
        memory: AnswerStore | None = None,
    ) -> None:
        self.market = market
        self._memory = memory
        storage = FolderStorage(root) if isinstance(root, Path) else root
        self.listing = FlatFileListing(storage)
        self.whole_days = self.listing.remote
        self._looking = threading.Lock()
        self._looked_at: dict[str, object] = {}
        self._last_seen: dict[Series, dict[str, date]] = {series: {} for series in Series}
        self._splits: tuple[int, dict[str, tuple[Split, ...]]] | None = None
        beside = storage.root / "splits.csv" if isinstance(storage, FolderStorage) else None
        self._splits_path = splits_file or beside
        if splits_file is not None and not splits_file.is_file():
            raise ConfigurationError(f"{splits_file} is no file: a table of splits is expected")
        self.splits("")  # a wrong table is told at the start

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False  # noqa: ARG002
    ) -> SourceBars:  # fmt: skip
        if series is Series.MINUTE:
            days = self._days(span, (series,))
            answer = SourceBars(Bars.concat(self._minutes(symbol, day) for day in days))
        else:
            answer = self._daily(symbol, self._days(span, FOLDERS))
        bars = answer.bars.within(span)
        absent = self._without_file(series, span)
        bare = [gap for gap in absent if gap not in answer.unsettled and gap.start < span.end]
        notes = (*answer.notes, *((_no_file(series, bare),) if bare else ()))
        if not len(bars) and self.find(symbol) is None:
            raise NotFoundError(
                f"no file below {self.listing.storage.url} holds the symbol {symbol}"
            )
        return SourceBars(bars, notes, (*answer.unsettled, *absent))

    def market_day(
        self, series: Series, day: date, *, background: bool = False  # noqa: ARG002
    ) -> MarketBars | None:  # fmt: skip
        file = self.listing.file(series, day)
        if file is None:
            return None
        market = self.listing.market(file)
        if series is Series.DAY:
            return _stamped(market, day)
        span = day_span(day)
        strays = (market.bars.timestamp < span.start) | (market.bars.timestamp >= span.end)
        if not strays.any():
            return market
        log.warning("%d minutes filed under %s are of other days", int(strays.sum()), day)
        return MarketBars.of({s: market.of_symbol(s).within(span) for s in market.places})

    def kept(self, series: Series, day: date) -> None:
        """Remember which file a day was read from."""
        file = self.listing.file(series, day)
        if file is not None and self._memory is not None:
            self._memory.put(_question(file), msgspec.json.encode(str(file.stamp)), 0)

    def replaced(self, series: Series, days: list[date]) -> list[date]:
        """The days whose file is another one than was kept."""
        if self._memory is None:
            return []
        found = []
        for file in filter(None, (self.listing.file(series, day) for day in days)):
            known = self._memory.get(_question(file))
            if known is not None and msgspec.json.decode(known[1]) != str(file.stamp):
                found.append(file.day)
        return found

    def last_bar(self, symbol: str) -> Bars:
        minute, day = (self._last_day(symbol, series) for series in (Series.MINUTE, Series.DAY))
        if minute is not None and (day is None or minute >= day):
            bars = self._minutes(symbol, minute)
            if len(bars):
                return bars.last(1)
        return Bars.empty() if day is None else self._official(symbol, day)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        if self._splits_path is None:
            return None
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
                part = days_from_minutes(self._minutes(symbol, day), self.market)
                made += [day] if len(part) else []
            parts.append(part)
        notes = (_made_from_minutes(made),) if made else ()
        return SourceBars(Bars.concat(parts), notes, tuple(day_span(day) for day in made))

    def _without_file(self, series: Series, span: Span) -> tuple[Span, ...]:
        """The trading days of a span whose file is not there: it may still come."""
        there = set(self._days(span, (series,)))
        return tuple(
            day_span(session.day).intersect(span)
            for session in self.market.sessions(span)
            if session.day not in there
        )

    def _official(self, symbol: str, day: date) -> Bars:
        bars = self._read(Series.DAY, day).of_symbol(symbol).last(1)
        if not len(bars):
            return bars
        return replace(bars, timestamp=np.array([midnight(day)], np.int64))

    def _minutes(self, symbol: str, day: date) -> Bars:
        bars = self._read(Series.MINUTE, day).of_symbol(symbol)
        inside = bars.within(day_span(day))
        if len(inside) < len(bars):
            strays = len(bars) - len(inside)
            log.warning("%s minutes of %s filed under %s are of other days", strays, symbol, day)
        return inside

    def _read(self, series: Series, day: date) -> MarketBars:
        file = self.listing.file(series, day)
        return MarketBars.of({}) if file is None else self.listing.market(file)

    def _days(self, span: Span, kinds: Iterable[Series]) -> list[date]:
        """The days inside `span` that have a file of one of these kinds."""
        if not span:
            return []
        first, last = date_of(span.start), date_of(span.end - 1)
        return sorted({f.day for series in kinds for f in self.listing.files(series, first, last)})

    def _last_day(self, symbol: str, series: Series) -> date | None:
        """The newest day whose file holds a symbol. Files are looked at from the newest on, once
        each, and only until the symbol is found; in a bucket one a year is.
        """
        seen = self._last_seen[series]
        years: set[int] = set()
        with self._looking:
            for file in self.listing.newest(series):
                if symbol in seen and seen[symbol] >= file.day:
                    break
                if self.listing.remote and file.day.year in years:
                    continue
                years.add(file.day.year)
                for name in self._new_tickers(file):
                    seen[name] = max(file.day, seen.get(name, file.day))
        return seen.get(symbol)

    def _new_tickers(self, file: FlatFile) -> list[str]:
        """The symbols of a file that was not looked at yet. A file that cannot be read names none
        here: a question for its own day tells what is wrong with it.
        """
        if self._looked_at.get(file.name) == file.stamp:
            return []
        try:
            names = self.listing.tickers(file)
        except DataFetchError as error:
            log.warning("looking for symbols: %s", error)
            names = []
        self._looked_at[file.name] = file.stamp
        return names


def _question(file: FlatFile) -> str:
    return f"file {file.name}"


def _stamped(market: MarketBars, day: date) -> MarketBars:
    """Daily bars under the day that their file is named after; of two rows the last one."""
    stamps = np.full(len(market), midnight(day), np.int64)
    bars = replace(market.bars, timestamp=stamps)
    if len(market) == len(market.places):
        return MarketBars(bars, market.places)
    return MarketBars.of({s: bars.take(place).last(1) for s, place in market.places.items()})


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
