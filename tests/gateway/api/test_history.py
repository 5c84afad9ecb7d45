"""History over HTTP: the same as by command."""

from collections.abc import AsyncIterator
from io import BytesIO

import httpx2
import pytest
from pyarrow import parquet

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import xnys
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW
from tests.gateway.conftest import MakeGateway, speaking_to

HISTORY = "/api/v1/history"
WEEK = {"symbols": ["AAPL", "ZZZZZZ"], "start_date": "2024-07-01", "end_date": "2024-07-05"}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    market = xnys()
    upstream = Synthetic(market, lambda: NOW).upstream()
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    gateway = Gateway(upstream, market, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as client:
        yield client
    gateway.close()


async def test_fill_look_check_tidy_and_forget(http: httpx2.AsyncClient) -> None:
    counted = (await http.post(f"{HISTORY}/backfill", json=WEEK | {"dry_run": True})).json()
    assert counted | {"questions": 2, "bars": 0, "failed": []} == counted
    assert (counted["requests"], counted["why"]) == (0, "each symbol is asked for by itself")
    filled = (await http.post(f"{HISTORY}/backfill", json=WEEK)).json()
    assert filled["bars"] > 1_000
    assert [one["question"][:6] for one in filled["failed"]] == ["ZZZZZZ"]
    again = (await http.post(f"{HISTORY}/backfill", json=WEEK | {"symbols": ["AAPL"]})).json()
    assert again["questions"] == 0
    status = (await http.get(f"{HISTORY}/status", params={"symbol": "aapl"})).json()
    assert status["series"][0]["start"] == "2024-07-01T04:00:00Z"
    assert status["symbols"][0]["bars"] == filled["bars"]
    (verified,) = (await http.get(f"{HISTORY}/verify", params={"symbol": "AAPL"})).json()
    assert verified["report"]["sound"] is True
    assert [gap["cause"] for gap in verified["report"]["gaps"]] == [
        "early close",
        "exchange holiday",
    ]
    assert (await http.post(f"{HISTORY}/compact", json={})).json() == []
    mended = (await http.post(f"{HISTORY}/repair", json={"symbols": ["AAPL"]})).json()
    assert mended | {"questions": 0, "bars": 0, "failed": []} == mended
    export = await http.get(f"{HISTORY}/export", params={"symbol": "AAPL"})
    assert parquet.read_table(BytesIO(export.content)).num_rows == filled["bars"]
    gone = await http.delete(HISTORY, params={"symbol": "AAPL"})
    assert gone.json() == {"bars": filled["bars"]}
    assert (await http.get(f"{HISTORY}/status")).json()["series"] == []


@pytest.mark.parametrize(
    ("wrong", "param"),
    [({"symbols": ["a/b"]}, "symbols"), ({"timeframe": "5min"}, "timeframe"), ({"start_date": "x"}, "start_date"),
     ({"symbols": ["A"] * 1_001}, "symbols")],
)  # fmt: skip
async def test_wrong_requests_name_their_parameter(
    http: httpx2.AsyncClient, wrong: dict[str, object], param: str
) -> None:
    answer = await http.post(f"{HISTORY}/backfill", json=WEEK | wrong)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


async def test_small_files_are_merged_and_a_part_can_be_forgotten(
    http: httpx2.AsyncClient,
) -> None:
    for day in ("2024-07-01", "2024-07-02"):
        body = {"symbols": ["AAPL"], "start_date": day, "end_date": day}
        assert (await http.post(f"{HISTORY}/backfill", json=body)).json()["questions"] == 1
    (merged,) = (await http.post(f"{HISTORY}/compact", json={})).json()
    assert (merged["folder"], merged["before"]) == ("bars/1min/2024-07", 2)
    params = {"symbol": "AAPL", "start_date": "2024-07-01", "end_date": "2024-07-01"}
    gone = (await http.delete(HISTORY, params=params)).json()["bars"]
    left = await http.get(f"{HISTORY}/export", params={"symbol": "AAPL"})
    assert left.headers["content-type"] == "application/vnd.apache.parquet"
    stamps = parquet.read_table(BytesIO(left.content)).column("timestamp").to_pylist()
    assert 0 < gone == merged["rows"] - len(stamps)
    assert min(stamps).isoformat() >= "2024-07-02T04:00:00+00:00"


async def test_without_a_store_there_is_no_history(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(None)
    async with speaking_to(create_app(gateway)) as client:
        for method, path in (("GET", "/status"), ("POST", "/compact"), ("DELETE", "?symbol=A"),
                             ("GET", "/verify?symbol=A"), ("GET", "/export?symbol=A")):  # fmt: skip
            headers = {"content-type": "application/json"}
            answer = await client.request(method, f"{HISTORY}{path}", headers=headers)
            assert answer.status_code == 503
            assert "--store" in answer.json()["detail"]
        for path in ("/backfill", "/repair"):
            assert (await client.post(f"{HISTORY}{path}", json=WEEK)).status_code == 503
    gateway.close()
