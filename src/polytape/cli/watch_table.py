"""The table of `polytape watch`, without a screen: rows from events, fetched results and a clock.

`now` is always microseconds UTC of this machine; bars have the time of the gateway's market.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

from msgspec import UNSET

from polytape.cli import watch_fetch
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.engines.live.session import LiveSession
from polytape.engines.market_state import market_state
from polytape.errors import DataFetchError
from polytape.model.bar import Bar, bar_rows
from polytape.model.market import Market
from polytape.model.units import MINUTE_US, SECOND_US
from polytape.wire.polygon.events import MinuteAggregate, microseconds

# The gateway says something every second.
SILENT_AFTER_US = 5 * SECOND_US
# What failed is tried again after so long.
RETRY_AFTER_US = 30 * SECOND_US
ZONES_EVERY_US = 15 * MINUTE_US
# So long after a quarter of an hour its last bar has come, where anything was traded.
LATE_US = 15 * SECOND_US
# After these the bars of the day may have holes that history has.
BROKEN = frozenset({"gap", "backfilled", "reconnected"})


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One symbol; None where not known, or not known for sure. Prices in dollars; `zone_atrs` is
    the distance to the zone's centre in daily ATRs, above the price positive; `bar_start` in
    microseconds UTC; `age_s` since the bar came; `inside`: the price lies in the zone.
    """

    symbol: str
    price: float | None = None
    change: float | None = None
    change_percent: float | None = None
    volume: float | None = None
    relative_volume: float | None = None
    zone: str | None = None
    zone_atrs: float | None = None
    bar_start: int | None = None
    age_s: float | None = None
    inside: bool = False


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The state of the feed: connecting, connected, gap, silent, lag, disconnected, or none where
    it is not listened to; and what is said of it.
    """

    state: str
    detail: str = ""


class WatchTable:
    """Rows in the order of the symbols. `live`: a feed is listened to; history is wanted once it is
    subscribed, so that no bar lies between the two. `clock_lag_us`: how far the market's clock is
    behind this machine's, in a replay.
    """

    def __init__(
        self, symbols: Iterable[str], market: Market, *, live: bool = True, clock_lag_us: int = 0
    ) -> None:
        self._symbols = {name: _Symbol(name, market, clock_lag_us) for name in symbols}
        self._market = market
        self._clock_lag_us = clock_lag_us
        self._subscribed = not live
        self._feed = FeedHealth("connecting" if live else "none")
        self._last_word: int | None = None

    def event(self, event: StreamEvent, now: int) -> None:
        """Take what the feed says."""
        self._last_word = now
        if isinstance(event, MinuteAggregate):
            if (symbol := self._symbols.get(event.symbol)) is not None:
                symbol.push(_bar_of(event), now)
            if self._feed.state == "lag":
                self._feed = FeedHealth("connected")
        elif isinstance(event, StreamNotice):
            self._notice(event)

    def result(self, result: watch_fetch.Result, now: int) -> None:
        """Take what was fetched."""
        named = result.task if isinstance(result, watch_fetch.Failure) else result
        self._symbols[named.symbol].take(result, now)

    def due(self, now: int) -> list[watch_fetch.Task]:
        """What is to be fetched now; each task is given once, until its result is there."""
        if not self._subscribed:
            return []
        tasks = [symbol.due(now) for symbol in self._symbols.values()]
        return [task for task in tasks if task is not None]

    def settled(self, now: int) -> bool:
        """Whether every symbol has all that it can have."""
        return all(symbol.is_settled(now) for symbol in self._symbols.values())

    def rows(self, now: int) -> list[WatchRow]:
        """A row for each symbol."""
        return [symbol.row(now) for symbol in self._symbols.values()]

    def market_now(self, now: int) -> int:
        """The time of the market, microseconds UTC; the end of the newest bar of all, where that is
        later: a market may run faster than this machine's clock.
        """
        ends = (s.bar_end for s in self._symbols.values() if s.bar_end is not None)
        return max(now - self._clock_lag_us, *ends, 0)

    def why_closed(self, now: int) -> str | None:
        """Why nothing is traded now; None while the market is open."""
        return market_state(self.market_now(now), self._market).closed

    def remarks(self) -> list[str]:
        """What went wrong, by symbol."""
        pairs = ((symbol.name, symbol.remark) for symbol in self._symbols.values())
        return [f"{name}: {remark}" for name, remark in pairs if remark]

    def failures(self) -> list[watch_fetch.Failure]:
        """What failed and did not succeed since."""
        every = (symbol.failure for symbol in self._symbols.values())
        return [failure for failure in every if failure is not None]

    def health(self, now: int) -> FeedHealth:
        """The state of the feed now."""
        if self._feed.state in {"connecting", "disconnected", "none"} or self._last_word is None:
            return self._feed
        if (silent := now - self._last_word) > SILENT_AFTER_US:
            return FeedHealth("silent", f"nothing for {silent // SECOND_US} s")
        if self._feed.state == "connected" and any(s.broken for s in self._symbols.values()):
            return FeedHealth("gap", "reading history")
        return self._feed

    def _notice(self, notice: StreamNotice) -> None:
        if notice.kind == "subscribed":
            self._subscribed = True
        if notice.kind in BROKEN:
            for symbol in self._symbols.values():
                symbol.broken = True
        if notice.kind in {"disconnected", "lag"}:
            self._feed = FeedHealth(notice.kind, notice.detail)
        elif notice.kind in BROKEN | {"connected", "subscribed"}:
            self._feed = FeedHealth("connected")


class _Symbol:
    """What is known of one symbol."""

    def __init__(self, name: str, market: Market, clock_lag_us: int) -> None:
        self.name = name
        self.broken = False
        self.failure: watch_fetch.Failure | None = None
        self._session = LiveSession(market=market)
        self._clock_lag_us = clock_lag_us
        self._bar: Bar | None = None
        self._came_at = 0
        self._history: watch_fetch.History | None = None
        self._zones: watch_fetch.SymbolZones | None = None
        self._pending: watch_fetch.Task | None = None
        self._not_before = 0

    @property
    def bar_end(self) -> int | None:
        """The end of the last bar, microseconds UTC."""
        return None if self._bar is None else self._bar.timestamp + MINUTE_US

    @property
    def remark(self) -> str:
        """What is wrong, or missing in the zones."""
        if self.failure is not None:
            error = self.failure.error
            return error.detail if isinstance(error, DataFetchError) else str(error)
        return "; ".join(self._zones.errors) if self._zones is not None else ""

    def is_settled(self, now: int) -> bool:
        """Whether nothing is to be fetched, or fetching failed."""
        return self.failure is not None or (self._pending is None and self._wanted(now) is None)

    def push(self, bar: Bar, now: int) -> None:
        """Take a minute bar, which may have come before."""
        self._session.push(bar)
        if self._bar is None or bar.timestamp >= self._bar.timestamp:
            self._bar, self._came_at = bar, now

    def take(self, result: watch_fetch.Result, now: int) -> None:
        """Take the result of the pending task."""
        self._pending = None
        if isinstance(result, watch_fetch.Failure):
            self.failure, self._not_before = result, now + RETRY_AFTER_US
            self.broken |= result.task.what == "history" and self._history is not None
            return
        self.failure = None
        if isinstance(result, watch_fetch.SymbolZones):
            self._zones = result
            return
        self._history = result
        self._session.extend(result.minutes)
        for bar in bar_rows(result.minutes.last(1)):
            if self._bar is None or bar.timestamp > self._bar.timestamp:
                # A bar of history is as old as it is: nobody saw it come.
                self._bar, self._came_at = bar, bar.timestamp + MINUTE_US + self._clock_lag_us
        wanted = self._wanted(now)
        if wanted is not None and wanted.what == "history":
            self._not_before = now + RETRY_AFTER_US  # history does not have the day yet

    def due(self, now: int) -> watch_fetch.Task | None:
        """What is to be fetched, once."""
        if self._pending is not None or now < self._not_before:
            return None
        self._pending = self._wanted(now)
        if self._pending is not None and self._pending.what == "history":
            self.broken = False  # a break from now on is another one
        return self._pending

    def row(self, now: int) -> WatchRow:
        """The symbol's row."""
        values, bar = self._session.value, self._bar
        if values is None or bar is None:
            return WatchRow(self.name)
        change = percent = volume = relative = None
        history = self._history
        # Without the day's history the sums have holes, and the close may be an older one.
        if history is not None and history.day == values.day:
            if history.previous_close is not None:
                change = values.price - history.previous_close
                percent = 100 * change / history.previous_close
            if not self.broken and not self._is_pending("history"):
                volume = values.volume
                relative = history.usual.relative(volume, bar.timestamp + MINUTE_US)
        zone, atrs, inside = self._nearest(values.price)
        age = max(0, now - self._came_at) / SECOND_US
        return WatchRow(
            self.name,
            values.price,
            change,
            percent,
            volume,
            relative,
            zone,
            atrs,
            bar.timestamp,
            age,
            inside,
        )

    def _wanted(self, now: int) -> watch_fetch.Task | None:
        values, history, end = self._session.value, self._history, self.bar_end
        if history is None or self.broken or (values is not None and history.day != values.day):
            return watch_fetch.Task(self.name, "history", end or 0)
        if end is None:
            return None
        # Not as of the last bar: while the market is closed its session becomes the day before.
        market_now = now - self._clock_lag_us
        quarter = max(end, market_now - LATE_US) // ZONES_EVERY_US
        if self._zones is None or self._zones.as_of // ZONES_EVERY_US < quarter:
            return watch_fetch.Task(self.name, "zones", max(end, market_now))
        return None

    def _is_pending(self, what: str) -> bool:
        return self._pending is not None and self._pending.what == what

    def _nearest(self, price: float) -> tuple[str | None, float | None, bool]:
        """The zone nearest to a price, how far its centre is away in daily ATRs, and whether the
        price lies in it.
        """
        zones = self._zones
        if zones is None:
            return None, None, False
        if not zones.zones or not zones.atr_day:
            return "none", None, False
        zone = min(zones.zones, key=lambda zone: abs(zone.centre - price))
        return zone.level, (zone.centre - price) / zones.atr_day, zone.holds(price)


def _bar_of(event: MinuteAggregate) -> Bar:
    return Bar(
        microseconds(event.start),
        event.open,
        event.high,
        event.low,
        event.close,
        event.volume,
        nan if event.vwap is UNSET else event.vwap,
    )
