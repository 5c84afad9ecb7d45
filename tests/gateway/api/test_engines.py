"""The engines over HTTP: a route for each of the registry."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from polytape.engines.camarilla import camarilla
from polytape.engines.options import NoOptions
from polytape.engines.registry import ENGINES, HVN, SCAN, SESSION, EngineSpec
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso, to_us
from polytape.model.units import MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.polygon.plans import PlanName
from tests.conftest import DATA, MARKET, NOW, day_span, gateway_of
from tests.fakes.vendor import street
from tests.gateway.conftest import speaking_to
from tests.store.bars import write

every_engine = pytest.mark.parametrize("spec", ENGINES, ids=lambda spec: spec.name)
AS_OF = "2026-11-18T16:30:00Z"


async def post(http: httpx2.AsyncClient, spec: EngineSpec, **body: Any) -> httpx2.Response:
    return await http.post(f"/api/v1{spec.path}", json={"symbol": "AAPL", "as_of": AS_OF} | body)


@every_engine
async def test_every_engine_answers(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    answer = await post(http, spec)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["symbol"] == "AAPL"
    again = await post(http, spec)
    assert again.content == answer.content


@every_engine
async def test_what_is_wrong_is_named(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"symbol": "a/b"}, "symbol"), ({"as_of": "soon"}, "as_of"),
        ({"as_of": "tomorrow"}, "as_of"), ({"as_of": "25:00"}, "as_of"),
        ({"as_of": iso(NOW + MINUTE_US)}, "as_of"),  # today's daily bar would count as complete
    ]  # fmt: skip
    for body, param in wrong:
        answer = await post(http, spec, **body)
        assert (answer.status_code, answer.json()["param"]) == (400, param)
    if spec.options is not NoOptions:
        refused = await post(http, spec, options={next(iter(spec.options.__struct_fields__)): {}})
        assert refused.status_code == 400


async def test_an_instant_may_be_a_word_or_a_time_by_the_gateways_clock(
    http: httpx2.AsyncClient,
) -> None:
    """As in Python and on the command line: a date is where that day begins."""
    before = MARKET.session_before(MARKET.date_of(NOW))
    assert before is not None
    begin = MARKET.day_start(before.day)
    for written, instant in (("yesterday", begin), ("yesterday 9:30", before.open), ("now", NOW)):
        answer = await post(http, SESSION, as_of=written)
        assert answer.json()["session_datetime"] == iso(instant), answer.text


@every_engine
async def test_a_symbol_that_is_not_there(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    answer = await post(http, spec, symbol="ZZZZZZ")
    if spec.name == "session":  # it says so in its own field, as the requirements have it
        assert answer.status_code == 200
        assert "ZZZZZZ" in answer.json()["error"]
    else:
        assert answer.status_code == 404


DAYS = [s.day for s in MARKET.sessions(day_span(date(2026, 9, 1), date(2026, 11, 17)))]


def trending(days: list[date], *, split_on: date | None = None) -> Bars:
    """Daily bars whose true range is 16 dollars; as traded, with a split of 10:1 on a day."""
    stamps = [MARKET.midnight(day) for day in days]
    ratio = np.array([0.1 if split_on is not None and day >= split_on else 1.0 for day in days])
    close = np.array([200.0 + 8.0 * DAYS.index(day) for day in days]) * ratio
    columns = (close, close + 8.0 * ratio, close - 8.0 * ratio, close)
    return Bars.of(stamps, *columns, [100.0] * len(days))


async def session_of(days: list[date], stored: Bars, *, splits: list[Split] | None = None) -> Any:
    """The session of a store with daily bars of some days alone."""
    store = SegmentStore(open_storage("memory"), "import", MARKET)
    for day in days:
        span = day_span(day)
        write(store, "X", stored.within(span), span, NOW, series=Series.DAY)
    if splits is not None:
        Reference(store.storage).put_splits(splits, NOW)
    gateway = Gateway(None, MARKET, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as http:
        body = {"symbol": "X", "as_of": AS_OF}
        answer = (await http.post("/api/v1/engines/session", json=body)).json()
    gateway.close()
    return answer


async def test_an_unadjusted_split_inside_the_atr_is_told() -> None:
    split_on = DAYS[-5]
    stored = trending(DAYS, split_on=split_on)
    as_traded = await session_of(DAYS, stored)
    assert as_traded["basis"]["adjusted"] is False
    assert "no table of splits at hand: prices are as traded" in as_traded["basis"]["line"]
    split = Split(split_on, "X", 1.0, 10.0)
    adjusted = await session_of(DAYS, stored, splits=[split])
    assert adjusted["basis"]["adjusted"] is True
    assert adjusted["basis"]["adjustment"] == f"adjusted for splits: 10:1 on {split_on}"
    assert float(adjusted["daily_atr"]) == pytest.approx(16.0 / 10)
    assert float(as_traded["daily_atr"]) > 10 * float(adjusted["daily_atr"])


@pytest.mark.parametrize("covered", [True, False])
async def test_an_absent_day_inside_the_atr_is_told(covered: bool) -> None:
    absent = DAYS[-4]
    rest = [day for day in DAYS if day != absent]
    answer = await session_of(DAYS if covered else rest, trending(rest), splits=[])
    (days,) = [one for one in answer["basis"]["inputs"] if one["series"] == "1day"]
    named = days["without_bars"] if covered else days["missing"][-1:]
    assert [run["first"] for run in named] == [f"{absent}"]
    assert f"{absent}" in answer["basis"]["line"]
    assert f"{absent}" in answer["error"]
    assert days["with_bars"] == len(rest)
    assert float(answer["daily_atr"]) > 16.4  # 16.00 with that day


async def test_a_store_younger_than_what_would_be_liked_warns_of_nothing() -> None:
    answer = await session_of(DAYS, trending(DAYS), splits=[])
    (days,) = [one for one in answer["basis"]["inputs"] if one["series"] == "1day"]
    assert days["missing"][0]["first"] < f"{DAYS[0]}"  # liked, and said as a field
    assert "1day" not in answer["basis"]["line"]
    assert "1day bars are not held in full" not in answer["error"]
    few = await session_of(DAYS[-10:], trending(DAYS[-10:]), splits=[])
    assert "1day bars are not held in full" in few["basis"]["line"]  # an ATR needs 15


async def test_missing_history_is_noted_not_refused(market: Market, synthetic: Synthetic) -> None:
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    span = day_span(MARKET.date_of(NOW).replace(day=2), MARKET.date_of(NOW).replace(day=17))
    for series in Series:
        bars = synthetic.bars(series_query("AAPL", series, span)).bars
        write(store, "AAPL", bars, span, NOW, series=series)
    gateway = Gateway(None, market, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as http:
        body = {"symbol": "AAPL", "as_of": AS_OF}
        answer = (await http.post("/api/v1/engines/fractals", json=body)).json()
    assert "1min bars are not held in full" in answer["basis"]["line"]
    assert answer["basis"]["made_up"]
    gateway.close()


@pytest.mark.socket
@pytest.mark.parametrize("plan", ["basic", None])
def test_a_plan_that_does_not_reach_back_is_named(plan: PlanName | None, market: Market) -> None:
    """By its name, else as the vendor refuses it, with the next step: not only that bars lack."""
    with street(NOW, plan="basic") as wall:
        gateway = gateway_of(wall.source(plan).upstream(), market)
        with running(create_app(gateway)) as url:
            body = {"symbol": "AAPL", "as_of": "2024-01-03T19:30:00Z"}
            answer = httpx2.post(f"{url}/api/v1{SCAN.path}", json=body, timeout=20).json()
    line = answer["basis"]["line"]
    if plan is None:
        assert "the key's plan does not reach back to these dates" in line
        assert "upgrade your plan" in line
    else:
        assert line.count("the basic plan holds 2 years: nothing before 2024-11-23") == 1
        assert line.endswith(
            "; polytape history import brings in older bars, a larger plan has more"
        )


# Presets, and prices as traded


async def test_over_http_an_option_that_is_named_wins_over_the_preset(
    http: httpx2.AsyncClient,
) -> None:
    """Be it with its default; an unknown preset names those that there are."""

    async def nodes(**options: Any) -> tuple[int, dict[str, Any]]:
        answer = (await post(http, HVN, options=options)).json()
        return sum(len(one["hvns"]) for one in answer["profiles"].values()), answer

    usual, _ = await nodes()
    classic, answer = await nodes(preset="classic")
    assert classic > usual
    assert (answer["preset"], list(answer["anchors"])) == ("classic", ["7", "14", "30"])
    named, answer = await nodes(preset="classic", percentile=80.0)
    assert named == usual
    assert (answer["preset"], len(answer["anchors"])) == ("classic", 3)
    wrong = await post(http, HVN, options={"preset": "older"})
    assert (wrong.status_code, wrong.json()["param"]) == (400, "preset")
    assert "one of classic" in wrong.json()["detail"]


async def test_prices_as_traded_are_those_that_were_traded() -> None:
    """Before a split of 10:1: pivots of the stored bars themselves, as no one adjusted them."""
    split_on, as_of = DAYS[-5], f"{DAYS[-6]}T20:00:00Z"
    stored = trending(DAYS, split_on=split_on)
    store = SegmentStore(open_storage("memory"), "import", MARKET)
    write(store, "X", stored, day_span(DAYS[0], DAYS[-1]), NOW, series=Series.DAY)
    Reference(store.storage).put_splits([Split(split_on, "X", 1.0, 10.0)], NOW)
    gateway = Gateway(None, MARKET, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as http:
        body = {"symbol": "X", "as_of": as_of, "options": {"as_traded": True}}
        before = (await http.post("/api/v1/engines/camarilla", json=body)).json()
        body["as_of"] = AS_OF
        after = (await http.post("/api/v1/engines/camarilla", json=body)).json()
    gateway.close()
    bar = stored.take(slice(DAYS.index(split_on) - 2, DAYS.index(split_on) - 1))
    traded = camarilla(float(bar.high[0]), float(bar.low[0]), float(bar.close[0])).levels
    day = before["pivots"]["day"]
    assert day["levels_as_traded"] == pytest.approx(traded)
    assert day["levels"] == pytest.approx({name: price / 10 for name, price in traded.items()})
    assert (day["close_as_traded"], before["split_factor"]) == (pytest.approx(bar.close[0]), 10.0)
    assert before["basis"]["splits"] == [
        {
            "at": iso(MARKET.day_start(split_on)),
            "day": f"{split_on}",
            "split_from": 1.0,
            "split_to": 10.0,
        }
    ]
    assert after["split_factor"] == 1.0
    assert after["pivots"]["day"]["levels_as_traded"] == after["pivots"]["day"]["levels"]


@pytest.mark.realdata
async def test_apples_levels_before_its_split_of_seven_to_one(tmp_path: Path) -> None:
    """On 2014-06-06, the last session before it, in today's shares and as they were traded."""
    table = tmp_path / "splits.csv"
    table.write_text("ticker,execution_date,split_from,split_to\nAAPL,2014-06-09,1,7\n")
    source = FlatFiles(DATA, MARKET, table)
    gateway = gateway_of(source.upstream(), MARKET)
    async with speaking_to(create_app(gateway)) as http:
        body = {"symbol": "AAPL", "as_of": "2014-06-06T19:00:00Z", "options": {"as_traded": True}}
        answer = (await http.post("/api/v1/engines/zones", json=body)).json()
    gateway.close()
    span = day_span(date(2014, 6, 5), date(2014, 6, 6))
    minutes = source.bars(series_query("AAPL", Series.MINUTE, span)).bars
    days = source.bars(series_query("AAPL", Series.DAY, span)).bars
    zones = {zone["name"]: zone for zone in answer["zones"]}
    last = minutes.within(Span(span.start, to_us(datetime(2014, 6, 6, 19, tzinfo=UTC)))).close[-1]
    assert answer["price_as_traded"] == pytest.approx(float(last))
    assert answer["price"] == pytest.approx(float(last) / 7)
    assert 640 < answer["price_as_traded"] < 660
    for name, price in (("PDH", days.high[0]), ("PDL", days.low[0]), ("PDC", days.close[0])):
        assert zones[name]["level_as_traded"] == pytest.approx(float(price))
