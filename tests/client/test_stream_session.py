"""A client's side of a stream, without I/O."""

import msgspec
import pytest

from polytape.client.stream_session import StreamNotice, StreamSession
from polytape.errors import DataFetchError
from polytape.gateway.live_frames import stream_messages
from polytape.gateway.subscriber import Batch
from polytape.wire.polygon.events import MinuteAggregate, Trade
from polytape.wire.polygon.topics import Topic
from tests.fakes.feed import minute

BARS = Topic("AM", "AAPL")


def message(position: int, *events: MinuteAggregate | Trade, backfilled: bool = False) -> bytes:
    """What the gateway sends of a batch."""
    batch = Batch(position, position + len(events), events, backfilled)
    return stream_messages(batch)[0]


@pytest.mark.parametrize("backfilled", [False, True])
def test_a_bar_that_was_missed_is_marked(backfilled: bool) -> None:
    """On the client alone: the vendor's event has no such field; trades have none at all."""
    trade = Trade("AAPL", 1.0, 2)
    events = StreamSession().receive(message(0, minute("AAPL", 0), trade, backfilled=backfilled))
    bar = minute("AAPL", 0)
    bar.backfilled = backfilled
    assert events == [bar, trade]


def test_what_was_received_before_is_left_out() -> None:
    """By its position in the gateway's log."""
    session = StreamSession()
    assert len(session.receive(message(0, minute("AAPL", 0), minute("AAPL", 1)))) == 2
    assert session.receive(message(0, minute("AAPL", 0))) == []
    assert session.receive(message(2, minute("AAPL", 2))) == [minute("AAPL", 2)]
    assert session.position == 3


def test_after_a_break_it_asks_for_what_it_missed() -> None:
    """From its position on, in the same log; a gateway that was started anew has another one."""
    session = StreamSession(frozenset({BARS}))
    session.receive(b'{"type":"connected","position":0,"log":"one"}')
    assert session.data_to_send()
    session.receive(message(0, minute("AAPL", 0)))
    session.opened()
    assert session.receive(b'{"type":"connected","position":5,"log":"one"}') == [
        StreamNotice("connected", position=5)
    ]
    (wish,) = session.data_to_send()
    assert msgspec.json.decode(wish) == {
        "action": "subscribe",
        "topics": ["AM.AAPL"],
        "since": 1,
        "log": "one",
    }
    session.opened()
    _, gap = session.receive(b'{"type":"connected","position":7,"log":"two"}')
    assert gap == StreamNotice("gap", "the gateway was started anew", 7)
    (wish,) = session.data_to_send()  # that gateway sends what its log has
    assert msgspec.json.decode(wish)["since"] == 0


def test_nothing_is_sent_before_the_gateway_has_said_which_log_it_has() -> None:
    """Or what was missed could not be asked for."""
    session = StreamSession(frozenset({BARS}))
    assert (session.has_data_to_send, session.data_to_send()) == (False, [])
    session.receive(b'{"type":"connected","position":3,"log":"one"}')
    assert session.has_data_to_send
    (wish,) = session.data_to_send()
    assert msgspec.json.decode(wish) == {"action": "subscribe", "topics": ["AM.AAPL"]}
    assert (session.has_data_to_send, session.data_to_send()) == (False, [])


def test_a_replay_begins_with_all_that_the_log_has() -> None:
    """For who joins history to it."""
    session = StreamSession(frozenset({BARS}), replay=True)
    session.receive(b'{"type":"connected","position":3,"log":"one"}')
    (wish,) = session.data_to_send()
    assert msgspec.json.decode(wish)["since"] == 0
    session.receive(b'{"type":"subscribed","position":3}')
    assert session.receive(message(0, minute("AAPL", 0))) == [minute("AAPL", 0)]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"type":1}', b'{"type":"\xff"}'])
def test_what_is_no_message_is_an_error(data: bytes) -> None:
    """It is never taken for nothing."""
    with pytest.raises(DataFetchError, match="could not be read"):
        StreamSession().receive(data)
