"""A storage in memory at whose accesses something happens: another program's work, or a crash."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from obstore.store import MemoryStore

from polytape.net.atomic_file import Write
from polytape.net.storage import ObjectStorage
from tests.store.bars import memory


class Crash(BaseException):
    """The process is gone."""


class Interrupted(ObjectStorage):
    """Before access number `at` (counted from the call of `before`) something is done, once."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._memory = MemoryStore() if store is None else store
        ticks = memory()._monotonic
        super().__init__(self._memory, "memory", monotonic=ticks)
        self._left: int | None = None
        self._do: Callable[[], object] = lambda: None
        self._before_put: Callable[[], object] = lambda: None
        self._locked = False
        self.done = False

    def same(self) -> "Interrupted":
        """The same files, at whose accesses nothing happens: as another program sees them."""
        return Interrupted(self._memory)

    def before(self, at: int, do: Callable[[], object]) -> None:
        self._left, self._do = at, do

    def undisturbed(self) -> None:
        self._left = None

    def before_put(self, do: Callable[[], object]) -> None:
        self._before_put = do

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds every lock."""
        self._locked = True
        yield
        self._locked = False

    def _access(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._left, self.done = None, True
            self._do()

    def names(self, folder: str) -> list[str]:
        self._access()
        return super().names(folder)

    def put(self, name: str, write: Write) -> int:
        self._access()
        self._before_put()
        return super().put(name, write)

    def open(self, name: str) -> Any:
        self._access()
        return super().open(name)

    def delete(self, name: str) -> None:
        self._access()
        super().delete(name)

    @contextmanager
    def try_lock(self, folder: str) -> Iterator[bool]:
        self._access()
        if self._locked:
            yield False
            return
        with super().try_lock(folder) as taken:
            yield taken
