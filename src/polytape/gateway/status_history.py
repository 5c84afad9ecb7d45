"""The gateway's figures over the last hour: a sample every few seconds, in a bounded ring."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from polytape.errors import DataFetchError
from polytape.model.timestamps import iso
from polytape.store.segments import SegmentStore
from polytape.wire.api.status_history_message import StatusHistoryMessage

log = logging.getLogger(__name__)

EVERY_S = 15.0
# An hour of them.
MOST_SAMPLES = 240
# The size of the store is summed up so often: every minute.
SIZE_EVERY_SAMPLES = 4
# Figures beyond these are left out: a status that grows does not grow the ring without end.
MOST_FIGURES = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one instant, microseconds UTC."""

    at: int
    figures: dict[str, float]


class StatusHistory:
    """Samples of what `read` gives, a message of plain figures; `wall` gives microseconds UTC.
    `read_size` gives the bytes of the store; it may block, and `in_thread` calls it in a thread.
    """

    def __init__(
        self,
        read: Callable[[], msgspec.Struct],
        wall: Callable[[], int],
        read_size: Callable[[], int] | None = None,
        in_thread: Callable[[Callable[[], int]], Awaitable[int]] | None = None,
    ) -> None:
        self._read = read
        self._wall = wall
        self._read_size = read_size
        self._in_thread = in_thread
        self._samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self._store_bytes: int | None = None

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Take samples until cancelled."""
        taken = 0
        while True:
            self.sample()
            if taken % SIZE_EVERY_SAMPLES == 0:
                await self._measure()
            taken += 1
            await sleep(EVERY_S)

    def sample(self) -> None:
        """Take one sample now; the oldest goes where there is an hour of them."""
        pairs = plain_figures(msgspec.to_builtins(self._read()))
        figures = dict(pair for pair, _ in zip(pairs, range(MOST_FIGURES), strict=False))
        if self._store_bytes is not None:
            figures["store_bytes"] = float(self._store_bytes)
        self._samples.append(Sample(self._wall(), figures))

    def message(self) -> StatusHistoryMessage:
        """The samples, a list for each figure."""
        names = {name: None for sample in self._samples for name in sample.figures}
        columns = {name: [one.figures.get(name) for one in self._samples] for name in names}
        return StatusHistoryMessage(EVERY_S, [iso(one.at) for one in self._samples], columns)

    async def _measure(self) -> None:
        """Sum up the store. Where it cannot be listed the figure stays as it was."""
        if self._read_size is None or self._in_thread is None:
            return
        try:
            self._store_bytes = await self._in_thread(self._read_size)
        except DataFetchError as error:
            log.warning("the size of the store is not known: %s", error)
            return
        self._samples[-1].figures["store_bytes"] = float(self._store_bytes)


def plain_figures(status: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a status by name; those of a part as `part.name`."""
    for name, value in status.items():
        if isinstance(value, Mapping):
            yield from plain_figures(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", float(value)


def store_bytes(store: SegmentStore) -> int:
    """The bytes of a store's bars.

    Raises: DataFetchError.
    """
    catalog = store.catalog
    folders = [folder for series in catalog.series() for folder in catalog.folders(series)]
    return sum(segment.size for folder in folders for segment in catalog.segments(folder))
