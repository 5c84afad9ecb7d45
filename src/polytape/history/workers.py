"""Where blocking calls run."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Workers(Protocol):
    """Runs blocking calls off the event loop.

    Raises: what the call raises.
    """

    async def work(self, call: Callable[[], T]) -> T:
        """Run what reads or computes for a moment."""
        ...

    async def heavy(self, call: Callable[[], T]) -> T:
        """Run what reads or computes long."""
        ...

    async def foreground(self, call: Callable[[], T]) -> T:
        """Run what fetches from a source, and may wait for it, while somebody waits."""
        ...

    async def background(self, call: Callable[[], T]) -> T:
        """Run what fetches from a source while nobody waits."""
        ...
