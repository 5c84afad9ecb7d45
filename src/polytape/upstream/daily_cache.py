"""Reference answers of the vendor's, remembered for the New York day: each is asked once a day."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from polytape.model.newyork import date_of

HELD_BYTES = 32 * 1024 * 1024


class AnswerStore(Protocol):
    """Where answers are kept, by question."""

    def get(self, question: str) -> tuple[int, bytes] | None:
        """When it was asked (microseconds UTC), and the answer."""
        ...

    def put(self, question: str, answer: bytes, asked: int) -> None:
        """Keep an answer in place of an earlier one."""
        ...


class MemoryAnswers:
    """A memory that ends with the process."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, bytes]] = {}

    def get(self, question: str) -> tuple[int, bytes] | None:
        """As `AnswerStore.get`."""
        return self._answers.get(question)

    def put(self, question: str, answer: bytes, asked: int) -> None:
        """As `AnswerStore.put`."""
        self._answers[question] = asked, answer


class DailyCache:
    """Answers of today. Usable from many threads: one question is asked by one of them."""

    def __init__(
        self, memory: AnswerStore, now: Callable[[], int], most_bytes: int = HELD_BYTES
    ) -> None:
        self._memory = memory
        self._now = now
        self._most = most_bytes
        self._held: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._asking: dict[str, tuple[threading.Lock, int]] = {}
        self._stale_before = 0

    def once(self, question: str, ask: Callable[[], bytes], *, lasting: bool = True) -> bytes:
        """Today's answer, asked for where there is none yet. Errors of `ask` are not kept; what is
        not `lasting` is forgotten with the process.
        """
        with self._turn(question):
            fresh = self.today(question)
            if fresh is not None:
                return fresh
            asked = self._now()
            answer = ask()
            if lasting:
                self._memory.put(question, answer, asked)
            self._hold(question, asked, answer)
            return answer

    def today(self, question: str) -> bytes | None:
        """The answer, if it is of today."""
        found = self.last(question)
        if found is None or found[0] < self._stale_before:
            return None
        return found[1] if date_of(found[0]) == date_of(self._now()) else None

    def last(self, question: str) -> tuple[int, bytes] | None:
        """The last answer, of whatever day, and when it was asked."""
        with self._lock:
            found = self._held.get(question)
            if found is not None:
                self._held.move_to_end(question)
                return found
        found = self._memory.get(question)
        if found is not None:
            self._hold(question, *found)
        return found

    def forget(self) -> None:
        """Every question is asked again when it next comes."""
        self._stale_before = self._now() + 1

    def _hold(self, question: str, asked: int, answer: bytes) -> None:
        with self._lock:
            before = self._held.pop(question, (0, b""))
            self._held[question] = asked, answer
            self._bytes += len(answer) - len(before[1])
            while self._bytes > self._most and len(self._held) > 1:
                self._bytes -= len(self._held.popitem(last=False)[1][1])

    @contextmanager
    def _turn(self, question: str) -> Iterator[None]:
        """One at a time for each question; its lock goes with the last who waits for it."""
        with self._lock:
            lock, users = self._asking.get(question, (threading.Lock(), 0))
            self._asking[question] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._asking.pop(question)
                if users > 1:
                    self._asking[question] = lock, users - 1
