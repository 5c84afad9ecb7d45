"""The vendor's side of the live protocol: wrong input is named, and the session lives."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.wire.polygon.events import CHANNELS, StatusMessage, decode_frame
from polytape.wire.polygon.feed_session import FeedSession, Ready
from polytape.wire.polygon.server_session import MAX_MESSAGE_BYTES, Phase, ServerSession
from polytape.wire.polygon.topics import ALL, Topic

KEY = "right"
AAPL, BRK = Topic("AM", "AAPL"), Topic("T", "BRK.B")
topics = st.builds(Topic, st.sampled_from(CHANNELS[:3]), st.sampled_from(["A", "BRK.B", ALL]))


def fresh(max_topics: int = 10) -> ServerSession:
    """A session that has sent its greeting."""
    session = ServerSession(lambda key: key == KEY, max_topics)
    assert statuses(session) == [StatusMessage("connected", "Connected Successfully")]
    return session


def ready(*several: Topic, max_topics: int = 10) -> ServerSession:
    session = fresh(max_topics)
    act(session, "auth", KEY)
    if several:
        act(session, "subscribe", ",".join(map(str, several)))
    return session


def statuses(session: ServerSession) -> list[StatusMessage]:
    """What the session says; it says nothing but statuses."""
    events = [event for frame in session.data_to_send() for event in decode_frame(frame)]
    said = [event for event in events if isinstance(event, StatusMessage)]
    assert said == events
    return said


def act(session: ServerSession, action: str, params: str) -> list[StatusMessage]:
    session.receive_data(msgspec.json.encode({"action": action, "params": params}))
    return statuses(session)


def test_a_right_key_is_accepted() -> None:
    """The right key makes a session ready; once ready, it stays so with any key."""
    session = fresh()
    assert act(session, "auth", KEY) == [StatusMessage("auth_success", "authenticated")]
    assert act(session, "auth", "wrong")[0].status == "auth_success"
    assert session.phase is Phase.READY


def test_a_wrong_key_is_refused() -> None:
    """The wrong key is refused, and so are topics after it; the right one may follow."""
    session = fresh()
    assert act(session, "auth", "wrong") == [
        StatusMessage("auth_failed", "authentication failed"),
    ]
    assert session.phase is Phase.REFUSED
    assert act(session, "subscribe", "AM.AAPL")[0].status == "auth_required"
    assert session.topics == frozenset()
    assert act(session, "auth", KEY)[0].status == "auth_success"


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_topics_before_the_key_need_the_key(action: str) -> None:
    """Without a key no topic changes hands."""
    session = fresh()
    assert [s.status for s in act(session, action, "AM.AAPL")] == ["auth_required"]
    assert session.topics == frozenset()


def test_each_new_topic_is_confirmed_in_one_frame() -> None:
    """One message is answered by one frame, with a status a topic, in the client's order."""
    session = ready()
    session.receive_data('{"action":"subscribe","params":"T.BRK.B,AM.AAPL"}')
    [frame] = session.data_to_send()
    assert decode_frame(frame) == [
        StatusMessage("success", "subscribed to: T.BRK.B"),
        StatusMessage("success", "subscribed to: AM.AAPL"),
    ]
    assert session.topics == {AAPL, BRK}


def test_a_topic_that_is_there_already_gets_no_answer() -> None:
    """To subscribe twice is to subscribe once."""
    session = ready(AAPL)
    assert act(session, "subscribe", "AM.AAPL") == []
    assert session.topics == {AAPL}


def test_there_is_a_limit_of_topics() -> None:
    """Topics past the limit are refused by name; room that is made may be taken."""
    session = ready(max_topics=1)
    first, second = act(session, "subscribe", "AM.AAPL,T.BRK.B")
    assert (first.status, second.status) == ("success", "error")
    assert second.message == "T.BRK.B: at most 1 topics a client"
    assert act(session, "unsubscribe", "AM.AAPL")[0].status == "success"
    assert act(session, "subscribe", "T.BRK.B")[0].status == "success"
    assert session.topics == {BRK}


@given(st.sets(topics, min_size=1), topics)
def test_the_end_of_a_channel_is_the_end_of_its_symbols(before: set[Topic], gone: Topic) -> None:
    """`*` takes every symbol of its channel with it, a symbol only itself."""
    session = ready(*before)
    assert act(session, "unsubscribe", str(gone)) == [
        StatusMessage("success", f"unsubscribed to: {gone}")
    ]
    whole = gone.symbol == ALL
    stays = {t for t in before if (t.channel != gone.channel if whole else t != gone)}
    assert session.topics == stays


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_a_wrong_topic_is_named_and_the_others_count(action: str) -> None:
    """An error stands in the place of the topic that is wrong."""
    session = ready()
    said = act(session, action, "AM.AAPL,XT.AAPL,T.BRK.B")
    assert [s.status for s in said] == ["success", "error", "success"]
    assert "XT.AAPL" in said[1].message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b"null",
        b'{"action":7}',
        b'{"action":"subscribe","params":["AM.AAPL"]}',
        b'{"action":"nonsense","params":"AM.AAPL"}',
        b'{"action":"\xff"}',
        b'{"action":"subscribe"}',
        b'{"action":"subscribe","params":""}',
        b'{"action":"auth","more":' + b"[" * 100_000,
        b" " * (MAX_MESSAGE_BYTES + 1),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_a_wrong_message_gets_an_error_and_the_session_lives(data: bytes) -> None:
    """Any wrong message is answered by one error, and changes nothing."""
    session = ready(AAPL)
    session.receive_data(data)
    assert [s.status for s in statuses(session)] == ["error"]
    assert session.phase is Phase.READY
    assert session.topics == {AAPL}
    assert act(session, "subscribe", "T.BRK.B")[0].status == "success"


@given(st.binary(max_size=40) | st.text(max_size=40))
def test_no_input_raises(data: bytes | str) -> None:
    """Whatever a client sends, it gets an answer."""
    session = ready()
    session.receive_data(data)
    assert statuses(session)


def test_a_client_that_has_sent_nonsense_may_still_become_ready() -> None:
    """A wrong message before the key leaves the way to a ready session open."""
    feed = FeedSession(KEY)
    session = ServerSession(lambda key: key == KEY, 10)
    feed.want([AAPL])
    session.receive_data(b"nonsense")
    for _ in range(3):
        for frame in session.data_to_send():
            feed.receive_data(frame)
        for reply in feed.data_to_send():
            session.receive_data(reply)
    assert Ready() in feed.events_received()
    assert session.topics == {AAPL}


def test_a_message_of_many_topics_makes_one_set() -> None:
    """One for each topic copies all the others: 20,000 took seconds on the event loop."""
    sets: list[frozenset[Topic]] = []

    class Counted(ServerSession):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "topics":
                assert isinstance(value, frozenset)
                sets.append(value)
            super().__setattr__(name, value)

    session = Counted(lambda _: True, 1_000)
    act(session, "auth", KEY)
    several = ",".join(f"AM.A{n}" for n in range(500))
    for action, count in (("subscribe", 500), ("unsubscribe", 0)):
        sets.clear()
        assert len(act(session, action, several)) == 500
        assert [len(topics) for topics in sets] == [count]
