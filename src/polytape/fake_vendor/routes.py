"""What the fake vendor answers to each path, when it behaves."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from polytape.fake_vendor.aggregates import BadRequestError, answer, parse_question
from polytape.fake_vendor.market import FakeMarket, Row
from polytape.fake_vendor.mischief import TEXTS, Answer, Mischief, refused, told
from polytape.model.newyork import midnight
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.units import DAY_US

NS_PER_MS = 1_000_000
Query: TypeAlias = dict[str, str]
Handler: TypeAlias = Callable[[re.Match[str], Query], Answer]

NOT_FOUND = "Data not found."
NAMED_PLANS: dict[str, tuple[int, float, int | None, bool]] = {
    # requests, in seconds, years of history, whether today's bars are out before the day ends
    "basic": (5, 60.0, 2, False),
    "starter": (100, 1.0, 5, True),
    "developer": (100, 1.0, 10, True),
    "advanced": (100, 1.0, None, True),
}


@dataclass
class Routes:
    """The vendor's paths over one market. `plan` None holds everything. `most_rows` makes pages
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
                r"/v2/snapshot/locale/us/markets/stocks/tickers/([^/]+)": self._snapshot,
                r"/v3/reference/tickers": self._tickers,
                r"/v3/reference/tickers/([^/]+)": self._ticker,
                r"/(stocks/v1|v3/reference)/splits": self._splits,
                r"/(stocks/v1|v3/reference)/dividends": self._dividends,
                r"/v3/reference/conditions": self._conditions,
                r"/v1/marketstatus/now": lambda _m, _q: told(self.market.status()),
                r"/v1/marketstatus/upcoming": lambda _m, _q: told(self.market.upcoming()),
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
                except (BadRequestError, ValueError) as error:
                    return refused(400, str(error))
        return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})

    def _aggs(self, match: re.Match[str], query: Query) -> Answer:
        if "loop" in query:
            return self._goes_on(match[1], "loop=1")
        if "endless" in query:
            return self._goes_on(match[1], f"endless={int(query['endless']) + 1}")
        if "bad" in query:
            raise BadRequestError("The parameter 'to' cannot be a time that occurs before 'from'")
        asked = parse_question(match[1].split("/"), query)
        refusal = self._not_in_plan(asked.start * 1_000, asked.end * 1_000)
        return refusal or told(answer(self.market, asked, self.host, self.most_rows))

    def _goes_on(self, path: str, query: str) -> Answer:
        """An empty page with another after it."""
        url = f"{self.host}/v2/aggs/ticker/{path}?{query}"
        return told({"status": "OK", "queryCount": 0, "resultsCount": 0, "next_url": url})

    def _not_in_plan(self, start: int, end: int) -> Answer | None:
        if self.plan is None:
            return None
        _, _, years, same_day = NAMED_PLANS[self.plan]
        today = midnight(self.market.today())
        if years is not None and start < today - (years * 365 + years // 4 + 1) * DAY_US:
            return refused(*TEXTS[Mischief.DATES_NOT_IN_PLAN])
        if not same_day and end >= today:
            return refused(*TEXTS[Mischief.NOT_YET])
        return None

    def _previous(self, match: re.Match[str], query: Query) -> Answer:
        ticker, day = match[1], self.market.today()
        for _ in range(7):
            day -= timedelta(days=1)
            rows = self._shares(ticker, self.market.day_rows(ticker, day), query)
            if rows:
                row = {"T": ticker} | rows[0] | {"t": self.market.bell(day)}
                return self._page([row], query, ticker=ticker)
        return self._page([], query, ticker=ticker)

    def _grouped(self, match: re.Match[str], query: Query) -> Answer:
        day = date.fromisoformat(match[1])
        rows = []
        for ticker in self.market.universe:
            of_day = self._shares(ticker, self.market.day_rows(ticker, day), query)
            rows += [{"T": ticker} | row | {"t": self.market.bell(day)} for row in of_day]
        refusal = self._not_in_plan(midnight(day), midnight(day) + DAY_US - 1)
        return refusal or self._page(rows, query)

    def _open_close(self, match: re.Match[str], query: Query) -> Answer:
        ticker, day = match[1], date.fromisoformat(match[2])
        rows = self._shares(ticker, self.market.day_rows(ticker, day), query)
        session = self.market.market.session(day)
        if not rows or session is None:
            return refused(404, NOT_FOUND)
        minutes = self._shares(ticker, self.market.minute_rows(ticker, day), query)
        early = [row for row in minutes if row["t"] * 1_000 < session.open]
        late = [row for row in minutes if row["t"] * 1_000 >= session.close]
        row = rows[0]
        found = {"status": "OK", "from": str(day), "symbol": ticker, "open": row["o"],
                 "high": row["h"], "low": row["l"], "close": row["c"],
                 "volume": row["v"]}  # fmt: skip
        found |= {"afterHours": late[-1]["c"]} if late else {}
        return told(found | ({"preMarket": early[0]["o"]} if early else {}))

    def _last_minute(self, ticker: str) -> Row | None:
        for ago in range(7):
            day = self.market.today() - timedelta(days=ago)
            rows = self.market.minute_rows(ticker, day)
            if rows:
                return rows[-1]
        return None

    def _last_trade(self, match: re.Match[str], _: Query) -> Answer:
        if self.plan in ("basic", "starter"):
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        row = self._last_minute(match[1])
        if row is None:
            return refused(404, "Ticker not found.")
        stamp = (row["t"] + 59_999) * NS_PER_MS + 456_789
        return told({"status": "OK", "request_id": "fake", "results": {
            "T": match[1], "p": row["c"], "s": 0, "ds": "0.25", "x": 4, "r": 202, "z": 3,
            "i": "77", "c": [12, 37], "q": 5501, "t": stamp, "y": stamp - 3_000, "f": stamp - 9,
        }})  # fmt: skip

    def _snapshot(self, match: re.Match[str], _: Query) -> Answer:
        if self.plan == "basic":
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        ticker, row = match[1], self._last_minute(match[1])
        if row is None:
            return refused(404, "Ticker not found.")
        zero = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}
        days = self.market.day_rows(ticker, self.market.today())
        before = next(
            (rows[0] for ago in range(1, 8) if (rows := self.market.day_rows(
                ticker, self.market.today() - timedelta(days=ago)))), zero,
        )  # fmt: skip
        change = row["c"] - before["c"]
        return told({"status": "OK", "request_id": "fake", "ticker": {
            "ticker": ticker, "todaysChange": change, "todaysChangePerc": 0.0,
            "updated": row["t"] * NS_PER_MS, "day": days[0] if days else zero, "min": row,
            "prevDay": before, "lastTrade": {"p": row["c"], "s": 0, "ds": "0.25", "c": None,
                                             "t": row["t"] * NS_PER_MS + 1, "x": 4, "i": "7"},
        }})  # fmt: skip

    def _tickers(self, _: re.Match[str], query: Query) -> Answer:
        active = query.get("active", "true") == "true"
        infos = [info for s in self.market.universe if (info := self.market.info(s))]
        found = [info for info in infos if info.active is active]
        if "ticker" in query:
            found = [info for info in found if info.symbol == query["ticker"]]
        if "search" in query:
            text = query["search"]
            found = rank([i for i in found if matches(i, text, active_only=False)], text)
        else:
            found.sort(key=lambda info: info.symbol)
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 100))
        page = found[start : start + limit]
        answer: Row = {"results": [_security(info) for info in page], "status": "OK",
                       "request_id": "fake", "count": len(page)}  # fmt: skip
        if len(found) > start + limit:
            kept = "".join(f"&{k}={v}" for k, v in query.items() if k != "cursor")
            answer["next_url"] = f"{self.host}/v3/reference/tickers?cursor={start + limit}{kept}"
        return told(answer)

    def _ticker(self, match: re.Match[str], _: Query) -> Answer:
        info = self.market.info(match[1])
        if info is None or not info.active:
            return refused(404, "Ticker not found.")
        more = {"list_date": "2003-09-10", "round_lot": 100, "market_cap": 1.5e12}
        return told({"results": _security(info) | more, "status": "OK", "request_id": "fake"})

    def _splits(self, match: re.Match[str], query: Query) -> Answer:
        if match[1] == "stocks/v1" and self.old_splits:
            return refused(404, NOT_FOUND)
        rows = self.market.splits(query.get("ticker"))
        since = query.get("execution_date.gte", "")
        found = [
            {"id": f"E{number}", "ticker": split.symbol,
             "execution_date": str(split.execution_date), "split_from": split.split_from,
             "split_to": split.split_to}
            for number, split in enumerate(rows) if str(split.execution_date) >= since
        ]  # fmt: skip
        if "asc" not in (query.get("sort", "") + query.get("order", "")):
            found.reverse()
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 10))
        answer: Row = {"results": found[start : start + limit], "status": "OK"}
        if len(found) > start + limit:
            kept = "".join(f"&{k}={v}" for k, v in query.items() if k != "cursor")
            answer["next_url"] = f"{self.host}{match[0]}?cursor={start + limit}{kept}"
        return told(answer)

    def _dividends(self, _: re.Match[str], query: Query) -> Answer:
        row = {"id": "D1", "ticker": query.get("ticker", self.market.universe[0]),
               "cash_amount": 0.26, "currency": "USD", "ex_dividend_date": "2025-08-11",
               "frequency": 4, "distribution_type": "recurring"}  # fmt: skip
        return told({"results": [row], "status": "OK", "request_id": "fake"})

    def _conditions(self, _: re.Match[str], __: Query) -> Answer:
        rows = [{"id": 12, "name": "Form T/Extended Hours", "type": "sale_condition",
                 "asset_class": "stocks", "data_types": ["trade"]},
                {"id": 37, "name": "Odd Lot Trade", "type": "sale_condition",
                 "asset_class": "stocks", "data_types": ["trade"]}]  # fmt: skip
        return told({"results": rows, "status": "OK", "request_id": "fake", "count": len(rows)})

    def _trades(self, match: re.Match[str], query: Query) -> Answer:
        if self.plan in ("basic", "starter"):
            return refused(*TEXTS[Mischief.NOT_IN_PLAN])
        rows = self.market.minute_rows(match[1], self.market.today())
        made = [
            {"id": str(number), "price": row["c"], "size": 0, "decimal_size": "0.25",
             "exchange": 4, "sip_timestamp": row["t"] * NS_PER_MS + 123_456_789,
             "participant_timestamp": row["t"] * NS_PER_MS, "sequence_number": number, "tape": 3}
            for number, row in enumerate(rows)
        ][::-1]  # fmt: skip
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 1_000))
        answer: Row = {"results": made[start : start + limit], "status": "OK", "request_id": "f"}
        if len(made) > start + limit:
            url = f"{self.host}{match[0]}?cursor={start + limit}&limit={limit}"
            answer["next_url"] = url
        return told(answer)

    def _shares(self, ticker: str, rows: list[Row], query: Query) -> list[Row]:
        as_traded = query.get("adjusted", "true").lower() == "false"
        return rows if as_traded else list(self.market.adjusted(ticker, rows))

    def _page(self, rows: list[Row], query: Query, **more: str) -> Answer:
        page: Row = {**more, "queryCount": len(rows), "resultsCount": len(rows),
                     "adjusted": query.get("adjusted", "true").lower() != "false",
                     "status": "OK", "request_id": "fake", "count": len(rows)}  # fmt: skip
        return told(page | ({"results": rows} if rows else {}))


def _security(info: SymbolInfo) -> Row:
    return {"ticker": info.symbol, "name": info.name, "market": "stocks", "locale": "us",
            "primary_exchange": info.exchange, "type": info.type, "active": info.active,
            "currency_name": "usd", "last_updated_utc": "2026-01-02T00:00:00Z"}  # fmt: skip
