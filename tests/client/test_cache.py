"""The cache: LRU with a time to live, and never a wrong or a stale answer."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from polytape import CacheManager, ValidationError

names = st.sampled_from(["AAPL", "SPY", "A", "A_B"])
frames = st.sampled_from(["1min", "1day"])


class CacheMachine(RuleBasedStateMachine):
    """A cache beside two lists that forget nothing but what has to go."""

    SIZE, TTL_MINUTES = 3, 5.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cache = CacheManager[int](self.SIZE, self.TTL_MINUTES, clock=lambda: self.now)
        # Key: (symbol, timeframe, value, when it expires), the earliest put first.
        self.entries: dict[str, tuple[str, str, int, float]] = {}
        self.used: list[str] = []  # least recently used first

    def expire(self) -> None:
        self.entries = {key: one for key, one in self.entries.items() if one[3] > self.now}
        self.used = [key for key in self.used if key in self.entries]

    def use(self, key: str) -> None:
        self.used = [one for one in self.used if one != key] + [key]

    @rule(symbol=names, frame=frames, start=st.integers(0, 2), value=st.integers(1, 9))
    def put(self, symbol: str, frame: str, start: int, value: int) -> None:
        key = self.cache.put(symbol, frame, start, "z", value)
        assert (
            key
            == f"{symbol}_{frame}_{start}_z"
            == self.cache.get_cache_key(symbol, frame, start, "z")
        )
        self.entries.pop(key, None)
        self.expire()
        if len(self.entries) == self.SIZE:
            del self.entries[self.used.pop(0)]
        self.entries[key] = (symbol, frame, value, self.now + self.TTL_MINUTES * 60)
        self.use(key)

    @rule(symbol=names, frame=frames, start=st.integers(0, 2))
    def get(self, symbol: str, frame: str, start: int) -> None:
        self.expire()
        key = self.cache.get_cache_key(symbol, frame, start, "z")
        entry = self.entries.get(key)
        assert self.cache.get(key) == (entry[2] if entry else None)
        if entry:
            self.use(key)

    @rule(symbol=names, frame=frames, least=st.integers(1, 9))
    def find(self, symbol: str, frame: str, least: int) -> None:
        self.expire()
        fits = [
            key
            for key, entry in self.entries.items()
            if entry[:2] == (symbol, frame) and entry[2] >= least
        ]
        value = self.cache.find(symbol, frame, lambda value: value >= least)
        assert value == (self.entries[fits[-1]][2] if fits else None)
        if fits:
            self.use(fits[-1])

    @rule()
    def look(self) -> None:
        self.expire()
        assert dict(self.cache.cache) == {key: one[2] for key, one in self.entries.items()}

    @rule(symbol=st.none() | names)
    def clear(self, symbol: str | None) -> None:
        self.expire()
        gone = [key for key, entry in self.entries.items() if symbol in (None, entry[0])]
        assert self.cache.clear(symbol) == len(gone)
        self.entries = {key: one for key, one in self.entries.items() if key not in gone}
        self.expire()

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        self.expire()
        assert len(self.cache) == len(self.entries) <= self.SIZE


TestCache = CacheMachine.TestCase
TestCache.settings = settings(max_examples=150, stateful_step_count=30)


def test_looking_at_the_cache_is_no_use_of_it() -> None:
    cache = CacheManager[int](3)
    first, *_ = [cache.put(symbol, "1min", 0, 1, 0) for symbol in ("A", "B", "C")]
    assert cache.get(first) == 0  # now B is the least recently used
    seen = cache.cache
    assert cache.find("C", "1min", lambda _: True) == 0
    assert cache.clear("NOPE") == 0
    cache.put("D", "1min", 0, 1, 0)
    assert list(cache.cache) == ["A_1min_0_1", "C_1min_0_1", "D_1min_0_1"]
    assert list(seen) == ["A_1min_0_1", "B_1min_0_1", "C_1min_0_1"]  # as it was
    with pytest.raises(TypeError):
        seen["x"] = 1  # type: ignore[index]


def test_what_was_put_anew_is_the_latest() -> None:
    cache = CacheManager[str](3)
    cache.put("A", "1min", 0, 9, "before")
    cache.put("A", "1min", 5, 9, "another range")
    cache.put("A", "1min", 0, 9, "fetched again")
    assert cache.find("A", "1min", lambda _: True) == "fetched again"


def test_an_entry_may_expire_while_it_is_looked_at() -> None:
    """The clock goes on between a look at a key and one at its entry."""
    for ttl_s in range(1, 40):
        cache = CacheManager[int](5, ttl_s / 60, clock=map(float, count()).__next__)
        for symbol in ("A", "B", "C"):
            cache.put(symbol, "1min", 0, 1, 1)
        for _ in range(3):
            assert cache.find("A", "1min", lambda _: True) in (None, 1)
            assert set(cache.cache.values()) <= {1}
        assert 0 <= cache.clear() <= 3
        assert len(cache) == 0


def test_how_long_an_entry_lives_is_said() -> None:
    assert CacheManager[int](ttl_minutes=2.5).ttl == timedelta(seconds=150)
    assert CacheManager[int]().ttl == timedelta(minutes=5)


@pytest.mark.parametrize(
    "options", [{"max_size": 0}, {"ttl_minutes": 0}, {"ttl_minutes": float("nan")}]
)
def test_a_cache_without_room_or_time_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CacheManager(**options)
