"""Answers of a source beside the bars: one small file for each question put to it."""

from hashlib import blake2b

import msgspec

from polytape.net.storage import Storage
from polytape.store.damaged import set_aside

FOLDER = "reference"
ANSWERS = f"{FOLDER}/asked"
# The longest list of the vendor's has some ten megabytes.
MOST_BYTES = 256 * 1024 * 1024


class Answer(msgspec.Struct):
    """A file: the question, when it was fetched (microseconds UTC), the answer, and a hash of all
    three. The first versions wrote none.
    """

    question: str
    fetched_at: int = msgspec.field(name="asked")
    answer: msgspec.Raw
    hash: str = ""


class UnhashedAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """A file of the first versions, and nothing else: not one whose hash has lost its name."""

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
        damaged file is set aside, and counts as never written.

        Raises: DataFetchError for a file that cannot be read now.
        """
        name = _name(question)
        try:
            stored = _checked(self._storage.read(name, MOST_BYTES))
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, ValueError) as error:
            set_aside(self._storage, name, str(error))
            return None
        return (stored.fetched_at, bytes(stored.answer)) if stored.question == question else None

    def put(self, question: str, answer: bytes, fetched_at: int) -> None:
        """Store an answer in place of an earlier one. `fetched_at`: microseconds UTC."""
        message = Answer(question, fetched_at, msgspec.Raw(answer))
        message.hash = _hash(question, fetched_at, answer)
        body = msgspec.json.encode(message)
        self._storage.put(_name(question), lambda sink: sink.write(body))


def _checked(content: bytes) -> Answer:
    """Raises: DecodeError, ValueError for what is not as it was written."""
    stored = msgspec.json.decode(content, type=Answer)
    answer = bytes(stored.answer)
    if not stored.hash:
        msgspec.json.decode(content, type=UnhashedAnswer)
        msgspec.json.decode(answer)
    elif stored.hash != _hash(stored.question, stored.fetched_at, answer):
        raise ValueError("its content is not what was written")
    return stored


def _hash(question: str, fetched_at: int, answer: bytes) -> str:
    parts = (question.encode(), str(fetched_at).encode(), answer)
    content = b"".join(b"%d:%b" % (len(part), part) for part in parts)
    return blake2b(content, digest_size=16).hexdigest()


def _name(question: str) -> str:
    return f"{ANSWERS}/{blake2b(question.encode(), digest_size=16).hexdigest()}.json"
