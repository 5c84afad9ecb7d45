"""Where files lie: a folder, S3 or another object store, or memory.

A storage promises that `put` is atomic: a reader sees the whole file or none of it.
"""

import errno
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from polytape.errors import AuthenticationError, ConfigurationError, DataFetchError
from polytape.net.atomic_file import TEMPORARY, Write, write_atomically
from polytape.net.locks import try_file_lock, try_lease

if TYPE_CHECKING:
    import pyarrow as pa
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

# A folder changed this shortly before it was listed may change again without a new time stamp.
CLOCK_GRAIN_NS = 100_000_000
LISTING_TTL_S = 1.0
# A folder that changes all the time is listed so often at most.
LISTING_TRIES = 10
LOCK = ".lock"
# A temporary file so old is nobody's.
LEFT_OVER_S = 86_400.0


class Storage(Protocol):
    """Files by name, names with `/`.

    Raises: FileNotFoundError for a file that is not there, DataFetchError naming the path for
    everything else that goes wrong.
    """

    @property
    def url(self) -> str:
        """How a person names this storage."""
        ...

    @property
    def tells_changes(self) -> bool:
        """Whether `token` tells at once of the changes of every program."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names of the files directly in a folder, without it: of a file that is replaced by
        another meanwhile, one or both.
        """
        ...

    def folders(self, folder: str) -> list[str]:
        """The names of the folders directly in a folder."""
        ...

    def stamps(self, folder: str) -> dict[str, object]:
        """The files directly in a folder, each with a value that changes when it is replaced."""
        ...

    def token(self, folder: str) -> object:
        """A value that stays equal while the files of a folder stay the same; None: list it."""
        ...

    def put(self, name: str, write: Write) -> int:
        """Write a whole file in place of one of that name; returns its size in bytes."""
        ...

    def open(self, name: str) -> "pa.NativeFile":
        """A file for random access."""
        ...

    def read(self, name: str, limit: int | None = None) -> bytes:
        """The whole file; one that has more than `limit` bytes is DataFetchError."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is removed already."""
        ...

    def rename(self, name: str, new: str) -> None:
        """Give a file another name; one that is not there has none."""
        ...

    def sweep(self, folder: str) -> None:
        """Delete what writers left in a folder that were killed long ago."""
        ...

    def try_lock(self, folder: str) -> AbstractContextManager[bool]:
        """Hold the lock of a folder, which has files, for a block, without waiting: False where
        another thread or program holds it.
        """
        ...


@dataclass(frozen=True)
class FolderStorage:
    """A folder of this machine: written under a temporary name, synced, renamed; read by map."""

    root: Path

    @property
    def url(self) -> str:
        return str(self.root)

    tells_changes = True

    def names(self, folder: str) -> list[str]:
        # A listing beside a change may have neither the old file nor the new: two equal ones have.
        names = [entry.name for entry in self._files(folder)]
        for _ in range(LISTING_TRIES):
            if self.token(folder) is not None:
                break
            again = [entry.name for entry in self._files(folder)]
            if again == names:
                break
            names = again
        return names

    def folders(self, folder: str) -> list[str]:
        return [entry.name for entry in self._entries(folder) if _is_dir(entry)]

    def stamps(self, folder: str) -> dict[str, object]:
        stamps: dict[str, object] = {}
        for entry in self._files(folder):
            with suppress(OSError):  # gone meanwhile, or a link that leads nowhere
                stamps[entry.name] = entry.stat().st_mtime_ns
        return stamps

    def token(self, folder: str) -> object:
        try:
            # Asked with each answer from memory: a path of its own costs more than the look.
            stamp = os.stat(f"{self.root}/{folder}").st_mtime_ns  # noqa: PTH116
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _failed(self.root / folder, error) from error
        return None if time.time_ns() - stamp < CLOCK_GRAIN_NS else stamp

    def put(self, name: str, write: Write) -> int:
        path = self.root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return write_atomically(path, write, durable=True)
        except OSError as error:
            raise _failed(path, error) from error

    def open(self, name: str) -> "pa.NativeFile":
        import pyarrow as pa

        # Opened a dozen times a read: a path of its own costs more than to map a file.
        return pa.memory_map(f"{self.root}/{name}")

    def read(self, name: str, limit: int | None = None) -> bytes:
        path = self.root / name
        try:
            with path.open("rb") as file:
                _check_size(str(path), os.fstat(file.fileno()).st_size, limit)
                return file.read()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _failed(path, error) from error

    def size(self, name: str) -> int:
        return (self.root / name).stat().st_size

    def delete(self, name: str) -> None:
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(self.root / name, error) from error

    def rename(self, name: str, new: str) -> None:
        try:
            (self.root / name).replace(self.root / new)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failed(self.root / name, error) from error

    def sweep(self, folder: str) -> None:
        for entry in self._entries(folder):
            if entry.name.startswith(TEMPORARY):
                with suppress(OSError):  # its writer may be at work after all
                    if time.time() - entry.stat().st_mtime > LEFT_OVER_S:
                        (self.root / folder / entry.name).unlink()

    @contextmanager
    def try_lock(self, folder: str) -> Iterator[bool]:
        with ExitStack() as stack:
            path = self.root / folder / LOCK
            try:
                taken = stack.enter_context(try_file_lock(path))
            except OSError as error:
                raise _failed(path, error) from error
            yield taken

    def _files(self, folder: str) -> list[os.DirEntry[str]]:
        return [e for e in self._entries(folder) if e.name[0] != "." and _is_file(e)]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return list(entries)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failed(self.root / folder, error) from error


class ObjectStorage:
    """An object store (S3, GCS, Azure, memory): one PUT a file."""

    def __init__(
        self,
        store: "ObjectStore",
        url: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """`now`, microseconds UTC, is for the end of a lock's lease."""
        self._store = store
        self._monotonic = monotonic
        self._now = now
        self.url = url

    tells_changes = False

    def names(self, folder: str) -> list[str]:
        names = (_last_part(item["path"]) for item in self._list(folder)[0])
        return [name for name in names if name[:1] != "."]

    def folders(self, folder: str) -> list[str]:
        return [_last_part(path) for path in self._list(folder)[1]]

    def stamps(self, folder: str) -> dict[str, object]:
        return {
            _last_part(item["path"]): item["e_tag"] or str(item["last_modified"])
            for item in self._list(folder)[0]
        }

    def token(self, folder: str) -> object:  # noqa: ARG002 - no request is cheaper than a listing
        """Files of other writers are seen within LISTING_TTL_S."""
        return int(self._monotonic() / LISTING_TTL_S)

    def put(self, name: str, write: Write) -> int:
        buffer = io.BytesIO()
        write(buffer)
        content = buffer.getvalue()
        with self._translated(name):
            self._store.put(name, content)
        return len(content)

    def open(self, name: str) -> "pa.NativeFile":
        import pyarrow as pa

        return pa.BufferReader(self.read(name))

    def read(self, name: str, limit: int | None = None) -> bytes:
        with self._translated(name):
            result = self._store.get(name)
            _check_size(f"{self.url}/{name}", result.meta["size"], limit)
            return bytes(result.bytes())

    def size(self, name: str) -> int:
        with self._translated(name):
            return self._store.head(name)["size"]

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), self._translated(name):
            self._store.delete(name)

    def rename(self, name: str, new: str) -> None:
        with suppress(FileNotFoundError), self._translated(name):
            self._store.rename(name, new)

    def sweep(self, folder: str) -> None:
        """A PUT that is broken off leaves nothing."""

    @contextmanager
    def try_lock(self, folder: str) -> Iterator[bool]:
        with ExitStack() as stack:
            name = f"{folder}/{LOCK}"
            with self._translated(name):
                taken = stack.enter_context(try_lease(self._store, name, self._now))
            yield taken

    def _list(self, folder: str) -> tuple[Sequence["ObjectMeta"], Sequence[str]]:
        """The files and the folders directly in a folder."""
        prefix = f"{folder.rstrip('/')}/" if folder else None
        with self._translated(folder):
            listing = self._store.list_with_delimiter(prefix)
        return listing["objects"], listing["common_prefixes"]

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        """The object store's errors as ours, but for FileNotFoundError."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except FileNotFoundError:
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            detail = f"{self.url}/{name}: these keys may not read it"
            raise AuthenticationError(detail, status=HTTPStatus.FORBIDDEN) from error
        except (BaseError, OSError) as error:
            raise DataFetchError(f"{self.url}/{name}: {_short(error)}") from error


def open_storage(location: str) -> Storage:
    """`PATH`, `s3://bucket/prefix` (keys and endpoint from the AWS_... environment), `memory`.

    Raises: ConfigurationError for a location that cannot be opened.
    """
    if location == "memory":
        from obstore.store import MemoryStore

        return ObjectStorage(MemoryStore(), "memory")
    if "://" in location:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        try:
            return ObjectStorage(from_url(location), location.rstrip("/"))
        except (BaseError, ValueError) as error:
            raise ConfigurationError(f"{location} cannot be a store: {_short(error)}") from error
    return FolderStorage(Path(location).expanduser().absolute())


def open_bucket(location: str, *, endpoint: str, key: str, secret: str) -> Storage:
    """`s3://bucket/prefix` at an endpoint of its own, with its own keys; path style, any region.

    Raises: ConfigurationError for a bucket that cannot be opened.
    """
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    bucket, _, prefix = location.removeprefix("s3://").strip("/").partition("/")
    try:
        store = S3Store(
            bucket,
            prefix=prefix or None,
            endpoint=endpoint,
            access_key_id=key,
            secret_access_key=secret,
            region="us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": endpoint.startswith("http://")},
        )
    except (BaseError, ValueError) as error:
        raise ConfigurationError(f"{location} cannot be opened: {_short(error)}") from error
    return ObjectStorage(store, location.rstrip("/"))


def _last_part(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A link in a circle counts as one: who opens it learns what is wrong with it."""
    try:
        return entry.is_file()
    except OSError:
        return True


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _check_size(path: str, size: int, limit: int | None) -> None:
    if limit is not None and size > limit:
        raise DataFetchError(f"{path}: {size:,} bytes, and at most {limit:,} are read")


def _failed(path: Path, error: OSError) -> DataFetchError:
    reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return DataFetchError(f"{path}: {reason}")


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
