"""What the vendor's endpoints of single days answer, made from the gateway's stored series."""

from datetime import date
from functools import partial

from msgspec import UNSET

from polytape.errors import AuthenticationError, NotFoundError
from polytape.gateway.dialects.polygon.bars import stored_bars, to_aggs
from polytape.gateway.gateway import Gateway
from polytape.model import units
from polytape.model.bars import Bars
from polytape.model.market import Market, Session
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.splits import adjust
from polytape.model.timeframes import Series
from polytape.store.market_day import market_day
from polytape.wire.polygon import messages

NO_DATA = "Data not found."
LOOK_BACK_DAYS = 10


async def grouped(gateway: Gateway, day: date, *, adjusted: bool) -> list[messages.Agg]:
    """The daily bars of every symbol, by ticker; each carries 16:00 New York of its day.

    https://massive.com/docs/rest/stocks/aggregates/daily-market-summary

    Raises: AuthenticationError where neither source nor store has whole days.
    """
    market = await gateway.workers.heavy(partial(_stored_day, gateway, day))
    if market is None and gateway.market.session(day) is None:
        return []
    source = None if gateway.upstream is None else gateway.upstream.days
    if market is None and source is not None:
        market = await gateway.bars.filler.days.fetch(Series.DAY, day, source, background=False)
    if market is None:
        raise AuthenticationError("this gateway has no whole days of the market", status=403)
    return await gateway.workers.heavy(partial(_grouped_rows, gateway, market, day, adjusted))


def _stored_day(gateway: Gateway, day: date) -> MarketBars | None:
    if gateway.store is None:
        return None
    return market_day(gateway.store, Series.DAY, gateway.market.day_span(day))


def _grouped_rows(
    gateway: Gateway, market: MarketBars, day: date, adjusted: bool
) -> list[messages.Agg]:
    today, reference = gateway.market.date_of(gateway.now()), gateway.bars.reference()
    bell = _bell_ms(day, gateway.market)
    rows = []
    for symbol in market.places:
        bars = market.of_symbol(symbol)
        if adjusted:
            bars = adjust(bars, reference.splits(symbol) or (), today, gateway.market)
        (row,) = to_aggs(bars.last(1))
        row.T, row.t = symbol, bell
        rows.append(row)
    return rows


async def previous(gateway: Gateway, symbol: str, *, adjusted: bool) -> list[messages.Agg]:
    """The bar of the last day before today that has one; it carries 16:00 New York of its day.

    https://massive.com/docs/rest/stocks/aggregates/previous-day-bar
    """
    market = gateway.market
    today = market.day_start(market.date_of(gateway.now()))
    span = Span(today - LOOK_BACK_DAYS * units.DAY_US, today)
    days = await stored_bars(gateway, symbol, Series.DAY, span, adjusted=adjusted)
    bars = days.bars.last(1)
    rows = to_aggs(bars)
    for row in rows:
        row.T, row.t = symbol, _bell_ms(market.date_of(int(bars.timestamp[0])), market)
    return rows


async def open_close(
    gateway: Gateway, symbol: str, day: date, *, adjusted: bool
) -> messages.OpenClose:
    """A day's prices with the first one before the bell and the last one after.

    https://massive.com/docs/rest/stocks/aggregates/daily-ticker-summary

    Raises: NotFoundError for a day without a bar.
    """
    session = gateway.market.session(day)
    span = gateway.market.day_span(day)
    read = partial(stored_bars, gateway, symbol, span=span, adjusted=adjusted)
    days = (await read(series=Series.DAY)).bars
    if not len(days) or session is None:
        raise NotFoundError(NO_DATA)
    early, late = _around((await read(series=Series.MINUTE)).bars, session)
    return messages.OpenClose(
        status=messages.OK,
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


def page(
    rows: list[messages.Agg], *, ticker: str | None, adjusted: bool, request_id: str
) -> messages.AggsPage:
    """Daily bars of one ticker, or of the whole market, as they are written."""
    return messages.AggsPage(
        ticker=UNSET if ticker is None else ticker,
        query_count=len(rows),
        results_count=len(rows),
        adjusted=adjusted,
        results=rows or UNSET,
        status=messages.OK,
        request_id=request_id,
        count=len(rows),
    )


def _around(minutes: Bars, session: Session) -> tuple[Bars, Bars]:
    """The minutes of the pre-market, and those after the closing bell."""
    before = minutes.within(Span(session.overnight.end, session.open))
    return before, minutes.within(Span(session.close, session.extended.end))


def _bell_ms(day: date, market: Market) -> int:
    """16:00 New York in milliseconds UTC, on early closes too."""
    return (market.midnight(day) + 16 * units.HOUR_US) // messages.US_PER_MS
