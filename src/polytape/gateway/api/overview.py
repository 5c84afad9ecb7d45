"""`/history/months` and `/status/history`: what is stored, and what the gateway did lately."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from http import HTTPStatus

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import structs

from polytape.errors import ValidationError
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.subscriber import Lifecycle
from polytape.history.months import month_coverage
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.store.segments import SegmentStore
from polytape.wire.api import months_messages as messages
from polytape.wire.api.history_messages import parse_series
from polytape.wire.api.status_history_message import FeedNoticeMessage, StatusHistoryMessage


@post("/history/months", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def history_months(
    data: JSONBody[messages.MonthsRequest], gateway: NamedDependency[Gateway]
) -> messages.MonthsAnswer:
    """How many trading days of each month are stored of some symbols, and how many are final. No
    bar is read.
    """
    if not 1 <= len(data.symbols) <= messages.MAX_SYMBOLS:
        raise ValidationError("symbols", len(data.symbols), f"1 to {messages.MAX_SYMBOLS} symbols")
    if not 1 <= data.months <= messages.MAX_MONTHS:
        raise ValidationError("months", data.months, f"1 to {messages.MAX_MONTHS} months")
    symbols = [parse_symbol(name, "symbols") for name in data.symbols]
    store, series = gateway.history.must_store(), parse_series(data.timeframe)
    now = gateway.now()
    span = Span(_first_of_months(gateway.market, now, data.months), now)
    look = partial(_rows, store, symbols, series, span, gateway.market)
    return messages.MonthsAnswer(series.value, await gateway.workers.work(look))


@get("/status/history", responses=PROBLEMS)
async def status_history(gateway: NamedDependency[Gateway]) -> StatusHistoryMessage:
    """The figures of `/status` over the last hour, a sample every 15 seconds, with the size of the
    store, and what happened to the live feed.
    """
    feed = [_feed_notice(at, notice) for at, notice in gateway.live.notices]
    return structs.replace(gateway.status_history.message(), feed=feed)


OVERVIEW_ROUTES = [history_months, status_history]


def _feed_notice(at: int, notice: Lifecycle) -> FeedNoticeMessage:
    start, end = (None if edge is None else iso(edge) for edge in (notice.start, notice.end))
    return FeedNoticeMessage(iso(at), notice.kind, notice.detail, start, end)


def _first_of_months(market: Market, now: int, months: int) -> int:
    """The start of the month `months` - 1 before that of an instant."""
    today = market.date_of(now)
    count = today.year * 12 + today.month - months
    return market.day_span(date(count // 12, count % 12 + 1, 1)).start


def _rows(
    store: SegmentStore, symbols: Sequence[str], series: Series, span: Span, market: Market
) -> list[messages.SymbolMonths]:
    return [
        messages.SymbolMonths(
            symbol,
            [
                messages.MonthMessage(one.month, one.days, one.stored, one.final, one.partial)
                for one in month_coverage(store, symbol, series, span, market)
            ],
        )
        for symbol in symbols
    ]
