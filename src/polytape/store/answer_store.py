"""Reference answers beside the bars: one small file for each question that was asked."""

from hashlib import blake2b

import msgspec

from polytape.net.storage import Storage

FOLDER = "reference"
ANSWERS = f"{FOLDER}/asked"


class Answer(msgspec.Struct):
    """A file: the question, when it was asked (microseconds UTC), and what was answered."""

    question: str
    asked: int
    answer: msgspec.Raw


class StoredAnswers:
    """Answers (JSON) by question, in one place. Usable from many threads and processes: a file is
    written whole, and of two writers the later one's stays.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get(self, question: str) -> tuple[int, bytes] | None:
        """When a question was asked, and its answer; None where it never was. A file that cannot be
        read counts as never written.
        """
        try:
            held = msgspec.json.decode(self._storage.read(_name(question)), type=Answer)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return (held.asked, bytes(held.answer)) if held.question == question else None

    def put(self, question: str, answer: bytes, asked: int) -> None:
        """Keep an answer in place of an earlier one."""
        body = msgspec.json.encode(Answer(question, asked, msgspec.Raw(answer)))
        self._storage.put(_name(question), lambda sink: sink.write(body))


def _name(question: str) -> str:
    return f"{ANSWERS}/{blake2b(question.encode(), digest_size=16).hexdigest()}.json"
