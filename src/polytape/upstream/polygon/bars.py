"""The vendor's bars as traded, as far as its plan goes.

Fetched are minutes and days, unadjusted: longer bars and adjusted prices are made here. A page that
is not whole is an error. What the plan publishes later is provisional.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from polytape.errors import DataFetchError, NotFoundError
from polytape.model import units
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.polygon.answer_checks import check_bars
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.publication import Publication
from polytape.upstream.source import SourceBars
from polytape.wire.polygon import messages, requests, responses
from polytape.wire.polygon.errors import PlanError

T = TypeVar("T")

# Those of the last quarter of an hour may not be published yet.
LAST_BARS = 30
LAST_BAR_DAYS = 10


@dataclass
class PolygonBars:
    """The vendor as a `BarSource`."""

    vendor: VendorConnection
    publication: Publication

    def earliest(self) -> int:
        """As `BarSource.earliest`: the first instant of the plan's history, where it is known."""
        return self.publication.earliest()

    def bars(self, query: BarsQuery) -> SourceBars:
        """As `BarSource.bars`.

        Raises: PlanError for spans before the plan's history.
        """
        inside = self.publication.within(query.span)
        if not inside:
            return SourceBars(Bars.empty())
        self.publication.check_start(inside.start)
        return self._learning(lambda: self._published(query.over(inside)))

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`, by one small request."""
        return self._learning(lambda: self._last_before(symbol, self.publication.until()))

    def _learning(self, fetch: Callable[[], T]) -> T:
        """Fetch; once more where a refusal teaches that today's bars come tomorrow."""
        try:
            return fetch()
        except PlanError as error:
            if not self.publication.learn(error):
                raise
        return fetch()

    def _published(self, query: BarsQuery) -> SourceBars:
        span, until = query.span, self.publication.until()
        past = query.over(Span(span.start, max(span.start, min(span.end, until))))
        if not past.span:
            return self.publication.vouched(Bars.empty(), span, until)
        pages = self._pages(past)
        rows = (row for page in pages for row in page.results or ())
        if any(page.status == messages.DELAYED for page in pages):
            until = min(until, self.publication.until_if_delayed())
        checked = check_bars(responses.to_bars(rows), past, self.publication.market)
        answer = self.publication.vouched(checked.bars, span, until)
        notes, suspect = (*answer.notes, *checked.notes), (*answer.provisional, *checked.suspect)
        return replace(answer, notes=notes, provisional=suspect, proves_empty=False)

    def _pages(self, query: BarsQuery) -> list[messages.AggsPage]:
        """Pages that answer the query. Where one answers another, the connection has an answer too
        many: all are closed, and the vendor is asked once more.

        Raises: IncompleteDataError where it stays so.
        """
        try:
            return self._ask(query)
        except responses.WrongAnswerError:
            self.vendor.driver.close()
            return self._ask(query)

    def _ask(self, query: BarsQuery) -> list[messages.AggsPage]:
        """The vendor answers 200 for a ticker it does not know: a 404 is a wrong address."""
        request = requests.bars_request(query.symbol, query.series, query.span)
        read = partial(responses.read_aggs_of, query.symbol)
        try:
            return self.vendor.pages(request, read, background=query.background)
        except NotFoundError as error:
            raise DataFetchError(
                f"there are no bars at this address ({error}): is the vendor's URL right?",
                status=HTTPStatus.BAD_GATEWAY,
            ) from error

    def _last_before(self, symbol: str, until: int) -> Bars:
        span = Span(until - LAST_BAR_DAYS * units.DAY_US, until)
        request = requests.bars_request(symbol, Series.MINUTE, span, newest=LAST_BARS)
        page = responses.read_aggs_of(symbol, self.vendor.get(request).body)
        bars = responses.to_bars(page.results or ()).within(span)
        return bars.take(bars.timestamp + units.MINUTE_US <= self.publication.now()).last(1)
