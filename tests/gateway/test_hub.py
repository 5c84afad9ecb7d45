"""Every event once, in order, to those who want it, whatever else happens."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from polytape.errors import ValidationError
from polytape.gateway.hub import MAX_TOPICS, Hub
from polytape.gateway.subscriber import Batch, Delivery, Lifecycle, Subscriber
from polytape.wire.polygon.events import (
    MarketEvent,
    MinuteAggregate,
    SecondAggregate,
    Trade,
    topic_of,
)
from polytape.wire.polygon.topics import ALL, Topic, needed

CHANNELS, SYMBOLS, NAMES = ("T", "A", "AM"), ("A", "BRK.B", "C"), ("one", "two", "three", "four")
Kind = tuple[str, str]

kinds = st.tuples(st.sampled_from(CHANNELS), st.sampled_from(SYMBOLS))
batches = st.lists(kinds, max_size=5)
wishes = st.frozensets(
    st.builds(Topic, st.sampled_from(CHANNELS), st.sampled_from((*SYMBOLS, ALL))), max_size=4
)
names = st.sampled_from(NAMES)


def event_of(kind: Kind, number: int) -> MarketEvent:
    """An event whose number says which one it is."""
    channel, symbol = kind
    if channel == "T":
        return Trade(symbol, 1.0, number)
    bar = SecondAggregate if channel == "A" else MinuteAggregate
    return bar(symbol, 1.0, 1.0, 1.0, 1.0, 1.0, number)


def matches(event: MarketEvent, topics: Iterable[Topic]) -> bool:
    """Slow and plain: whether one of the topics means the event."""
    channel, symbol = topic_of(event)
    return any(t.channel == channel and t.symbol in {symbol, ALL} for t in topics)


def events_of(deliveries: Iterable[Delivery]) -> list[MarketEvent]:
    return [event for d in deliveries if isinstance(d, Batch) for event in d.events]


def numbers(events: Iterable[MarketEvent]) -> list[int]:
    return [e.start if isinstance(e, SecondAggregate | MinuteAggregate) else 0 for e in events]


class HubAgainstTwin(RuleBasedStateMachine):
    """The twin writes every event into a list of each subscriber that wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(max_subscribers=3)
        self.subscribers: dict[str, Subscriber] = {}
        self.topics: dict[str, frozenset[Topic]] = {}
        self.due: dict[str, list[MarketEvent]] = {}
        self.notices: dict[str, list[str]] = {}
        self.log: list[MarketEvent] = []

    @rule(name=names)
    def join(self, name: str) -> None:
        before = self.subscribers.get(name)
        if before is None and len(self.subscribers) == 3:
            with pytest.raises(ValidationError):
                self.hub.join(name)
            return
        self.subscribers[name] = self.hub.join(name)
        self.topics[name], self.due[name], self.notices[name] = frozenset(), [], []
        assert before is None or before.ended is not None

    @precondition(lambda self: self.subscribers)
    @rule(data=st.data(), topics=wishes)
    def want(self, data: st.DataObject, topics: frozenset[Topic]) -> None:
        name = data.draw(st.sampled_from(sorted(self.subscribers)))
        assert self.hub.want(name, topics) == len(self.log)
        self.topics[name] = topics

    @rule(batch=batches, backfilled=st.booleans())
    def publish(self, batch: list[Kind], backfilled: bool) -> None:
        events = [event_of(kind, len(self.log) + at) for at, kind in enumerate(batch)]
        published = self.hub.publish(events, backfilled=backfilled)
        assert (published.position, published.end) == (len(self.log), len(self.log) + len(events))
        self.log += events
        for name, topics in self.topics.items():
            self.due[name] += [event for event in events if matches(event, topics)]

    @rule(kind=st.sampled_from(("gap", "reconnected")))
    def announce(self, kind: str) -> None:
        assert self.hub.announce(kind).position == len(self.log)
        for waiting in self.notices.values():
            waiting.append(kind)

    @precondition(lambda self: self.subscribers)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.subscribers)))
        deliveries = self.subscribers[name].take()
        assert events_of(deliveries) == self.due[name]
        assert [d.kind for d in deliveries if isinstance(d, Lifecycle)] == self.notices[name]
        assert self.subscribers[name].waiting == 0
        self.due[name], self.notices[name] = [], []

    @rule(name=names)
    def leave(self, name: str) -> None:
        self.hub.leave(name)
        gone = self.subscribers.pop(name, None)
        assert gone is None or gone.ended == "left"
        for table in (self.topics, self.due, self.notices):
            table.pop(name, None)

    @invariant()
    def agrees(self) -> None:
        assert self.hub.position == len(self.log)
        assert sorted(self.hub.names()) == sorted(self.subscribers)
        assert self.hub.wanted() == needed(t for topics in self.topics.values() for t in topics)


TestHubAgainstTwin = HubAgainstTwin.TestCase


@given(
    before=st.lists(batches, max_size=6),
    after=st.lists(batches, max_size=6),
    topics=wishes,
    data=st.data(),
)
def test_replay_and_live_together_are_every_event_once(
    before: list[list[Kind]], after: list[list[Kind]], topics: frozenset[Topic], data: st.DataObject
) -> None:
    """What is replayed up to the position of a subscription, and live from there, is all there is."""
    hub, log = Hub(), list[MarketEvent]()

    def publish(batch: list[Kind]) -> None:
        events = [event_of(kind, len(log) + at) for at, kind in enumerate(batch)]
        log.extend(events)
        hub.publish(events)

    for batch in before:
        publish(batch)
    subscriber = hub.join("me")
    begins = hub.want("me", topics)
    since = data.draw(st.integers(0, begins))
    for batch in after:
        publish(batch)
    replayed = hub.replay(topics, since, begins)
    assert replayed is not None
    expected = [event for event in log[since:] if matches(event, topics)]
    assert events_of([*replayed, *subscriber.take()]) == expected


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=8), max_log=st.integers(1, 8))
def test_a_replay_is_whole_from_the_logs_begin_on(sizes: list[int], max_log: int) -> None:
    """Where it begins the log says; what it has is answered whole."""
    hub, log = Hub(max_log=max_log), list[MarketEvent]()
    for size in sizes:
        events = [event_of(("T", "A"), len(log) + at) for at in range(size)]
        log += events
        hub.publish(events)
    assert 0 < len(log) - hub.log_begin <= max(max_log, sizes[-1])
    for since in range(len(log) + 1):
        replay = hub.replay([Topic("T", ALL)], since, len(log))
        assert events_of(replay) == log[max(since, hub.log_begin) :]


@given(
    bars=st.lists(st.tuples(st.sampled_from(("A", "AM")), st.sampled_from(SYMBOLS)), max_size=30),
    size=st.integers(1, 5),
)
def test_a_slow_subscriber_gets_the_newest_bar_of_each_symbol(bars: list[Kind], size: int) -> None:
    """A full queue stays as it is; of later bars each channel and symbol's newest comes, in order."""
    hub = Hub(max_queue=size)
    slow = hub.join("slow")
    hub.want("slow", [Topic("A", ALL), Topic("AM", ALL)])
    for at, kind in enumerate(bars):
        hub.publish([event_of(kind, at)])
    newest = {kind: at for at, kind in enumerate(bars) if at >= size}
    assert slow.waiting <= size + 1
    taken = slow.take()
    assert numbers(events_of(taken)) == [*range(min(size, len(bars))), *sorted(newest.values())]
    assert [d.position for d in taken] == numbers(events_of(taken))
    assert slow.ended is None
    hub.publish([event_of(("AM", "A"), 99)])
    assert numbers(events_of(slow.take())) == [99]


def test_conflated_bars_and_notices_keep_their_order() -> None:
    """A bar that is replaced stands where its newest came; what is backfilled stays marked."""
    hub = Hub(max_queue=1)
    slow = hub.join("slow")
    hub.want("slow", [Topic("AM", ALL)])
    hub.publish([event_of(("AM", "A"), 0)])
    hub.publish([event_of(("AM", "A"), 1), event_of(("AM", "C"), 1)])
    hub.announce("gap")
    hub.publish([event_of(("AM", "A"), 2)], backfilled=True)
    hub.announce("backfilled")
    hub.announce("backfilled")
    taken = slow.take()
    said = [d.kind if isinstance(d, Lifecycle) else (d.position, d.backfilled) for d in taken]
    assert said == [(0, False), (2, False), "gap", (3, True), "backfilled", "backfilled"]


def test_a_missed_bar_that_comes_late_replaces_no_newer_one() -> None:
    """The newest bar is the one that starts last."""
    hub = Hub(max_queue=0)
    slow = hub.join("slow")
    hub.want("slow", [Topic("AM", ALL)])
    hub.publish([event_of(("AM", "A"), 9)])
    hub.publish([event_of(("AM", "A"), 5)], backfilled=True)
    assert numbers(events_of(slow.take())) == [9]


def test_whoever_has_something_new_is_touched_once() -> None:
    """Until it is looked at: for whom something waits already, nothing changes."""
    hub = Hub()
    one, other = hub.join("one"), hub.join("other")
    hub.want("one", [Topic("T", "A")])
    for _ in range(3):
        hub.publish([event_of(("T", "A"), 0)])
    assert hub.touched() == [one]
    hub.announce("gap")
    assert hub.touched() == [other]
    hub.leave("other")
    assert hub.touched() == [other]
    assert hub.touched() == []


def test_there_is_a_limit_on_topics() -> None:
    """One more is refused, and what was wanted stays."""
    hub = Hub()
    hub.join("me")
    hub.want("me", [Topic("T", "A")])
    with pytest.raises(ValidationError, match=f"at most {MAX_TOPICS:,} topics"):
        hub.want("me", [Topic("T", f"S{number}") for number in range(MAX_TOPICS + 1)])
    assert hub.wanted() == {Topic("T", "A")}


def test_the_log_has_no_frames() -> None:
    """They would stay in memory as long as the log."""
    hub = Hub()
    batch = hub.publish([event_of(("T", "A"), 0)])
    batch.frames["polygon"] = b"built"
    logged = hub.replay([Topic("T", ALL)], 0, 1)
    assert logged == [batch]
    assert logged[0].frames == {}


def test_a_subscriber_too_slow_for_trades_is_ended_with_a_reason() -> None:
    """A trade cannot be left out: the slow one ends, the others do not notice."""
    hub = Hub(max_queue=2)
    slow, quick = hub.join("slow"), hub.join("quick")
    for name in ("slow", "quick"):
        hub.want(name, [Topic("T", ALL)])
    for at in range(4):
        hub.publish([event_of(("T", "A"), at)])
        assert len(events_of(quick.take())) == 1
    assert slow.ended == "too slow for T: 2 frames wait"
    assert quick.ended is None
    assert len(events_of(slow.take())) == 2
    hub.publish([event_of(("T", "A"), 5)])
    hub.announce("gap")
    assert slow.take() == []


def test_those_who_want_the_same_share_one_batch() -> None:
    """A batch, and with it its frames, is one object for all with the same wish."""
    hub = Hub()
    members = [hub.join(name) for name in NAMES]
    for name in NAMES[:2]:
        hub.want(name, [Topic("T", "A")])
    hub.want(NAMES[2], [Topic("T", ALL)])
    hub.want(NAMES[3], [Topic("T", "A"), Topic("T", "C")])
    batch = hub.publish([event_of(("T", "A"), 0), event_of(("T", "C"), 1)])
    one, two, three, four = (member.take()[0] for member in members)
    assert one is two
    assert three is four is batch
    assert events_of([one]) == [batch.events[0]]


def test_there_is_a_limit_on_subscribers() -> None:
    """One more than the limit is refused; a place that is free again can be taken."""
    hub = Hub(max_subscribers=2)
    hub.join("a")
    hub.join("b")
    with pytest.raises(ValidationError, match="at most 2 clients"):
        hub.join("c")
    hub.join("b")
    hub.leave("a")
    hub.join("c")
    assert hub.names() == ["b", "c"]
    assert len(hub) == 2


def test_a_subscriber_of_the_same_name_ends_the_earlier_one() -> None:
    """The name goes to the later one, which wants nothing yet."""
    hub = Hub()
    first = hub.join("me")
    hub.want("me", [Topic("T", "A")])
    second = hub.join("me")
    hub.publish([event_of(("T", "A"), 0)])
    assert first.ended == "another connection took this name"
    assert (first.waiting, second.waiting, hub.wanted()) == (0, 0, frozenset())


def test_a_topic_is_wanted_until_the_last_one_leaves() -> None:
    """What two want stays wanted when one of them goes; a whole channel covers its symbols."""
    hub, topic = Hub(), Topic("T", "A")
    for name in ("a", "b", "c"):
        hub.join(name)
    hub.want("a", [topic])
    hub.want("b", [topic, Topic("T", "C")])
    hub.want("c", [Topic("T", ALL)])
    assert hub.wanted() == {Topic("T", ALL)}
    hub.leave("c")
    assert hub.wanted() == {topic, Topic("T", "C")}
    hub.want("b", [])
    assert hub.wanted() == {topic}
    hub.leave("a")
    assert hub.wanted() == frozenset()


def test_who_wants_no_notices_gets_none() -> None:
    """Notices go to those who want them, topics or not."""
    hub = Hub()
    silent, other = hub.join("silent", lifecycle=False), hub.join("other")
    notice = hub.announce("gap", "lost", start=1, end=2)
    assert (silent.take(), other.take()) == ([], [notice])
