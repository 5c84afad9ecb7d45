"""A small file that several programs of this machine change in turns."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from polytape.net.locks import try_file_lock

TRIES, PAUSE_S = 25, 0.002


@dataclass
class SharedFile:
    """The file while this program has its turn. `made`: it was not there before. `content` is the
    first `MOST_BYTES` of it.
    """

    handle: int
    made: bool
    content: bytes

    MOST_BYTES: ClassVar[int] = 256 * 1024

    def replace(self, content: bytes) -> None:
        """Write the whole file. A program that dies in between leaves a mixture of both.

        Raises: OSError.
        """
        os.lseek(self.handle, 0, os.SEEK_SET)
        left = memoryview(content)
        while left:
            left = left[os.write(self.handle, left) :]
        os.ftruncate(self.handle, len(content))


@contextmanager
def turn_at(path: Path, sleep: Callable[[float], None] = time.sleep) -> Iterator[SharedFile | None]:
    """The file, made where it is not there, for as long as the block runs; None where another
    program has its turn for too long. The turn of a program that dies ends with it.

    Raises: OSError for a folder or file that cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        if not _locked(stack, path.with_name(f"{path.name}.lock"), sleep):
            yield None
            return
        handle, made = _opened(path)
        stack.callback(os.close, handle)
        yield SharedFile(handle, made, os.read(handle, SharedFile.MOST_BYTES))


def _locked(stack: ExitStack, path: Path, sleep: Callable[[float], None]) -> bool:
    """Whether the lock was taken, after some tries; it is held until the stack ends."""
    for _ in range(TRIES):
        with ExitStack() as once:
            if once.enter_context(try_file_lock(path)):
                stack.push(once.pop_all())
                return True
        sleep(PAUSE_S)
    return False


def _opened(path: Path) -> tuple[int, bool]:
    """A handle, and whether the file was made by this call."""
    flags = os.O_RDWR | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags), False
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), True
