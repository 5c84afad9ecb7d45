"""An event loop whose time jumps: hours of asyncio in a moment, the same each time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def play(scene: Coroutine[Any, Any, T]) -> T:
    """What a scene returns."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(scene)


def seconds() -> float:
    """The time of the loop that runs."""
    return asyncio.get_running_loop().time()


def now_us() -> int:
    """The same in microseconds."""
    return round(seconds() * 1_000_000)
