"""Answers of a source beside the bars: one small file for each question put to it."""

from hashlib import blake2b

import msgspec

from polytape.net.storage import Storage

FOLDER = "reference"
ANSWERS = f"{FOLDER}/asked"


class Answer(msgspec.Struct):
    """A file: the question, when it was fetched (microseconds UTC), and the answer."""

    question: str
    fetched_at: int = msgspec.field(name="asked")
    answer: msgspec.Raw


class StoredAnswers:
    """Answers (JSON) by question, in a storage. Usable from many threads and processes: a file is
    written whole, and of two writers the later one wins.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get(self, question: str) -> tuple[int, bytes] | None:
        """When an answer was fetched (microseconds UTC), and the answer; None where it never was. A
        file that cannot be decoded counts as never written.
        """
        try:
            stored = msgspec.json.decode(self._storage.read(_name(question)), type=Answer)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return (stored.fetched_at, bytes(stored.answer)) if stored.question == question else None

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        """Store an answer in place of an earlier one. `fetched_at`: microseconds UTC."""
        body = msgspec.json.encode(Answer(question, fetched_at, msgspec.Raw(answer)))
        self._storage.put(_name(question), lambda sink: sink.write(body))


def _name(question: str) -> str:
    return f"{ANSWERS}/{blake2b(question.encode(), digest_size=16).hexdigest()}.json"
