"""Custom bars by the vendor's rules: snapped ends, windows, a limit that counts base bars, pages.

https://massive.com/docs/rest/stocks/aggregates/custom-bars
https://massive.com/blog/aggs-api-updates

Windows whose length divides a day lie on New York's clock grid, as the vendor's own 5, 15 and 60
minutes were measured to; others run from the snapped start of the request.
"""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qs, urlencode

import numpy as np

from polytape.errors import ValidationError
from polytape.model.arrays import Ints
from polytape.model.bars import Bars
from polytape.model.resample import merge, wall_grid
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.model.wall_clock import WallClock
from polytape.wire.polygon.messages import DEFAULT_PAGE_BARS, PAGE_BARS, US_PER_MS

INTRADAY_US = {"minute": MINUTE_US, "hour": HOUR_US}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
TIMESPANS = (*INTRADAY_US, "day", "week", *MONTHS)
MOST_MULTIPLIER = 100_000
LAST_YEAR = 2500
# 1900 to 2200 in milliseconds: outside no market is meant.
FIRST_MS, LAST_MS = -2_208_988_800_000, 7_258_118_400_000
MOST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class CustomBarsRequest:
    """A request for custom bars. `span` is snapped: it is whole units, and whole windows."""

    multiplier: int
    timespan: str
    span: Span
    market: WallClock
    adjusted: bool = True
    descending: bool = False
    limit: int = DEFAULT_PAGE_BARS

    @property
    def series(self) -> Series:
        """The series that the bars are made of."""
        return Series.MINUTE if self.timespan in INTRADAY_US else Series.DAY

    def starts(self, stamps: Ints) -> Ints:
        """The start of the window that each instant is in, all in microseconds UTC."""
        unit = INTRADAY_US.get(self.timespan)
        if unit is not None:
            return self._intraday(stamps, unit * self.multiplier)
        days = self.market.days_of(stamps)
        first = self.market.days_of(np.array([self.span.start]))[0]
        if self.timespan not in MONTHS:
            length = self.multiplier * (7 if self.timespan == "week" else 1)
            return self.market.to_utc((days - (days - first) % length) * DAY_US)
        months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        begin = np.array([first]).astype("M8[D]").astype("M8[M]").astype(np.int64)[0]
        months = months - (months - begin) % (self.multiplier * MONTHS[self.timespan])
        return self.market.to_utc(months.astype("M8[M]").astype("M8[D]").astype(np.int64) * DAY_US)

    def _intraday(self, stamps: Ints, length: int) -> Ints:
        wall = int(self.market.to_local(np.array([self.span.start]))[0])
        if DAY_US % length == 0 and wall % length == 0:
            return wall_grid(stamps, length, self.market)
        return stamps - (stamps - self.span.start) % length

    def whole(self) -> "CustomBarsRequest":
        """The same, its end moved so that the last window is complete."""
        last = self.span.end - 1
        start = int(self.starts(np.array([last]))[0])
        end = max(self.span.end, _after(start, self.timespan, self.multiplier, self.market))
        return replace(self, span=Span(self.span.start, end))


@dataclass(frozen=True, slots=True)
class Page:
    """Bars of one page in the order of the request, how many base bars they are made of, and what
    is left of the request.
    """

    bars: Bars
    base: int
    rest: CustomBarsRequest | None


def parse_custom(
    multiplier: int,
    timespan: str,
    start: str,
    end: str,
    query: dict[str, str],
    market: WallClock,
) -> CustomBarsRequest:
    """A request as the vendor takes it. `start` and `end` are dates or epoch milliseconds; what a
    cursor in `query` says goes before the rest of it.

    Raises: ValidationError naming the parameter.
    """
    if timespan not in TIMESPANS:
        raise ValidationError("timespan", timespan, "one of " + ", ".join(TIMESPANS))
    if not 1 <= multiplier <= MOST_MULTIPLIER:
        raise ValidationError("multiplier", multiplier, f"1 to {MOST_MULTIPLIER}")
    options = query | _cursor_options(query.get("cursor"))
    first, last = _instant(start, "from", market), _instant(end, "to", market)
    if last < first:
        detail = "The parameter 'to' cannot be a time that occurs before 'from'"
        raise ValidationError.from_detail(detail, "to")
    begin = _snapped(first, timespan, market)
    after = _after(_snapped(last, timespan, market), timespan, 1, market)
    return CustomBarsRequest(
        multiplier,
        timespan,
        Span(begin, max(begin, after)),
        market,
        adjusted=options.get("adjusted", "true").lower() != "false",
        descending=_descending(options.get("sort", "asc")),
        limit=_limit(options.get("limit")),
    ).whole()


def next_path(ticker: str, rest: CustomBarsRequest) -> str:
    """Path and query of the page that comes next. No key is in it."""
    options = {
        "adjusted": str(rest.adjusted).lower(),
        "limit": str(rest.limit),
        "sort": "desc" if rest.descending else "asc",
    }
    cursor = base64.urlsafe_b64encode(urlencode(options).encode()).decode().rstrip("=")
    start, end = -(-rest.span.start // US_PER_MS), (rest.span.end - 1) // US_PER_MS
    return (
        f"/v2/aggs/ticker/{ticker}/range/{rest.multiplier}/{rest.timespan}/{start}/{end}"
        f"?cursor={cursor}"
    )


def page_of(request: CustomBarsRequest, base: Bars) -> Page:
    """The page that begins a request's answer, from tidy base bars that reach at least one bar past
    its limit, or to its end. A window that the limit cuts through is left to the next page; one
    that is longer than the limit comes whole.
    """
    starts = request.starts(base.timestamp)
    if len(base) <= request.limit:
        return _page(request, base, starts, None)
    if request.descending:
        cut = int(starts[-request.limit - 1])
        whole = starts > cut
        whole = whole if whole.any() else starts >= cut
        left = Span(request.span.start, int(starts[whole][0]))
    else:
        cut = int(starts[request.limit])
        whole = starts < cut
        whole = whole if whole.any() else starts <= cut
        later = starts[~whole]
        left = Span(int(later[0]) if len(later) else request.span.end, request.span.end)
    rest = replace(request, span=left) if left else None
    return _page(request, base.take(whole), starts[whole], rest)


def _page(
    request: CustomBarsRequest, base: Bars, starts: Ints, rest: CustomBarsRequest | None
) -> Page:
    single = request.multiplier == 1 and request.timespan in ("minute", "day")
    bars = base if single else merge(base, starts)
    ordered = bars.take(slice(None, None, -1)) if request.descending else bars
    return Page(ordered, len(base), rest)


def _instant(text: str, name: str, market: WallClock) -> int:
    """Microseconds UTC of a date or of epoch milliseconds; as `to` a date is its last one."""
    detail = f"Could not parse the time parameter: '{name}'. Use YYYY-MM-DD or Unix MS Timestamps"
    try:
        if text.removeprefix("-").isdecimal():
            number = int(text[:MOST_DIGITS])
            if not FIRST_MS < number < LAST_MS or len(text) > MOST_DIGITS:
                raise ValidationError.from_detail(detail, name)
            return number * US_PER_MS
        day = day_named(text, name)
        span = market.day_span(day)
        return span.end - 1 if name == "to" else span.start
    except (ValueError, OverflowError) as error:
        raise ValidationError.from_detail(detail, name) from error


def _snapped(instant: int, timespan: str, market: WallClock) -> int:
    unit = INTRADAY_US.get(timespan)
    if unit is not None:
        return instant - instant % unit
    day = market.date_of(instant)
    if timespan == "week":
        day -= timedelta(days=(day.weekday() + 1) % 7)  # a week starts on Sunday
    elif timespan in MONTHS:
        count = MONTHS[timespan]
        day = day.replace(month=(day.month - 1) // count * count + 1, day=1)
    return market.midnight(day)


def _after(start: int, timespan: str, multiplier: int, market: WallClock) -> int:
    """The end of the window that starts at `start`, both in microseconds UTC."""
    unit = INTRADAY_US.get(timespan)
    if unit is not None:
        return start + unit * multiplier
    day = market.date_of(start)
    if timespan not in MONTHS:
        days = multiplier * (7 if timespan == "week" else 1)
        return market.midnight(min(day + timedelta(days=days), date(LAST_YEAR, 1, 1)))
    count = day.year * 12 + day.month - 1 + MONTHS[timespan] * multiplier
    return market.midnight(date(min(count // 12, LAST_YEAR), count % 12 + 1, 1))


def _cursor_options(cursor: str | None) -> dict[str, str]:
    """The options in a cursor of ours.

    Raises: ValidationError for somebody else's cursor.
    """
    if cursor is None:
        return {}
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValidationError("cursor", cursor, "a cursor of a next_url") from error
    return {name: values[0] for name, values in parse_qs(text).items()}


def _descending(text: str) -> bool:
    if text not in ("asc", "desc"):
        raise ValidationError("sort", text, "one of asc, desc")
    return text == "desc"


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_BARS
    if not text.isdecimal() or len(text) > MOST_DIGITS or not 1 <= int(text) <= PAGE_BARS:
        raise ValidationError("limit", text, f"1 to {PAGE_BARS}")
    return int(text)


def day_named(text: str, name: str = "date") -> date:
    """A day as the vendor writes it, YYYY-MM-DD.

    Raises: ValidationError naming the parameter.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(name, text, "YYYY-MM-DD") from error
    if not 1900 <= day.year < 2200:  # noqa: PLR2004 - room for any zone's offset
        raise ValidationError(name, text, "a date between 1900 and 2199")
    return day
