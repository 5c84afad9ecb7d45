"""The hub's log beside a plain list of all events."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.gateway.event_log import EventLog
from polytape.gateway.subscriber import Batch
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate, Trade, topic_of
from polytape.wire.polygon.topics import ALL, Topic

SYMBOLS = ("A", "BRK.B", "C")
kinds = st.tuples(st.sampled_from(("T", "AM")), st.sampled_from(SYMBOLS))
topics = st.frozensets(
    st.builds(Topic, st.sampled_from(("T", "AM")), st.sampled_from((*SYMBOLS, ALL))), max_size=3
)


def event_of(kind: tuple[str, str], number: int) -> MarketEvent:
    channel, symbol = kind
    if channel == "T":
        return Trade(symbol, 1.0, number)
    return MinuteAggregate(symbol, 1.0, 1.0, 1.0, 1.0, 1.0, number)


@given(
    st.lists(st.lists(kinds, min_size=1, max_size=5), max_size=12),
    st.integers(1, 15),
    topics,
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_it_has_the_newest_events_of_any_topics(
    batches: list[list[tuple[str, str]]],
    most: int,
    wanted: frozenset[Topic],
    since: int,
    until: int,
) -> None:
    """Looked up by symbol or searched for: the same."""
    log, everything = EventLog(most), list[MarketEvent]()
    for batch in batches:
        events = tuple(event_of(kind, len(everything) + at) for at, kind in enumerate(batch))
        position = len(everything)
        everything += events
        log.append(Batch(position, position + len(events), events, False, {"x": b"frame"}))
    assert len(everything) - log.begin <= max(most, len(batches[-1]) if batches else 0)
    replay = log.replay(wanted, since, until)
    expected = [
        event
        for at, event in enumerate(everything)
        if max(since, log.begin) <= at < until
        and {Topic(*topic_of(event)), Topic(topic_of(event)[0], ALL)} & wanted
    ]
    assert [event for batch in replay for event in batch.events] == expected
    assert all(batch.frames == {} for batch in replay)
    assert all(since <= batch.position < batch.end <= until for batch in replay)
