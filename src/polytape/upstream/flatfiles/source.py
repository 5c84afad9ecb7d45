"""The vendor's flat files as a source: a folder of them, or the vendor's own bucket.

A day without a file is a day without bars, for now: its file may still come. The date of a daily
bar is its file's name, whatever the row's stamp says.
https://massive.com/knowledge-base/article/what-time-are-massives-flat-files-ready-each-day
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import Storage
from polytape.upstream.answer_store import AnswerStore
from polytape.upstream.flatfiles.days import FlatFileDays
from polytape.upstream.flatfiles.listing import FOLDERS, FlatFileListing
from polytape.upstream.flatfiles.reference import FlatFileReference
from polytape.upstream.source import SourceBars, Upstream

log = logging.getLogger(__name__)


class FlatFiles:
    """The source of `--source flatfiles --data DIR`: a folder, or a bucket.

    `splits_file` defaults to `FOLDER/splits.csv`; without a table of splits, prices can only be had
    as traded. `memory` and `covers_unlisted`: see `FlatFileDays`, `DaySource`.

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
    ) -> None:
        self.market = market
        self.listing = FlatFileListing.of(root)
        self.days = FlatFileDays(
            self.listing, market, memory, covers_unlisted, reads_whole_days=self.listing.remote
        )
        self.reference = FlatFileReference(self.listing, splits_file)

    def upstream(self) -> Upstream:
        """This source by its parts."""
        return Upstream("flatfiles", self, self.reference, days=self.days)

    def end_with(self, day: date) -> None:
        """Leave out the files of later days."""
        self.listing.last = day

    def earliest(self) -> int:
        """As `BarSource.earliest`: all of time."""
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        """As `BarSource.bars`.

        Raises: NotFoundError for a symbol that no file has, DataFetchError naming a damaged file.
        """
        if query.series is Series.MINUTE:
            days = self._days(query.span, (Series.MINUTE,))
            answer = SourceBars(Bars.concat(self._minutes(query.symbol, day) for day in days))
        else:
            answer = self._daily(query.symbol, self._days(query.span, FOLDERS))
        bars = answer.bars.within(query.span)
        absent = self._without_file(query.series, query.span)
        bare = [
            gap for gap in absent if gap not in answer.provisional and gap.start < query.span.end
        ]
        notes = (*answer.notes, *((self._no_file(query.series, bare),) if bare else ()))
        if not len(bars) and self.reference.find(query.symbol) is None:
            where = self.listing.storage.url
            raise NotFoundError(f"no file below {where} holds the symbol {query.symbol}")
        return SourceBars(bars, notes, (*answer.provisional, *absent))

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`: of the newest file that has the symbol."""
        minute = self.reference.tickers.last_day(symbol, Series.MINUTE)
        day = self.reference.tickers.last_day(symbol, Series.DAY)
        if minute is not None and (day is None or minute >= day):
            bars = self._minutes(symbol, minute)
            if len(bars):
                return bars.last(1)
        return Bars.empty() if day is None else self._official(symbol, day)

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
        return SourceBars(
            Bars.concat(parts), notes, tuple(self.market.day_span(day) for day in made)
        )

    def _without_file(self, series: Series, span: Span) -> tuple[Span, ...]:
        """The trading days of a span whose file is not there: it may still come."""
        there = set(self._days(span, (series,)))
        return tuple(
            self.market.day_span(session.day).intersect(span)
            for session in self.market.sessions(span)
            if session.day not in there
        )

    def _no_file(self, series: Series, gaps: list[Span]) -> str:
        first, last = (self.market.date_of(gaps[at].start) for at in (0, -1))
        when = f"{first}" if first == last else f"{len(gaps)} trading days from {first} to {last}"
        return f"no {FOLDERS[series]} file for {when}: their bars are missing"

    def _official(self, symbol: str, day: date) -> Bars:
        """The vendor's daily bar of a day, if there is one."""
        bars = self.listing.market_of(Series.DAY, day).of_symbol(symbol).last(1)
        if not len(bars):
            return bars
        return replace(bars, timestamp=np.array([self.market.midnight(day)], np.int64))

    def _minutes(self, symbol: str, day: date) -> Bars:
        bars = self.listing.market_of(Series.MINUTE, day).of_symbol(symbol)
        inside = bars.within(self.market.day_span(day))
        if len(inside) < len(bars):
            strays = len(bars) - len(inside)
            log.warning("%s minutes of %s filed under %s are of other days", strays, symbol, day)
        return inside

    def _days(self, span: Span, kinds: Iterable[Series]) -> list[date]:
        """The days inside `span` that have a file of one of these kinds."""
        if not span:
            return []
        first, last = self.market.date_of(span.start), self.market.date_of(span.end - 1)
        return sorted({f.day for series in kinds for f in self.listing.files(series, first, last)})


def _made_from_minutes(days: list[date]) -> str:
    named = f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
    return (
        f"no official daily bar for {named}: made from minutes "
        "(the volume lacks trades that no minute bar has)"
    )
