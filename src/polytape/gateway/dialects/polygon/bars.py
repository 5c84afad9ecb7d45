"""What the vendor's bar endpoints answer, made from the desk's stored series."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np
from msgspec import UNSET

from polytape.errors import AuthenticationError, NotFoundError
from polytape.gateway.service import Desk
from polytape.model.bars import Bars
from polytape.model.market import Session
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import date_of, midnight
from polytape.model.spans import Span, day_span
from polytape.model.splits import adjust
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US
from polytape.store.market_day import market_day
from polytape.wire.polygon.custom_bars import CustomBarsRequest, Page, page_of
from polytape.wire.polygon.messages import (
    DELAYED,
    OK,
    Agg,
    AggsPage,
    OpenClose,
    Snapshot,
    SnapshotBar,
    TickerSnapshot,
)
from polytape.wire.polygon.plans import FIRST_DAY

CHUNK_US = {Series.MINUTE: 62 * DAY_US, Series.DAY: 20_000 * DAY_US}
BELL_US = 16 * HOUR_US
NO_DATA = "Data not found."
LOOK_BACK_DAYS = 10


@dataclass(frozen=True, slots=True)
class Stored:
    """Bars of a stored series for an answer; `late`: not all of it is published yet."""

    bars: Bars
    late: bool = False


async def stored(
    desk: Desk, symbol: str, series: Series, span: Span, *, adjusted: bool
) -> Stored:  # fmt: skip
    """Minutes or days as traded or in today's shares. A symbol that is not there has none."""
    try:
        base = await desk.filler.base(symbol, series, span)
    except NotFoundError:
        return Stored(Bars.empty())
    bars = base.bars
    if adjusted and len(bars):
        splits = await desk.splits(symbol, int(bars.timestamp[0]))
        bars = adjust(bars, splits.used or (), date_of(desk.now()))
    return Stored(bars, base.through is not None)


async def custom_page(desk: Desk, symbol: str, asked: CustomBarsRequest) -> tuple[Page, bool]:
    """One page of custom bars, from no more history than it needs."""
    parts: list[Bars] = []
    held, late = 0, False
    earliest = midnight(FIRST_DAY) if desk.source is None else desk.source.earliest()
    for chunk in _chunks(asked, max(earliest, midnight(FIRST_DAY)), desk.now()):
        told = await stored(desk, symbol, asked.series, chunk, adjusted=asked.adjusted)
        parts.append(told.bars)
        held, late = held + len(told.bars), late or told.late
        if held > asked.limit and not _cut_window(asked, parts):
            break
    base = Bars.concat(parts[::-1] if asked.descending else parts)
    return await desk.work(partial(page_of, asked, base)), late


def _chunks(asked: CustomBarsRequest, earliest: int, now: int) -> Iterator[Span]:
    """The span of the question from the first day there is up to now, from the end that it begins
    with.
    """
    longest, start = CHUNK_US[asked.series], max(asked.span.start, earliest)
    span = Span(start, max(start, min(asked.span.end, now)))
    while span:
        if asked.descending:
            cut = max(span.start, span.end - longest)
            yield Span(cut, span.end)
            span = Span(span.start, cut)
        else:
            cut = min(span.end, span.start + longest)
            yield Span(span.start, cut)
            span = Span(cut, span.end)


def _cut_window(asked: CustomBarsRequest, parts: list[Bars]) -> bool:
    """Whether all that is held is of one window: more may belong to it."""
    stamps = np.concatenate([part.timestamp[[0, -1]] for part in parts if len(part)])
    return len(np.unique(asked.starts(np.sort(stamps)))) == 1


def aggs(
    page: Page, *, ticker: str, adjusted: bool, late: bool, request_id: str, next_url: str | None
) -> AggsPage:
    """A page of custom bars as it is written."""
    rows = to_aggs(page.bars)
    return AggsPage(
        ticker=ticker,
        query_count=page.base,
        results_count=len(rows),
        adjusted=adjusted,
        results=rows or UNSET,
        status=DELAYED if late else OK,
        request_id=request_id,
        count=len(rows),
        next_url=next_url or UNSET,
    )


def to_aggs(bars: Bars) -> list[Agg]:
    """Bars as rows. What is unknown is left out, a whole number has no decimals."""
    columns = [getattr(bars, name).tolist() for name in ("open", "high", "low", "close", "volume")]
    stamps = (bars.timestamp // 1_000).tolist()
    vwaps = [UNSET if v != v else v for v in bars.vwap.tolist()]  # noqa: PLR0124 - NaN
    counts = [UNSET if n != n else int(n) for n in bars.transactions.tolist()]  # noqa: PLR0124
    return list(map(Agg, *columns, stamps, vwaps, counts))


async def grouped(desk: Desk, day: date, *, adjusted: bool) -> list[Agg]:
    """The daily bars of every symbol, by ticker; each carries 16:00 of its day.

    Raises AuthenticationError where neither source nor store has whole days.
    """
    market = await desk.heavy(partial(_held_day, desk, day))
    if market is None and desk.market.session(day) is None:
        return []
    if market is None and desk.source is not None:
        asked = desk.now()
        ask = partial(desk.source.market_day, Series.DAY, day)
        market = await desk.ask(ask)
        if market is not None:
            keep = partial(desk.filler.keep_market, Series.DAY, day, market, asked, whole=True)
            await desk.work(keep)
    if market is None:
        raise AuthenticationError("this gateway has no whole days of the market", status=403)
    return await desk.heavy(partial(_grouped_rows, desk, market, day, adjusted))


def _held_day(desk: Desk, day: date) -> MarketBars | None:
    return None if desk.store is None else market_day(desk.store, Series.DAY, day_span(day))


def _grouped_rows(desk: Desk, market: MarketBars, day: date, adjusted: bool) -> list[Agg]:
    today, catalog = date_of(desk.now()), desk.catalog()
    rows = []
    for symbol in market.places:
        bars = market.of_symbol(symbol)
        if adjusted:
            bars = adjust(bars, catalog.splits(symbol) or (), today)
        (row,) = to_aggs(bars.last(1))
        row.T, row.t = symbol, _bell(day)
        rows.append(row)
    return rows


async def previous(desk: Desk, symbol: str, *, adjusted: bool) -> list[Agg]:
    """The last day before today that has a bar."""
    today = midnight(date_of(desk.now()))
    span = Span(today - LOOK_BACK_DAYS * DAY_US, today)
    bars = (await stored(desk, symbol, Series.DAY, span, adjusted=adjusted)).bars.last(1)
    rows = to_aggs(bars)
    for row in rows:
        row.T, row.t = symbol, _bell(date_of(int(bars.timestamp[0])))
    return rows


async def open_close(desk: Desk, symbol: str, day: date, *, adjusted: bool) -> OpenClose:
    """A day's prices with the first one before the bell and the last one after. Raises
    NotFoundError for a day without a bar.
    """
    session = desk.market.session(day)
    span = day_span(day)
    days = (await stored(desk, symbol, Series.DAY, span, adjusted=adjusted)).bars
    if not len(days) or session is None:
        raise NotFoundError(NO_DATA)
    minutes = (await stored(desk, symbol, Series.MINUTE, span, adjusted=adjusted)).bars
    early, late = _around(minutes, session)
    return OpenClose(
        status=OK,
        from_=day.isoformat(),
        symbol=symbol,
        open=float(days.open[0]),
        high=float(days.high[0]),
        low=float(days.low[0]),
        close=float(days.close[0]),
        volume=float(days.volume[0]),
        pre_market=float(early.open[0]) if len(early) else UNSET,
        after_hours=float(late.close[-1]) if len(late) else UNSET,
    )


def _around(minutes: Bars, session: Session) -> tuple[Bars, Bars]:
    extended = session.extended
    before = minutes.within(Span(extended.start, session.open))
    return before, minutes.within(Span(session.close, extended.end))


async def snapshot(desk: Desk, symbol: str, request_id: str) -> Snapshot:
    """Today's bar, the last minute and the day before, as traded and made from our own bars; no
    trade and no quote. Raises NotFoundError for a symbol without bars.
    """
    now = desk.now()
    today, since = midnight(date_of(now)), now - LOOK_BACK_DAYS * DAY_US
    days = (await stored(desk, symbol, Series.DAY, Span(since, now), adjusted=False)).bars
    minutes = (await stored(desk, symbol, Series.MINUTE, Span(today, now), adjusted=False)).bars
    if not len(days) and not len(minutes):
        raise NotFoundError("Ticker not found.")
    now_day, before = days.within(Span(today, now + 1)), days.within(Span(since, today)).last(1)
    last = minutes.last(1)
    price = next((float(b.close[-1]) for b in (last, now_day, before) if len(b)), 0.0)
    base = float(before.close[-1]) if len(before) else price
    minute = _told(last)
    if len(last):
        minute.t, minute.av = int(last.timestamp[0]) // 1_000, float(minutes.volume.sum())
    return Snapshot(
        status=OK,
        request_id=request_id,
        ticker=TickerSnapshot(
            ticker=symbol,
            todays_change=price - base,
            todays_change_perc=(price / base - 1) * 100,
            updated=int((last if len(last) else days).timestamp[-1]) * 1_000,
            day=_told(now_day),
            min=minute,
            prev_day=_told(before),
        ),
    )


def _told(bars: Bars) -> SnapshotBar:
    """One bar; zeros where there is none, as the vendor has it."""
    if not len(bars):
        return SnapshotBar()
    (row,) = to_aggs(bars.last(1))
    vwap = 0.0 if row.vw is UNSET or row.vw is None else row.vw
    return SnapshotBar(row.o, row.h, row.l, row.c, row.v, vwap, n=row.n or UNSET)


def _bell(day: date) -> int:
    """16:00 New York in milliseconds."""
    return (midnight(day + timedelta(days=1)) - (24 * HOUR_US - BELL_US)) // 1_000
