"""Whole answers in memory, as the bytes that were sent: found on the event loop, by the bytes of
the question. Pure.

A final answer is good until the trade date ends, one that may still change for a second: a minute
would be a bar too late. Both are dropped at once when the store's folders change, by whatever
program, or when somebody clears the gateway's cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from polytape.model.units import SECOND_US
from polytape.store.segments import FolderTokens

ANSWER_CACHE_BYTES = 64 * 1024 * 1024
# Larger answers would push many small ones out.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MOVING_US = SECOND_US
# Keys, headers and what holds them.
ENTRY_BYTES = 1_000


class AnswerKey(NamedTuple):
    """The bytes of a question: a query string, or a body with its media type; and what kind of
    answer it wants.
    """

    raw: bytes
    media_type: bytes | None
    as_arrow: bool


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """An answer as it was sent: `head` has the headers that are its own, a line each. `until`:
    microseconds UTC of the gateway's market.
    """

    body: bytes
    head: bytes
    bars: int
    until: int
    tokens: FolderTokens


class AnswerCache:
    """The least recently used answer goes first. For one thread: that of the event loop."""

    def __init__(
        self,
        unchanged: Callable[[FolderTokens], bool] = lambda _: True,
        max_bytes: int = ANSWER_CACHE_BYTES,
    ) -> None:
        self._answers: LRUCache[AnswerKey, CachedResponse] = LRUCache(max_bytes, _cost)
        self._unchanged = unchanged
        self.hits = 0

    @property
    def bytes(self) -> int:
        """Bytes that the answers take."""
        return int(self._answers.currsize)

    def get(self, key: AnswerKey, now: int) -> CachedResponse | None:
        """The answer to a question, where it is still good at `now`."""
        answer = self._answers.get(key)
        if answer is None:
            return None
        if now >= answer.until or not self._unchanged(answer.tokens):
            del self._answers[key]
            return None
        self.hits += 1
        return answer

    def put(self, key: AnswerKey, answer: CachedResponse) -> None:
        """Remember an answer; a large one is left out."""
        if len(answer.body) <= MAX_ANSWER_BYTES:
            self._answers[key] = answer

    def clear(self) -> None:
        """Forget all of them."""
        self._answers.clear()


def _cost(answer: CachedResponse) -> int:
    return len(answer.body) + ENTRY_BYTES
