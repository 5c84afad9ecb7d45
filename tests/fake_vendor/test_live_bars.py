"""Events out of the market that REST answers from: both tell the same."""

import json
from typing import Any

import pytest

from polytape.fake_vendor.answers import Json, Query
from polytape.fake_vendor.live_bars import LATE_US, LateClock, LiveBars, minutes_wanted
from polytape.fake_vendor.market import FakeBar, FakeMarket
from polytape.fake_vendor.routes import Routes
from polytape.model.units import MINUTE_US
from polytape.upstream.bar_feed import BarFeed
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.topics import Topic
from tests.conftest import MARKET, NOW
from tests.fake_vendor.streets import UNIVERSE, fake_market, paused_clock

MINUTE_MS = 60_000


def streamed(market: FakeMarket, symbol: str, starts: list[int]) -> list[Json]:
    """What is made of minutes of a symbol."""
    sent: list[list[Json]] = []
    bars = LiveBars(market, sent.append)
    bars.events([MinuteAggregate(symbol, 1, 1, 1, 1, 1, start, 0) for start in starts])
    (batch,) = sent
    return batch


def rest(market: FakeMarket, path: str, query: Query | None = None) -> Any:
    return json.loads(Routes(market).answer(path, query or {}).body)


def minutes_by_rest(market: FakeMarket, symbol: str, start: int, end: int) -> list[Any]:
    path = f"/v2/aggs/ticker/{symbol}/range/1/minute/{start}/{end}"
    results: list[Any] = rest(market, path, {"adjusted": "false"}).get("results", [])
    return results


@pytest.fixture
def market() -> FakeMarket:
    return fake_market(paused_clock())


def test_a_minute_is_the_bar_that_rest_has(market: FakeMarket) -> None:
    """Every field of it, and the trade and its second beside it."""
    start = NOW // 1_000 - 2 * MINUTE_MS
    (row,) = minutes_by_rest(market, "AAPL", start, start)
    trade, second, minute = streamed(market, "AAPL", [start])
    assert [minute[name] for name in ("o", "h", "l", "c", "vw", "s")] == [
        row[name] for name in ("o", "h", "l", "c", "vw", "t")
    ]
    assert (minute["v"], minute["dv"]) == (int(row["v"]), f"{row['v']:.6f}")
    assert minute["e"] == start + MINUTE_MS
    trades = rest(market, "/v3/trades/AAPL")["results"]
    (told,) = [t for t in trades if t["id"] == trade["i"]]
    assert told["sip_timestamp"] // 1_000_000 == trade["t"]
    assert (told["price"], told["sequence_number"]) == (trade["p"], trade["q"])
    assert (trade["s"], float(str(trade["ds"]))) == (0, 0.25)
    assert (second["c"], second["e"]) == (trade["p"], int(str(second["s"])) + 1_000)


def test_a_bar_tells_of_its_day_so_far(market: FakeMarket) -> None:
    """Volume summed, its price averaged by volume, the official open from the bell on."""
    day = market.today()
    bell = market.opening(day)
    minutes = market.minute_bars("AAPL", day)
    before = next(bar for bar in minutes if bar.start < bell)
    last = minutes[-1]
    _, _, early, *_, late = streamed(market, "AAPL", [before.start, last.start])
    assert "op" not in early
    assert late["op"] == next(bar.open for bar in minutes if bar.start >= bell)
    volume = sum(bar.volume for bar in minutes)
    assert (late["av"], late["dav"]) == (int(volume), f"{volume:.6f}")
    turnover = sum((bar.vwap or bar.close) * bar.volume for bar in minutes)
    assert late["a"] == pytest.approx(turnover / volume, abs=1e-4)


def test_events_come_by_minute_and_symbol(market: FakeMarket) -> None:
    """As the vendor's batches do."""
    sent: list[list[Json]] = []
    first = NOW // 1_000 - 2 * MINUTE_MS
    wanted = [(symbol, first + k * MINUTE_MS) for symbol in ("SPY", "AAPL") for k in (0, 1)]
    LiveBars(market, sent.append).events(
        [MinuteAggregate(symbol, 1, 1, 1, 1, 1, start, 0) for symbol, start in wanted]
    )
    bars = [(e["s"], e["sym"]) for e in sent[0] if e["ev"] == "AM"]
    assert bars == sorted((start, symbol) for symbol, start in wanted)


def test_a_minute_is_in_rest_once_it_has_ended() -> None:
    """Not before: nobody knows a minute that runs."""
    clock = paused_clock(NOW + MINUTE_US - 1)
    market = fake_market(clock)
    start = NOW // 1_000
    assert minutes_by_rest(market, "AAPL", start, start) == []
    clock.step(1)
    assert len(minutes_by_rest(market, "AAPL", start, start)) == 1


def test_a_correction_is_in_rest_whether_the_source_has_the_minute_or_not(
    market: FakeMarket,
) -> None:
    """It stands in its place; live bars have no count of trades, REST keeps the old one."""
    start = NOW // 1_000 - 2 * MINUTE_MS
    (old,) = minutes_by_rest(market, "AAPL", start, start)
    night = MARKET.midnight(market.today()) // 1_000
    for at in (start, night):
        bar = {"o": 1, "h": 3, "l": 1, "c": 2, "v": 5, "dv": "5.5", "s": at}
        market.correct("AAPL", FakeBar.of_event(bar))
    (new,) = minutes_by_rest(market, "AAPL", start, start)
    assert (new["c"], new["v"], new["n"], "vw" in new) == (2.0, 5.5, old["n"], False)
    rows = minutes_by_rest(market, "AAPL", night, start)
    assert rows[0] == {"v": 5.5, "o": 1.0, "c": 2.0, "h": 3.0, "l": 1.0, "t": night}
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)
    assert minutes_by_rest(market, "SPY", night, night) == []


def test_a_snapshot_of_the_market_has_each_symbols_last_minute(market: FakeMarket) -> None:
    """Of all symbols, or of those that are named."""
    path = "/v2/snapshot/locale/us/markets/stocks/tickers"
    every = rest(market, path)
    assert (every["status"], [row["ticker"] for row in every["tickers"]]) == ("OK", [*UNIVERSE])
    some = rest(market, path, {"tickers": "SPY,NOSUCH"})
    assert [row["ticker"] for row in some["tickers"]] == ["SPY"]
    (last,) = minutes_by_rest(market, "SPY", NOW // 1_000 - MINUTE_MS, NOW // 1_000)
    assert some["tickers"][0]["min"]["c"] == last["c"]
    refused = Routes(market, "basic").answer(path, {})
    assert refused.status == 403


def test_minutes_are_read_for_what_is_made_of_them_and_exists() -> None:
    """Trades and seconds, too; quotes are not made up."""
    topics = {Topic("T", "AAPL"), Topic("A", "SPY"), Topic("AM", "NOSUCH"), Topic("Q", "BRK.B")}
    assert minutes_wanted(topics, UNIVERSE) == {Topic("AM", "AAPL"), Topic("AM", "SPY")}
    assert minutes_wanted({Topic("T", "*")}, UNIVERSE) == {Topic("AM", "*")}


def test_a_late_clock_is_a_quarter_of_an_hour_late() -> None:
    """And stands while the other stands."""
    clock = paused_clock()
    late = LateClock(clock, LATE_US)
    assert late.now() == NOW - 15 * MINUTE_US
    assert late.seconds_until(NOW - 15 * MINUTE_US) == 0
    assert late.seconds_until(NOW) is None
    clock.resume()
    assert late.seconds_until(NOW) == 15 * 60
    assert isinstance(BarFeed(fake_market(clock).upstream.bars, late, tuple), BarFeed)
