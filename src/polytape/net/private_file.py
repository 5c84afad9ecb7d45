"""Files that nobody but the user may read: written whole, of mode 0600, in a folder of mode 0700.

Windows has no such modes: there a file is as private as the user's own folder is.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polytape.errors import ConfigurationError

OTHERS = 0o077
HAS_MODES = os.name == "posix"


def read_private(path: Path) -> bytes | None:
    """The content; None where there is no such file.

    Raises: ConfigurationError naming the file, where it cannot be read, or others may.
    """
    try:
        with open(path, "rb", opener=_open) as file:
            _check(path, os.fstat(file.fileno()))
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _cannot("read", path, error) from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a file, or make it. Raises: ConfigurationError naming the file."""
    temporary = _temporary(path, content)
    try:
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _cannot("write", path, error) from error


def make_private(path: Path, content: bytes) -> bool:
    """Make a file, unless it is there already: of several programs one makes it. Whether it was
    made. Raises: ConfigurationError naming the file.
    """
    if path.exists():
        return False
    temporary = _temporary(path, content)
    try:
        if HAS_MODES:
            path.hardlink_to(temporary)
        else:  # Windows renames onto nothing that is there
            temporary.rename(path)
    except FileExistsError:
        return False
    except OSError as error:
        raise _cannot("write", path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One program at a time changes a file; the others wait. On Windows nobody waits.

    Raises: ConfigurationError naming the file.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _cannot("write", lock, error) from error
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open(path: str, flags: int) -> int:
    """A pipe in a file's place would never answer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _temporary(path: Path, content: bytes) -> Path:
    """The content beside the file, synced, under another name."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Of mode 0600 from the start.
        handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    except OSError as error:
        raise _cannot("write", path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink()
        raise _cannot("write", path, error) from error
    return Path(name)


def _check(path: Path, status: os.stat_result) -> None:
    """Raises: ConfigurationError where others could have read or written it."""
    if not HAS_MODES:
        return
    if status.st_uid not in (os.getuid(), 0):
        raise ConfigurationError(f"{path} belongs to another user: it is not to be trusted")
    if status.st_mode & OTHERS:
        raise ConfigurationError(
            f"{path} may be read or written by others (mode {status.st_mode & 0o777:04o}): "
            f"chmod 600 {path}, and remove it first if somebody may have"
        )


def _cannot(verb: str, path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot {verb} {path}: {error.strerror or error} (POLYTAPE_ACCESS_FOLDER names another "
        "folder)"
    )
