"""Locks between programs: of the operating system in a folder, a lease with an end in an object
store.

They keep two programs from doing the same work twice. What the store holds does not depend on them:
a place that knows no locks goes on without, and says so in the log.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ObjectStore

log = logging.getLogger(__name__)

# A program that died without its release blocks others for so long.
LEASE_US = 600_000_000


class Lease(msgspec.Struct):
    """A lock's content in an object store: `until` in microseconds UTC; 0: nobody has it."""

    until: int


@contextmanager
def try_file_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file, whose folder is there, for the block; False where another thread or program
    holds it. The file stays: who deletes it would let two others in at once.

    Raises: OSError for a file that cannot be made.
    """
    with path.open("ab") as file:
        taken = _lock(file, path)
        try:
            yield taken
        finally:
            if taken:
                _unlock(file)


def _lock(file: IO[bytes], path: Path) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the second one is Windows'
        return False
    except OSError as error:
        log.warning("%s: there are no locks here (%s); going on without one", path, error.strerror)
    return True


def _unlock(file: IO[bytes]) -> None:
    """The system does that on closing, too; on Windows some time later."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


@contextmanager
def try_lease(store: "ObjectStore", name: str, now: Callable[[], int]) -> Iterator[bool]:
    """Hold a lease in an object store for the block, LEASE_US at most; False where another program
    holds it. It is taken by conditional puts: of two at once one succeeds. `now`: microseconds UTC.

    Raises: obstore's errors, but for those of a store without conditional puts.
    """
    from obstore.exceptions import AlreadyExistsError, NotSupportedError, PreconditionError

    try:
        tag = _take(store, name, now())
    except (AlreadyExistsError, PreconditionError, FileNotFoundError):
        yield False
        return
    except (NotSupportedError, NotImplementedError) as error:
        log.warning("%s: no conditional puts here (%s); going on without a lock", name, error)
        yield True
        return
    try:
        yield tag is not None
    finally:
        if tag is not None:
            _release(store, name, tag)


def _take(store: "ObjectStore", name: str, now: int) -> str | None:
    """The tag of our lease, empty where there are none; None where another one's is under way.

    Raises: AlreadyExistsError, PreconditionError for a lease that another took just now.
    """
    ours = msgspec.json.encode(Lease(now + LEASE_US))
    try:
        current = store.get(name)
    except FileNotFoundError:
        return store.put(name, ours, mode="create")["e_tag"] or ""
    if now < _until(bytes(current.bytes())) <= now + LEASE_US:
        return None
    return _replace(store, name, ours, current.meta["e_tag"])


def _until(content: bytes) -> int:
    try:
        return msgspec.json.decode(content, type=Lease).until
    except msgspec.DecodeError:
        return 0


def _release(store: "ObjectStore", name: str, tag: str) -> None:
    from obstore.exceptions import BaseError

    try:
        _replace(store, name, msgspec.json.encode(Lease(0)), tag)
    except (BaseError, FileNotFoundError) as error:
        log.info("%s was not released, it ends by itself: %s", name, error)


def _replace(store: "ObjectStore", name: str, content: bytes, tag: str | None) -> str:
    """Put in place of the version with a tag. Raises: PreconditionError where it is another."""
    mode: PutMode = {"e_tag": tag} if tag else "overwrite"
    return store.put(name, content, mode=mode)["e_tag"] or ""
