"""Live events out of the same market that REST answers from: a minute's trade, the second of that
trade, its bar.

https://massive.com/docs/websocket/stocks

REST tells the same afterwards: the bar in the custom bars, the trade in the trades of the day.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from polytape.fake_vendor.answers import Json
from polytape.fake_vendor.market import MINUTE_MS, FakeBar, FakeMarket
from polytape.fake_vendor.trades import TRADE_AT_MS
from polytape.model.units import MINUTE_US
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.market_clock import MarketClock
from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.topics import ALL, Topic

LATE_US = 15 * MINUTE_US
# These are all made of minute bars.
MADE_OF_MINUTES = ("A", "AM", "T")
TRADE_SIZE = "0.250000"
SECOND_MS = 1_000


class DaySoFar(NamedTuple):
    """A day's minutes, volume and turnover up to and with a minute; the official open is 0 before
    the bell.
    """

    minutes: int
    volume: float
    turnover: float
    official_open: float

    def with_bar(self, bar: FakeBar, bell_ms: int) -> "DaySoFar":
        """One minute on."""
        opened = self.official_open or (bar.open if bar.start >= bell_ms else 0.0)
        price = bar.close if bar.vwap is None else bar.vwap
        turnover = self.turnover + price * bar.volume
        return DaySoFar(self.minutes + 1, self.volume + bar.volume, turnover, opened)

    def json(self) -> Json:
        """What bars tell of their day."""
        row: Json = {"av": int(self.volume), "dav": f"{self.volume:.6f}"}
        if self.volume:
            row["a"] = round(self.turnover / self.volume, 4)
        return row | ({"op": self.official_open} if self.official_open else {})


class LiveBars:
    """A sink of a `BarFeed`: `send` is given what the vendor makes of each of its minutes."""

    def __init__(self, market: FakeMarket, send: Callable[[list[Json]], object]) -> None:
        self._market = market
        self._send = send

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:  # noqa: ARG002 - the sink's signature
        """Minutes that have ended."""
        minutes = sorted((event.symbol, event.start) for event in events)  # type: ignore[union-attr]
        rows: list[tuple[int, str, list[Json]]] = []
        for symbol, group in groupby(minutes, key=lambda minute: minute[0]):
            starts = {start for _, start in group}
            rows += [(start, symbol, row) for start, row in self._of_symbol(symbol, starts)]
        self._send([event for _, _, row in sorted(rows, key=lambda row: row[:2]) for event in row])

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        """Nothing: a vendor that has no bars is silent."""

    def _of_symbol(self, symbol: str, starts: set[int]) -> Iterable[tuple[int, list[Json]]]:
        """The events of a symbol's minutes, each with all of its day before it."""
        days = {self._market.market.date_of(start * 1_000) for start in starts}
        for day in sorted(days):
            so_far, bell = DaySoFar(0, 0.0, 0.0, 0.0), self._market.opening(day)
            for bar in self._market.minute_bars(symbol, day):
                so_far = so_far.with_bar(bar, bell)
                if bar.start in starts:
                    yield bar.start, minute_events(symbol, bar, so_far)


def minute_events(symbol: str, bar: FakeBar, so_far: DaySoFar) -> list[Json]:
    """A trade, its second, and the minute's bar; `so_far` counts the minute itself."""
    number = so_far.minutes - 1
    trade: Json = {"ev": "T", "sym": symbol, "x": 4, "i": str(number), "z": 3, "p": bar.close}
    trade |= {"s": 0, "ds": TRADE_SIZE, "t": bar.start + TRADE_AT_MS, "q": number}
    price = bar.close
    second: Json = {"ev": "A", "sym": symbol, "v": 0, "dv": TRADE_SIZE, "vw": price, "z": 0}
    second |= {"o": price, "c": price, "h": price, "l": price} | so_far.json()
    second |= {"s": bar.start, "e": bar.start + SECOND_MS}
    return [trade, second, minute_event(symbol, bar) | so_far.json()]


def minute_event(symbol: str, bar: FakeBar) -> Json:
    """A bar as it is sent, without what it tells of its day."""
    row: Json = {"ev": "AM", "sym": symbol, "v": int(bar.volume), "dv": f"{bar.volume:.6f}"}
    row |= {"o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low}
    if bar.vwap is not None:
        row["vw"] = bar.vwap
    if bar.trades:
        row["z"] = round(bar.volume / bar.trades)
    return row | {"s": bar.start, "e": bar.start + MINUTE_MS}


def minutes_wanted(topics: Iterable[Topic], universe: Sequence[str]) -> frozenset[Topic]:
    """The minutes that topics are made of, of symbols that exist."""
    known = frozenset(universe)
    return frozenset(
        Topic("AM", topic.symbol)
        for topic in topics
        if topic.channel in MADE_OF_MINUTES and (topic.symbol == ALL or topic.symbol in known)
    )


def bar_feed(market: FakeMarket, clock: MarketClock, *, late: bool) -> BarFeed:
    """The minutes of a market as they end; `late` by a quarter of an hour, stamped as ever."""
    paced = LateClock(clock, LATE_US) if late else clock
    return BarFeed(market.upstream.bars, paced, lambda: market.universe)


class LateClock(MarketClock):
    """What another clock showed some microseconds ago."""

    def __init__(self, clock: MarketClock, delay: int) -> None:
        super().__init__(0, clock.speed, lambda: 0.0)
        self._clock, self._delay = clock, delay

    def now(self) -> int:
        """That time, microseconds UTC."""
        return self._clock.now() - self._delay

    def seconds_until(self, instant: int) -> float | None:
        """As of any clock."""
        return self._clock.seconds_until(instant + self._delay)
