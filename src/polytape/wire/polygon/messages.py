"""The vendor's messages, as its REST API of July 2026 describes them; used to read and to write.

https://massive.com/docs/rest/stocks

What is left out on the wire is UNSET here: "no bars" is an answer without `results`. Times are
milliseconds in bars, nanoseconds (beyond 2**53, so never floats) in trades. Unknown fields are
ignored.
"""

from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType, field

Maybe: TypeAlias = str | UnsetType | None
Shares: TypeAlias = float | str | UnsetType | None

PAGE_BARS = 50_000
DEFAULT_PAGE_BARS = 5_000
OK, DELAYED = "OK", "DELAYED"
US_PER_MS = 1_000


class Agg(msgspec.Struct, gc=False):
    """One bar. `t` is its start in milliseconds; grouped and previous-day bars carry 16:00 New York
    of their day instead. `v` may be a fraction, or be written with an exponent.
    """

    o: float
    h: float
    l: float  # noqa: E741 - the vendor's name
    c: float
    v: float
    t: int | float
    vw: float | UnsetType | None = UNSET
    n: int | float | UnsetType | None = UNSET
    T: str | UnsetType = UNSET
    otc: bool | UnsetType = UNSET


class AggsPage(msgspec.Struct, kw_only=True):
    """`/v2/aggs/...`. `queryCount` counts the minutes or days read for the page."""

    ticker: Maybe = UNSET
    query_count: int = field(name="queryCount", default=0)
    results_count: int = field(name="resultsCount", default=0)
    adjusted: bool = True
    results: list[Agg] | UnsetType | None = UNSET
    status: str
    request_id: Maybe = UNSET
    count: int | UnsetType = UNSET
    next_url: Maybe = UNSET


class OpenClose(msgspec.Struct, kw_only=True):
    """`/v1/open-close/{ticker}/{date}`."""

    status: str
    from_: str = field(name="from")
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    after_hours: float | UnsetType = field(name="afterHours", default=UNSET)
    pre_market: float | UnsetType = field(name="preMarket", default=UNSET)


class SplitRow(msgspec.Struct, kw_only=True):
    """A split: `split_to` new shares for `split_from` old ones, from `execution_date` on. Nonsense
    is listed, too.
    """

    id: Maybe = UNSET
    ticker: str
    execution_date: Maybe = UNSET
    split_from: Shares = UNSET
    split_to: Shares = UNSET
    adjustment_type: Maybe = UNSET
    historical_adjustment_factor: Shares = UNSET


class SplitsPage(msgspec.Struct, kw_only=True):
    """`/stocks/v1/splits` and `/v3/reference/splits`."""

    results: list[SplitRow] | UnsetType | None = UNSET
    status: Maybe = UNSET
    request_id: Maybe = UNSET
    next_url: Maybe = UNSET


class TickerRow(msgspec.Struct, kw_only=True):
    """A security; only `ticker` is sure to be there."""

    ticker: str
    name: Maybe = UNSET
    market: Maybe = UNSET
    locale: Maybe = UNSET
    primary_exchange: Maybe = UNSET
    type: Maybe = UNSET
    active: bool | UnsetType | None = UNSET
    currency_name: Maybe = UNSET
    delisted_utc: Maybe = UNSET


class TickersPage(msgspec.Struct, kw_only=True):
    """`/v3/reference/tickers`. `count` is the page's."""

    results: list[TickerRow] | UnsetType | None = UNSET
    status: Maybe = UNSET
    request_id: Maybe = UNSET
    count: int | UnsetType = UNSET
    next_url: Maybe = UNSET


class TickerAnswer(msgspec.Struct, kw_only=True):
    """`/v3/reference/tickers/{ticker}`."""

    results: TickerRow
    status: str
    request_id: Maybe = UNSET


class SnapshotBar(msgspec.Struct):
    """A day or a minute of a snapshot. Zeros mean that there is none."""

    o: float = 0.0
    h: float = 0.0
    l: float = 0.0  # noqa: E741 - the vendor's name
    c: float = 0.0
    v: float = 0.0
    vw: float = 0.0
    t: int | UnsetType = UNSET
    n: int | float | UnsetType = UNSET
    av: float | UnsetType = UNSET


class TickerSnapshot(msgspec.Struct, kw_only=True):
    """One ticker of a snapshot. Trades and quotes are left out by plans without them."""

    ticker: str
    todays_change: float = field(name="todaysChange")
    todays_change_perc: float = field(name="todaysChangePerc")
    updated: int
    day: SnapshotBar
    min: SnapshotBar
    prev_day: SnapshotBar = field(name="prevDay")


class Snapshot(msgspec.Struct, kw_only=True):
    """`/v2/snapshot/locale/us/markets/stocks/tickers/{ticker}`."""

    status: str
    request_id: Maybe = UNSET
    ticker: TickerSnapshot


class SnapshotMinute(msgspec.Struct):
    """What a snapshot of many tickers says of one's latest minute."""

    ticker: str
    min: SnapshotBar | None = None

    @property
    def start(self) -> int:
        """The start of the minute, microseconds UTC; 0 where there is none: zeros say that."""
        traded = self.min is not None and self.min.o > 0 and isinstance(self.min.t, int)
        return int(self.min.t) * US_PER_MS if traded else 0  # type: ignore[union-attr, arg-type]


class Snapshots(msgspec.Struct, kw_only=True):
    """`/v2/snapshot/locale/us/markets/stocks/tickers`, as far as its minutes go."""

    status: Maybe = UNSET
    tickers: list[SnapshotMinute] | UnsetType | None = UNSET


class MarketNow(msgspec.Struct, kw_only=True):
    """`/v1/marketstatus/now`. Values: open, closed, extended-hours."""

    market: str
    early_hours: bool = field(name="earlyHours")
    after_hours: bool = field(name="afterHours")
    server_time: str = field(name="serverTime")
    exchanges: dict[str, str]


class MarketDay(msgspec.Struct, kw_only=True):
    """A row of `/v1/marketstatus/upcoming`: one exchange on one day. `open` and `close`, UTC, only
    where it closes early.
    """

    exchange: str
    name: str
    date: str
    status: str
    open: str | UnsetType = UNSET
    close: str | UnsetType = UNSET


class Refusal(msgspec.Struct, kw_only=True):
    """An error. The vendor writes its text under one of two keys."""

    status: str
    request_id: Maybe = UNSET
    error: Maybe = UNSET
    message: Maybe = UNSET
