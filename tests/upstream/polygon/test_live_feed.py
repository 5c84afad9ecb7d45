"""The one socket to the vendor, against a vendor in memory: whatever breaks, no bar is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.errors import AuthenticationError
from polytape.model.units import MINUTE_US
from polytape.upstream.polygon.live_feed import LiveFeed
from polytape.wire.polygon.topics import ALL, Topic
from tests.fakes.live_vendor import BELL, US, Book, LiveVendor, SlowTime, bar, live_feed, rest

AAPL, MSFT, EVERY = Topic("AM", "AAPL"), Topic("AM", "MSFT"), Topic("AM", ALL)


@dataclass
class Stage:
    """A feed at work, its vendor, and what came of it."""

    time: SlowTime
    vendor: LiveVendor
    feed: LiveFeed
    book: Book
    running: asyncio.Task[None]
    named: bool

    def truth(self, symbols: tuple[str, ...], since: int) -> dict[tuple[str, int], object]:
        """The bars that must be there: all whose minute ended after `since`, but for what may be
        under way now.
        """
        return {
            key: bar
            for key, bar in self.vendor.truth.items()
            if key[0] in symbols and since < key[1] + MINUTE_US <= self.time.now - 12 * US
        }

    def held(self, symbols: tuple[str, ...], since: int) -> dict[tuple[str, int], object]:
        """The bars that came."""
        return {
            key: bar
            for key, bar in self.book.bars.items()
            if key[0] in symbols and since < key[1] + MINUTE_US <= self.time.now - 12 * US
        }


Act = Callable[[Stage], Awaitable[None]]


def play(act: Act, at: int = BELL + 30 * US, *topics: Topic) -> Stage:
    """Run a feed of topics through an act."""

    async def whole() -> Stage:
        time = SlowTime(at)
        vendor, book = LiveVendor(time), Book()
        feed = live_feed(vendor)
        feed.want(frozenset(topics or (AAPL,)))
        running = asyncio.ensure_future(feed.run(book))
        selling = asyncio.ensure_future(vendor.live())
        stage = Stage(time, vendor, feed, book, running, AAPL in (topics or (AAPL,)))
        await time.advance(1)
        try:
            await act(stage)
        finally:
            for task in (running, selling):
                task.cancel()
                with suppress(asyncio.CancelledError, AuthenticationError):
                    await task
        return stage

    return asyncio.run(whole())


def test_minutes_come_as_they_are_sent() -> None:
    """Nothing is asked of the REST API while all is well."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(600)

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)
    assert len(stage.book.bars) == 10
    assert stage.book.notices == ["connected"]
    assert stage.vendor.requests == 0
    assert stage.feed.status() == "connected"


def test_a_feed_says_up_to_when_its_minutes_are_complete() -> None:
    """Some seconds after a minute's end, and never before its bars."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(200)

    log = play(act).book.log
    through = [end for kind, end in log if kind == "through"]
    assert through == [BELL + n * MINUTE_US for n in range(4)]
    for kind, event in log:
        if kind == "bar":
            end = event.start * 1_000 + MINUTE_US
            assert log.index((kind, event)) < log.index(("through", end))


def test_ten_seconds_without_a_line_lose_and_double_nothing() -> None:
    """The bar that was sent meanwhile is fetched before live bars go on, and marked."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(25)  # five seconds before the minute's end
        stage.vendor.down = True
        stage.vendor.cut()
        await stage.time.advance(10)
        stage.vendor.down = False
        await stage.time.advance(300)

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)
    came = [(kind, e.start) for kind, e in stage.book.log if kind.endswith("bar")]
    starts = [start for _, start in came]
    assert starts == sorted(set(starts))
    assert stage.book.notices == ["connected", "gap", "reconnected", "backfilled"]


def test_a_whole_market_is_healed_by_two_requests() -> None:
    """One snapshot has each symbol's latest minute; a second look is for what was under way."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(25)
        stage.vendor.down = True
        stage.vendor.cut()
        await stage.time.advance(10)
        stage.vendor.down = False
        await stage.time.advance(300)

    stage = play(act, BELL + 30 * US, EVERY)
    everything = stage.vendor.symbols
    assert stage.held(everything, BELL) == stage.truth(everything, BELL)
    assert 1 <= stage.vendor.requests <= 2


def test_a_long_break_asks_for_what_is_named_first() -> None:
    """Then for the rest of the market, in the background, with a word on how long that takes."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(130)
        stage.vendor.down = True
        stage.vendor.cut()
        await stage.time.advance(600)
        stage.vendor.down = False
        await stage.time.advance(120)

    stage = play(act, BELL + 30 * US, EVERY, AAPL)
    everything = stage.vendor.symbols
    assert stage.held(everything, BELL) == stage.truth(everything, BELL)
    kinds = [kind for kind, _ in stage.book.log if kind != "through"]
    named = next(at for at, (kind, _) in enumerate(stage.book.log) if kind == "late bar")
    assert stage.book.log[named][1].symbol in everything
    assert kinds.index("reconnected") < kinds.index("backfill") < len(kinds)


def test_a_refused_key_ends_it() -> None:
    """It says why; coming back would change nothing."""

    async def act(stage: Stage) -> None:
        stage.vendor.key = "another"
        stage.vendor.cut()
        await stage.time.advance(60)
        assert stage.running.done()
        with pytest.raises(AuthenticationError, match="refuses live data: authentication failed"):
            await stage.running

    play(act)


def test_a_place_that_was_taken_is_waited_for() -> None:
    """Two programs with one key do not evict each other every second."""

    async def act(stage: Stage) -> None:
        stage.vendor.say("max_connections")
        await stage.time.advance(59)
        assert stage.vendor.connections == 1
        await stage.time.advance(200)
        assert stage.vendor.connections == 2

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)


def test_waiting_grows_until_a_connection_holds() -> None:
    """A vendor that drops everybody at once is not hammered."""

    async def act(stage: Stage) -> None:
        for _ in range(200):
            stage.vendor.say("slow_consumer")
            await stage.time.advance(1)
        assert stage.vendor.connections < 40
        await stage.time.advance(120)
        before = stage.vendor.connections
        stage.vendor.cut()
        await stage.time.advance(2)
        assert stage.vendor.connections == before + 1  # it held: short waits again

    play(act)


def test_a_mute_vendor_is_left_and_a_quiet_symbol_is_not() -> None:
    """Whether there are newer bars, the vendor's REST API knows."""

    async def act(stage: Stage) -> None:
        stage.vendor.quiet = {"AAPL"}
        await stage.time.advance(1_200)
        assert stage.vendor.connections == 1
        stage.vendor.quiet = set()
        stage.vendor.hush()
        await stage.time.advance(2_700)
        assert stage.vendor.connections >= 2

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)


def test_silence_at_night_means_nothing() -> None:
    """Nothing is asked, and the connection is left alone."""
    night = BELL + 12 * 3_600 * US  # half past nine in the evening

    async def act(stage: Stage) -> None:
        stage.vendor.quiet = set(stage.vendor.symbols)
        await stage.time.advance(3_600)
        assert (stage.vendor.connections, stage.vendor.requests) == (1, 0)

    play(act, night, EVERY)


def test_the_sleep_of_a_laptop_is_a_gap() -> None:
    """The minutes of it are fetched, though the line looks alive."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(100)
        stage.time.jump(1_800)
        first = stage.time.now // MINUTE_US * MINUTE_US
        for minute in range(first - 30 * MINUTE_US, first, MINUTE_US):
            stage.vendor.truth.setdefault(("AAPL", minute), bar("AAPL", minute))
        await stage.time.advance(300)

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)
    assert stage.book.notices[:3] == ["connected", "gap", "reconnected"]


def test_a_deaf_vendor_is_left_in_seconds() -> None:
    """TCP would take minutes to notice."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(20)
        stage.vendor.hush(deaf=True)
        await stage.time.advance(225)
        assert stage.vendor.connections >= 2

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)


def test_without_wishes_there_is_no_connection() -> None:
    """The key has one place, and another program may want it."""

    async def act(stage: Stage) -> None:
        stage.feed.want(frozenset())
        await stage.time.advance(120)
        assert stage.feed.status() == "idle"
        assert stage.vendor.connection is not None
        assert not stage.vendor.connection.open
        stage.feed.want(frozenset({MSFT}))
        await stage.time.advance(120)
        assert stage.feed.status() == "connected"
        assert ("MSFT", stage.time.now // MINUTE_US * MINUTE_US - MINUTE_US) in stage.book.bars

    play(act)


def test_a_gap_that_cannot_be_filled_is_told_and_filled_later() -> None:
    """Live bars go on meanwhile."""

    async def act(stage: Stage) -> None:
        await stage.time.advance(25)
        stage.vendor.down = stage.vendor.over_budget = True
        stage.vendor.cut()
        await stage.time.advance(10)
        stage.vendor.down = False
        await stage.time.advance(130)
        assert stage.book.notices.count("gap") >= 2
        stage.vendor.over_budget = False
        stage.vendor.cut()
        await stage.time.advance(130)

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)


def test_a_key_that_is_asked_for_again_costs_no_bar() -> None:
    """Also where bars are held that moment, since what comes before them cannot be fetched."""

    async def act(stage: Stage) -> None:
        stage.vendor.over_budget = True
        stage.vendor.cut()
        await stage.time.advance(28)
        stage.vendor.say("auth_required")
        await stage.time.advance(4)  # the minute's bar comes
        stage.vendor.say("auth_required")
        await stage.time.advance(60)
        stage.vendor.over_budget = False

    stage = play(act)
    assert stage.held(("AAPL",), BELL) == stage.truth(("AAPL",), BELL)


def test_a_symbol_that_is_added_as_its_bar_is_sent_is_looked_after() -> None:
    """That bar may be in no history yet, and the subscription came too late for it."""

    async def act(stage: Stage) -> None:
        stage.vendor.lateness = 1.0
        await stage.time.advance(31.5)  # the bar was sent half a second ago
        stage.feed.want(frozenset({AAPL, MSFT}))
        await stage.time.advance(30)

    stage = play(act)
    assert ("MSFT", BELL) in stage.book.bars
    assert stage.vendor.requests == 1


def _down(vendor: LiveVendor) -> None:
    vendor.down = True
    vendor.cut()


def _up(vendor: LiveVendor) -> None:
    vendor.down = vendor.over_budget = False


UNKNOWN = b'[{"ev":"XYZ","sym":"AAPL"},{"ev":"status","status":"new","message":"why"}]'
MISCHIEF: dict[str, Callable[[LiveVendor], object]] = {
    "wait": lambda _: None,
    "cut": LiveVendor.cut,
    "down": _down,
    "up": _up,
    "mute": LiveVendor.hush,
    "deaf": lambda vendor: vendor.hush(deaf=True),
    "garbage": lambda vendor: vendor.raw(b'[{"ev":"AM","sym":"AA'),
    "unknown": lambda vendor: vendor.raw(UNKNOWN),
    "megabyte": lambda vendor: vendor.raw(b"[" + b" " * 1_000_000 + b"]"),
    "drop": lambda vendor: vendor.say("force_disconnect"),
    "evict": lambda vendor: vendor.say("max_connections"),
    "auth_required": lambda vendor: vendor.say("auth_required"),
    "correct": lambda vendor: vendor.correct("AAPL", 0),
    "budget": lambda vendor: setattr(vendor, "over_budget", True),
    "late": lambda vendor: setattr(vendor, "lateness", 4.0),
}


Step = tuple[str, float]
TOPICS = [(AAPL,), (AAPL, MSFT), (EVERY,), (EVERY, AAPL)]
STEPS = st.lists(st.tuples(st.sampled_from(sorted(MISCHIEF)), st.floats(0.5, 130.0)), max_size=12)


def misbehave(stage: Stage, kind: str) -> None:
    """One thing that goes wrong. What is corrected while nobody listens is fetched of symbols that
    somebody names, and so only those are corrected then.
    """
    if kind != "correct" or stage.vendor.heard or stage.named:
        MISCHIEF[kind](stage.vendor)


def walk(steps: list[Step], topics: tuple[Topic, ...]) -> Stage:
    """Steps, then good weather for long enough."""

    async def act(stage: Stage) -> None:
        for kind, seconds in steps:
            misbehave(stage, kind)
            await stage.time.advance(seconds)
        misbehave(stage, "up")
        await stage.time.advance(400)
        stage.vendor.cut()  # what was corrected while nobody listened comes with a new fill
        await stage.time.advance(100)
        await rest()

    return play(act, BELL + 30 * US, *topics)


@settings(max_examples=25)
@given(STEPS, st.sampled_from(TOPICS))
def test_whatever_happens_the_bars_are_the_vendors(
    steps: list[Step], topics: tuple[Topic, ...]
) -> None:
    """In the end a client holds each bar of each minute, with its last values, and never were there
    two sockets.
    """
    check_walk(steps, topics)


@pytest.mark.long
@pytest.mark.parametrize("topics", TOPICS)
@settings(max_examples=2_500, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_the_bars_are_the_vendors_at_length(
    topics: tuple[Topic, ...], steps: list[Step]
) -> None:
    """The same, ten thousand times."""
    check_walk(steps, topics)


def check_walk(steps: list[Step], topics: tuple[Topic, ...]) -> None:
    stage = walk(steps, topics)
    names = {topic.symbol for topic in topics}
    symbols = stage.vendor.symbols if ALL in names else tuple(sorted(names))
    assert stage.held(symbols, BELL) == stage.truth(symbols, BELL)
    assert stage.vendor.most_connections == 0
