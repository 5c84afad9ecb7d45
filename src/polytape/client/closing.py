"""`with` blocks at whose end something is closed."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Leaving a `with` block closes it, whatever ends the block."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds; closing twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClosing(ABC):
    """The same for `async with`."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what it holds; closing twice does no harm."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncBlock(ABC):
    """The same for `async with`, where closing does not wait."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds; closing twice does no harm."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
