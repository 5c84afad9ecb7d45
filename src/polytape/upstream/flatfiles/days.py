"""Whole days of the market: one flat file each, or two where a trade date begins the evening before
(`filing`).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import msgspec
import numpy as np

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.upstream.answer_store import AnswerStore
from polytape.upstream.flatfiles import filing
from polytape.upstream.flatfiles.listing import FlatFile, FlatFileListing

log = logging.getLogger(__name__)


@dataclass
class FlatFileDays:
    """Flat files as a `DaySource`. `memory` stores which file each day was read from, so that
    replaced files are read again. Bars are cut out of whole days where files must be downloaded.
    """

    listing: FlatFileListing
    market: Market
    memory: AnswerStore | None = None
    covers_unlisted: bool = True
    reads_whole_days: bool = False
    requests_per_day: ClassVar[int] = 0
    unit: ClassVar[str] = "files"

    def has_day(self, series: Series, day: date) -> bool:
        """As `DaySource.has_day`: whether there is a file."""
        return self.listing.file(series, day) is not None

    def market_day(
        self,
        series: Series,
        day: date,
        *,
        background: bool = False,  # noqa: ARG002 - files take no budget
    ) -> MarketBars | None:
        """As `DaySource.market_day`."""
        file = self.listing.file(series, day)
        if file is None:
            return None
        market = self.listing.market(file)
        if series is Series.DAY:
            return _stamped(market, self.market.midnight(day))
        inside = market.within(filing.span_of_file(day, self.market))
        if len(inside) < len(market):
            strays = len(market) - len(inside)
            log.warning("%d minutes filed under %s are of other days", strays, day)
        return self._with_evening(day, inside.within(self.market.day_span(day)))

    def mark_stored(self, series: Series, day: date) -> None:
        """As `DaySource.mark_stored`: which files the day was read from."""
        file = self.listing.file(series, day)
        if file is not None and self.memory is not None:
            self.memory.put(_question(file), msgspec.json.encode(self._stamp(series, file)), 0)

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:
        """As `DaySource.replaced`: the days with other files than were stored."""
        if self.memory is None:
            return []
        replaced = []
        for file in filter(None, (self.listing.file(series, day) for day in days)):
            stored = self.memory.get(_question(file))
            if stored is not None and msgspec.json.decode(stored[1]) != self._stamp(series, file):
                replaced.append(file.day)
        return replaced

    def _with_evening(self, day: date, own: MarketBars) -> MarketBars:
        """The minutes of a day's own file, with those of its evening before out of another one."""
        evening = filing.evening_before(day, self.market)
        name = filing.files_of_day(day, self.market)[0]
        before = self.listing.market_of(Series.MINUTE, name).within(evening) if evening else None
        if not before:
            return own
        symbols = before.places.keys() | own.places.keys()
        return MarketBars.of(
            {s: Bars.concat([before.of_symbol(s), own.of_symbol(s)]).tidy() for s in symbols}
        )

    def _stamp(self, series: Series, file: FlatFile) -> str:
        """What changes when one of the files that a day is read from is replaced or comes late."""
        names = (file.day,) if series is Series.DAY else filing.files_of_day(file.day, self.market)
        files = (self.listing.file(series, name) for name in names)
        return " ".join("-" if one is None else str(one.stamp) for one in files)


def _question(file: FlatFile) -> str:
    return f"file {file.name}"


def _stamped(market: MarketBars, midnight: int) -> MarketBars:
    """Daily bars under the midnight of the day that their file is named after; of two rows the last
    one.
    """
    stamps = np.full(len(market), midnight, np.int64)
    bars = replace(market.bars, timestamp=stamps)
    if len(market) == len(market.places):
        return MarketBars(bars, market.places)
    return MarketBars.of({s: bars.take(place).last(1) for s, place in market.places.items()})
