"""Whole answers of a server, as the client's cache has them, and what is cut out of them."""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from polytape.client.request import cut_here
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.session_count import cut_basis
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.wire.api.messages import BarsMetadata

# A bar of these says nothing of a single session.
LONGER = (Timeframe.WEEK, Timeframe.MONTH)


class BarsAnswer(NamedTuple):
    """The bars of a query, and what the server says of them."""

    bars: Bars
    metadata: BarsMetadata


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """Every bar of `span`. Bars from `complete` on (microseconds UTC) could still change when they
    were fetched.
    """

    span: Span
    complete: int
    bars: Bars
    metadata: BarsMetadata

    @classmethod
    def of(
        cls,
        query: BarsQuery,
        bars: Bars,
        metadata: BarsMetadata | None,
        *,
        fetched_at: int,
        market: Market,
    ) -> "CachedAnswer":
        """The server's answer to a query; `fetched_at` in microseconds UTC."""
        if metadata is None:
            metadata = BarsMetadata(
                symbol=query.symbol, timeframe=query.timeframe.value, count=0, source=""
            )
        metadata = msgspec.structs.replace(metadata, timeframe=query.timeframe.value)
        complete = query.complete_through(fetched_at, market)
        if metadata.complete_through is not None:
            # Where the server says it, its clock decides: this one may be fast, and that of a
            # made-up market may be ahead of all others.
            through = parse_instant(metadata.complete_through, "complete_through", market)
            complete = through if metadata.made_up else min(complete, through)
        return cls(query.span, complete, bars, metadata)

    def holds(self, span: Span, now: int, market: Market) -> bool:
        """Whether `span` can be cut out of this and nothing can have been traded since; `now` in
        microseconds UTC. What time it is in a made-up market only its gateway knows.
        """
        if span not in self.span:
            return False
        until = span.end if self.metadata.made_up else min(span.end, now)
        since = Span(self.complete, max(self.complete, until))
        sessions = market.sessions(since) if since else ()
        return not any(since.intersect(session.extended) for session in sessions)

    def cut(self, query: BarsQuery, market: Market) -> BarsAnswer:
        """The query's own part: its span, hours and limit."""
        bars = self.bars.within(query.span)
        basis = self._basis(query, bars, market)
        if cut_here(query):
            bars = bars.take(market.regular(bars.timestamp))
        bars = bars.last(query.limit)
        metadata = msgspec.structs.replace(
            self.metadata,
            count=len(bars),
            include_extended=query.include_extended,
            basis=basis,
        )
        return BarsAnswer(bars, metadata)

    def _basis(self, query: BarsQuery, bars: Bars, market: Market) -> Basis | None:
        """What a part stands on; of weeks and months what the whole does."""
        whole = self.metadata.basis
        if whole is None or query.span == self.span or query.timeframe in LONGER:
            return whole
        return cut_basis(whole, bars, query.span, market)
