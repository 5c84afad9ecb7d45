"""Live minutes into the store, as provisional: the next day's read makes them final.

A symbol's minutes are written up to where the feed says that they are complete, from where it was
wanted without a break: what the store covers has no holes.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate
from polytape.wire.polygon.messages import US_PER_MS
from polytape.wire.polygon.topics import ALL, Topic

log = logging.getLogger(__name__)

# A write makes a file: not one each minute.
WRITE_EVERY_US = 5 * MINUTE_US


class Write(Protocol):
    """As `StoreWriter.write`."""

    def __call__(
        self,
        series: Series,
        symbols: tuple[str, ...] | None,
        spans: SpanSet,
        market: MarketBars,
        fetched_at: int,
    ) -> None:
        """Store bars of spans, of some symbols or (None) of every symbol there is."""
        ...


class LiveWriter:
    """Listens to a feed, on its event loop; `submit` runs what writes elsewhere. `now`:
    microseconds UTC.
    """

    def __init__(
        self, write: Write, now: Callable[[], int], submit: Callable[[Callable[[], None]], object]
    ) -> None:
        self._write = write
        self._now = now
        self._submit = submit
        # From where on each wanted symbol's minutes are whole; None until the feed has said so.
        self._since: dict[str, int | None] = {}
        # By symbol and start, so that a symbol's are taken without a look at all others.
        self._minutes: dict[str, dict[int, MinuteAggregate]] = {}

    def want(self, topics: frozenset[Topic]) -> None:
        """Exactly these topics are wanted from now on."""
        symbols = {topic.symbol for topic in topics if topic.channel == "AM"}
        self._since = {symbol: self._since.get(symbol) for symbol in symbols}

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        """As `FeedSink.events`."""
        del backfilled
        for event in events:
            if isinstance(event, MinuteAggregate):
                self._minutes.setdefault(event.symbol, {})[event.start * US_PER_MS] = event

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        """As `FeedSink.notice`."""
        del detail, start
        if kind in ("gap", "disconnected"):
            self._since = dict.fromkeys(self._since)
        elif kind == "through" and end is not None:
            self._through(end)

    def _through(self, instant: int) -> None:
        for symbol, since in self._since.items():
            if since is None:
                # The minute that is under way may have begun before the subscription.
                self._since[symbol] = instant + MINUTE_US
            elif instant - since >= WRITE_EVERY_US:
                self._write_symbol(symbol, Span(since, instant))
                self._since[symbol] = instant
        oldest = min((since or instant for since in self._since.values()), default=instant)
        for minutes in self._minutes.values():
            for start in [start for start in minutes if start < oldest]:
                del minutes[start]

    def _write_symbol(self, symbol: str, span: Span) -> None:
        names = list(self._minutes) if symbol == ALL else [symbol]
        minutes = {
            name: [event for start, event in self._minutes.get(name, {}).items() if start in span]
            for name in names
        }
        symbols = None if symbol == ALL else (symbol,)
        fetched_at = self._now()

        def write() -> None:
            market = MarketBars.of({name: _bars(events) for name, events in minutes.items()})
            try:
                self._write(Series.MINUTE, symbols, SpanSet.of([span]), market, fetched_at)
            except PolygonClientError as error:
                log.warning("live minutes of %s were not stored: %s", symbol, error)

        self._submit(write)


def _bars(events: Sequence[MinuteAggregate]) -> Bars:
    events = sorted(events, key=lambda event: event.start)
    stamps = np.array([event.start for event in events], np.int64) * US_PER_MS
    return Bars.of(
        stamps,
        [event.open for event in events],
        [event.high for event in events],
        [event.low for event in events],
        [event.close for event in events],
        [event.shares for event in events],
        [event.vwap if isinstance(event.vwap, int | float) else np.nan for event in events],
    )
