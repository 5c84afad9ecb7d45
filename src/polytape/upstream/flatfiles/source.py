"""The vendor's flat files as a source: a folder of them, or the vendor's own bucket.

A trade date that is over and has no file is missing; that of today, and of dates to come, is not
there yet. So is the evening before it, where that belongs to it and none of the files that may
hold it (`filing`) is there. The date of a daily bar is its file's name, whatever its stamp says.
https://massive.com/knowledge-base/article/what-time-are-massives-flat-files-ready-each-day
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.net.storage import Storage
from polytape.upstream import source
from polytape.upstream.answer_store import AnswerStore
from polytape.upstream.flatfiles import filing, listing
from polytape.upstream.flatfiles.days import FlatFileDays
from polytape.upstream.flatfiles.reference import FlatFileReference


class FlatFiles:
    """The source of `--source flatfiles --data DIR`: a folder, or a bucket.

    `splits_file` defaults to `FOLDER/splits.csv`; without a table of splits, prices can only be had
    as traded. `memory` and `covers_unlisted`: see `FlatFileDays`, `DaySource`. `now` (microseconds
    UTC) says which days are over; without it all are.

    Raises: ConfigurationError for a place without flat files or a wrong table of splits.
    """

    def __init__(
        self,
        root: Path | Storage,
        market: Market,
        splits_file: Path | None = None,
        memory: AnswerStore | None = None,
        *,
        covers_unlisted: bool = True,
        now: Callable[[], int] | None = None,
    ) -> None:
        self.market = market
        self._now = now
        self.listing = listing.FlatFileListing.of(root)
        self.days = FlatFileDays(
            self.listing, market, memory, covers_unlisted, reads_whole_days=self.listing.remote
        )
        self.reference = FlatFileReference(self.listing, splits_file)

    def upstream(self) -> source.Upstream:
        """This source by its parts."""
        suggest = self.reference.tickers.suggest
        return source.Upstream("flatfiles", self, self.reference, days=self.days, suggest=suggest)

    def end_with(self, day: date) -> None:
        """Leave out the files of later days."""
        self.listing.last = day

    def earliest(self) -> int:
        """As `BarSource.earliest`: all of time."""
        return 0

    def bars(self, query: BarsQuery) -> source.SourceBars:
        """As `BarSource.bars`.

        Raises: NotFoundError for a symbol that no file has, DataFetchError naming a damaged file.
        """
        # A day without a daily file is made from its minutes.
        kinds = (Series.MINUTE,) if query.series is Series.MINUTE else tuple(listing.FOLDERS)
        filed = {kind: self._days(query.span, kind) for kind in kinds}
        there = sorted({day for of_kind in filed.values() for day in of_kind})
        if query.series is Series.MINUTE:
            answer = self._minutely(query)
        else:
            answer = self._daily(query, there)
        bars = answer.bars.within(query.span)
        if not len(bars) and self.reference.find(query.symbol) is None:
            where = self.listing.storage.url
            raise NotFoundError(f"no file below {where} holds the symbol {query.symbol}")
        return self._described(query, replace(answer, bars=bars), set(filed[query.series]), there)

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`: of the newest file that has the symbol."""
        minute = self.reference.tickers.last_day(symbol, Series.MINUTE)
        day = self.reference.tickers.last_day(symbol, Series.DAY)
        if minute is not None and (day is None or minute >= day):
            days = filing.days_of_file(minute, self.market)
            bars = Bars.concat(self._minutes(symbol, one) for one in days)
            if len(bars):
                return bars.last(1)
        return Bars.empty() if day is None else self._official(symbol, day)

    def _minutely(self, query: BarsQuery) -> source.SourceBars:
        """The minutes of a span's trade dates, day by day: a file is parsed once and dropped."""
        parts: list[Bars] = []
        notes: list[str] = []
        for day in self._minute_days(query.span):
            parts.append(self._minutes(query.symbol, day))
            notes += self._strays(query.symbol, day)
        return source.SourceBars(Bars.concat(parts), tuple(notes))

    def _daily(self, query: BarsQuery, days: list[date]) -> source.SourceBars:
        """The vendor's daily bars; where only minutes are at hand, bars made from them."""
        parts, made = [], []
        for day in days:
            part = self._official(query.symbol, day)
            if not len(part):
                part = days_from_minutes(self._minutes(query.symbol, day), self.market)
                made += [day] if len(part) else []
            parts.append(part)
        notes = (_made_from_minutes(made),) if made else ()
        spans = self._spans(made, query.span)
        return source.SourceBars(Bars.concat(parts), notes, spans, from_minutes=tuple(made))

    def _described(
        self, query: BarsQuery, answer: source.SourceBars, own: set[date], there: list[date]
    ) -> source.SourceBars:
        """The answer with what is to be known of the trading days that have no file (`own` have one
        of the series, `there` one to make bars from): nothing of them is stored, and those that are
        over are missing.
        """
        span, filed = query.span, set(there)
        days = [session.day for session in self.market.sessions(span)]
        absent = [day for day in days if day not in filed]
        over, coming = self._by_age(absent)
        evenings = self._unfiled_evenings(query, [day for day in days if day in own])
        unfiled = self._spans((day for day in days if day not in own), span)
        return source.SourceBars(
            answer.bars,
            (*answer.notes, *((_not_yet(query.series, coming),) if coming else ())),
            (*answer.provisional, *unfiled, *evenings),
            self._published(query.series, absent) if absent else None,
            SpanSet.of((*self._spans(over, span), *evenings)).spans,
            answer.from_minutes,
        )

    def _unfiled_evenings(self, query: BarsQuery, days: list[date]) -> tuple[Span, ...]:
        """The evenings before some filed trade dates whose minutes are in no file: that of the
        trading day before is absent, and their own ones begin at midnight.
        """
        if query.series is Series.DAY:
            return ()
        evenings = (self._unfiled_evening(day).intersect(query.span) for day in days)
        return tuple(filter(None, evenings))

    def _unfiled_evening(self, day: date) -> Span:
        evening, name = filing.evening_before(day, self.market), day - timedelta(days=1)
        files = self.listing
        if not evening or self.market.session(name) is None or files.file(Series.MINUTE, name):
            return Span(evening.end, evening.end)
        stamps = files.market_of(Series.MINUTE, day).bars.timestamp
        return Span(evening.end, evening.end) if (stamps < evening.end).any() else evening

    def _by_age(self, days: list[date]) -> tuple[list[date], list[date]]:
        """The days that are over, and the others."""
        today = date.max if self._now is None else self.market.date_of(self._now())
        return [day for day in days if day < today], [day for day in days if day >= today]

    def _published(self, series: Series, absent: list[date]) -> int | None:
        """The instant up to which there are files, microseconds UTC, where days without one follow;
        what lies before the first of those and after the last file is none of this answer's.
        """
        kinds = (series,) if series is Series.MINUTE else tuple(listing.FOLDERS)
        newest = [file.day for kind in kinds for file in islice(self.listing.newest(kind), 1)]
        last = max(newest, default=date.min)
        tail = [day for day in absent if day > last]
        if not tail:
            return None
        before = self.market.session_before(tail[0])
        if newest and before is not None and before.day <= last:
            return self.market.day_span(last).end
        return self.market.day_start(tail[0])

    def _spans(self, days: Iterable[date], span: Span) -> tuple[Span, ...]:
        """The days' parts of a span."""
        return tuple(self.market.day_span(day).intersect(span) for day in days)

    def _official(self, symbol: str, day: date) -> Bars:
        """The vendor's daily bar of a day, if there is one."""
        bars = self.listing.market_of(Series.DAY, day).of_symbol(symbol).last(1)
        if not len(bars):
            return bars
        return replace(bars, timestamp=np.array([self.market.midnight(day)], np.int64))

    def _minutes(self, symbol: str, day: date) -> Bars:
        """The minutes of a trade date."""
        names = filing.files_of_day(day, self.market)
        bars = Bars.concat(self._filed(symbol, name) for name in names)
        return bars.tidy().within(self.market.day_span(day))

    def _filed(self, symbol: str, name: date) -> Bars:
        """The minutes of a file that are of its days."""
        bars = self.listing.market_of(Series.MINUTE, name).of_symbol(symbol)
        return bars.within(filing.span_of_file(name, self.market))

    def _strays(self, symbol: str, name: date) -> Iterator[str]:
        """What is to be said of the minutes of a file that are of none of its days."""
        filed = self.listing.market_of(Series.MINUTE, name).of_symbol(symbol)
        if strays := len(filed) - len(self._filed(symbol, name)):
            yield (
                f"minutes of {symbol} filed under {name} that are of other days by the hours that "
                f"are known, and left out: {strays}; see POLYTAPE_LONG_DAY_FROM"
            )

    def _minute_days(self, span: Span) -> list[date]:
        """The trade dates inside `span` of which some file may hold minutes."""
        if not span:
            return []
        first, last = self.market.date_of(span.start), self.market.date_of(span.end - 1)
        begin = filing.files_of_day(first, self.market)[0]
        files = self.listing.files(Series.MINUTE, begin, last)
        days = {day for file in files for day in filing.days_of_file(file.day, self.market)}
        return sorted(day for day in days if first <= day <= last)

    def _days(self, span: Span, series: Series) -> list[date]:
        """The trade dates inside `span` that have a file of their name."""
        if not span:
            return []
        first, last = self.market.date_of(span.start), self.market.date_of(span.end - 1)
        return [file.day for file in self.listing.files(series, first, last)]


def _not_yet(series: Series, days: list[date]) -> str:
    return f"the {listing.FOLDERS[series]} file of {_named(days)} is not there yet"


def _made_from_minutes(days: list[date]) -> str:
    return (
        f"no official daily bar for {_named(days)}: made from minutes "
        "(the volume lacks trades that no minute bar has)"
    )


def _named(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
