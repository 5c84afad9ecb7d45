"""A snapshot of one ticker, made from the gateway's stored series: no trade and no quote.

https://massive.com/docs/rest/stocks/snapshots/single-ticker-snapshot
"""

from functools import partial

from msgspec import UNSET

from polytape.errors import NotFoundError
from polytape.gateway.dialects.polygon.bars import stored_bars, to_aggs
from polytape.gateway.gateway import Gateway
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.wire.polygon import messages

LOOK_BACK_DAYS = 10
NS_PER_US = 1_000


async def snapshot(gateway: Gateway, symbol: str, request_id: str) -> messages.Snapshot:
    """Today's bar, the last minute and the day before, as traded.

    Raises: NotFoundError for a symbol without bars.
    """
    now, market = gateway.now(), gateway.market
    today, since = market.day_start(market.date_of(now)), now - LOOK_BACK_DAYS * DAY_US
    read = partial(stored_bars, gateway, symbol, adjusted=False)
    days = (await read(series=Series.DAY, span=Span(since, now))).bars
    minutes = (await read(series=Series.MINUTE, span=Span(today, now))).bars
    if not len(days) and not len(minutes):
        raise NotFoundError("Ticker not found.")
    ticker = _ticker(
        symbol,
        minutes=minutes,
        day=days.within(Span(today, now + 1)),
        before=days.within(Span(since, today)).last(1),
        updated=int((minutes if len(minutes) else days).timestamp[-1]),
    )
    return messages.Snapshot(status=messages.OK, request_id=request_id, ticker=ticker)


def _ticker(
    symbol: str, *, minutes: Bars, day: Bars, before: Bars, updated: int
) -> messages.TickerSnapshot:
    """From today's minutes, today's bar and that of the day before, each of which may be empty.
    `updated`: microseconds UTC.
    """
    last = minutes.last(1)
    price = next((float(bars.close[-1]) for bars in (last, day, before) if len(bars)), 0.0)
    base = float(before.close[-1]) if len(before) else price
    return messages.TickerSnapshot(
        ticker=symbol,
        todays_change=price - base,
        todays_change_perc=(price / base - 1) * 100,
        updated=updated * NS_PER_US,
        day=_bar(day),
        min=_last_minute(minutes),
        prev_day=_bar(before),
    )


def _last_minute(minutes: Bars) -> messages.SnapshotBar:
    """The last minute, with its start in milliseconds and the volume of all of the day's."""
    bar, last = _bar(minutes), minutes.last(1)
    if len(last):
        bar.t = int(last.timestamp[0]) // messages.US_PER_MS
        bar.av = float(minutes.volume.sum())
    return bar


def _bar(bars: Bars) -> messages.SnapshotBar:
    """The last bar; zeros where there is none, as the vendor has it."""
    if not len(bars):
        return messages.SnapshotBar()
    (row,) = to_aggs(bars.last(1))
    vwap = 0.0 if row.vw is UNSET or row.vw is None else row.vw
    return messages.SnapshotBar(row.o, row.h, row.l, row.c, row.v, vwap, n=row.n or UNSET)
