"""What a trader wants to know of a symbol at one instant of a session, and could know then."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from polytape.engines.atr import atr
from polytape.engines.result import EngineFlow
from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, iso, midnight, to_datetime
from polytape.model.query import BarsQuery
from polytape.model.resample import bar_ends, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe

PERIOD = 14
MINUTES_BACK_DAYS = 30
DAYS_BACK_DAYS = 365
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class SessionData:
    """All prices and ranges in dollars, None where they could not be known. Nothing in it was
    incomplete at `session_datetime` (UTC). `error` says what was missing.

    Prices are in the shares of the bars that were asked for: split-adjusted bars give the price of
    a past instant in today's shares, as `fetch_bars` does. Rounded to 6 decimals.
    """

    symbol: str
    session_datetime: datetime
    current_price: Decimal | None = None
    pre_market_price: Decimal | None = None
    open_price: Decimal | None = None
    atr_5min: Decimal | None = None
    atr_15min: Decimal | None = None
    atr_2hour: Decimal | None = None
    daily_atr: Decimal | None = None
    atr_high: Decimal | None = None
    atr_low: Decimal | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def noting(self, text: str) -> "SessionData":
        """The same with something more that was missing."""
        return replace(self, error="; ".join(filter(None, (self.error, text))))


def session_data(symbol: str, at: int, *, market: Market) -> EngineFlow[SessionData]:
    """Asks for 30 days of minutes and a year of days before `at` (microseconds UTC).

    Intraday ATRs are Wilder 14 of bars complete at `at`, extended hours in; the daily one of the
    days before. `open_price` is the open of the 09:30 minute once that is complete, which is the
    official open. A symbol that does not exist is told in `error`.
    """
    day = date_of(at)
    first = midnight(day - timedelta(days=MINUTES_BACK_DAYS))
    earliest = midnight(day - timedelta(days=DAYS_BACK_DAYS))
    try:
        minutes, days = yield (
            BarsQuery(symbol, Timeframe.MIN_1, Span(first, at)),
            BarsQuery(symbol, Timeframe.DAY, Span(earliest, midnight(day))),
        )
    except NotFoundError as error:
        return SessionData(symbol, to_datetime(at), error=error.detail)
    return _at(symbol, at, complete(minutes, Timeframe.MIN_1, at), days, market)


def complete(bars: Bars, timeframe: Timeframe, at: int) -> Bars:
    """The bars that were complete at an instant: those that end at or before it."""
    return bars.take(bar_ends(bars.timestamp, timeframe) <= at)


def decimal(value: float | None, decimals: int | None = None) -> Decimal | None:
    """Money from the shortest decimal text of a float."""
    if value is None:
        return None
    return Decimal(repr(float(value if decimals is None else round(value, decimals))))


def _at(symbol: str, at: int, minutes: Bars, days: Bars, market: Market) -> SessionData:
    day = date_of(at)
    missing: list[str] = []
    if not len(minutes):
        missing.append(f"no minute bar in the {MINUTES_BACK_DAYS} days before {iso(at)}")
    if market.session(day) is None:
        missing.append(f"{day} is no trading day ({market.why_closed(day)})")
    ranges = {
        name: _range(resample(minutes, timeframe, market=market), timeframe, at, name, missing)
        for name, timeframe in (
            ("atr_5min", Timeframe.MIN_5),
            ("atr_15min", Timeframe.MIN_15),
            ("atr_2hour", Timeframe.MIN_120),
        )
    }
    daily = _range(days, Timeframe.DAY, at, "daily_atr", missing)
    current = decimal(float(minutes.close[-1]), DECIMALS) if len(minutes) else None
    pre_market, opening = _around_the_open(minutes, day, market)
    price = current if current is not None else pre_market
    known = price is not None and daily is not None
    return SessionData(
        symbol=symbol,
        session_datetime=to_datetime(at),
        current_price=current,
        pre_market_price=pre_market,
        open_price=opening,
        **ranges,
        daily_atr=daily,
        atr_high=price + daily if known else None,  # type: ignore[operator]
        atr_low=price - daily if known else None,  # type: ignore[operator]
        error="; ".join(missing) or None,
    )


def _range(
    bars: Bars, timeframe: Timeframe, at: int, name: str, missing: list[str]
) -> Decimal | None:
    found = atr(complete(bars, timeframe, at), period=PERIOD)
    if found.last is None:
        held = len(found.values)
        missing.append(f"{name} needs {found.needed} complete {timeframe} bars, there are {held}")
    return decimal(found.last, DECIMALS)


def _around_the_open(
    minutes: Bars, day: date, market: Market
) -> tuple[Decimal | None, Decimal | None]:
    """The last price before the bell and the official open of `day`, from complete minutes."""
    session = market.session(day)
    if session is None:
        return None, None
    before = minutes.within(Span(session.extended.start, session.open))
    regular = minutes.within(session.regular)
    last = decimal(float(before.close[-1]), DECIMALS) if len(before) else None
    return last, decimal(float(regular.open[0]), DECIMALS) if len(regular) else None
