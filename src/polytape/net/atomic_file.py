"""A file written whole or not at all."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

# Writes the content of a file into a binary stream.
Write: TypeAlias = Callable[[IO[bytes]], object]
TEMPORARY = ".tmp-"
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, write: Write, *, durable: bool = False) -> int:
    """Write a file under a temporary name beside its own, then rename it. Returns its size in
    bytes. `durable`: synced before it is there, so that it outlives a power cut.

    Raises: OSError, after the temporary file is gone.
    """
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    # The system takes the process's umask off the mode: to read it, it would have to be set.
    handle = os.open(temporary, NEW_FILE, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            size = file.tell()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)
    return size


def _sync_folder(folder: Path) -> None:
    """A rename is safe once its folder is written. Windows has no such call and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
