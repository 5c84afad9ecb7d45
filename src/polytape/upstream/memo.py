"""Reference answers of the vendor's, remembered for the New York day: each is asked once a day."""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from polytape.model.newyork import date_of


class Memory(Protocol):
    """Where answers are kept, by question."""

    def get(self, question: str) -> tuple[int, bytes] | None:
        """When it was asked (microseconds UTC), and the answer."""
        ...

    def put(self, question: str, answer: bytes, asked: int) -> None:
        """Keep an answer in place of an earlier one."""
        ...


class InMemory:
    """A memory that ends with the process."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, bytes]] = {}

    def get(self, question: str) -> tuple[int, bytes] | None:
        """As `Memory.get`."""
        return self._answers.get(question)

    def put(self, question: str, answer: bytes, asked: int) -> None:
        """As `Memory.put`."""
        self._answers[question] = asked, answer


class Memo:
    """Answers of today. Usable from many threads: one question is asked by one of them."""

    def __init__(self, memory: Memory, now: Callable[[], int]) -> None:
        self._memory = memory
        self._now = now
        self._held: dict[str, tuple[int, bytes]] = {}
        self._asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._stale_before = 0

    def once(self, question: str, ask: Callable[[], bytes]) -> bytes:
        """Today's answer, asked for where there is none yet. Errors of `ask` are not kept."""
        with self._asking[question]:
            fresh = self.today(question)
            if fresh is not None:
                return fresh
            asked = self._now()
            answer = ask()
            self.keep(question, answer, asked)
            return answer

    def today(self, question: str) -> bytes | None:
        """The answer, if it is of today."""
        found = self.last(question)
        if found is None or found[0] < self._stale_before:
            return None
        return found[1] if date_of(found[0]) == date_of(self._now()) else None

    def last(self, question: str) -> tuple[int, bytes] | None:
        """The last answer, of whatever day, and when it was asked."""
        found = self._held.get(question)
        if found is None:
            found = self._memory.get(question)
            if found is not None:
                self._held[question] = found
        return found

    def keep(self, question: str, answer: bytes, asked: int) -> None:
        """Keep an answer."""
        self._held[question] = asked, answer
        self._memory.put(question, answer, asked)

    def forget(self) -> None:
        """Every question is asked again when it next comes."""
        self._stale_before = self._now() + 1
