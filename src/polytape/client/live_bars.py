"""Bars that begin with history and grow with the stream: blocking, and for asyncio."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from polytape.client import closing
from polytape.client.answers import BarsAnswer
from polytape.client.frames import to_frame
from polytape.client.live_join import LiveJoin
from polytape.client.live_series import LiveBar
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.client.streams import AsyncStream, Stream
from polytape.engines.result import on_basis
from polytape.errors import ConfigurationError, PolygonClientError
from polytape.model.basis import Basis, union
from polytape.model.query import BarsQuery

if TYPE_CHECKING:
    import pandas as pd

# What no waiting mends.
FATAL = frozenset({"error", "refused"})


class _Shared:
    """What both kinds do with what they have."""

    _join: LiveJoin

    def __init__(self) -> None:
        self._basis: Basis | None = None

    @property
    def frame(self) -> "pd.DataFrame":
        """All bars by now as `fetch_bars` gives them, with a column `forming` (bool), which is true
        for the last bar while it may still grow. Empty before the first iteration. "basis" in
        `attrs` is what the bars that were fetched stand on; those of the stream since then are
        provisional.
        """
        series = self._join.series
        frame = to_frame(series.bars())
        forming = series.forming
        frame["forming"] = np.arange(len(frame)) == (len(frame) - 1 if forming is not None else -1)
        request = self._join.request
        frame.attrs = {"symbol": request.symbol, "timeframe": request.timeframe.value}
        return on_basis(frame, self._basis)

    @property
    def forming(self) -> LiveBar | None:
        """The bar that may still grow."""
        return self._join.series.forming

    def __repr__(self) -> str:
        request, bars = self._join.request, self._join.series.bars()
        what = f"{request.symbol}, {request.timeframe.value}, {len(bars):,} bars"
        return f"{type(self).__name__}({what})"

    def _take(self, event: StreamEvent) -> list[LiveBar]:
        if isinstance(event, StreamNotice) and event.kind in FATAL:
            raise ConfigurationError(event.detail)
        return self._join.receive(event)

    def _load(self, answers: Sequence[BarsAnswer]) -> list[LiveBar]:
        """Take what was fetched: the history at first, later the bars of a gap. Of these only what
        lacks is said: there may be any number of them.
        """
        bases = [basis for answer in answers if (basis := answer.metadata.basis) is not None]
        if self._basis is not None:
            bases = [self._basis, *(basis for basis in bases if basis.lacks)]
        self._basis = union(bases)
        return self._join.load([answer.bars for answer in answers])

    def _keep_going(self, error: PolygonClientError) -> None:
        """A gap that cannot be fetched now is fetched later, for some minutes: bars wait for it."""
        if not self._join.failed():
            raise error


class LiveBars(_Shared, closing.Closing):
    """Bars of a symbol as a blocking iterator: first those of the history, then each as it closes
    (or at each update). `frame` has them all at any moment. Leaving the `with` block ends it.

    Raises: while iterating, ConnectionError where no gateway answers at first, what fetching the
    history raises, ConfigurationError where the gateway has no live bars.
    """

    def __init__(
        self,
        stream: Stream,
        join: LiveJoin,
        fetch: Callable[[list[BarsQuery]], Sequence[BarsAnswer]],
    ) -> None:
        super().__init__()
        self._stream = stream
        self._join = join
        self._fetch = fetch

    def __iter__(self) -> Iterator[LiveBar]:
        for event in self._stream:
            yield from self._take(event)
            yield from self._history()

    def get(self, timeout_s: float) -> list[LiveBar]:
        """What the next event of the stream gives: mostly nothing or one bar, the history at first.
        Nothing, too, where no event comes in time.
        """
        event = self._stream.get(timeout_s)
        return [] if event is None else [*self._take(event), *self._history()]

    def close(self) -> None:
        """End the iteration and the connection. Never hangs."""
        self._stream.close()

    def _history(self) -> list[LiveBar]:
        if not self._join.wants_history:
            return []
        try:
            answers = self._fetch(self._join.queries())
        except PolygonClientError as error:
            self._keep_going(error)
            return []
        return self._load(answers)


class AsyncLiveBars(_Shared, closing.AsyncBlock):
    """The same for `async for`; leaving an `async with` block ends it."""

    def __init__(
        self,
        stream: AsyncStream,
        join: LiveJoin,
        fetch: Callable[[list[BarsQuery]], Awaitable[Sequence[BarsAnswer]]],
    ) -> None:
        super().__init__()
        self._stream = stream
        self._join = join
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[LiveBar]:
        async for event in self._stream:
            for bar in [*self._take(event), *await self._history()]:
                yield bar

    def close(self) -> None:
        """End the iteration."""
        self._stream.close()

    async def _history(self) -> list[LiveBar]:
        if not self._join.wants_history:
            return []
        try:
            answers = await self._fetch(self._join.queries())
        except PolygonClientError as error:
            self._keep_going(error)
            return []
        return self._load(answers)
