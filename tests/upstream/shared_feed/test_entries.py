"""Entries carry what was sent, and a reader sees what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError
from polytape.upstream.shared_feed.entries import (
    Entry,
    FeedNotice,
    Position,
    Verdict,
    deliver,
    events_entry,
    judge,
    notice_entry,
)
from tests.fakes.feed import minute
from tests.upstream.shared_feed.test_holder import Recorder

AT = Position("epoch", 7, 100)


@pytest.mark.parametrize(
    ("epoch", "fence", "number", "verdict"),
    [
        ("epoch", 7, 101, Verdict.NEXT),
        ("epoch", 8, 101, Verdict.NEXT),
        ("epoch", 7, 103, Verdict.SKIPS),
        ("epoch", 8, 90, Verdict.SKIPS),
        ("epoch", 7, 100, Verdict.STALE),
        ("epoch", 6, 101, Verdict.STALE),
        ("other", 7, 101, Verdict.FOREIGN),
    ],
)
def test_an_entry_is_judged_by_its_numbers(
    epoch: str, fence: int, number: int, verdict: Verdict
) -> None:
    """A lower fencing number is refused, whatever the entry says."""
    assert judge(AT, Entry(epoch, fence, number, "live", 0, b"")) is verdict


@given(st.lists(st.integers(0, 500), min_size=1), st.booleans())
def test_events_arrive_as_they_were(numbers: list[int], backfilled: bool) -> None:
    """Each value of each event, and whether they come late."""
    events = [minute("BRK.B", number, number / 7) for number in numbers]
    sink = Recorder()
    entry = events_entry(events, 5, backfilled=backfilled)
    assert entry.came == 5
    deliver(Entry("e", 1, 1, *entry), sink)
    assert sink.given == [(events, backfilled)]


def test_notices_arrive_as_they_were() -> None:
    """With their spans."""
    notice, sink = FeedNotice("gap", "why", 1, 2), Recorder()
    deliver(Entry("e", 1, 1, *notice_entry(notice, 5)), sink)
    assert sink.given == [notice]


@pytest.mark.parametrize(("kind", "data"), [("live", b"{"), ("notice", b"[]"), ("news", b"[]")])
def test_what_cannot_be_read_is_an_error(kind: str, data: bytes) -> None:
    """A newer gateway may write what this one does not know."""
    with pytest.raises(DataFetchError):
        deliver(Entry("e", 1, 1, kind, 0, data), Recorder())
