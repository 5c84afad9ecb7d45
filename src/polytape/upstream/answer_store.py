"""Where answers of a source are stored by question, so that they outlive who fetched them."""

import logging
from collections.abc import Callable
from typing import Protocol

from polytape.errors import DataFetchError

log = logging.getLogger(__name__)


class AnswerStore(Protocol):
    """Answers by question. Usable from many threads."""

    def get(self, question: str) -> tuple[int, bytes] | None:
        """When an answer was fetched (microseconds UTC), and the answer; None: it never was."""
        ...

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        """Store an answer in place of an earlier one; `fetched_at` in microseconds UTC."""
        ...


class MemoryAnswers:
    """Answers that end with the process."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, bytes]] = {}

    def get(self, question: str) -> tuple[int, bytes] | None:
        """As `AnswerStore.get`."""
        return self._answers.get(question)

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        """As `AnswerStore.put`."""
        self._answers[question] = fetched_at, answer


class BestEffortAnswers:
    """The answers of another store, as far as it can be read and written: who has an answer in hand
    does not lose it to a full disk, and what cannot be read is fetched again. Failures are logged
    when they begin and when they end; `on_failure` is called for each write that failed.
    """

    def __init__(self, store: AnswerStore, on_failure: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._on_failure = on_failure
        self._failing = False

    def get(self, question: str) -> tuple[int, bytes] | None:
        """As `AnswerStore.get`; None for what cannot be read."""
        try:
            return self._store.get(question)
        except DataFetchError as error:
            self._note(error)
            return None

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        """As `AnswerStore.put`, where that can be done."""
        try:
            self._store.put(question, answer, fetched_at)
        except DataFetchError as error:
            self._on_failure()
            self._note(error)
        else:
            self._note(None)

    def _note(self, error: DataFetchError | None) -> None:
        if error is not None and not self._failing:
            log.warning("reference answers cannot be stored, and are fetched again: %s", error)
        elif error is None and self._failing:
            log.warning("reference answers are stored again")
        self._failing = error is not None
