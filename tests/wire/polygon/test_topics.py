"""Topics: as text and back, which of them are needed, and messages of a bounded size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.wire.polygon.events import CHANNELS
from polytape.wire.polygon.topics import (
    ALL,
    TOPICS_A_MESSAGE,
    Topic,
    messages,
    needed,
    parse_topic,
    parse_topics,
)

symbols = st.sampled_from(["AAPL", "BRK.B", "A", "KIMpL", "BF.A.WS", "X:BTC-USD", ALL])
topics = st.builds(Topic, st.sampled_from(CHANNELS), symbols)


@given(topics)
def test_a_topic_is_read_as_it_is_written(topic: Topic) -> None:
    """Text and topic are the same thing, whatever the symbol holds."""
    assert parse_topic(str(topic)) == topic
    assert parse_topic(f" {topic} ") == topic


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("T.BRK.B", Topic("T", "BRK.B")),
        ("AM.BRK.B", Topic("AM", "BRK.B")),
        ("LULD.BF.A.WS", Topic("LULD", "BF.A.WS")),
        ("Q.*", Topic("Q", ALL)),
        ("A.aapl", Topic("A", "AAPL")),
        ("T.KIMpL", Topic("T", "KIMpL")),
        ("T.T", Topic("T", "T")),
    ],
)
def test_a_topic_is_split_at_the_first_dot(text: str, topic: Topic) -> None:
    """The channel ends at the first dot; all that follows is the symbol."""
    assert parse_topic(text) == topic


@pytest.mark.parametrize(
    "text",
    ["", "AM", "*", ".", "AM.", ".AAPL", "am.AAPL", "XT.AAPL", "T.**", "T.A*", "T..B", "T.A/B"],
)
def test_a_wrong_topic_is_named(text: str) -> None:
    """The error names the parameter and the text that is wrong."""
    with pytest.raises(ValidationError) as caught:
        parse_topic(text, "topic")
    assert caught.value.param == "topic"


@given(st.lists(topics, min_size=1, max_size=20))
def test_the_topics_of_a_message_come_in_order_and_once(several: list[Topic]) -> None:
    """A topic that comes again is the same topic."""
    assert parse_topics(",".join(map(str, several))) == list(dict.fromkeys(several))


def test_a_wrong_topic_leaves_the_others_alone() -> None:
    """In place of a topic that is wrong stands its error."""
    first, wrong, last = parse_topics("AM.AAPL, nonsense,T.BRK.B")
    assert first == Topic("AM", "AAPL")
    assert isinstance(wrong, ValidationError)
    assert "nonsense" in str(wrong)
    assert last == Topic("T", "BRK.B")


@given(st.sets(topics))
def test_needed_serves_every_topic_and_none_twice(wanted: set[Topic]) -> None:
    """Each topic is served by itself or by its whole channel, never by both."""
    result = needed(wanted)
    assert result <= wanted
    for topic in wanted:
        if topic.everything in wanted:
            assert topic.everything in result
            assert (topic in result) is (topic.symbol == ALL)
        else:
            assert topic in result
    assert needed(result) == result


def test_a_whole_channel_stands_for_its_symbols_only() -> None:
    """The whole of one channel says nothing of another."""
    wanted = [Topic("T", "AAPL"), Topic("T", ALL), Topic("Q", "AAPL")]
    assert needed(wanted) == {Topic("T", ALL), Topic("Q", "AAPL")}


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, []),
        (1, [1]),
        (TOPICS_A_MESSAGE, [500]),
        (TOPICS_A_MESSAGE + 1, [500, 1]),
        (1_234, [500, 500, 234]),
    ],
)
def test_a_message_never_has_too_many_topics(count: int, sizes: list[int]) -> None:
    """Messages hold 500 topics at most, all of them full but the last."""
    several = {Topic("AM", f"S{n}") for n in range(count)}
    parts = list(messages("subscribe", several))
    assert [len(part["params"].split(",")) for part in parts] == sizes
    assert all(part["action"] == "subscribe" for part in parts)
    again = [topic for part in parts for topic in parse_topics(part["params"])]
    assert len(again) == count
    assert set(again) == several


@given(st.sets(topics))
def test_messages_do_not_depend_on_the_order(several: set[Topic]) -> None:
    """The same topics make the same messages."""
    ordered = sorted(several)
    assert list(messages("subscribe", several)) == list(messages("subscribe", reversed(ordered)))
