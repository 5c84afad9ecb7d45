"""Our side of the live protocol, in talk with the vendor's side in memory."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError
from polytape.wire.polygon.events import (
    CHANNELS,
    LiveEvent,
    MarketEvent,
    MinuteAggregate,
    StatusMessage,
    Trade,
    encode_frame,
)
from polytape.wire.polygon.feed_session import (
    Dropped,
    Evicted,
    FeedSession,
    KeyRefused,
    Notice,
    Phase,
    Ready,
    Subscribed,
    TopicRefused,
)
from polytape.wire.polygon.server_session import ServerSession
from polytape.wire.polygon.topics import ALL, Topic, needed

KEY = "right"
AAPL, BRK = Topic("AM", "AAPL"), Topic("T", "BRK.B")
TRADE = Trade("BRK.B", 410.5, 1_720_000_000_000)
wants = st.frozensets(
    st.builds(Topic, st.sampled_from(CHANNELS[:3]), st.sampled_from(["AAPL", "BRK.B", "X", ALL])),
    max_size=6,
)


def server(max_topics: int = 2_000) -> ServerSession:
    return ServerSession(lambda key: key == KEY, max_topics)


def talk(feed: FeedSession, vendor: ServerSession) -> None:
    """Carry messages both ways until neither side has more to say."""
    while (frames := vendor.data_to_send()) + (replies := feed.data_to_send()):
        for frame in frames:
            feed.receive_data(frame)
        for reply in replies:
            vendor.receive_data(reply)


def say(feed: FeedSession, *events: LiveEvent) -> None:
    feed.receive_data(encode_frame(events))


def sent(feed: FeedSession) -> list[dict[str, str]]:
    return [msgspec.json.decode(data, type=dict[str, str]) for data in feed.data_to_send()]


def told(feed: FeedSession) -> list[MarketEvent | Notice]:
    """What happened, the answers to subscriptions aside."""
    return [event for event in feed.events_received() if not isinstance(event, Subscribed)]


def ready_pair(*topics: Topic) -> tuple[FeedSession, ServerSession]:
    """A session that was accepted, and its other side."""
    feed, vendor = FeedSession(KEY), server()
    feed.want(topics)
    talk(feed, vendor)
    assert told(feed) == [Ready()]
    return feed, vendor


def test_nothing_is_sent_before_the_greeting() -> None:
    """The vendor speaks first; the key is the answer to its greeting, and is sent once."""
    feed = FeedSession(KEY)
    feed.want([AAPL])
    assert sent(feed) == []
    say(feed, StatusMessage("connected", "Connected Successfully"))
    assert sent(feed) == [{"action": "auth", "params": KEY}]
    say(feed, StatusMessage("connected"), StatusMessage("success"))
    assert sent(feed) == []
    assert feed.phase is Phase.AUTHENTICATING


def test_a_right_key_makes_a_session_ready() -> None:
    """Both sides are ready after one exchange, and nothing is subscribed to."""
    feed, vendor = ready_pair()
    assert feed.phase is Phase.READY
    assert vendor.topics == frozenset()
    assert told(feed) == []


def test_a_wrong_key_is_refused() -> None:
    """A refusal is one notice in the vendor's words; nothing is subscribed to, nothing sent."""
    feed, vendor = FeedSession("wrong"), server()
    feed.want([AAPL])
    talk(feed, vendor)
    assert told(feed) == [KeyRefused("authentication failed")]
    assert feed.phase is not Phase.READY
    assert vendor.topics == frozenset()


def test_what_is_wanted_before_the_key_is_accepted_is_subscribed_to_after() -> None:
    """`want` may be called at any time: the last call before the session is ready counts."""
    feed, vendor = FeedSession(KEY), server()
    feed.want([AAPL])
    feed.want([BRK])
    talk(feed, vendor)
    assert vendor.topics == {BRK}


@given(st.lists(wants, max_size=5))
def test_the_vendor_serves_exactly_what_is_needed(several: list[frozenset[Topic]]) -> None:
    """After each change of what is wanted, the other side has just the topics needed for it."""
    feed, vendor = ready_pair()
    for wanted in several:
        feed.want(wanted)
        talk(feed, vendor)
        assert vendor.topics == needed(wanted)
    assert told(feed) == []


@given(wants, wants)
def test_only_the_difference_is_sent(before: frozenset[Topic], after: frozenset[Topic]) -> None:
    """What stays is not sent again; what goes is sent before what comes."""
    feed, _ = ready_pair(*before)
    feed.want(after)
    gone, come = needed(before) - needed(after), needed(after) - needed(before)
    expected = [
        {"action": action, "params": ",".join(map(str, sorted(part)))}
        for action, part in (("unsubscribe", gone), ("subscribe", come))
        if part
    ]
    assert sent(feed) == expected
    feed.want(after)
    assert sent(feed) == []


def test_many_topics_go_in_several_messages() -> None:
    """A long list is cut into messages, and arrives whole."""
    many = {Topic("AM", f"S{n}") for n in range(1_001)}
    feed, vendor = ready_pair()
    feed.want(many)
    out = feed.data_to_send()
    assert len(out) == 3
    for data in out:
        vendor.receive_data(data)
    assert vendor.topics == many


def test_a_topic_that_is_refused_breaks_nothing() -> None:
    """A refusal of one topic is a notice; the session goes on with the others."""
    feed, vendor = FeedSession(KEY), server(max_topics=1)
    feed.want([AAPL, BRK])
    talk(feed, vendor)
    ready, refused = told(feed)
    assert ready == Ready()
    assert isinstance(refused, TopicRefused)
    assert "T.BRK.B" in refused.message
    assert feed.phase is Phase.READY
    assert vendor.topics == {AAPL}


def test_a_new_connection_subscribes_again() -> None:
    """A connection that ended has nothing subscribed; the next one subscribes to all of it."""
    feed, vendor = ready_pair(AAPL, BRK)
    feed.receive_eof()
    assert feed.phase is Phase.ENDED
    feed.want([AAPL])
    say(feed, StatusMessage("connected"), StatusMessage("auth_success"))
    assert sent(feed) == []
    assert told(feed) == []
    _, next_vendor = ready_pair(AAPL, BRK)
    assert next_vendor.topics == vendor.topics == {AAPL, BRK}


def test_a_session_that_has_to_authenticate_again_subscribes_again() -> None:
    """`auth_required` starts anew: key, then every topic that is wanted at that time."""
    feed, _ = ready_pair(AAPL)
    say(feed, StatusMessage("auth_required"))
    feed.want([AAPL, BRK])
    assert sent(feed) == [{"action": "auth", "params": KEY}]
    say(feed, StatusMessage("auth_success"))
    assert sent(feed) == [{"action": "subscribe", "params": "AM.AAPL,T.BRK.B"}]
    assert told(feed) == [Ready()]


@pytest.mark.parametrize(
    ("status", "notice"),
    [
        ("auth_failed", KeyRefused("why")),
        ("auth_timeout", Dropped("why")),
        ("max_connections", Evicted("why")),
        ("force_disconnect", Dropped("why")),
        ("slow_consumer", Dropped("why")),
        ("error", TopicRefused("why")),
    ],
)
def test_a_trouble_has_its_own_notice(status: str, notice: Notice) -> None:
    """Each status that means trouble is one notice with the vendor's words."""
    feed, _ = ready_pair(AAPL)
    say(feed, StatusMessage(status, "why"))
    assert told(feed) == [notice]
    assert sent(feed) == []


@given(st.text(max_size=10), st.text(max_size=10))
def test_a_status_that_is_not_known_breaks_nothing(status: str, message: str) -> None:
    """A new status neither ends a session nor makes it send anything."""
    feed, _ = ready_pair(AAPL)
    say(feed, StatusMessage(f"new_{status}", message), TRADE)
    assert told(feed) == [TRADE]
    assert sent(feed) == []
    assert feed.phase is Phase.READY


def test_events_and_notices_come_in_order_and_once() -> None:
    """A frame that mixes both is read in its order, and is not read again."""
    feed, _ = ready_pair(AAPL)
    bar = MinuteAggregate("AAPL", 1.0, 2.0, 0.5, 1.5, 100.0, 1_720_000_000_000)
    say(feed, bar, StatusMessage("slow_consumer", "bye"), TRADE)
    assert told(feed) == [bar, Dropped("bye"), TRADE]
    assert told(feed) == []


@given(st.lists(st.integers(0, 60), max_size=5))
def test_a_message_may_come_in_fragments(cuts: list[int]) -> None:
    """Wherever a message is cut, it counts when its last part is there, and not before."""
    feed, _ = ready_pair(AAPL)
    frame = encode_frame([TRADE, TRADE])
    edges = [0, *sorted(cuts), len(frame)]
    parts = [frame[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    for part in parts[:-1]:
        feed.receive_data(part, finished=False)
        assert told(feed) == []
    feed.receive_data(parts[-1])
    assert told(feed) == [TRADE, TRADE]
    feed.receive_data(frame.decode())
    assert told(feed) == [TRADE, TRADE]


def test_the_end_of_a_connection_ends_a_message() -> None:
    """Parts of a message that never came whole are no part of the next one."""
    feed, _ = ready_pair(AAPL)
    feed.receive_data(b'[{"ev":', finished=False)
    feed.receive_eof()
    say(feed, TRADE)
    assert told(feed) == [TRADE]


def test_a_frame_that_is_none_raises_and_the_session_lives() -> None:
    """What is no frame raises DataFetchError; the next frame counts."""
    feed, _ = ready_pair(AAPL)
    feed.receive_data(b"[", finished=False)
    with pytest.raises(DataFetchError):
        feed.receive_data(b"<html>")
    say(feed, TRADE)
    assert told(feed) == [TRADE]


def test_the_key_is_not_shown() -> None:
    """A session in a log says how far it is, never its key."""
    feed, _ = ready_pair(AAPL, BRK)
    assert repr(feed) == "FeedSession(READY, 2 topics)"
    assert KEY not in repr(feed)


def test_a_topic_is_told_once_the_vendor_sends_it() -> None:
    """What comes before that may have been missed."""
    feed, vendor = ready_pair()
    feed.want([AAPL, BRK])
    talk(feed, vendor)
    assert feed.events_received() == [Subscribed("AM.AAPL"), Subscribed("T.BRK.B")]
    feed.want([])
    talk(feed, vendor)
    assert feed.events_received() == []


def test_a_message_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fragments do not fill the memory; what comes after them is read."""
    monkeypatch.setattr("polytape.wire.polygon.feed_session.MAX_MESSAGE_BYTES", 100)
    feed, _ = ready_pair()
    for _ in range(12):
        feed.receive_data(b"[[[[[[[[", finished=False)
    with pytest.raises(DataFetchError, match="more than 100 bytes"):
        feed.receive_data(b"[[[[[[[[", finished=False)
    say(feed, TRADE)
    assert told(feed) == [TRADE]


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_a_bars_start_has_one_unit(factor: int) -> None:
    """Whatever the vendor sent: bars are known by it."""
    feed, _ = ready_pair()
    start, end = 1_795_530_600_000, 1_795_530_660_000
    say(feed, MinuteAggregate("AAPL", 1, 1, 1, 1, 1, start * factor, end * factor))
    assert told(feed) == [MinuteAggregate("AAPL", 1, 1, 1, 1, 1, start, end)]
