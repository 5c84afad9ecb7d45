"""Reference answers of the vendor's, cached for the market's day: each is fetched once a day."""

import threading
from collections.abc import Callable

from cachetools import LRUCache

from polytape.model.wall_clock import WallClock
from polytape.upstream.answer_store import AnswerStore
from polytape.upstream.turns import Turns

MAX_BYTES = 32 * 1024 * 1024


class DailyCache:
    """Answers of today over an answer store. Usable from many threads: one question is fetched by
    one of them. `now` gives microseconds UTC.
    """

    def __init__(
        self,
        store: AnswerStore,
        market: WallClock,
        now: Callable[[], int],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._store = store
        self._market = market
        self._now = now
        self._cache: LRUCache[str, tuple[int, bytes]] = LRUCache(max_bytes, lambda one: len(one[1]))
        self._lock = threading.Lock()
        self._turns = Turns()
        self._stale_before = 0

    def once(self, question: str, fetch: Callable[[], bytes], *, lasting: bool = True) -> bytes:
        """Today's answer, fetched where there is none yet. What is not `lasting` ends with the
        process.

        Raises: what `fetch` raises, which is not cached.
        """
        with self._turns.of(question):
            fresh = self.today(question)
            if fresh is not None:
                return fresh
            fetched_at = self._now()
            answer = fetch()
            if lasting:
                self._store.put(question, answer, fetched_at)
            self._put(question, fetched_at, answer)
            return answer

    def today(self, question: str) -> bytes | None:
        """The answer, if it is of today."""
        last = self.last(question)
        if last is None or last[0] < self._stale_before:
            return None
        same_day = self._market.date_of(last[0]) == self._market.date_of(self._now())
        return last[1] if same_day else None

    def last(self, question: str) -> tuple[int, bytes] | None:
        """When the last answer was fetched (microseconds UTC), of whatever day, and the answer."""
        with self._lock:
            cached = self._cache.get(question)
        if cached is not None:
            return cached
        stored = self._store.get(question)
        if stored is not None:
            self._put(question, *stored)
        return stored

    def forget(self) -> None:
        """Every question is fetched again when it next comes."""
        self._stale_before = self._now() + 1

    def _put(self, question: str, fetched_at: int, answer: bytes) -> None:
        if len(answer) <= self._cache.maxsize:
            with self._lock:
                self._cache[question] = fetched_at, answer
