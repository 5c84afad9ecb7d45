"""History joined to the stream: whatever breaks, each minute counts once."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.client.live_join import TRIES, LiveJoin, LiveRequest
from polytape.client.live_series import LiveBar
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.resample import days_from_minutes, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import iso
from polytape.model.units import DAY_US, MINUTE_US
from polytape.upstream.bar_feed import minute_events
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.polygon.events import MinuteAggregate, Trade

MARKET = xnys()
BELL = 1_795_530_600_000_000
DAY = MARKET.day_span(MARKET.date_of(BELL))
SPAN = Span(MARKET.midnight(MARKET.date_of(BELL - 7 * DAY_US)), DAY.end)
MINUTES = Synthetic(MARKET, lambda: SPAN.end).bars(series_query("AAPL", Series.MINUTE, SPAN)).bars


def request(timeframe: str = "5min", on: str = "close") -> LiveRequest:
    return LiveRequest.parse("aapl", timeframe, "2d", on, extended=True)


@dataclass
class Gateway:
    """The gateway's side: its clock in minutes since the bell, its log, its history."""

    minute: int = 0
    log: list[MinuteAggregate] = field(default_factory=list)
    down: bool = False

    @property
    def now(self) -> int:
        return BELL + self.minute * MINUTE_US

    def tick(self) -> list[MinuteAggregate]:
        """A minute passes; its bar goes to the log."""
        start = self.now
        self.minute += 1
        events = minute_events("AAPL", MINUTES.within(Span(start, start + MINUTE_US)))
        self.log += events
        return events

    def answer(self, query: BarsQuery) -> Bars:
        """As `fetch_bars`: what had ended by now."""
        past = MINUTES.within(Span(0, self.now))
        if query.timeframe.series is Series.DAY:
            past = days_from_minutes(past, MARKET)
        bars = resample(past, query.timeframe, market=MARKET)
        return bars.within(query.span)


def subscribe(join: LiveJoin, gateway: Gateway) -> list[LiveBar]:
    """A new connection: the greeting, the answer to the subscription, what the log has, history."""
    got = join.receive(StreamNotice("connected", at=iso(gateway.now)))
    got += join.receive(StreamNotice("subscribed"))
    for event in gateway.log:
        got += join.receive(event)
    return got + fetch(join, gateway)


def fetch(join: LiveJoin, gateway: Gateway) -> list[LiveBar]:
    if not join.wants_history:
        return []
    if gateway.down:
        assert join.failed()
        return []
    return join.load([gateway.answer(query) for query in join.queries()])


def truth(gateway: Gateway, timeframe: Timeframe) -> Bars:
    """The bars by now, as one would make them of all minutes."""
    past = MINUTES.within(Span(0, gateway.now))
    if timeframe.series is Series.DAY:
        past = days_from_minutes(past, MARKET)
    return resample(past, timeframe, market=MARKET)


def check(join: LiveJoin, gateway: Gateway) -> None:
    """All bars since the lookback's begin, no more and no less."""
    bars = join.series.bars()
    whole = truth(gateway, join.request.timeframe)
    whole = whole.take(whole.timestamp >= bars.timestamp[0])
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), getattr(whole, name), err_msg=name)


@pytest.mark.parametrize("timeframe", ["1min", "5min", "60min", "1day", "1week"])
def test_history_begins_and_the_stream_goes_on(timeframe: str) -> None:
    """The first bars are the history's; then one as each closes."""
    join, gateway = LiveJoin(request(timeframe), MARKET), Gateway(minute=7)
    before = subscribe(join, gateway)
    begin = MARKET.midnight(MARKET.session_before(MARKET.date_of(BELL)).day)  # type: ignore[union-attr]
    if before:
        assert before[0].timestamp >= join.series.start_of(begin)
    assert not any(bar.live or bar.forming for bar in before)
    check(join, gateway)
    after = []
    for _ in range(20):
        for event in gateway.tick():
            after += join.receive(event)
        check(join, gateway)
    assert all(bar.live and not bar.forming for bar in after)
    starts = [bar.timestamp for bar in [*before, *after]]
    assert starts == sorted(set(starts))


STEPS = st.lists(
    st.sampled_from(
        ["minute", "minute", "minute", "lost", "reconnect", "restart", "again", "down"]
    ),
    max_size=25,
)


def take_step(step: str, join: LiveJoin, gateway: Gateway) -> list[LiveBar]:
    """One thing that happens; what comes of it."""
    notices: list[StreamEvent] = []
    events: list[StreamEvent] = []
    match step:
        case "minute" | "down":
            events = [*gateway.tick()]
        case "lost":
            gateway.tick()  # while the line is down; the log has it
            events = [*gateway.log[-2:]]
        case "again":
            events = [*gateway.log[-1:]]
        case _:
            gateway.tick()
            gateway.log.clear()
            notices = [
                StreamNotice("connected", at=iso(gateway.now)),
                StreamNotice("gap", "the gateway was started anew"),
            ]
    return [bar for event in [*notices, *events] for bar in join.receive(event)]


@given(st.sampled_from(["1min", "5min", "15min", "60min"]), st.integers(0, 80), STEPS)
def test_whatever_breaks_the_bars_are_whole(timeframe: str, start: int, steps: list[str]) -> None:
    """Lines that drop, gateways that start anew, bars that come again, a history that fails."""
    join, gateway = LiveJoin(request(timeframe), MARKET), Gateway(minute=start)
    for _ in range(3):
        gateway.tick()  # somebody else listens already
    given_once = [bar.timestamp for bar in subscribe(join, gateway)]
    for step in steps:
        gateway.down = step == "down"
        got = take_step(step, join, gateway)
        got += fetch(join, gateway)
        for _ in range(sum(TRIES)):
            got += join.receive(StreamNotice("heartbeat"))
            gateway.down = False
            got += fetch(join, gateway)
        given_once += [bar.timestamp for bar in got]
        check(join, gateway)
    assert given_once == sorted(set(given_once))


def test_minutes_that_come_before_the_history_count() -> None:
    """They wait for it; the history of the same minutes does not double them."""
    join, gateway = LiveJoin(request("1min"), MARKET), Gateway(minute=5)
    join.receive(StreamNotice("connected", at=iso(gateway.now)))
    for event in gateway.tick():
        assert join.receive(event) == []
    join.receive(StreamNotice("subscribed"))
    fetch(join, gateway)
    check(join, gateway)


def test_a_quiet_bar_closes_by_the_feeds_word() -> None:
    """Without a trade that begins the next one."""
    join, gateway = LiveJoin(request("5min"), MARKET), Gateway(minute=0)
    subscribe(join, gateway)
    for _ in range(5):
        for event in gateway.tick():
            assert [bar for bar in join.receive(event) if bar.timestamp >= BELL] == []
    forming = join.series.forming
    assert forming is not None
    (closed,) = join.receive(StreamNotice("through", end=iso(gateway.now)))
    assert (closed.timestamp, closed.forming) == (BELL, False)
    assert join.receive(StreamNotice("through", end=iso(gateway.now))) == []


def test_updates_are_given_where_they_are_wanted() -> None:
    """With each minute the forming bar, and corrections of closed ones."""
    join, gateway = LiveJoin(request("5min", "update"), MARKET), Gateway(minute=0)
    subscribe(join, gateway)
    updates = [bar for _ in range(7) for event in gateway.tick() for bar in join.receive(event)]
    assert sum(bar.forming for bar in updates) >= 5
    first = gateway.log[0]
    again = MinuteAggregate(
        first.symbol, first.open, first.high, first.low, first.close, first.volume + 1, first.start
    )
    (revised,) = join.receive(again)
    assert (revised.revision, revised.forming) == (1, False)


def test_trades_and_other_events_are_left_alone() -> None:
    """A stream may carry them."""
    join, gateway = LiveJoin(request(), MARKET), Gateway(minute=5)
    subscribe(join, gateway)
    assert join.receive(Trade("AAPL", 1.0, 1)) == []


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        (("AAPL", "5min", "2d", "open"), "on"),
        (("AAPL", "7min", "2d", "close"), "timeframe"),
        (("A L", "5min", "2d", "close"), "symbol"),
        (("AAPL", "5min", 5, "close"), "lookback"),
    ],
)
def test_wrong_requests_are_named(wrong: tuple[object, object, object, object], param: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError, match=f"^{param}="):
        LiveRequest.parse(*wrong, extended=True)


def test_what_comes_after_a_gap_waits_for_it() -> None:
    """Bars are given in order; a gap that is never filled is an error in the end."""
    join, gateway = LiveJoin(request("1min"), MARKET), Gateway(minute=30)
    subscribe(join, gateway)
    gateway.tick()  # nobody heard it
    join.receive(StreamNotice("gap", "the gateway was started anew"))
    tries = 0
    while join.failed():
        tries += 1
        for _ in range(TRIES[tries - 1]):
            assert not join.wants_history
            assert [bar for e in gateway.tick() for bar in join.receive(e)] == []
            join.receive(StreamNotice("heartbeat"))
        assert join.wants_history
    assert tries == len(TRIES)
    got = fetch(join, gateway)
    starts = [bar.timestamp for bar in got]
    assert starts == sorted(set(starts))
    check(join, gateway)


def test_a_history_that_fails_at_first_is_an_error() -> None:
    """There is nothing to go on from."""
    assert not LiveJoin(request(), MARKET).failed()
