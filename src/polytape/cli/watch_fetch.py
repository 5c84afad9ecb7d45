"""What `polytape watch` asks a client for: today's bars and what they are compared with, zones."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from polytape.engines.confluence import ConfluenceZone
from polytape.engines.options import ScanOptions
from polytape.engines.relative_volume import SESSIONS, UsualVolume, usual_volume
from polytape.engines.scanner import scan_flow
from polytape.engines.validation import as_bars
from polytape.engines.vwap import session_bars
from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.market import Market

if TYPE_CHECKING:
    from polytape.client.sync import PolygonClient

# Beside those of the usual volume: before the first bar of today the latest day is an earlier one,
# and a thin stock does not trade every day.
SPARE_SESSIONS = 3
# So long ago may the last close of a stock be that is halted.
CLOSE_SESSIONS = 60


@dataclass(frozen=True, slots=True)
class Task:
    """Something to fetch of a symbol: zones as of now, due since an instant (microseconds UTC of
    the market), history that goes on to it at least.
    """

    symbol: str
    what: Literal["history", "zones"]
    as_of: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class History:
    """The minutes of the symbol's latest trading day, and what they are compared with:
    `previous_close` in dollars, None where there is no earlier day. `day` None: it has no bars.
    """

    symbol: str
    day: date | None
    minutes: Bars
    previous_close: float | None
    usual: UsualVolume


@dataclass(frozen=True, eq=False, slots=True)
class SymbolZones:
    """The zones of a symbol that were due at `as_of` (microseconds UTC), and the daily ATR in
    dollars. `errors` says what they lack.
    """

    symbol: str
    as_of: int
    zones: tuple[ConfluenceZone, ...]
    atr_day: float | None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Failure:
    """A task that gave nothing."""

    task: Task
    error: PolygonClientError


Result: TypeAlias = History | SymbolZones | Failure


def perform(client: "PolygonClient", task: Task, now: int) -> Result:
    """The result of a task at `now` (microseconds UTC of the gateway's market), or its failure."""
    try:
        if task.what == "zones":
            return _zones(client, task, now)
        return _history(client, task.symbol, max(now, task.as_of))
    except PolygonClientError as error:
        return Failure(task, error)


def _history(client: "PolygonClient", symbol: str, now: int) -> History:
    market = client.market
    today = market.date_of(now)
    first = _sessions_before(today, SESSIONS + SPARE_SESSIONS, market)
    minutes = as_bars(client.fetch_table(symbol, first, today, "1min"))
    if not len(minutes):
        return History(symbol, None, minutes, None, usual_volume(minutes, today, market=market))
    day = market.date_of(int(minutes.timestamp[-1]))
    before = day - timedelta(days=1)
    daily_from = min(before, _sessions_before(day, CLOSE_SESSIONS, market))
    days = client.fetch_bars(symbol, daily_from, before, "1day")
    return History(
        symbol,
        day,
        session_bars(minutes, market=market),
        float(days["close"].iloc[-1]) if len(days) else None,
        usual_volume(minutes, day, market=market),
    )


def _sessions_before(day: date, count: int, market: Market) -> date:
    """The first of so many sessions before a day."""
    for _ in range(count):
        before = market.session_before(day)
        if before is None:
            return day
        day = before.day
    return day


def _zones(client: "PolygonClient", task: Task, now: int) -> SymbolZones:
    # By its flow: the market of a gateway with a clock of its own may be ahead of this machine's,
    # which the scanner would take for the future.
    scan = client.run(scan_flow(task.symbol, now, client.market, ScanOptions()))
    errors = (*(f"{name}: {why}" for name, why in scan.errors.items()), *scan.notes)
    lacks = () if scan.basis is None else scan.basis.lacks
    errors = (*errors, *lacks)
    return SymbolZones(task.symbol, task.as_of, scan.zones, scan.atr_day, errors)
