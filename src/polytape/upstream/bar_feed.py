"""Live minute bars out of a source that has them by now: a made-up market, or a day replayed.

Each minute, once it has ended on the market's clock, the bars of every wanted symbol that start in
it are sent as the vendor sends them: `AM`, in the order of their symbols.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from msgspec import UNSET, UnsetType

from polytape.errors import DataFetchError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.live import FeedSink
from polytape.upstream.source import BarSource
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.topics import ALL, Topic

US_PER_MS = 1_000
# While the clock stands, or the minute's end is further away than LONGEST_SLEEP_S, look this often
# whether somebody turned it.
LOOK_AGAIN_S, LONGEST_SLEEP_S = 0.05, 1.0
# A clock that jumped ahead is caught up with in pieces.
MAX_MINUTES_AT_ONCE = 390


class Clock(Protocol):
    """A market's own time."""

    def now(self) -> int:
        """Microseconds UTC."""
        ...

    def seconds_until(self, instant: int) -> float | None:
        """Seconds to wait until an instant in microseconds UTC; None while the time stands."""
        ...


class BarFeed:
    """`universe`: what `AM.*` means. `run_blocking` runs what reads the source in a thread."""

    channels = ("AM",)

    def __init__(
        self,
        source: BarSource,
        clock: Clock,
        universe: Callable[[], Iterable[str]],
        run_blocking: Callable[
            [Callable[[], list[MinuteAggregate]]], Awaitable[list[MinuteAggregate]]
        ] = asyncio.to_thread,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._clock = clock
        self._universe = universe
        self._run_blocking = run_blocking
        self._sleep = sleep
        self._topics: frozenset[Topic] = frozenset()
        self._connected = False

    def want(self, topics: frozenset[Topic]) -> None:
        """As `LiveSource.want`."""
        self._topics = topics

    def status(self) -> str:
        """As `LiveSource.status`."""
        return "connected" if self._connected else "connecting"

    async def run(self, sink: FeedSink) -> None:
        """As `LiveSource.run`."""
        through = self._clock.now() // MINUTE_US * MINUTE_US
        self._connected = True
        sink.notice("connected")
        while True:
            await self._wait_until(through + MINUTE_US)
            minute = self._clock.now() // MINUTE_US * MINUTE_US
            until = min(minute, through + MAX_MINUTES_AT_ONCE * MINUTE_US)
            span = Span(through, max(through, until))
            if not span:
                continue
            try:
                bars = await self._run_blocking(lambda span=span: self._bars(span))  # type: ignore[misc]
            except DataFetchError as error:
                sink.notice("gap", str(error), start=span.start, end=span.end)
            else:
                if bars:
                    sink.events(bars)
                sink.notice("through", end=span.end)
            through = span.end

    async def _wait_until(self, instant: int) -> None:
        while (seconds := self._clock.seconds_until(instant)) != 0:
            if seconds is None or seconds > LONGEST_SLEEP_S:
                seconds = LOOK_AGAIN_S
            await self._sleep(seconds)

    def _bars(self, span: Span) -> list[MinuteAggregate]:
        """The bars that start in a span, by start and symbol."""
        events: list[MinuteAggregate] = []
        for symbol in sorted(self._symbols()):
            try:
                query = series_query(symbol, Series.MINUTE, span)
                events += minute_events(symbol, self._source.bars(query).bars)
            except NotFoundError:
                continue  # a symbol that is not there has no events
        return sorted(events, key=lambda event: (event.start, event.symbol))

    def _symbols(self) -> set[str]:
        wanted = {topic.symbol for topic in self._topics if topic.channel == "AM"}
        return (wanted - {ALL}) | set(self._universe()) if ALL in wanted else wanted


def minute_events(symbol: str, bars: Bars) -> list[MinuteAggregate]:
    """Bars of minutes as the vendor sends them live."""
    length = MINUTE_US // US_PER_MS
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap)
    rows = zip((bars.timestamp // US_PER_MS).tolist(), *(c.tolist() for c in columns), strict=True)
    return [
        MinuteAggregate(
            symbol, opening, high, low, close, volume, start, start + length, _known(vwap)
        )
        for start, opening, high, low, close, volume, vwap in rows
    ]


def _known(value: float) -> float | UnsetType:
    return UNSET if value != value else value  # noqa: PLR0124 - NaN
