"""Events, bars and results for the tests of the watch."""

from datetime import date

from polytape.cli.watch_fetch import History, SymbolZones
from polytape.client.stream_session import StreamNotice
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.relative_volume import usual_volume
from polytape.model.bars import Bars
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import MinuteAggregate
from tests.conftest import MARKET, flat_bars

DAY, BEFORE = date(2024, 7, 2), date(2024, 7, 1)
_session = MARKET.session(DAY)
assert _session is not None
OPEN = _session.open
SUBSCRIBED, HEARTBEAT = StreamNotice("subscribed"), StreamNotice("heartbeat")


def minute(
    count: int, symbol: str = "AAPL", *, close: float = 10.0, volume: float = 50.0
) -> MinuteAggregate:
    """The live bar of the minute that begins `count` minutes after the open."""
    start = (OPEN + count * MINUTE_US) // 1_000
    return MinuteAggregate(symbol, close, close, close, close, volume, start)


def end_of(count: int) -> int:
    """The end of that minute, microseconds UTC."""
    return OPEN + (count + 1) * MINUTE_US


def history(
    minutes: int, symbol: str = "AAPL", *, day: date = DAY, close: float | None = 8.0
) -> History:
    """So many minutes of a day at 10 dollars, 50 shares each; the day before had 100 each."""
    session, before = MARKET.session(day), MARKET.session_before(day)
    assert session is not None
    assert before is not None
    today = flat_bars([session.open + n * MINUTE_US for n in range(minutes)], volume=50.0)
    earlier = flat_bars([before.open + n * MINUTE_US for n in range(390)], volume=100.0)
    return History(symbol, day, today, close, usual_volume(earlier, day, market=MARKET))


def no_history(symbol: str = "AAPL") -> History:
    """Of a symbol without bars."""
    usual = usual_volume(Bars.empty(), DAY, market=MARKET)
    return History(symbol, None, Bars.empty(), None, usual)


def zone(low: float, high: float, level: str = "L3") -> ConfluenceZone:
    """A zone of which only its place and level count."""
    return ConfluenceZone(
        id="z", low=low, high=high, centre=(low + high) / 2, width=high - low, kind="support",
        level=level, score=1.0, distance=0.0, distance_percent=0.0, distance_atr=0.0, parts=(),  # type: ignore[arg-type]
        votes=(), families=(), has_swing=False, touches=0, recency=None, candle=None,
    )  # fmt: skip


def zones(
    *every: ConfluenceZone, as_of: int, atr_day: float | None = 2.0, errors: tuple[str, ...] = ()
) -> SymbolZones:
    """Zones of AAPL."""
    return SymbolZones("AAPL", as_of, every, atr_day, errors)
