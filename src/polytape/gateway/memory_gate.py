"""How much memory answers may take at once: each waits for its bytes, and gives them back when it
is sent, or its asker is gone. For one event loop at a time; nothing here counts real memory.

Small answers have a lane of their own, so that they never wait for large ones.
"""

import asyncio
from collections.abc import Callable

from polytape.errors import PolygonClientError, ValidationError
from polytape.history.lane import Lane
from polytape.model.answer_size import most_series_bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.net.stages import stage

# An answer up to so many bytes is a small one; less where the whole gate is narrow.
SMALL_BYTES = 16 * 1024 * 1024
SMALL_SHARE = 8
# Columns of a bar take 64 bytes, and are in memory four times while an answer is put together.
BYTES_PER_BAR = 256
# What an answer takes beside its bars: the request, the metadata, the framework's own.
ANSWER_BYTES = 16 * 1024
PATIENCE_S = 5.0
RETRY_AFTER_S = 5


class BusyError(PolygonClientError):
    """Answers in flight take all the memory that they may; `retry_after_s`: come back then."""

    def __init__(self, detail: str, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Ticket:
    """Bytes of one answer. It is given back at once when its task ends, whatever becomes of it."""

    def __init__(self, lane: Lane, size: int) -> None:
        self.size = size
        self._lane = lane

    def resize(self, size: int) -> None:
        """The answer takes so many bytes from now on: what it has is known, and was an estimate."""
        self._lane.change(size - self.size)
        self.size = size

    def release(self) -> None:
        """The answer takes no memory any more. May be called again."""
        self.resize(0)


class MemoryGate:
    """`capacity`: bytes that all answers in flight take together, at most. `now` gives microseconds
    UTC.
    """

    def __init__(
        self,
        capacity: int,
        market: Market,
        now: Callable[[], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.capacity = capacity
        self.refused = 0
        self._market = market
        self._now = now
        self._patience_s = patience_s
        self.small = Lane(capacity // SMALL_SHARE)
        self.large = Lane(capacity - self.small.capacity)
        self._small_bytes = min(SMALL_BYTES, self.small.capacity // SMALL_SHARE)

    @property
    def used(self) -> int:
        """Bytes in flight."""
        return self.small.used + self.large.used

    @property
    def waiting(self) -> int:
        """How many answers wait."""
        return self.small.waiting + self.large.waiting

    def is_small(self, size: int) -> bool:
        """Whether an answer of so many bytes goes by the lane of small ones."""
        return size <= self._small_bytes

    def size(self, query: BarsQuery) -> int:
        """How many bytes the answer to a query takes while it is put together, at most.

        Raises: ValidationError where that never finds room.
        """
        bars = most_series_bars(query, self._market, self._now())
        size = bytes_of(bars)
        if size > self.large.capacity:
            raise ValidationError(
                "start_date",
                str(query.span),
                f"up to {bars:,} bars are to be read for it, which take {_megabytes(size)} of "
                f"memory, and {_megabytes(self.large.capacity)} are allowed: narrow the dates, or "
                "start the gateway with more --memory",
            )
        return size

    async def admit(self, query: BarsQuery) -> Ticket:
        """Wait for the bytes of a query's answer; as `size` and `enter`."""
        return await self.enter(self.size(query))

    async def enter(self, size: int) -> Ticket:
        """Wait for so many bytes, not more than the large lane has; they are given back when the
        task ends, at the latest.

        Raises: BusyError where they are not free in time.
        """
        lane = self.small if self.is_small(size) else self.large
        try:
            with stage("gate"):
                await lane.enter(size, self._patience_s)
        except TimeoutError:
            self.refused += 1
            raise BusyError(
                f"answers in flight take all of the {_megabytes(lane.capacity)} that they may, and "
                f"this one needs {_megabytes(size)}: come back in {RETRY_AFTER_S} s, narrow the "
                "dates, or start the gateway with more --memory"
            ) from None
        ticket = Ticket(lane, size)
        _at_end_of_task(ticket.release)
        return ticket


def bytes_of(bars: int) -> int:
    """What an answer takes that is made from so many bars, while it is put together."""
    return ANSWER_BYTES + bars * BYTES_PER_BAR


def _at_end_of_task(call: Callable[[], None]) -> None:
    task = asyncio.current_task()
    if task is not None:
        task.add_done_callback(lambda _: call())


def _megabytes(size: int) -> str:
    return f"{max(1, round(size / 1024**2)):,} MB"
