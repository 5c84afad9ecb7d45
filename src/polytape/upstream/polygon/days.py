"""Whole days of the market: the vendor's lists of daily bars, one small request a day."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import numpy as np

from polytape.errors import IncompleteDataError
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.upstream.polygon.connection import VendorConnection
from polytape.wire.polygon.requests import grouped_request
from polytape.wire.polygon.responses import columns_of, read_grouped


@dataclass
class PolygonDays:
    """The vendor as a `DaySource`."""

    vendor: VendorConnection
    market: Market
    # A symbol's bars are not cut out of the lists: its own are one request for many days.
    reads_whole_days: ClassVar[bool] = False
    requests_per_day: ClassVar[int] = 1
    unit: ClassVar[str] = "lists"
    covers_unlisted: ClassVar[bool] = True

    def has_day(self, series: Series, day: date) -> bool:  # noqa: ARG002 - every day has a list
        """As `DaySource.has_day`: there are lists of daily bars."""
        return series is Series.DAY

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        """As `DaySource.market_day`; None for minutes.

        Raises: IncompleteDataError where the list of a trading day is empty.
        """
        if series is not Series.DAY:
            return None
        request = grouped_request(day.isoformat())
        page = self.vendor.pages(request, read_grouped, background=background)[0]
        rows = {str(row.T): row for row in page.results or ()}
        if not rows and self.market.session(day) is not None:
            raise IncompleteDataError(f"the vendor's list of {day}, a trading day, is empty")
        bars = columns_of(rows.values())
        # The rows carry 16:00 of the day.
        stamps = np.full(len(bars), self.market.midnight(day), np.int64)
        codes = np.arange(len(bars))
        return MarketBars.sorted_by(rows, codes, replace(bars, timestamp=stamps))

    def mark_stored(self, series: Series, day: date) -> None:
        """As `DaySource.mark_stored`: the store's coverage says it."""

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:  # noqa: ARG002 - none
        """As `DaySource.replaced`: a list is final once it is complete."""
        return []
