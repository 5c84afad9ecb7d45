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
from polytape.upstream.polygon import answer_checks
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.publication import Publication
from polytape.upstream.polygon.right_answer import until_right
from polytape.upstream.source import SourceBars
from polytape.wire.flow import Request
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
        try:
            return self._learning(lambda: self._published(query.over(inside)))
        except PlanError as error:
            self.publication.learn_refusal(error, inside.start)
            raise

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
        request = requests.bars_request(query.symbol, query.series, past.span)
        checked, delayed = until_right(self.vendor, partial(self._checked, request, past))
        if delayed:
            until = min(until, self.publication.until_if_delayed())
        answer = self.publication.vouched(checked.bars, span, until)
        return replace(
            answer,
            notes=(*answer.notes, *checked.notes),
            provisional=(*answer.provisional, *checked.provisional),
            proves_empty=False,
            suspects=checked.suspects,
        )

    def _checked(
        self, request: Request, query: BarsQuery
    ) -> tuple[answer_checks.CheckedBars, bool]:
        """The checked answer to a request, and whether it says that it is delayed."""
        pages = self._ask(request, query)
        rows = responses.columns_of(row for page in pages for row in page.results or ())
        checked = answer_checks.check_bars(rows, query, self.publication.market, request.path)
        return checked, any(page.status == messages.DELAYED for page in pages)

    def _ask(self, request: Request, query: BarsQuery) -> list[messages.AggsPage]:
        """The pages of a request. The vendor answers 200 for a ticker it does not know: a 404 is a
        wrong address.
        """
        read = responses.BarPages(query.symbol)
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
        read = partial(responses.read_aggs_of, symbol)
        page = until_right(self.vendor, lambda: read(self.vendor.get(request).body))
        bars = answer_checks.sound(responses.to_bars(page.results or ()).within(span))
        return bars.take(bars.timestamp + units.MINUTE_US <= self.publication.now()).last(1)
