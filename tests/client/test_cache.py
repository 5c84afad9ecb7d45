"""The cache: LRU with a time to live, and never a wrong or a stale answer."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from polytape import CacheManager, ValidationError
from polytape.client.core import CachedAnswer
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.spans import Span
from polytape.wire.api.messages import BarsMetadata
from tests.conftest import day_span

names = st.sampled_from(["AAPL", "SPY", "A", "A_B"])
frames = st.sampled_from(["1min", "1day"])


class CacheMachine(RuleBasedStateMachine):
    """A cache beside a list that remembers everything."""

    SIZE, TTL_MINUTES = 3, 5.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cache = CacheManager[int](self.SIZE, self.TTL_MINUTES, market=lambda: self.now)
        self.model: list[tuple[str, str, str, int, float]] = []  # least recently used first

    def fresh(self) -> list[tuple[str, str, str, int, float]]:
        return [entry for entry in self.model if entry[4] > self.now]

    @rule(symbol=names, frame=frames, start=st.integers(0, 2), value=st.integers(1, 9))
    def put(self, symbol: str, frame: str, start: int, value: int) -> None:
        key = self.cache.put(symbol, frame, start, "z", value)
        assert (
            key
            == f"{symbol}_{frame}_{start}_z"
            == self.cache.get_cache_key(symbol, frame, start, "z")
        )
        self.model = [entry for entry in self.model if entry[0] != key]
        self.model.append((key, symbol, frame, value, self.now + self.TTL_MINUTES * 60))
        self.model = self.model[-self.SIZE :]

    @rule(symbol=names, frame=frames, start=st.integers(0, 2))
    def get(self, symbol: str, frame: str, start: int) -> None:
        key = self.cache.get_cache_key(symbol, frame, start, "z")
        found = [entry for entry in self.fresh() if entry[0] == key]
        assert self.cache.get(key) == (found[0][3] if found else None)
        self.model = [e for e in self.model if e[0] != key] + found

    @rule(symbol=names, frame=frames, least=st.integers(1, 9))
    def find(self, symbol: str, frame: str, least: int) -> None:
        stale = [e for e in self.model if e[1:3] == (symbol, frame) and e[4] <= self.now]
        fits = [e for e in self.fresh() if e[1:3] == (symbol, frame) and e[3] >= least]
        found = self.cache.find(symbol, frame, lambda value: value >= least)
        assert found == (fits[-1][3] if fits else None)
        # What was looked at and did not fit moved up with the one that did.
        self.resync()
        assert not stale or len(self.cache) <= len(self.model)

    def resync(self) -> None:
        held = list(self.cache._entries)
        self.model = [next(e for e in self.model if e[0] == key) for key in held]

    @rule(symbol=st.none() | names)
    def clear(self, symbol: str | None) -> None:
        gone = [e for e in self.model if symbol in (None, e[1])]
        assert self.cache.clear(symbol) >= len([e for e in gone if e[4] > self.now])
        self.model = [e for e in self.model if e not in gone]

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        assert len(self.cache) <= self.SIZE


TestCache = CacheMachine.TestCase


@pytest.mark.parametrize(
    "options", [{"max_size": 0}, {"ttl_minutes": 0}, {"ttl_minutes": float("nan")}]
)
def test_a_cache_that_can_hold_nothing_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        CacheManager(**options)  # type: ignore[arg-type]


def kept(span: Span, complete: int) -> CachedAnswer:
    told = BarsMetadata(symbol="SPY", timeframe="1min", count=0, source="test")
    return CachedAnswer(span, complete, Bars.empty(), told)


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at")


WEEK = day_span(date(2024, 7, 1), date(2024, 7, 7))


def test_what_was_complete_is_held_for_good() -> None:
    held = kept(WEEK, WEEK.end)
    assert held.holds(WEEK, at("2024-07-09 10:00"))
    assert held.holds(day_span(date(2024, 7, 2)), at("2024-07-09 10:00"))
    assert not held.holds(day_span(date(2024, 7, 2), date(2024, 7, 8)), at("2024-07-09 10:00"))


@pytest.mark.parametrize(
    ("asked_at", "again_at", "holds"),
    [
        ("2024-07-02 10:00", "2024-07-02 10:01", False),  # a minute was traded since
        ("2024-07-02 20:30", "2024-07-02 22:00", True),  # the night: nothing can have been
        ("2024-07-02 20:30", "2024-07-03 03:59", True),
        ("2024-07-02 20:30", "2024-07-03 04:01", False),  # the next pre-market
        ("2024-07-05 21:00", "2024-07-07 12:00", True),  # the weekend
        ("2024-07-03 17:00", "2024-07-04 12:00", True),  # after an early close, over the holiday
        ("2024-07-03 16:30", "2024-07-04 12:00", False),
    ],
)
def test_a_range_that_goes_on_is_asked_again_once_something_was_traded(
    asked_at: str, again_at: str, holds: bool
) -> None:
    assert kept(WEEK, at(asked_at)).holds(WEEK, at(again_at)) is holds


def test_a_part_before_what_was_complete_is_held_whatever_was_traded_since() -> None:
    held = kept(WEEK, at("2024-07-02 10:00"))
    assert held.holds(day_span(date(2024, 7, 1)), at("2024-07-05 15:00"))
    assert replace(held, complete=np.iinfo(np.int64).max).holds(WEEK, at("2024-07-05 15:00"))
