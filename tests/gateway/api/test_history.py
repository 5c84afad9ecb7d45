"""History over HTTP: the same as by command."""

from collections.abc import AsyncIterator
from io import BytesIO

import httpx2
import pytest
from pyarrow import parquet

from polytape.gateway.app import create_app
from polytape.gateway.service import Desk
from polytape.model.market import xnys
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    market = xnys()
    source = Synthetic(market, lambda: NOW)
    store = SegmentStore(open_storage("memory"), "synthetic/0")
    desk = Desk(source, market, lambda: NOW, Budget.of(100, 1.0), store)
    transport = httpx2.ASGITransport(app=create_app(desk))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://gateway/api/v1/history"
    ) as client:
        yield client
    desk.close()


ASKED = {"symbols": ["AAPL", "ZZZZZZ"], "start_date": "2024-07-01", "end_date": "2024-07-05"}


async def test_fill_look_check_tidy_and_forget(http: httpx2.AsyncClient) -> None:
    counted = (await http.post("/backfill", json=ASKED | {"dry_run": True})).json()
    assert counted | {"questions": 2, "bars": 0, "failed": []} == counted
    assert (counted["requests"], counted["why"]) == (2, "each symbol is asked for by itself")
    filled = (await http.post("/backfill", json=ASKED)).json()
    assert filled["bars"] > 1_000
    assert [one["question"][:6] for one in filled["failed"]] == ["ZZZZZZ"]
    assert (await http.post("/backfill", json=ASKED | {"symbols": ["AAPL"]})).json()[
        "questions"
    ] == 0
    told = (await http.get("/status", params={"symbol": "aapl"})).json()
    assert told["series"][0]["start"] == "2024-07-01T04:00:00Z"
    assert told["symbols"][0]["bars"] == filled["bars"]
    (verified,) = (await http.get("/verify", params={"symbol": "AAPL"})).json()
    assert verified["report"]["sound"] is True
    assert [gap["cause"] for gap in verified["report"]["gaps"]] == [
        "early close",
        "exchange holiday",
    ]
    assert (await http.post("/compact")).json() == []
    mended = (await http.post("/repair", json={"symbols": ["AAPL"]})).json()
    assert mended | {"questions": 0, "bars": 0, "failed": []} == mended
    export = await http.get("/export", params={"symbol": "AAPL"})
    assert parquet.read_table(BytesIO(export.content)).num_rows == filled["bars"]
    assert (await http.delete("", params={"symbol": "AAPL"})).json() == {"bars": filled["bars"]}
    assert (await http.get("/status")).json()["series"] == []


@pytest.mark.parametrize(
    ("asked", "param"),
    [({"symbols": ["a/b"]}, "symbols"), ({"timeframe": "5min"}, "timeframe"), ({"start_date": "x"}, "start_date"),
     ({"symbols": ["A"] * 1_001}, "symbols")],
)  # fmt: skip
async def test_wrong_questions_name_their_parameter(
    http: httpx2.AsyncClient, asked: dict[str, object], param: str
) -> None:
    answer = await http.post("/backfill", json=ASKED | asked)
    assert (answer.status_code, answer.json()["param"]) == (400, param)
