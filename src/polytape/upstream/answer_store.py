"""Where answers of a source are stored by question, so that they outlive who fetched them."""

from typing import Protocol


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
