"""Where answers are stored: one contract for memory and for the store's own folder."""

from collections.abc import Callable

import pytest

from polytape.errors import DataFetchError
from polytape.net.storage import open_storage
from polytape.store.answers import StoredAnswers
from polytape.upstream.answer_store import AnswerStore, BestEffortAnswers, MemoryAnswers

STORES: list[Callable[[], AnswerStore]] = [
    MemoryAnswers,
    lambda: BestEffortAnswers(MemoryAnswers()),
    lambda: StoredAnswers(open_storage("memory")),
]


@pytest.fixture(params=STORES, ids=["memory", "best effort", "stored"])
def store(request: pytest.FixtureRequest) -> AnswerStore:
    made: AnswerStore = request.param()
    return made


def test_what_was_put_comes_back_with_its_time(store: AnswerStore) -> None:
    """Time and answer belong together: one says how fresh the other is."""
    store.put("splits of AAPL", b'[{"a":1}]', 1_700_000_000_000_000)
    assert store.get("splits of AAPL") == (1_700_000_000_000_000, b'[{"a":1}]')


def test_a_question_never_answered_has_no_answer(store: AnswerStore) -> None:
    """An empty answer is an answer; no answer is None."""
    store.put("nothing", b"[]", 1)
    assert store.get("nothing") == (1, b"[]")
    assert store.get("something") is None


def test_of_two_answers_the_later_put_stays(store: AnswerStore) -> None:
    """An answer replaces an earlier one whole."""
    store.put("q", b"[1]", 5)
    store.put("q", b"[2]", 6)
    assert store.get("q") == (6, b"[2]")


def test_questions_that_look_alike_are_two(store: AnswerStore) -> None:
    """A question is a text, to the last character."""
    store.put("search aapl", b"[1]", 1)
    store.put("search AAPL", b"[2]", 1)
    assert (store.get("search aapl"), store.get("search AAPL")) == ((1, b"[1]"), (1, b"[2]"))


class FullDisk(MemoryAnswers):
    """Cannot be read or written while it is told so."""

    full = True

    def get(self, question: str) -> tuple[int, bytes] | None:
        if self.full:
            raise DataFetchError("the disk cannot be read")
        return super().get(question)

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        if self.full:
            raise DataFetchError("the disk is full")
        super().put(question, answer, fetched_at)


def test_a_full_disk_takes_an_answer_in_hand_from_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, logged once, and asked for again; afterwards it is stored."""
    failures: list[str] = []
    disk = FullDisk()
    answers = BestEffortAnswers(disk, lambda: failures.append("one"))
    for _ in range(3):
        answers.put("q", b"1", 5)
        assert answers.get("q") is None
    assert (len(failures), caplog.text.count("cannot be stored")) == (3, 1)
    disk.full = False
    answers.put("q", b"1", 5)
    assert answers.get("q") == (5, b"1")
    assert "are stored again" in caplog.text
