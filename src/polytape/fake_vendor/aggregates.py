"""Custom bars as the vendor makes them: snapped ends, a limit on base bars, pages.

https://massive.com/docs/rest/stocks/aggregates/custom-bars
https://massive.com/blog/aggs-api-updates
"""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qs, urlencode

from polytape.fake_vendor.answers import Json, Query
from polytape.fake_vendor.market import MINUTE_MS, NEW_YORK, FakeBar, FakeMarket
from polytape.model.timeframes import Series

UNIT_MS = {"minute": MINUTE_MS, "hour": 60 * MINUTE_MS}
UNIT_DAYS = {"day": 1, "week": 7}
UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}
TIMESPANS = (*UNIT_MS, *UNIT_DAYS, *UNIT_MONTHS)
MOST, USUAL = 50_000, 5_000

# The base bars of each window, by the window's start.
Windows: TypeAlias = dict[int, list[FakeBar]]


class BadRequestError(ValueError):
    """What the vendor answers with a 400."""


@dataclass(frozen=True)
class AggsRequest:
    """A request for one page: `start` and `end` in milliseconds, both included and snapped."""

    ticker: str
    multiplier: int
    timespan: str
    start: int
    end: int
    adjusted: bool
    descending: bool
    limit: int


@dataclass(frozen=True)
class AggsPage:
    """The bars of a page in the order of the request, how many base bars they are made of, and
    where the next page is.
    """

    bars: list[FakeBar]
    base: int
    next_url: str | None

    def json(self, request: AggsRequest) -> Json:
        """The page as the vendor writes it."""
        content: Json = {
            "ticker": request.ticker,
            "queryCount": self.base,
            "resultsCount": len(self.bars),
            "adjusted": request.adjusted,
            "status": "OK",
            "request_id": "fake",
            "count": len(self.bars),
        }
        if self.bars:
            content["results"] = [bar.json() for bar in self.bars]
        if self.next_url is not None:
            content["next_url"] = self.next_url
        return content


def parse_request(parts: list[str], query: Query) -> AggsRequest:
    """`{ticker}/range/{multiplier}/{timespan}/{from}/{to}` and its query.

    Raises: BadRequestError in the vendor's words.
    """
    ticker, _, multiplier, timespan, start, end = parts
    options = query if "cursor" not in query else _cursor_options(query["cursor"])
    if timespan not in TIMESPANS or not multiplier.isdigit() or int(multiplier) < 1:
        raise BadRequestError(f"The timespan '{multiplier} {timespan}' is not supported")
    first, last = _instant(start, "from"), _instant(end, "to")
    if last < first:
        raise BadRequestError("The parameter 'to' cannot be a time that occurs before 'from'")
    limit = int(options.get("limit", USUAL))
    if not 1 <= limit <= MOST:
        raise BadRequestError("limit must be between 1 and 50000")
    snapped, count = _unit_start(first, timespan), int(multiplier)
    last_window = _window_start(_unit_end(last, timespan), snapped, timespan, count)
    return AggsRequest(
        ticker,
        count,
        timespan,
        start=snapped,
        end=_window_end(last_window, timespan, count),
        adjusted=options.get("adjusted", "true").lower() != "false",
        descending=options.get("sort", "asc") == "desc",
        limit=limit,
    )


def aggs_page(
    market: FakeMarket, request: AggsRequest, host: str, most_rows: int | None
) -> AggsPage:
    """A page. `most_rows` makes pages smaller than the request's limit."""
    series = Series.MINUTE if request.timespan in UNIT_MS else Series.DAY
    base = market.base(request.ticker, series, request.start, request.end)
    limit = min(request.limit, most_rows or request.limit)
    taken = base[-limit:] if request.descending else base[:limit]
    bars = list(market.adjusted(request.ticker, taken)) if request.adjusted else taken
    windows = _windows(bars, request)
    next_url = None
    if len(base) > limit:
        windows, resume = _whole(windows, base, limit, request)
        next_url = _next_url(request, resume, host)
    merged = [_merged(start, inside) for start, inside in windows.items()]
    return AggsPage(merged[::-1] if request.descending else merged, len(taken), next_url)


def _windows(bars: list[FakeBar], request: AggsRequest) -> Windows:
    windows: Windows = {}
    for bar in bars:
        windows.setdefault(_window_of(bar, request), []).append(bar)
    return windows


def _whole(
    windows: Windows, base: list[FakeBar], limit: int, request: AggsRequest
) -> tuple[Windows, int]:
    """Without the window that the limit cut through, and where the next page resumes. A window that
    is longer than the limit stays, cut.
    """
    left_out = base[-limit - 1] if request.descending else base[limit]
    cut = _window_of(left_out, request)
    single = len(windows) == 1
    whole = windows if single else {at: bars for at, bars in windows.items() if at != cut}
    if request.descending:
        return whole, next(iter(whole)) - 1
    return whole, left_out.start if single and cut in windows else cut


def _next_url(request: AggsRequest, resume: int, host: str) -> str:
    options = {
        "adjusted": str(request.adjusted).lower(),
        "limit": request.limit,
        "sort": "desc" if request.descending else "asc",
    }
    cursor = base64.urlsafe_b64encode(urlencode(options).encode()).decode().rstrip("=")
    start, end = (request.start, resume) if request.descending else (resume, request.end)
    return (
        f"{host}/v2/aggs/ticker/{request.ticker}/range/{request.multiplier}/{request.timespan}/"
        f"{start}/{end}?cursor={cursor}"
    )


def _cursor_options(cursor: str) -> Query:
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return {name: values[0] for name, values in parse_qs(text).items()}


def _merged(start: int, bars: list[FakeBar]) -> FakeBar:
    return FakeBar(
        start,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
        _vwap(bars),
        _trades(bars),
    )


def _vwap(bars: list[FakeBar]) -> float | None:
    volume = sum(bar.volume for bar in bars)
    known = [(bar.vwap, bar.volume) for bar in bars if bar.vwap is not None]
    if len(known) < len(bars) or not volume:
        return None
    return known[0][0] if len(bars) == 1 else round(sum(p * v for p, v in known) / volume, 4)


def _trades(bars: list[FakeBar]) -> int | None:
    known = [bar.trades for bar in bars if bar.trades is not None]
    return sum(known) if len(known) == len(bars) else None


def _window_of(bar: FakeBar, request: AggsRequest) -> int:
    return _window_start(bar.start, request.start, request.timespan, request.multiplier)


def _window_start(stamp: int, origin: int, timespan: str, multiplier: int) -> int:
    """Windows run from the snapped start of the request."""
    if timespan in UNIT_MS:
        return stamp - (stamp - origin) % (multiplier * UNIT_MS[timespan])
    first, day = _day(origin), _day(stamp)
    if timespan in UNIT_DAYS:
        length = multiplier * UNIT_DAYS[timespan]
        return _midnight(day - timedelta(days=(day - first).days % length))
    months = multiplier * UNIT_MONTHS[timespan]
    count = (day.year - first.year) * 12 + day.month - first.month
    return _midnight(_month(first.year, first.month + count - count % months))


def _window_end(start: int, timespan: str, multiplier: int) -> int:
    """The last millisecond of a window: the end of a request is stretched to it."""
    if timespan in UNIT_MS:
        return start + multiplier * UNIT_MS[timespan] - 1
    day = _day(start)
    if timespan in UNIT_DAYS:
        return _midnight(day + timedelta(days=multiplier * UNIT_DAYS[timespan])) - 1
    return _midnight(_month(day.year, day.month + multiplier * UNIT_MONTHS[timespan])) - 1


def _unit_start(stamp: int, timespan: str) -> int:
    if timespan in UNIT_MS:
        return stamp - stamp % UNIT_MS[timespan]
    day = _day(stamp)
    if timespan == "week":
        day -= timedelta(days=(day.weekday() + 1) % 7)
    elif timespan in UNIT_MONTHS:
        months = UNIT_MONTHS[timespan]
        day = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return _midnight(day)


def _unit_end(stamp: int, timespan: str) -> int:
    return _window_end(_unit_start(stamp, timespan), timespan, 1)


def _instant(text: str, name: str) -> int:
    """Milliseconds of a date or of an instant; as `to` a date is its last one."""
    if text.lstrip("-").isdigit() and len(text) != 8:
        return int(text)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadRequestError(
            f"Could not parse the time parameter: '{name}'. Use YYYY-MM-DD or Unix MS Timestamps"
        ) from error
    return _midnight(day) if name == "from" else _midnight(day + timedelta(days=1)) - 1


def _month(year: int, month: int) -> date:
    """The first day of a month; months past December are of later years."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _day(stamp: int) -> date:
    return datetime.fromtimestamp(stamp / 1_000, NEW_YORK).date()


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp() * 1_000)
