"""What `polytape watch` asks a client for: today's bars and what they are compared with, zones."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from polytape.engines.as_of import DAYS_BACK_DAYS
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.options import MINUTES_BACK_DAYS, ScanOptions
from polytape.engines.relative_volume import UsualVolume, usual_volume
from polytape.engines.scanner import scan_flow
from polytape.engines.validation import as_bars
from polytape.engines.vwap import session_bars
from polytape.errors import PolygonClientError
from polytape.model.bars import Bars

if TYPE_CHECKING:
    from polytape.client.sync import PolygonClient


@dataclass(frozen=True, slots=True)
class Task:
    """Something to fetch of a symbol: zones as of an instant (microseconds UTC), history that goes
    on to it at least.
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
    """The zones of a symbol at `as_of` (microseconds UTC), and the daily ATR in dollars. `errors`
    says what they lack.
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


def market_now(status: dict[str, object], fallback: int) -> int:
    """A gateway's own time (microseconds UTC) by its `/status`: that of a replay or of a fast
    market is not the wall's. The fallback, where it does not say.
    """
    started, uptime = status.get("started_at"), status.get("uptime_seconds")
    if not isinstance(started, str) or not isinstance(uptime, int | float):
        return fallback
    moment = datetime.fromisoformat(started) + timedelta(seconds=uptime)
    return int(moment.timestamp() * 1e6)


def perform(client: "PolygonClient", task: Task, now: int) -> Result:
    """The result of a task at `now` (microseconds UTC of the gateway's market), or its failure."""
    try:
        if task.what == "zones":
            return _zones(client, task)
        return _history(client, task.symbol, max(now, task.as_of))
    except PolygonClientError as error:
        return Failure(task, error)


def _history(client: "PolygonClient", symbol: str, now: int) -> History:
    # As much as the scanner reads: what is fetched for one serves the other.
    market = client.market
    today = market.date_of(now)
    first = today - timedelta(days=MINUTES_BACK_DAYS)
    minutes = as_bars(client.fetch_table(symbol, first, today, "1min"))
    if not len(minutes):
        return History(symbol, None, minutes, None, usual_volume(minutes, today, market=market))
    day = market.date_of(int(minutes.timestamp[-1]))
    before = day - timedelta(days=1)
    daily_from = day - timedelta(days=DAYS_BACK_DAYS)
    days = client.fetch_bars(symbol, daily_from, before, "1day")
    return History(
        symbol,
        day,
        session_bars(minutes, market=market),
        float(days["close"].iloc[-1]) if len(days) else None,
        usual_volume(minutes, day, market=market),
    )


def _zones(client: "PolygonClient", task: Task) -> SymbolZones:
    # By its flow: the market of a gateway with a clock of its own may be ahead of this machine's,
    # which the scanner would take for the future.
    scan = client.run(scan_flow(task.symbol, task.as_of, client.market, ScanOptions()))
    errors = (*(f"{name}: {why}" for name, why in scan.errors.items()), *scan.notes)
    lacks = () if scan.basis is None else scan.basis.lacks
    errors = (*errors, *lacks)
    return SymbolZones(task.symbol, task.as_of, scan.zones, scan.atr_day, errors)
