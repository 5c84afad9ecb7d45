"""What a source of live events promises.

It runs for ever: lost connections are its own business, and whoever listens is told of gaps and of
what filled them. Only what trying again cannot mend ends it.
"""

from collections.abc import Sequence
from typing import Protocol

from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.topics import Topic


class FeedSink(Protocol):
    """Who is given the events. Calls return at once."""

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        """Events that came together; `backfilled` ones were missed and come late, in order."""
        ...

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        """Something happened: connected, disconnected, gap, backfill, backfilled, reconnected,
        refused, lag. `start` and `end` (microseconds UTC) bound a gap. `through` says that minute
        bars are complete up to `end`, but for corrections.
        """
        ...


class LiveSource(Protocol):
    """Where live events come from."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it has."""
        ...

    def want(self, topics: frozenset[Topic]) -> None:
        """Send events of exactly these topics from now on."""
        ...

    async def run(self, sink: FeedSink) -> None:
        """Give events to the sink until cancelled.

        Raises: AuthenticationError where the key or its plan has no live data.
        """
        ...

    def status(self) -> str:
        """connected, connecting, waiting, refused: in one word."""
        ...
