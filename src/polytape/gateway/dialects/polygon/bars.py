"""What the vendor's custom bars endpoint answers, made from the gateway's stored series.

https://massive.com/docs/rest/stocks/aggregates/custom-bars
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from msgspec import UNSET

from polytape.errors import NotFoundError
from polytape.gateway import memory_gate
from polytape.gateway.gateway import Gateway
from polytape.history.plan import LONGEST_FETCH_US
from polytape.model.answer_size import most_series_bars
from polytape.model.bars import Bars
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.splits import adjust
from polytape.model.timeframes import Series
from polytape.wire.polygon import messages
from polytape.wire.polygon.custom_bars import CustomBarsRequest, Page, page_of
from polytape.wire.polygon.plans import FIRST_DAY


@dataclass(frozen=True, slots=True)
class StoredBars:
    """Bars of a stored series for an answer; `late`: not all of it is published yet."""

    bars: Bars
    late: bool = False


async def stored_bars(
    gateway: Gateway, symbol: str, series: Series, span: Span, *, adjusted: bool
) -> StoredBars:
    """Minutes or days that start in `span` (microseconds UTC), as traded or in today's shares. A
    symbol that does not exist has none.

    Raises: DataFetchError where the source fails.
    """
    try:
        read = await gateway.bars.filler.read(series_query(symbol, series, span))
    except NotFoundError:
        return StoredBars(Bars.empty())
    bars = read.bars
    if adjusted and len(bars):
        splits = await gateway.bars.splits(symbol, int(bars.timestamp[0]))
        today = gateway.market.date_of(gateway.now())
        bars = adjust(bars, splits.used or (), today, gateway.market)
    return StoredBars(bars, read.through is not None)


async def custom_page(
    gateway: Gateway, symbol: str, request: CustomBarsRequest
) -> tuple[Page, bool]:
    """One page of custom bars, from no more history than it needs, and whether it is late.

    Raises: DataFetchError where the source fails.
    """
    ticket = await _room_for(gateway, symbol, request)
    parts: list[Bars] = []
    count, late, first = 0, False, gateway.market.midnight(FIRST_DAY)
    earliest = first if gateway.upstream is None else gateway.upstream.bars.earliest()
    for chunk in _chunks(request, max(earliest, first), gateway.now()):
        part = await stored_bars(gateway, symbol, request.series, chunk, adjusted=request.adjusted)
        parts.append(part.bars)
        count, late = count + len(part.bars), late or part.late
        ticket.resize(max(ticket.size, memory_gate.bytes_of(count)))
        if count > request.limit and not _cut_window(request, parts):
            break
    bars = Bars.concat(parts[::-1] if request.descending else parts)
    return await gateway.workers.work(partial(page_of, request, bars)), late


async def _room_for(
    gateway: Gateway, symbol: str, request: CustomBarsRequest
) -> memory_gate.Ticket:
    """Wait for the memory of a page: of its bars, and of one fetch more. A window longer than a
    page takes more.

    Raises: BusyError where there is none in time.
    """
    market, now = gateway.market, gateway.now()
    whole = series_query(symbol, request.series, request.span)
    fetch = whole.over(Span(max(0, now - LONGEST_FETCH_US[request.series]), now))
    page = request.limit + most_series_bars(fetch, market, now)
    return await gateway.memory.enter(
        memory_gate.bytes_of(min(most_series_bars(whole, market, now), page))
    )


def _chunks(request: CustomBarsRequest, earliest: int, now: int) -> Iterator[Span]:
    """The request's span between `earliest` and `now` (microseconds UTC) in parts of one fetch,
    from the end that its page begins with.
    """
    longest, start = LONGEST_FETCH_US[request.series], max(request.span.start, earliest)
    span = Span(start, max(start, min(request.span.end, now)))
    while span:
        if request.descending:
            cut = max(span.start, span.end - longest)
            yield Span(cut, span.end)
            span = Span(span.start, cut)
        else:
            cut = min(span.end, span.start + longest)
            yield Span(span.start, cut)
            span = Span(cut, span.end)


def _cut_window(request: CustomBarsRequest, parts: list[Bars]) -> bool:
    """Whether all bars so far are of one window: more may belong to it."""
    stamps = np.concatenate([part.timestamp[[0, -1]] for part in parts if len(part)])
    return len(np.unique(request.starts(np.sort(stamps)))) == 1


def aggs(
    page: Page, *, ticker: str, adjusted: bool, late: bool, request_id: str, next_url: str | None
) -> messages.AggsPage:
    """A page of custom bars as it is written."""
    rows = to_aggs(page.bars)
    return messages.AggsPage(
        ticker=ticker,
        query_count=page.base,
        results_count=len(rows),
        adjusted=adjusted,
        results=rows or UNSET,
        status=messages.DELAYED if late else messages.OK,
        request_id=request_id,
        count=len(rows),
        next_url=next_url or UNSET,
    )


def to_aggs(bars: Bars) -> list[messages.Agg]:
    """Bars as rows. What is unknown is left out, a whole number has no decimals."""
    columns = [getattr(bars, name).tolist() for name in ("open", "high", "low", "close", "volume")]
    stamps = (bars.timestamp // messages.US_PER_MS).tolist()
    vwaps = [UNSET if v != v else v for v in bars.vwap.tolist()]  # noqa: PLR0124 - NaN
    counts = [UNSET if n != n else int(n) for n in bars.transactions.tolist()]  # noqa: PLR0124 - NaN
    return list(map(messages.Agg, *columns, stamps, vwaps, counts))
