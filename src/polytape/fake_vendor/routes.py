"""What the fake vendor answers to each path, when it behaves."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

from polytape.fake_vendor import aggregates, market_status, reference, trades
from polytape.fake_vendor.answers import Answer, Json, Query, json_answer, refused
from polytape.fake_vendor.market import LOOK_BACK_DAYS, FakeBar, FakeMarket
from polytape.fake_vendor.mischief import TEXTS, Mischief
from polytape.model.units import DAY_US

Handler: TypeAlias = Callable[[re.Match[str], Query], Answer]

NO_DATA = "Data not found."
NO_TICKER = "Ticker not found."


class FakePlan(NamedTuple):
    """Requests in so many seconds, years of history, whether today's bars are out before the day
    has ended, the channels of live events, and whether these are a quarter of an hour late.
    """

    requests: int
    seconds: float
    years: int | None
    same_day: bool
    channels: tuple[str, ...] = ()
    late: bool = True


NAMED_PLANS = {
    "basic": FakePlan(5, 60.0, 2, same_day=False),
    "starter": FakePlan(100, 1.0, 5, same_day=True, channels=("A", "AM")),
    "developer": FakePlan(100, 1.0, 10, same_day=True, channels=("A", "AM", "T")),
    "advanced": FakePlan(
        100, 1.0, None, same_day=True, channels=("A", "AM", "T", "Q", "LULD", "NOI"), late=False
    ),
}
# What a vendor without plans includes.
EVERYTHING = NAMED_PLANS["advanced"]._replace(channels=(*NAMED_PLANS["advanced"].channels, "FMV"))


@dataclass
class Routes:
    """The vendor's paths over one market. `plan` None includes everything. `most_rows` makes pages
    smaller; `old_splits` answers only the older of the two routes of splits.
    """

    market: FakeMarket
    plan: str | None = None
    host: str = ""
    most_rows: int | None = None
    old_splits: bool = False

    def __post_init__(self) -> None:
        self._table: list[tuple[re.Pattern[str], Handler]] = [
            (re.compile(pattern), handler)
            for pattern, handler in {
                r"/v2/aggs/ticker/([^/]+/range/\d+/[a-z]+/[^/]+/[^/]+)": self._aggs,
                r"/v2/aggs/ticker/([^/]+)/prev": self._previous,
                r"/v2/aggs/grouped/locale/us/market/stocks/([\d-]+)": self._grouped,
                r"/v1/open-close/([^/]+)/([\d-]+)": self._open_close,
                r"/v2/last/trade/([^/]+)": self._last_trade,
                r"/v2/snapshot/locale/us/markets/stocks/tickers": self._snapshots,
                r"/v2/snapshot/locale/us/markets/stocks/tickers/([^/]+)": self._snapshot,
                r"/v3/reference/tickers": self._tickers,
                r"/v3/reference/tickers/([^/]+)": self._ticker,
                r"/(stocks/v1|v3/reference)/splits": self._splits,
                r"/(stocks/v1|v3/reference)/dividends": self._dividends,
                r"/v3/reference/conditions": lambda _m, _q: json_answer(reference.conditions()),
                r"/v1/marketstatus/(now|upcoming)": self._market_status,
                r"/v3/trades/([^/]+)": self._trades,
            }.items()
        ]

    def answer(self, path: str, query: Query) -> Answer:
        """The right answer."""
        for pattern, handler in self._table:
            match = pattern.fullmatch(path)
            if match:
                try:
                    return handler(match, query)
                except ValueError as error:
                    return refused(400, str(error))
        return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})

    def _aggs(self, match: re.Match[str], query: Query) -> Answer:
        if "loop" in query:
            return self._goes_on(match[1], "loop=1")
        if "endless" in query:
            return self._goes_on(match[1], f"endless={int(query['endless']) + 1}")
        if "bad" in query:
            raise aggregates.BadRequestError(
                "The parameter 'to' cannot be a time that occurs before 'from'"
            )
        request = aggregates.parse_request(match[1].split("/"), query)
        refusal = self._not_in_plan(request.start * 1_000, request.end * 1_000)
        if refusal is not None:
            return refusal
        page = aggregates.aggs_page(self.market, request, self.host, self.most_rows)
        return json_answer(page.json(request))

    def _goes_on(self, path: str, query: str) -> Answer:
        """An empty page with another after it."""
        url = f"{self.host}/v2/aggs/ticker/{path}?{query}"
        page: Json = {"ticker": path.partition("/")[0], "adjusted": False, "status": "OK"}
        return json_answer(page | {"queryCount": 0, "resultsCount": 0, "next_url": url})

    def _not_in_plan(self, start: int, end: int) -> Answer | None:
        """The refusal of a span, microseconds UTC, that the plan does not include."""
        if self.plan is None:
            return None
        plan = NAMED_PLANS[self.plan]
        today = self.market.market.midnight(self.market.today())
        years = plan.years
        if years is not None and start < today - (years * 365 + years // 4 + 1) * DAY_US:
            return refused(*TEXTS[Mischief.DATES_NOT_IN_PLAN])
        if not plan.same_day and end >= today:
            return refused(*TEXTS[Mischief.NOT_YET])
        return None

    def _previous(self, match: re.Match[str], query: Query) -> Answer:
        ticker, day = match[1], self.market.today()
        for _ in range(LOOK_BACK_DAYS):
            day -= timedelta(days=1)
            rows = self._of_day(ticker, day, query)
            if rows:
                return self._page(rows, query, ticker=ticker)
        return self._page([], query, ticker=ticker)

    def _grouped(self, match: re.Match[str], query: Query) -> Answer:
        day = date.fromisoformat(match[1])
        rows = [row for s in self.market.universe for row in self._of_day(s, day, query)]
        start = self.market.market.midnight(day)
        refusal = self._not_in_plan(start, start + DAY_US - 1)
        return refusal or self._page(rows, query)

    def _open_close(self, match: re.Match[str], query: Query) -> Answer:
        ticker, day = match[1], date.fromisoformat(match[2])
        bars = self._shares(ticker, self.market.day_bars(ticker, day), query)
        session = self.market.market.session(day)
        if not bars or session is None:
            return refused(404, NO_DATA)
        minutes = self._shares(ticker, self.market.minute_bars(ticker, day), query)
        early = [bar for bar in minutes if bar.start * 1_000 < session.open]
        late = [bar for bar in minutes if bar.start * 1_000 >= session.close]
        content: Json = {
            "status": "OK",
            "from": str(day),
            "symbol": ticker,
            "open": bars[0].open,
            "high": bars[0].high,
            "low": bars[0].low,
            "close": bars[0].close,
            "volume": bars[0].volume,
        }
        content |= {"afterHours": late[-1].close} if late else {}
        content |= {"preMarket": early[0].open} if early else {}
        return json_answer(content)

    def _last_trade(self, match: re.Match[str], _: Query) -> Answer:
        if self.plan in ("basic", "starter"):
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        return _or_no_ticker(trades.last_trade(self.market, match[1]))

    def _snapshot(self, match: re.Match[str], _: Query) -> Answer:
        if self.plan == "basic":
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        return _or_no_ticker(trades.snapshot(self.market, match[1]))

    def _snapshots(self, _: re.Match[str], query: Query) -> Answer:
        if self.plan == "basic":
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        return json_answer(trades.snapshots(self.market, query))

    def _trades(self, match: re.Match[str], query: Query) -> Answer:
        if self.plan in ("basic", "starter"):
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        url = f"{self.host}{match[0]}"
        return json_answer(trades.trades(self.market, match[1], url, query))

    def _tickers(self, match: re.Match[str], query: Query) -> Answer:
        return json_answer(reference.tickers(self.market, f"{self.host}{match[0]}", query))

    def _ticker(self, match: re.Match[str], _: Query) -> Answer:
        return _or_no_ticker(reference.ticker(self.market, match[1]))

    def _splits(self, match: re.Match[str], query: Query) -> Answer:
        if match[1] == "stocks/v1" and self.old_splits:
            return refused(404, NO_DATA)
        return json_answer(reference.splits(self.market, f"{self.host}{match[0]}", query))

    def _dividends(self, _: re.Match[str], query: Query) -> Answer:
        return json_answer(reference.dividends(self.market, query))

    def _market_status(self, match: re.Match[str], _: Query) -> Answer:
        if match[1] == "now":
            return json_answer(market_status.status(self.market))
        return json_answer(market_status.upcoming(self.market))

    def _shares(self, ticker: str, bars: list[FakeBar], query: Query) -> list[FakeBar]:
        as_traded = query.get("adjusted", "true").lower() == "false"
        return bars if as_traded else list(self.market.adjusted(ticker, bars))

    def _of_day(self, ticker: str, day: date, query: Query) -> list[Json]:
        """The daily bar of a day with its ticker, stamped at the bell, in a list of one or none."""
        bars = self._shares(ticker, self.market.day_bars(ticker, day), query)
        return [{"T": ticker} | bar.json() | {"t": self.market.bell(day)} for bar in bars]

    def _page(self, rows: list[Json], query: Query, **more: str) -> Answer:
        page: Json = {
            **more,
            "queryCount": len(rows),
            "resultsCount": len(rows),
            "adjusted": query.get("adjusted", "true").lower() != "false",
            "status": "OK",
            "request_id": "fake",
            "count": len(rows),
        }
        return json_answer(page | ({"results": rows} if rows else {}))


def _or_no_ticker(content: Json | None) -> Answer:
    return refused(404, NO_TICKER) if content is None else json_answer(content)
