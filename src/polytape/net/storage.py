"""Where files lie: a folder, S3 or another object store, or memory.

A place promises that `put` is atomic: a reader sees the whole file or none of it.
"""

import errno
import io
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from polytape.errors import AuthenticationError, ConfigurationError, DataFetchError

Write = Callable[[Any], None]
TEMPORARY = ".tmp-"
# A folder changed this shortly before it was listed may change again without a new time stamp.
CLOCK_GRAIN_NS = 100_000_000
LISTING_HOLDS_S = 1.0


class Storage(Protocol):
    """Files by name, names with `/`. Raises DataFetchError naming the path for what goes wrong,
    FileNotFoundError for a file that is not there.
    """

    @property
    def url(self) -> str:
        """How a person names this place."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names of the files directly in a folder, without it."""
        ...

    def folders(self, folder: str) -> list[str]:
        """The names of the folders directly in a folder."""
        ...

    def stamps(self, folder: str) -> dict[str, object]:
        """The files directly in a folder, each with what changes when it is replaced."""
        ...

    def token(self, folder: str) -> object:
        """Something that stays equal while the files of a folder stay the same; None: list it."""
        ...

    def put(self, name: str, write: Write) -> int:
        """Write a whole file; returns its bytes. A file of that name is replaced."""
        ...

    def open(self, name: str) -> Any:
        """A random-access Arrow file."""
        ...

    def read(self, name: str) -> bytes:
        """The whole file."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is removed already."""
        ...

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""
        ...


@dataclass(frozen=True)
class FolderStorage:
    """A folder of this machine: written under a temporary name, synced, renamed; read by map."""

    root: Path

    @property
    def url(self) -> str:
        return str(self.root)

    def names(self, folder: str) -> list[str]:
        return [e.name for e in self._scan(folder) if e.is_file() and e.name[0] != "."]

    def folders(self, folder: str) -> list[str]:
        return [e.name for e in self._scan(folder) if e.is_dir()]

    def stamps(self, folder: str) -> dict[str, object]:
        entries = [e for e in self._scan(folder) if e.is_file() and e.name[0] != "."]
        return {entry.name: entry.stat().st_mtime_ns for entry in entries}

    def token(self, folder: str) -> object:
        try:
            stamp = (self.root / folder).stat().st_mtime_ns
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _failed(self.root / folder, error) from error
        return None if time.time_ns() - stamp < CLOCK_GRAIN_NS else stamp

    def put(self, name: str, write: Write) -> int:
        path = self.root / name
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)
            raise _failed(path, error) from error
        return size

    def open(self, name: str) -> Any:
        import pyarrow as pa

        return pa.memory_map(str(self.root / name))

    def read(self, name: str) -> bytes:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _failed(self.root / name, error) from error

    def size(self, name: str) -> int:
        return (self.root / name).stat().st_size

    def delete(self, name: str) -> None:
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(self.root / name, error) from error

    def rename(self, name: str, new: str) -> None:
        with suppress(FileNotFoundError):
            (self.root / name).replace(self.root / new)

    def _scan(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as found:
                return list(found)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failed(self.root / folder, error) from error


class ObjectStorage:
    """An object store (S3, GCS, Azure, memory): one PUT a file."""

    def __init__(
        self, store: Any, url: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self.url = url

    def names(self, folder: str) -> list[str]:
        found = self._listed(folder)["objects"]
        return [str(item["path"]).rsplit("/", 1)[-1] for item in found]

    def folders(self, folder: str) -> list[str]:
        return [str(path).rsplit("/", 1)[-1] for path in self._listed(folder)["common_prefixes"]]

    def stamps(self, folder: str) -> dict[str, object]:
        found = self._listed(folder)["objects"]
        return {
            str(item["path"]).rsplit("/", 1)[-1]: item["e_tag"] or str(item["last_modified"])
            for item in found
        }

    def token(self, folder: str) -> object:  # noqa: ARG002 - there is no cheap question to ask
        """Other writers are seen within LISTING_HOLDS_S."""
        return int(self._monotonic() / LISTING_HOLDS_S)

    def put(self, name: str, write: Write) -> int:
        buffer = io.BytesIO()
        write(buffer)
        content = buffer.getvalue()
        self._do(name, lambda store: store.put(self._store, name, content))
        return len(content)

    def open(self, name: str) -> Any:
        import pyarrow as pa

        return pa.BufferReader(self.read(name))

    def read(self, name: str) -> bytes:
        return self._do(name, lambda store: bytes(store.get(self._store, name).bytes()))  # type: ignore[no-any-return]

    def size(self, name: str) -> int:
        return int(self._do(name, lambda store: store.head(self._store, name))["size"])

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._do(name, lambda store: store.delete(self._store, name))

    def rename(self, name: str, new: str) -> None:
        with suppress(FileNotFoundError):
            self._do(name, lambda store: store.rename(self._store, name, new))

    def _listed(self, folder: str) -> Any:
        prefix = f"{folder.rstrip('/')}/" if folder else None
        return self._do(folder, lambda store: store.list_with_delimiter(self._store, prefix))

    def _do(self, name: str, call: Callable[[Any], Any]) -> Any:
        import obstore
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            return call(obstore)
        except FileNotFoundError:
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            told = f"{self.url}/{name}: these keys may not read it"
            raise AuthenticationError(told, status=HTTPStatus.FORBIDDEN) from error
        except (BaseError, OSError) as error:
            raise DataFetchError(f"{self.url}/{name}: {_short(error)}") from error


def open_storage(location: str) -> Storage:
    """`PATH`, `s3://bucket/prefix` (keys and endpoint from the AWS_... environment), `memory`.

    Raises ConfigurationError.
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

    Raises ConfigurationError.
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


def _sync_folder(folder: Path) -> None:
    """A rename is safe once its folder is written. Windows has no such call and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(path: Path, error: OSError) -> DataFetchError:
    reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return DataFetchError(f"{path}: {reason}")


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
