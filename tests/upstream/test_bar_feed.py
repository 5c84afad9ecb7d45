"""Each minute's bars, once the minute is over, each once."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from polytape.errors import DataFetchError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US, SECOND_US
from polytape.upstream.bar_feed import MAX_MINUTES_AT_ONCE, BarFeed, minute_events
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.source import SourceBars
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate
from polytape.wire.polygon.topics import ALL, Topic

START = 29_000_000 * MINUTE_US
MINUTE_MS = MINUTE_US // 1_000
UNIVERSE = ("C", "A", "BRK.B")


class EndOfScriptError(Exception):
    """The test has seen enough."""


class EveryMinute:
    """A bar in every minute of the symbols of the universe."""

    def earliest(self) -> int:
        return 0

    def last_bar(self, symbol: str) -> Bars:
        return Bars.empty()

    def bars(self, query: BarsQuery) -> SourceBars:
        assert query.series is Series.MINUTE
        assert not query.adjusted
        if query.symbol == "BROKEN":
            raise DataFetchError("broken")
        if query.symbol not in UNIVERSE:
            raise NotFoundError(query.symbol)
        starts = list(range(query.span.start, query.span.end, MINUTE_US))
        ones = [1.0] * len(starts)
        return SourceBars(Bars.of(starts, ones, ones, ones, ones, ones))


class Sink:
    """Notes when, on the market's clock, each event came."""

    def __init__(self, clock: MarketClock) -> None:
        self.clock = clock
        self.notices: list[str] = []
        self.sent: list[tuple[int, MarketEvent]] = []
        self.sizes: list[int] = []

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        assert events
        assert not backfilled
        self.sizes.append(len(events))
        self.sent += [(self.clock.now(), event) for event in events]

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        self.notices.append(kind)

    @property
    def keys(self) -> list[tuple[int, str]]:
        """The minute after the start, and the symbol, of each event."""
        bars = [event for _, event in self.sent if isinstance(event, MinuteAggregate)]
        return [((bar.start - START // 1_000) // MINUTE_MS, bar.symbol) for bar in bars]


async def play(
    topics: Sequence[Topic],
    sleeps: int,
    *,
    start: int = START,
    act: Callable[[int, MarketClock], None] = lambda at, clock: None,
) -> Sink:
    """A feed for so many sleeps; `act` may turn the clock in each of them."""
    wall = [0.0]
    clock = MarketClock(start, 60.0, lambda: wall[0])
    slept = [0]

    async def sleep(seconds: float) -> None:
        if slept[0] == sleeps:
            raise EndOfScriptError
        slept[0] += 1
        wall[0] += seconds
        act(slept[0], clock)

    async def direct(work: Callable[[], list[MinuteAggregate]]) -> list[MinuteAggregate]:
        return work()

    feed = BarFeed(EveryMinute(), clock, lambda: UNIVERSE, direct, sleep)
    assert feed.status() == "connecting"
    feed.want(frozenset(topics))
    sink = Sink(clock)
    with pytest.raises(EndOfScriptError):
        await feed.run(sink)
    assert feed.status() == "connected"
    assert sink.notices[0] == "connected"
    assert set(sink.notices) <= {"connected", "gap", "through"}
    for now, event in sink.sent:
        assert isinstance(event, MinuteAggregate)
        assert event.end - event.start == MINUTE_MS
        assert now >= event.end * 1_000
    return sink


async def test_a_minutes_bars_come_once_it_is_over() -> None:
    """At the very end of the minute, in the order of the symbols."""
    sink = await play([Topic("AM", "C"), Topic("AM", "A")], 3)
    assert sink.keys == [(m, symbol) for m in range(3) for symbol in ("A", "C")]
    assert [now for now, _ in sink.sent[::2]] == [START + m * MINUTE_US for m in (1, 2, 3)]


async def test_a_minute_that_has_begun_is_sent_whole() -> None:
    """A feed that starts in the middle of a minute begins with that minute."""
    sink = await play([Topic("AM", "A")], 1, start=START + 30 * SECOND_US)
    assert sink.keys == [(0, "A")]


async def test_a_star_is_the_universe() -> None:
    """And a symbol beside it is not sent twice."""
    sink = await play([Topic("AM", ALL), Topic("AM", "A")], 2)
    assert sink.keys == [(m, symbol) for m in range(2) for symbol in sorted(UNIVERSE)]


@pytest.mark.parametrize("topic", [Topic("AM", "NOPE"), Topic("T", "A")])
async def test_what_the_source_does_not_have_sends_nothing(topic: Topic) -> None:
    """Neither an event nor an error; the symbols beside it come."""
    assert (await play([topic], 2)).sent == []
    assert (await play([topic, Topic("AM", "A")], 2)).keys == [(0, "A"), (1, "A")]
    assert (await play([], 2)).sent == []


async def test_what_could_not_be_read_is_a_gap() -> None:
    """Nothing is lost without a word."""
    sink = await play([Topic("AM", "BROKEN")], 2)
    assert (sink.sent, sink.notices) == ([], ["connected", "gap", "gap"])


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=4))
async def test_a_jump_is_caught_up_without_loss(jumps: list[int]) -> None:
    """Every minute once, in order, however far the clock jumps; never too much at once."""

    def jump(at: int, clock: MarketClock) -> None:
        clock.step(jumps[at - 1] * MINUTE_US)

    sink = await play([Topic("AM", "A"), Topic("AM", "C")], len(jumps), act=jump)
    minutes = sum(jumps) + len(jumps)
    assert sink.keys == [(m, symbol) for m in range(minutes) for symbol in ("A", "C")]
    assert max(sink.sizes) <= 2 * MAX_MINUTES_AT_ONCE


async def test_nothing_comes_while_the_clock_stands() -> None:
    """A pause sends nothing, a step in it the minutes that it passes, and then it goes on."""

    def act(at: int, clock: MarketClock) -> None:
        if at == 1:
            clock.pause()
        if at == 20:
            clock.step(2 * MINUTE_US)

    sink = await play([Topic("AM", "A")], 19, act=act)
    assert sink.keys == [(0, "A")]
    sink = await play([Topic("AM", "A")], 40, act=act)
    assert sink.keys == [(0, "A"), (1, "A"), (2, "A")]


def test_an_unknown_vwap_is_left_out() -> None:
    """A number that is not known is no number on the wire."""
    column = [1.0, 2.0]
    bars = Bars.of(
        [START, START + MINUTE_US], column, column, column, column, column, vwap=[float("nan"), 1.5]
    )
    first, second = minute_events("A", bars)
    assert first.vwap is UNSET
    assert (second.vwap, second.start, second.open) == (1.5, START // 1_000 + MINUTE_MS, 2.0)


class Minutes:
    """A clock of another kind: a minute for each look at how long to wait."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at

    def seconds_until(self, instant: int) -> float:
        self.at += MINUTE_MS * 1_000
        return 0.0 if self.at >= instant else 1.0


async def test_any_clock_that_can_be_waited_for_will_do() -> None:
    """The type check is half of this test."""
    sink = Ends()
    feed = BarFeed(EveryMinute(), Minutes(), lambda: UNIVERSE, _direct)
    feed.want(frozenset([Topic("AM", "A")]))
    with pytest.raises(EndOfScriptError):
        await feed.run(sink)
    assert sink.starts == [START // 1_000 + n * MINUTE_MS for n in range(3)]


class Ends:
    """Takes three batches."""

    def __init__(self) -> None:
        self.starts: list[int] = []

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        self.starts += [event.start for event in events if isinstance(event, MinuteAggregate)]

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        if len(self.starts) == 3:
            raise EndOfScriptError


async def _direct(work: Callable[[], list[MinuteAggregate]]) -> list[MinuteAggregate]:
    return work()
