"""Files of a store that are not read: damaged ones, set aside under another name with the reason
beside them. Nothing is deleted.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from polytape.errors import DataFetchError
from polytape.net.storage import Storage

log = logging.getLogger(__name__)

DAMAGED = ".damaged"
REASON = f"{DAMAGED}.txt"
LONGEST_REASON = 4_096


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that is not read, by its path in the store, and the reason."""

    path: str
    reason: str


def set_aside(storage: Storage, path: str, reason: str) -> None:
    """Rename a damaged file to `*.damaged`, and write the reason beside it; both are logged. On a
    disk that cannot be written the log alone says so.
    """
    text = printable(f"{storage.url}/{path}: {reason}; set aside as {path}{DAMAGED}")
    log.warning("%s", text)
    content = printable(reason).encode()[:LONGEST_REASON]
    try:
        storage.rename(path, path + DAMAGED)
        storage.put(path + REASON, lambda sink: sink.write(content))
    except DataFetchError as error:
        log.warning("%s", printable(f"{error}: it is skipped where it is"))


def set_aside_in(storage: Storage, folder: str) -> Iterator[UnreadFile]:
    """The files of a folder that were set aside.

    Raises: DataFetchError.
    """
    reasons = REASON.removeprefix(DAMAGED)
    for name in sorted({name.removesuffix(reasons) for name in storage.names(folder)}):
        if name.endswith(DAMAGED):
            reason = _read(storage, f"{folder}/{name}{reasons}")
            yield UnreadFile(printable(f"{folder}/{name}"), reason)


def printable(text: str) -> str:
    """A text of one line that can be encoded, whatever bytes a file name has."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _read(storage: Storage, path: str) -> str:
    try:
        return storage.read(path, LONGEST_REASON).decode("utf-8", "replace")
    except FileNotFoundError:
        return "damaged"
