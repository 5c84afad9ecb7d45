"""What a break of the feed cost, fetched before live bars go on.

Symbols that somebody names come first and hold live events back for a moment; the rest of the
market comes in the background. Fetched bars are marked as such, come in order, and leave out what
had come already. A subscription that begins just as a minute's bars are being sent is looked after
in the same way.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from polytape.errors import PolygonClientError
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.units import MINUTE_US
from polytape.upstream.live import FeedSink
from polytape.upstream.polygon.feed_io import FeedTime
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate
from polytape.wire.polygon.missed import (
    CORRECTED_MINUTES,
    SETTLE_US,
    FillPlan,
    MinuteMemory,
    missed,
    plan_fill,
)
from polytape.wire.polygon.topics import ALL, Topic, parse_topic

# Live events wait for so long for what comes before them.
HOLD_S = 20.0
AT_ONCE = 4


class FeedFiller:
    """Stands between one feed and its sink, over all connections. For one event loop."""

    def __init__(
        self,
        fetcher: MinuteFetcher,
        market: Market,
        time: FeedTime,
        sink: FeedSink,
        rate: float,
    ) -> None:
        self._fetcher = fetcher
        self._market = market
        self._time = time
        self._sink = sink
        self._rate = rate
        self._memory = MinuteMemory()
        self._gap_start: int | None = None
        self._due = False
        self._fresh: set[Topic] = set()
        self._before: list[MarketEvent] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def filling(self) -> bool:
        """Whether live events wait for what comes before them."""
        return self._before is not None

    def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()

    def forget(self) -> None:
        """Nobody wants anything: there is no gap."""
        self._gap_start = None

    def broke(self, at: int) -> None:
        """The connection broke; it worked up to `at`, microseconds UTC."""
        self.close()
        self._release()
        self._fresh.clear()
        if self._gap_start is None:
            self._gap_start = at

    def connected(self) -> None:
        """The vendor accepts the key. Events are held from here on, so that none comes before what
        was missed.
        """
        kind = "connected" if self._gap_start is None else "reconnected"
        self._sink.notice(kind, "to the vendor")
        self._due = self._gap_start is not None
        if self._due:
            # A vendor may ask for the key again while events are held: they stay.
            self._before = self._before or []
            self._start(self._hold())

    def subscribed(self, topic: str, topics: frozenset[Topic]) -> None:
        """The vendor sends a topic from now on; the first one after a break begins the fill."""
        now = self._time.now()
        if self._due and self._gap_start is not None:
            self._due = False
            self._start(self._fill(missed(self._gap_start, now), topics))
        # A minute's bars that are being sent just now are in no history, and not all of them came.
        if now % MINUTE_US < 2 * SETTLE_US:
            if not self._fresh:
                self._start(self._look_after(now))
            self._fresh.add(parse_topic(topic))

    def pass_on(self, events: Sequence[MarketEvent]) -> None:
        """Live events, after what comes before them."""
        self._memory.remember(events)
        if self._before is not None:
            self._before.extend(events)
        else:
            self._sink.events(events)

    async def is_mute(self, topics: Iterable[Topic]) -> bool:
        """Whether the vendor's history has a newer minute of a topic's symbol than came live."""
        symbol = min(topic.symbol for topic in topics)
        try:
            newest = await self._time.run_blocking(self._fetcher.newest, symbol)
        except PolygonClientError:
            return False  # who cannot be asked cannot be doubted
        if newest is None:
            return False
        await self._time.sleep(2 * SETTLE_US / 1e6)  # it may be on its way
        latest = self._memory.latest(symbol)
        return latest is None or newest > latest

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hold(self) -> None:
        await self._time.sleep(HOLD_S)
        self._release()

    async def _fill(self, span: Span, topics: frozenset[Topic]) -> None:
        """Fetch what was missed in a span; live events wait for what somebody names."""
        watched, whole = _minutes_wanted(topics)
        span = self._while_open(span)
        plan = plan_fill(span, watched, whole=whole)
        try:
            later = await self._fetch_first(plan, span, watched, whole=whole)
            self._release()
            await self._fetch_later(later, span)
        except PolygonClientError as error:
            text = f"could not be filled: {error}"
            self._sink.notice("gap", text, start=span.start, end=span.end)
        else:
            self._gap_start = None
            if span and plan != FillPlan():
                self._sink.notice("backfilled", start=span.start, end=span.end)
        finally:
            self._release()

    async def _look_after(self, subscribed_at: int) -> None:
        """Once a minute's bars have settled, look whether one fell between history and stream."""
        await self._time.sleep(2 * SETTLE_US / 1e6)
        fresh, self._fresh = self._fresh, set()
        watched, whole = _minutes_wanted(fresh)
        end = subscribed_at // MINUTE_US * MINUTE_US
        span = self._while_open(Span(end - MINUTE_US, end))
        plan = plan_fill(span, watched, whole=whole) if span else FillPlan()
        try:
            await self._fetch_first(plan, span, watched, whole=whole)
        except PolygonClientError as error:
            text = f"could not be looked after: {error}"
            self._sink.notice("gap", text, start=span.start, end=span.end)

    async def _fetch_first(
        self, plan: FillPlan, span: Span, watched: Sequence[str], *, whole: bool
    ) -> list[str]:
        """What live events wait for; the other symbols that have to be fetched: those that a
        snapshot was too late for, or all.
        """
        later: set[str] = set()
        if plan.snapshot:
            tickers = [] if whole else watched
            minutes, others = await self._time.run_blocking(
                self._fetcher.of_snapshot, tickers, span
            )
            self._send(minutes, span)
            later = set(others)
            if plan.rest:
                later |= {event.symbol for event in minutes} | set(self._memory.symbols())
        await self._fetch_symbols(sorted({*plan.first, *later.intersection(watched)}), span)
        return sorted(later.difference(watched))

    async def _fetch_later(self, symbols: Sequence[str], span: Span) -> None:
        """The rest of the market, while live events go on."""
        if not symbols:
            return
        seconds = len(symbols) / self._rate
        detail = f"{len(symbols):,} symbols are fetched in the background, about {seconds:,.0f} s"
        self._sink.notice("backfill", detail, start=span.start, end=span.end)
        for job in asyncio.as_completed(self._jobs(symbols, span, background=True)):
            self._send(await job, span)

    async def _fetch_symbols(self, symbols: Sequence[str], span: Span) -> None:
        minutes = await asyncio.gather(*self._jobs(symbols, span, background=False))
        self._send((event for events in minutes for event in events), span)

    def _jobs(
        self, symbols: Iterable[str], span: Span, *, background: bool
    ) -> list[Coroutine[Any, Any, list[MinuteAggregate]]]:
        room = asyncio.Semaphore(AT_ONCE)
        # What was corrected meanwhile costs nothing more.
        wider = Span(span.start - CORRECTED_MINUTES * MINUTE_US, span.end)

        async def fetch(symbol: str) -> list[MinuteAggregate]:
            of_symbol = partial(self._fetcher.of_symbol, symbol, wider, background=background)
            async with room:
                minutes: list[MinuteAggregate] = await self._time.run_blocking(of_symbol)
                return minutes

        return [fetch(symbol) for symbol in symbols]

    def _send(self, minutes: Iterable[MinuteAggregate], span: Span) -> None:
        """Fetched bars, as far as they are news: what is before the span, only if corrected."""
        news = self._memory.news(minutes, span.start)
        self._memory.remember(news)
        if news:
            self._sink.events(news, backfilled=True)

    def _release(self) -> None:
        """Live events go on."""
        before, self._before = self._before, None
        if before:
            self._sink.events(before)

    def _while_open(self, span: Span) -> Span:
        """From the first to the last minute of a span that lies in a session."""
        inside = [session.extended.intersect(span) for session in self._market.sessions(span)]
        parts = [part for part in inside if part]
        return Span(parts[0].start, parts[-1].end) if parts else span.until(span.start)


def _minutes_wanted(topics: Iterable[Topic]) -> tuple[list[str], bool]:
    """The symbols whose minutes are wanted by name, and whether the whole market's are."""
    symbols = {topic.symbol for topic in topics if topic.channel == "AM"}
    return sorted(symbols - {ALL}), ALL in symbols
