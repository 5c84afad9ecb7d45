"""The source of `--source polygon`: the vendor's bars as traded, as far as its plan goes.

Asked are minutes and days, unadjusted: longer bars and adjusted prices are made here. What a page
does not hold whole is an error. What the plan publishes later is said to be unsettled.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from http import HTTPStatus

import numpy as np

from polytape.errors import DataFetchError, IncompleteDataError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import date_of, iso, midnight
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US
from polytape.upstream.daily_cache import AnswerStore, DailyCache, MemoryAnswers
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.reference import PolygonReference
from polytape.upstream.source import SourceBars
from polytape.wire.flow import Request, Response
from polytape.wire.polygon.errors import PlanError, PlanLimit
from polytape.wire.polygon.messages import DELAYED, AggsPage
from polytape.wire.polygon.plans import DELAY_US, FIRST_DAY, PLANS, Plan, plan_edge
from polytape.wire.polygon.requests import (
    bars_request,
    columns_of,
    grouped_request,
    read_aggs,
    read_any,
    read_grouped,
    to_bars,
)

log = logging.getLogger(__name__)

# Those of the last quarter of an hour may be held back.
LAST_BARS = 30
LAST_BAR_DAYS = 10
# A history that begins so close behind where a plan's ends was cut there without a word.
CLIPPED_US = 7 * DAY_US
AFTER_THE_DAY = "today's bars are published once the day has ended"
LATE = "prices are 15 minutes delayed"


@dataclass
class Polygon:
    """The vendor as a source. `plan` None: what the key's plan holds is found out by asking.

    `now`: microseconds UTC. `memory` keeps reference answers over the process's end.
    """

    vendor: VendorConnection
    market: Market
    now: Callable[[], int]
    plan: Plan | None = None
    memory: AnswerStore = field(default_factory=MemoryAnswers)
    name: str = "polygon"
    made_up: bool = False
    checks_splits: bool = True
    whole_days: bool = False
    lists_days: bool = True

    def __post_init__(self) -> None:
        self._memo = DailyCache(self.memory, self.now)
        whole = self.plan is not None and self.plan.name != "basic"
        self.reference = PolygonReference(self.vendor, self._memo, self.now, whole=whole)
        self._not_before_tomorrow: date | None = None

    def earliest(self) -> int:
        """The first instant of the plan's history, as far as the plan is known."""
        return midnight(FIRST_DAY) if self.plan is None else self.plan.earliest(self.now())

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False
    ) -> SourceBars:
        """As `Source.bars`. Raises PlanError for spans before the plan's history."""
        first = midnight(FIRST_DAY)
        inside = Span(max(first, span.start), max(first, span.start, span.end))
        if not inside:
            return SourceBars(Bars.empty())
        if self.plan is not None and inside.start < self.earliest():
            raise PlanError(
                PlanLimit.DATES,
                f"the {self.plan.name} plan holds {self.plan.years} years: nothing before "
                f"{date_of(self.earliest())} can be asked for",
            )
        try:
            return self._published(symbol, series, inside, background)
        except PlanError as error:
            if error.lacks is not PlanLimit.TODAY or self._ends_with_the_day():
                raise
            self._not_before_tomorrow = date_of(self.now())
            return self._published(symbol, series, inside, background)

    def last_bar(self, symbol: str) -> Bars:
        """As `Source.last_bar`, from one small question."""
        now = self.now()
        try:
            return self._last_before(symbol, self._published_until(now))
        except PlanError as error:
            if error.lacks is not PlanLimit.TODAY or self._ends_with_the_day():
                raise
            self._not_before_tomorrow = date_of(now)
            return self._last_before(symbol, midnight(date_of(now)))

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        """As `Source.market_day`: the daily bars of a whole day are one question."""
        if series is not Series.DAY:
            return None
        request = grouped_request(day.isoformat())
        page = self.vendor.pages(request, read_grouped, background=background)[0]
        rows = {str(row.T): row for row in page.results or ()}
        if not rows and self.market.session(day) is not None:
            raise IncompleteDataError(f"the vendor's list of {day}, a trading day, is empty")
        bars = columns_of(rows.values())
        # The rows carry 16:00 of the day that was asked for.
        stamps = np.full(len(bars), midnight(day), np.int64)
        codes = np.arange(len(bars))
        return MarketBars.sorted_by(rows, codes, replace(bars, timestamp=stamps))

    def kept(self, series: Series, day: date) -> None:
        """As `Source.kept`: the store remembers it."""

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `Source.splits`, of today."""
        return self.reference.splits(symbol)

    def known_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `Source.known_splits`: today's, where they were asked for already."""
        return self.reference.known_splits(symbol)

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `Source.find`, of today."""
        return self.reference.find(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `Source.search`, of today."""
        return self.reference.search(query, active_only=active_only)

    def read_through(self, path: str, query: tuple[tuple[str, str], ...], *, daily: bool) -> bytes:
        """The vendor's own answer to a question in its dialect; with `daily` asked once a day."""

        def ask() -> Response:
            return self.vendor.get(Request("GET", path, query))

        if not daily:
            return ask().body
        question = f"GET {path} {sorted(query)}"
        return self._memo.once(question, lambda: read_any(ask().body), lasting=False)

    def forget(self) -> None:
        """Splits and securities are asked for anew when they are next needed."""
        self._memo.forget()

    def end(self) -> None:
        """Let nobody wait any longer."""
        self.vendor.end()

    def _published(
        self, symbol: str, series: Series, span: Span, background: bool
    ) -> SourceBars:  # fmt: skip
        until = self._published_until(self.now())
        asked = Span(span.start, max(span.start, min(span.end, until)))
        if not asked:
            return self._told(Bars.empty(), span, until)
        pages = self._pages(bars_request(symbol, series, asked), background)
        bars = to_bars(row for page in pages for row in page.results or ()).within(asked)
        if any(page.status == DELAYED for page in pages):
            until = min(until, self.now() - DELAY_US)
        told = self._told(bars, span, until)
        clipped = self._clipped(span, bars)
        if clipped is None:
            return told
        note = f"the vendor's answer begins where a plan's history ends: {iso(clipped.end)}"
        return replace(told, notes=(*told.notes, note), unsettled=(clipped, *told.unsettled))

    def _pages(self, request: Request, background: bool) -> list[AggsPage]:
        """The vendor answers 200 for a ticker it does not know: a 404 is a wrong address."""
        try:
            return self.vendor.pages(request, read_aggs, background=background)
        except NotFoundError as error:
            raise DataFetchError(
                f"there are no bars at this address ({error}): is the vendor's URL right?",
                status=HTTPStatus.BAD_GATEWAY,
            ) from error

    def _told(self, bars: Bars, span: Span, until: int) -> SourceBars:
        """The answer; what is published later is not vouched for."""
        if until >= min(span.end, self.now()):
            return SourceBars(bars)
        note = AFTER_THE_DAY if self._ends_with_the_day() else LATE
        late = Span(max(span.start, until), span.end)
        traded = any(late.intersect(session.extended) for session in self.market.sessions(late))
        return SourceBars(bars, (note,) if traded else (), (late,), through=until)

    def _clipped(self, span: Span, bars: Bars) -> Span | None:
        """What lies before a history that seems to be cut at the edge of some plan."""
        if self.plan is not None or not len(bars):
            return None
        begins = midnight(date_of(int(bars.timestamp[0])))
        for years in {plan.years for plan in PLANS.values() if plan.years is not None}:
            edge = plan_edge(years, self.now())
            if span.start < edge <= begins <= edge + CLIPPED_US:
                return Span(span.start, begins)
        return None

    def _last_before(self, symbol: str, until: int) -> Bars:
        span = Span(until - LAST_BAR_DAYS * DAY_US, until)
        request = bars_request(symbol, Series.MINUTE, span, newest=LAST_BARS)
        page = read_aggs(self.vendor.get(request).body)
        bars = to_bars(page.results or ()).within(span)
        return bars.take(bars.timestamp + MINUTE_US <= self.now()).last(1)

    def _ends_with_the_day(self) -> bool:
        if self.plan is not None and self.plan.delay_us is None:
            return True
        return self._not_before_tomorrow == date_of(self.now())

    def _published_until(self, now: int) -> int:
        if self._ends_with_the_day():
            return midnight(date_of(now))
        return now if self.plan is None else self.plan.published_until(now)
