"""Whole days of the market: the vendor's lists of daily bars, one small request a day."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

from polytape.errors import IncompleteDataError
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.upstream.polygon.answer_checks import check_day
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.right_answer import until_right
from polytape.wire.flow import Request
from polytape.wire.polygon.requests import grouped_request
from polytape.wire.polygon.responses import columns_of, read_grouped

log = logging.getLogger(__name__)


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
        """As `DaySource.market_day`; None for minutes. Symbols whose rows make no sense are its
        suspects.

        Raises: IncompleteDataError where the list of a trading day is empty, or of another day.
        """
        if series is not Series.DAY:
            return None
        request = grouped_request(day.isoformat())
        listed = until_right(self.vendor, partial(self._listed, request, day, background))
        for suspect in listed.suspects:
            log.warning("%s of %s is left out: %s", suspect.symbol, day, suspect.reason)
        return listed

    def _listed(self, request: Request, day: date, background: bool) -> MarketBars:
        pages = self.vendor.pages(request, read_grouped, background=background)
        rows = [row for page in pages for row in page.results or ()]
        if not rows and self.market.session(day) is not None:
            raise IncompleteDataError(f"the vendor's list of {day}, a trading day, is empty")
        # The rows carry 16:00 of the day.
        symbols = [str(row.T) for row in rows]
        return check_day(symbols, columns_of(rows), day, self.market, request.path)

    def mark_stored(self, series: Series, day: date) -> None:
        """As `DaySource.mark_stored`: the store's coverage says it."""

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:  # noqa: ARG002 - none
        """As `DaySource.replaced`: a list is final once it is complete."""
        return []
