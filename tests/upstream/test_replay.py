"""Nothing of a replay is from after its now: it answers as a gateway over a store cut there."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx2
import numpy as np
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.history.stored_source import StoredSource
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.coverage import Coverage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.replay import replayed
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW, day_span
from tests.gateway.conftest import speaking_to

DAY, BEFORE, AFTER = date(2024, 7, 3), date(2024, 6, 24), date(2024, 7, 8)
FIRST_DAILY = date(2023, 6, 1)
SYMBOLS = ("AAPL", "SPY")
SPLITS = (
    Split(date(2024, 6, 27), "AAPL", 1, 2),
    Split(date(2024, 7, 5), "AAPL", 1, 4),
)
FETCHED_AT = NOW
# 2024-07-03 closes at 13:00; its post-market ends at 17:00.
INSTANTS = (
    "04:00", "09:29:59.999999", "09:30", "09:30:59.999999", "09:31", "11:07:30", "13:00",
    "13:01", "16:59:59", "17:00",
)  # fmt: skip


def at(text: str) -> int:
    return parse_instant(f"{DAY} {text} America/New_York", "at", MARKET)


def recorded(series: Series, symbol: str) -> Bars:
    """What the whole store has: days of a year, minutes of two weeks, the replayed day inside."""
    first = FIRST_DAILY if series is Series.DAY else BEFORE
    source = Synthetic(MARKET, lambda: NOW)
    return source.bars(series_query(symbol, series, day_span(first, AFTER))).bars


def ended(series: Series, start: int, now: int) -> bool:
    """The slow rule: whether everything that a bar counts has been traded."""
    if series is Series.MINUTE:
        return start + MINUTE_US <= now
    session = MARKET.session(MARKET.date_of(start))
    assert session is not None
    return session.extended.end <= now


def store_through(now: int) -> SegmentStore:
    """A store that was filled up to an instant, and not since."""
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    for series in Series:
        parts = {}
        for symbol in SYMBOLS:
            bars = recorded(series, symbol)
            parts[symbol] = bars.take(
                np.array([ended(series, s, now) for s in bars.timestamp.tolist()], bool)
            )
        first = FIRST_DAILY if series is Series.DAY else BEFORE
        whole = day_span(first, AFTER)
        until = now
        if series is Series.DAY:
            today = MARKET.day_span(MARKET.date_of(now))
            until = today.end if ended(series, today.start, now) else today.start
        coverage = [Coverage(None, whole.until(until), FETCHED_AT, True)]
        store.write(series, MarketBars.of(parts), coverage)
    executed = [split for split in SPLITS if split.execution_date <= MARKET.date_of(now)]
    Reference(store.storage).put_splits(executed, FETCHED_AT)
    return store


def gateway_at(now: int, upstream: Upstream | None, store: SegmentStore | None = None) -> Gateway:
    return Gateway(upstream, MARKET, lambda: now, Budget.of(1_000, 1.0), store)


@pytest.fixture(scope="module")
def whole() -> SegmentStore:
    """The store that is replayed: it has what comes after the day, too."""
    return store_through(NOW)


def replay_at(now: int, store: SegmentStore) -> Gateway:
    source = StoredSource(store, MARKET, MARKET.day_span(DAY).end)
    upstream = replayed(source.upstream(), MARKET, lambda: now)
    return gateway_at(now, Upstream(upstream.name, upstream.bars, upstream.reference,
                                    upstream.made_up, upstream.days))  # fmt: skip


def bars_paths() -> list[str]:
    frames = ("1min", "5min", "15min", "60min", "240min", "1day", "1week", "1month")
    spans = (
        f"start_date={DAY}&end_date={DAY}",
        f"start_date=2024-06-25&end_date={AFTER}",
        f"start_date={DAY + timedelta(days=1)}&end_date={AFTER}",
    )
    options = ("", "&include_extended=false", "&adjusted=false", "&limit=3&validate=true")
    return [
        f"/api/v1/bars?symbol=AAPL&timeframe={frame}&{span}{option}"
        for frame in frames
        for span in spans
        for option in options
    ]


GETS = [
    *bars_paths(),
    "/api/v1/bars?symbol=AAPL&timeframe=1min",
    f"/api/v1/bars?symbol=AAPL&timeframe=1min&start_date=2024-05-01&end_date={DAY}&allow_partial=true",
    f"/api/v1/bars?symbol=AAPL&timeframe=1min&start_date=2024-05-01&end_date={DAY}",
    f"/api/v1/bars?symbol=NOPE&timeframe=1min&start_date={DAY}&end_date={DAY}",
    "/api/v1/latest/AAPL", "/api/v1/latest/SPY", "/api/v1/latest/NOPE",
    "/api/v1/search?query=A",
    f"/v2/aggs/ticker/AAPL/range/1/minute/2024-07-01/{AFTER}",
    f"/v2/aggs/ticker/AAPL/range/1/day/2024-01-01/{AFTER}?sort=desc",
    f"/v2/aggs/ticker/AAPL/range/1/week/2024-01-01/{AFTER}?adjusted=false",
    "/v2/aggs/ticker/AAPL/prev", f"/v1/open-close/AAPL/{DAY}", "/v1/open-close/AAPL/2024-07-02",
    f"/v2/aggs/grouped/locale/us/market/stocks/{DAY}",
    f"/v2/aggs/grouped/locale/us/market/stocks/{AFTER}",
    "/v2/aggs/grouped/locale/us/market/stocks/2024-07-02",
    "/v2/snapshot/locale/us/markets/stocks/tickers/AAPL",
    "/v3/reference/splits?ticker=AAPL", "/v3/reference/tickers", "/v3/reference/tickers/AAPL",
    "/v1/marketstatus/now", "/v1/marketstatus/upcoming",
]  # fmt: skip
ENGINES = (
    "/api/v1/scan", "/api/v1/engines/fractals", "/api/v1/engines/hvn", "/api/v1/engines/camarilla",
    "/api/v1/engines/zones", "/api/v1/engines/session",
)  # fmt: skip
POSTS: list[tuple[str, dict[str, Any]]] = [
    *((path, {"symbol": "AAPL"}) for path in ENGINES),
    *((path, {"symbol": "AAPL", "as_of": f"{AFTER}T15:00:00Z"}) for path in ENGINES),
    ("/api/v1/validate", {"symbols": ["AAPL", "NOPE"], "detailed": True}),
]


async def answers(gateway: Gateway) -> AsyncIterator[tuple[str, int, Any]]:
    """What every route says."""
    async with speaking_to(create_app(gateway)) as http:
        for path in GETS:
            yield path, *_said(await http.get(path))
        for path, body in POSTS:
            yield f"{path} {body}", *_said(await http.post(path, json=body))
    gateway.close()


def _said(response: httpx2.Response) -> tuple[int, Any]:
    """A status and a body, without what is an answer's own, and without the words of remarks."""
    body = response.json()
    if isinstance(body, dict):
        body.pop("request_id", None)
        if response.status_code != 200:
            return response.status_code, None
        if isinstance(body.get("metadata"), dict):
            del body["metadata"]["notes"], body["metadata"]["basis"]["notes"]
    return response.status_code, body


SOME = ("09:30:59.999999", "13:01", "17:00")
ALL = [i if i in SOME else pytest.param(i, marks=pytest.mark.long) for i in INSTANTS]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("instant", ALL)
async def test_every_route_answers_as_over_a_store_that_was_cut_there(
    instant: str, whole: SegmentStore
) -> None:
    """Bars, prices, engines, the vendor's dialect: at each instant of the day."""
    now = at(instant)
    twin = gateway_at(now, None, store_through(now))
    expected = [answer async for answer in answers(twin)]
    got = [answer async for answer in answers(replay_at(now, whole))]
    for (path, *ours), (_, *theirs) in zip(got, expected, strict=True):
        assert ours == theirs, path
    assert sum(status == 200 for _, status, _ in got) > len(got) * 0.9


async def test_the_days_own_bar_is_made_from_minutes_until_all_is_traded(
    whole: SegmentStore,
) -> None:
    """And says so; the official bar, with its volume, is there once the post-market has ended."""
    path = f"/api/v1/bars?symbol=AAPL&timeframe=1day&start_date={DAY}&end_date={DAY}"
    rows, notes = [], []
    for instant in ("09:30", "09:31", "13:01", "16:59:59", "17:00"):
        gateway = replay_at(at(instant), whole)
        async with speaking_to(create_app(gateway)) as http:
            body = (await http.get(path)).json()
        rows.append(body["data"])
        notes.append(any("is not over" in note for note in body["metadata"]["notes"]))
        gateway.close()
    assert [len(data) for data in rows] == [0, 1, 1, 1, 1]
    assert notes == [False, True, True, True, False]
    volumes = [data[0]["volume"] for data in rows[1:]]
    assert volumes == sorted(volumes)
    assert volumes[-1] > volumes[-2] * 1.1


@pytest.mark.parametrize("made_up", [True, False])
async def test_a_replay_of_another_source_does_not_see_further(made_up: bool) -> None:
    """The cut is the same, whatever is behind it."""
    source = Synthetic(MARKET, lambda: NOW)
    upstream = source.upstream()
    now = at("11:07:30")
    replay = replayed(Upstream("x", source, source, made_up), MARKET, lambda: now)
    assert replay.made_up is made_up
    assert replay.days is None
    minutes = replay.bars.bars(series_query("AAPL", Series.MINUTE, day_span(DAY, AFTER))).bars
    assert minutes.timestamp[-1] == at("11:06")
    assert replay.bars.last_bar("AAPL").same(minutes.last(1))
    assert len(upstream.reference.splits("AAPL") or ()) >= len(
        replay.reference.splits("AAPL") or ()
    )
    assert all(s.execution_date <= DAY for s in replay.reference.cached_splits("AAPL") or ())


def test_before_the_first_minute_the_last_bar_is_of_the_day_before(whole: SegmentStore) -> None:
    """Also after a weekend."""
    source = StoredSource(whole, MARKET, MARKET.day_span(DAY).end).upstream()
    replay = replayed(source, MARKET, lambda: at("04:00"))
    last = replay.bars.last_bar("AAPL")
    assert MARKET.date_of(int(last.timestamp[0])) == date(2024, 7, 2)
    monday = MARKET.midnight(date(2024, 7, 1))
    replay = replayed(source, MARKET, lambda: monday)
    last = replay.bars.last_bar("AAPL")
    assert MARKET.date_of(int(last.timestamp[0])) == date(2024, 6, 28)
    assert Span(0, monday).end > int(last.timestamp[0])


LONG = xnys(long_day_from=date(2024, 7, 1))


@pytest.mark.parametrize("clock", ["07-02 19:59", "07-02 20:30", "07-02 23:59", "07-03 10:00",
                                   "07-03 17:30", "07-03 20:15"])  # fmt: skip
def test_a_replay_of_a_long_day_is_cut_by_trade_dates(clock: str) -> None:
    """In the evening the next one has begun: its midnight lies ahead, its minutes are there."""
    now = parse_instant(f"2024-{clock} America/New_York", "now", MARKET)
    source = Synthetic(LONG, lambda: NOW)
    replay = replayed(source.upstream(), LONG, lambda: now)
    span = LONG.day_span(DAY)
    whole = source.bars(series_query("SPY", Series.MINUTE, Span(now - 5 * DAY_US, now))).bars
    past = whole.take(whole.timestamp + MINUTE_US <= now)
    assert replay.bars.last_bar("SPY").same(past.last(1))
    minutes = replay.bars.bars(series_query("SPY", Series.MINUTE, span)).bars
    assert minutes.same(past.within(span))
    days = replay.bars.bars(series_query("SPY", Series.DAY, Span(span.start, span.end))).bars
    over = now >= parse_instant(f"{DAY} 17:00 America/New_York", "end", MARKET)
    if over:
        official = source.bars(series_query("SPY", Series.DAY, span)).bars
        assert days.same(official)
    else:
        assert days.same(days_from_minutes(minutes, LONG))


def test_a_forming_bar_does_not_depend_on_where_a_query_ends() -> None:
    """Its day is asked for up to eleven, or from midnight on: the bar is that of the whole day so
    far.
    """
    now = parse_instant(f"{DAY} 12:00 America/New_York", "now", MARKET)
    for market in (MARKET, LONG):
        replay = replayed(Synthetic(market, lambda: NOW).upstream(), market, lambda: now)
        midnight, day = market.midnight(DAY), market.day_span(DAY)
        answers = [
            replay.bars.bars(series_query("SPY", Series.DAY, span)).bars
            for span in (day, Span(midnight, now - HOUR_US), Span(midnight, day.end))
        ]
        assert len(answers[0]) == 1
        assert all(bars.same(answers[0]) for bars in answers)
