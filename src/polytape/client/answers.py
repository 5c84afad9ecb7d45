"""Whole answers of a server, as the client's cache has them, and what is cut out of them."""

import threading
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from cachetools import LRUCache

from polytape.client.frames import FrameMaker, in_a_block
from polytape.client.request import cut_here
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.session_count import cut_basis
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.why_empty import NO_BARS
from polytape.wire.api.messages import BarsMetadata

# A bar of these says nothing of a single session.
LONGER = (Timeframe.WEEK, Timeframe.MONTH)


# Parts of one answer that are remembered.
PARTS = 16
# What makes a part: span, extended hours, limit.
PartKey: TypeAlias = tuple[Span, bool, int | None]


class BarsAnswer(NamedTuple):
    """The bars of a query, what the server says of them, and who makes frames of them."""

    bars: Bars
    metadata: BarsMetadata
    frames: FrameMaker

    def noting(self, text: str) -> "BarsAnswer":
        """The same bars with one more note."""
        notes = [*self.metadata.notes, text]
        metadata = msgspec.structs.replace(self.metadata, notes=notes)
        return BarsAnswer(self.bars, metadata, FrameMaker(self.bars, metadata))


class Parts:
    """Parts of an answer that were cut out lately. Usable from many threads."""

    def __init__(self) -> None:
        self._parts: LRUCache[PartKey, BarsAnswer] = LRUCache(PARTS)
        self._lock = threading.Lock()

    def get(self, key: PartKey) -> BarsAnswer | None:
        """The part, where it was cut already."""
        with self._lock:
            return self._parts.get(key)

    def put(self, key: PartKey, part: BarsAnswer) -> None:
        """Remember a part."""
        with self._lock:
            self._parts[key] = part


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """Every bar of `span`. Bars from `complete` on (microseconds UTC) could still change when they
    were fetched.
    """

    span: Span
    complete: int
    bars: Bars
    metadata: BarsMetadata
    frames: FrameMaker = field(init=False, repr=False, compare=False)
    parts: Parts = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", FrameMaker(self.bars, self.metadata))
        object.__setattr__(self, "parts", Parts())

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
        # Why there are no bars may be another reason later: it is said anew each time.
        notes = [note for note in metadata.notes if not note.startswith(NO_BARS)]
        timeframe = query.timeframe.value
        metadata = msgspec.structs.replace(metadata, timeframe=timeframe, notes=notes)
        complete = query.complete_through(fetched_at, market)
        if metadata.complete_through is not None:
            # Where the server says it, its clock decides: this one may be fast, and that of a
            # made-up market may be ahead of all others.
            through = parse_instant(metadata.complete_through, "complete_through", market)
            complete = through if metadata.made_up else min(complete, through)
        # Frames are made on these columns: they are nobody else's, and not the response's.
        return cls(query.span, complete, in_a_block(bars), metadata)

    def holds(self, span: Span, now: int, market: Market) -> bool:
        """Whether `span` can be cut out of this and nothing can have been traded since; `now` in
        microseconds UTC. What time it is in a made-up market only its gateway knows.
        """
        if span not in self.span:
            return False
        if span.end <= self.complete:
            return True
        until = span.end if self.metadata.made_up else min(span.end, now)
        since = Span(self.complete, max(self.complete, until))
        sessions = market.sessions(since) if since else ()
        return not any(since.intersect(session.extended) for session in sessions)

    def cut(self, query: BarsQuery, market: Market) -> BarsAnswer:
        """The query's own part: its span, hours and limit."""
        key = (query.span, query.include_extended, query.limit)
        part = self.parts.get(key)
        if part is None:
            part = self._part(query, market)
            self.parts.put(key, part)
        return part

    def _part(self, query: BarsQuery, market: Market) -> BarsAnswer:
        if self._is(query):
            return BarsAnswer(self.bars, self.metadata, self.frames)
        rows = self._rows(query)
        bars = self.bars.take(rows)
        basis = self._basis(query, bars, market)
        cut = cut_here(query)
        if cut:
            bars = bars.take(market.regular(bars.timestamp))
        bars = bars.last(query.limit)
        metadata = msgspec.structs.replace(
            self.metadata,
            count=len(bars),
            include_extended=query.include_extended,
            basis=basis,
        )
        # Of what is no run of the whole's bars the frame is made anew.
        run = None if cut else slice(rows.stop - len(bars), rows.stop)
        return BarsAnswer(bars, metadata, FrameMaker(bars, metadata, self.frames, run))

    def _is(self, query: BarsQuery) -> bool:
        """Whether the query is for all of this, and no bar of it is left out."""
        if query.span != self.span or cut_here(query):
            return False
        few = query.limit is None or len(self.bars) <= query.limit
        return few and self.metadata.include_extended == query.include_extended

    def _rows(self, query: BarsQuery) -> slice:
        """The places of the bars that start in the query's span."""
        span = query.span
        left, right = np.searchsorted(self.bars.timestamp, (span.start, span.end)).tolist()
        return slice(left, right)

    def _basis(self, query: BarsQuery, bars: Bars, market: Market) -> Basis | None:
        """What a part stands on; of weeks and months what the whole does."""
        whole = self.metadata.basis
        if whole is None or query.span == self.span or query.timeframe in LONGER:
            return whole
        return cut_basis(whole, bars, query.span, market)
