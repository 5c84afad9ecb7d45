"""Reference answers on disk: by question, the last one written."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from polytape.net.storage import open_storage
from polytape.store.answers import ANSWERS, StoredAnswers
from tests.store.bars import memory


@given(st.dictionaries(st.text(), st.lists(st.integers()), max_size=5))
def test_each_question_gives_its_own_last_answer(answers: dict[str, list[int]]) -> None:
    stored = StoredAnswers(open_storage("memory"))
    for number, question in enumerate(answers):
        stored.put(question, b"[]", number)
    for number, (question, answer) in enumerate(answers.items()):
        stored.put(question, msgspec.json.encode(answer), 100 + number)
    for number, (question, answer) in enumerate(answers.items()):
        stored_answer = stored.get(question)
        assert stored_answer is not None
        assert (stored_answer[0], msgspec.json.decode(stored_answer[1])) == (100 + number, answer)
    assert stored.get("a question that nobody put") is None


def test_another_process_sees_them() -> None:
    storage = memory()
    StoredAnswers(storage).put("splits of AAPL", b"[1]", 5)
    assert StoredAnswers(storage).get("splits of AAPL") == (5, b"[1]")


def test_a_file_that_cannot_be_read_counts_as_never_written() -> None:
    storage = memory()
    stored = StoredAnswers(storage)
    stored.put("q", b"[1]", 5)
    (name,) = storage.names(ANSWERS)
    content = storage.read(f"{ANSWERS}/{name}")
    for damaged in (b"", content[:-2], b"\xff", b'{"question":"q"}'):
        storage.put(f"{ANSWERS}/{name}", lambda sink, body=damaged: sink.write(body))  # type: ignore[misc]
        assert stored.get("q") is None
    # Two questions whose names fell together: the file is the other one's.
    storage.put(f"{ANSWERS}/{name}", lambda sink: sink.write(content.replace(b'"q"', b'"r"')))
    assert stored.get("q") is None
    stored.put("q", b"[2]", 6)
    assert stored.get("q") == (6, b"[2]")


def test_a_file_is_read_as_earlier_versions_wrote_it() -> None:
    storage = memory()
    stored = StoredAnswers(storage)
    stored.put("q", b"[1]", 5)
    (name,) = storage.names(ANSWERS)
    content = msgspec.json.decode(storage.read(f"{ANSWERS}/{name}"))
    assert {"question": "q", "asked": 5, "answer": [1]}.items() <= content.items()
    del content["hash"]  # the first versions had none
    storage.put(f"{ANSWERS}/{name}", lambda sink: sink.write(msgspec.json.encode(content)))
    assert stored.get("q") == (5, b"[1]")
