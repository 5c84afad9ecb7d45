"""What a trader wants to know of a symbol at one instant of a session, and could know then."""

from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict, cast

from polytape.engines.as_of import complete, days_query, minutes_query, sessions_back, stale
from polytape.engines.atr import atr
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.options import MINUTES_BACK_DAYS, NoOptions
from polytape.engines.result import Shown, basis_remark, basis_words, facts_of, new_york
from polytape.errors import NotFoundError
from polytape.model import timestamps
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.market import Market
from polytape.model.money import money
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.units import MINUTE_US

PERIOD = 14
DAYS_BACK_DAYS = 365
# 15 bars of two hours are two days from 04:00 to 20:00, and a part of one that closes early.
NEEDED_MINUTE_SESSIONS = 3
DECIMALS = 6
RANGES = {
    "atr_5min": Timeframe.MIN_5,
    "atr_15min": Timeframe.MIN_15,
    "atr_2hour": Timeframe.MIN_120,
    "daily_atr": Timeframe.DAY,
}


class SessionFields(TypedDict):
    """`SessionData` as a dictionary."""

    symbol: str
    session_datetime: datetime
    current_price: Decimal | None
    pre_market_price: Decimal | None
    open_price: Decimal | None
    atr_5min: Decimal | None
    atr_15min: Decimal | None
    atr_2hour: Decimal | None
    daily_atr: Decimal | None
    atr_high: Decimal | None
    atr_low: Decimal | None
    error: str | None
    basis: dict[str, object] | None


@dataclass(frozen=True)
class SessionData(Shown):
    """All prices and ranges in dollars, None where they could not be known. Nothing in it was
    incomplete at `session_datetime` (UTC). `error` says what was missing, `basis` what its bars
    stand on (None where that is unknown); `drawn` is what `plot` shows beside it.

    Split-adjusted bars give the price of a past instant in today's shares, as `fetch_bars` does.
    Rounded to 6 decimals.
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
    basis: Basis | None = None
    drawn: Drawn | None = field(default=None, kw_only=True, repr=False, compare=False)

    def to_dict(self) -> SessionFields:  # type: ignore[override] # a narrower kind of dictionary
        """The fields by name."""
        basis = None if self.basis is None else self.basis.to_dict()
        return cast("SessionFields", self._known() | {"basis": basis})

    @property
    def price(self) -> float | None:
        """The last price, as a picture has it."""
        return None if self.current_price is None else float(self.current_price)

    def facts(self) -> list[str]:
        """Of when it is, and what kind of prices it stands on, in a few words each."""
        return facts_of(self.session_datetime, self.basis)

    def remarks(self) -> list[str]:
        """What was missing."""
        return [text for text in (self.error, basis_remark(self.basis)) if text]

    def _known(self) -> dict[str, object]:
        return {one.name: getattr(self, one.name) for one in fields(self) if one.compare}

    def noting(self, text: str) -> "SessionData":
        """The same with something more that was missing."""
        return replace(self, error="; ".join(filter(None, (self.error, text))))

    def standing_on(self, basis: Basis) -> "SessionData":
        """The same with the basis of its bars; what is missing of what it needs is an error."""
        missing = "; ".join(filter(None, (self.error, *basis.lacks)))
        return replace(self, error=missing or None, basis=basis)

    def __repr__(self) -> str:
        prices = [
            f"{name.removesuffix('_price').replace('_', ' ')} {value:.{2 if value >= 1 else 4}f}"
            for name, value in self._known().items()
            if isinstance(value, Decimal)
        ]
        head = f"{self.symbol} at {new_york(self.session_datetime)}"
        text = f"{head}: {', '.join(prices) or 'no prices'}"
        lines = (text, self.error or "", basis_words(self.basis))
        return "\n  ".join(line for line in lines if line)


def session_flow(
    symbol: str,
    as_of: int,
    market: Market,
    options: NoOptions,  # noqa: ARG001 - every flow takes its options
) -> EngineFlow[SessionData]:
    """Session data at `as_of` (microseconds UTC), from 30 days of minutes and a year of daily bars
    before it.

    Intraday ATRs are Wilder 14 of bars complete then, extended hours included; the daily one is of
    the days before. `open_price` is the open of the 09:30 minute once that is complete, which is
    the official open. A symbol that does not exist is reported in `error`.
    """
    needed = sessions_back(as_of, market, NEEDED_MINUTE_SESSIONS)
    try:
        minutes, days = yield (
            replace(minutes_query(symbol, as_of, market), needed_from=needed),
            days_query(symbol, as_of, market, DAYS_BACK_DAYS),
        )
    except NotFoundError as error:
        return SessionData(symbol, timestamps.to_datetime(as_of), error=error.detail)
    known = complete(minutes, Timeframe.MIN_1, as_of, market)
    data = _session_data(symbol, as_of, known, days, market)
    before = market.session_before(market.date_of(as_of))
    shown = known if before is None else known.within(Span(before.extended.start, as_of))
    return replace(data, drawn=Drawn.of_minutes(shown, as_of, market))


def _session_data(symbol: str, at: int, minutes: Bars, days: Bars, market: Market) -> SessionData:
    day = market.date_of(at)
    missing: list[str] = []
    if not len(minutes):
        missing.append(f"no minute bar in the {MINUTES_BACK_DAYS} days before {new_york(at)}")
    else:
        missing += _price_of_another_day(minutes, at, market)
    if market.session(day) is None:
        last = market.session_before(day)
        levels = "" if last is None else f"; levels of {last.day:%a %Y-%m-%d}"
        missing.append(f"{day} is no trading day ({market.why_closed(day)}){levels}")
    ranges, lacks = _ranges(minutes, days, at, market)
    before, regular = _around_the_open(minutes, day, market)
    data = SessionData(
        symbol=symbol,
        session_datetime=timestamps.to_datetime(at),
        current_price=_last_close(minutes),
        pre_market_price=_last_close(before),
        open_price=_first_open(regular),
        atr_5min=ranges["atr_5min"],
        atr_15min=ranges["atr_15min"],
        atr_2hour=ranges["atr_2hour"],
        daily_atr=ranges["daily_atr"],
        error="; ".join([*missing, *lacks]) or None,
    )
    price, daily = data.current_price, data.daily_atr
    if price is None or daily is None:
        return data
    return replace(data, atr_high=price + daily, atr_low=price - daily)


def _price_of_another_day(minutes: Bars, at: int, market: Market) -> tuple[str, ...]:
    """That the last price is older than it seems: before the day's first hour it may be of the
    session before, later of that day alone.
    """
    session = market.session(market.date_of(at))
    last = market.date_of(int(minutes.timestamp[-1]))
    # The first minute is complete a minute after the first hour began.
    if session is None or at < session.extended.start + MINUTE_US or last >= session.day:
        return stale(minutes, at, market, "minute")
    return (f"no minute bar of {session.day} before {new_york(at)}, the price is of {last}",)


def _ranges(
    minutes: Bars, days: Bars, at: int, market: Market
) -> tuple[dict[str, Decimal | None], list[str]]:
    """The ATRs by name, None where there are too few bars, and what is missing for those."""
    ranges: dict[str, Decimal | None] = {}
    lacks = []
    for name, timeframe in RANGES.items():
        stored = days if timeframe is Timeframe.DAY else minutes
        bars = complete(resample(stored, timeframe, market=market), timeframe, at, market)
        reading = atr(bars, period=PERIOD)
        ranges[name] = None if reading.last is None else money(reading.last, DECIMALS)
        if reading.last is None:
            counts = f"{reading.needed} complete {timeframe} bars, there are {len(bars)}"
            lacks.append(f"{name} needs {counts}")
    return ranges, lacks


def _around_the_open(minutes: Bars, day: date, market: Market) -> tuple[Bars, Bars]:
    """The minutes of `day` before the opening bell, and those from it to the closing bell."""
    session = market.session(day)
    if session is None:
        return Bars.empty(), Bars.empty()
    before = minutes.within(Span(session.extended.start, session.open))
    return before, minutes.within(session.regular)


def _last_close(bars: Bars) -> Decimal | None:
    return money(float(bars.close[-1]), DECIMALS) if len(bars) else None


def _first_open(bars: Bars) -> Decimal | None:
    return money(float(bars.open[0]), DECIMALS) if len(bars) else None
