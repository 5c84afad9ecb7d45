"""What a request has and its route has not is refused by name; answers say how they were read."""

from typing import Any

import httpx2
import pytest

from polytape.gateway.gateway import Gateway

OLD = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


@pytest.mark.parametrize(
    ("path", "body", "param", "near"),
    [("scan", {"symbol": "SPY", "asof": "2026-11-18T16:30:00Z"}, "asof", "`as_of`"),
     ("engines/hvn", {"symbol": "SPY", "optoins": {}}, "optoins", "`options`"),
     ("scan", {"symbol": "SPY", "options": {"percentil": 1}}, "options.percentil", "`percentile`"),
     ("engines/session", {"symbol": "SPY", "options": {"x": 1}}, "options.x", "none"),
     ("watchlist", {"symbols": ["SPY"], "date": "2026-11-18"}, "date", "`as_of`"),
     ("scan/batch", {"symbols": ["SPY"], "x": 1}, "x", "symbols, as_of"),
     ("clock", {"action": "pause", "time": "10:30"}, "time", "`to`"),
     ("history/backfill", {"symbols": ["SPY"], "start_date": "2026-11-18", "end": "2026-11-19"},
      "end", "`end_date`"),
     ("history/compact", {"wiat": True}, "wiat", "`wait`"),
     ("history/repair", {"symbols": ["SPY"], "start": "2026-11-18"}, "start", "`start_date`"),
     ("history/months", {"symbols": ["SPY"], "month": 3}, "month", "`months`"),
     ("bars", {"symbol": "SPY", "timeframe": "1day", "start": "2026-11-16"}, "start",
      "`start_date`"),
     ("bars/batch", {"requests": [], "limit": 3}, "limit", "requests"),
     ("validate", {"symbols": ["SPY"], "detail": True}, "detail", "`detailed`"),
     ("scan?as_of=2026-11-18", {"symbol": "SPY"}, "as_of", "JSON body"),
     ("bars?start=2026-11-18", OLD, "start", "JSON body")],
)  # fmt: skip
async def test_an_unknown_field_is_named(
    http: httpx2.AsyncClient, path: str, body: dict[str, Any], param: str, near: str
) -> None:
    """With the one that may be meant, or those that there are."""
    answer = await http.post(f"/api/v1/{path}", json=body)
    error = answer.json()
    assert (answer.status_code, error["param"]) == (400, param)
    assert "unknown" in error["detail"]
    assert near in error["detail"]


@pytest.mark.parametrize(
    ("path", "param", "near"),
    [("bars?symbol=SPY&timeframe=1day&start=2026-11-16", "start", "`start_date`"),
     ("bars?symbol=SPY&timeframe=1day&format=csv", "format", "known: symbol"),
     ("latest/SPY?as_of=2026-11-16", "as_of", "none"), ("search?query=a&limit=", "limit", "known"),
     ("rate-limit?x", "x", "none"), ("calendar?start=2026-11-16", "start", "`start_date`")],
)  # fmt: skip
async def test_an_unknown_parameter_is_named(
    http: httpx2.AsyncClient, path: str, param: str, near: str
) -> None:
    """Its value is nobody's: it may be a secret."""
    error = (await http.get(f"/api/v1/{path}")).json()
    assert (error["status"], error["param"]) == (400, param)
    assert near in error["detail"]


async def test_what_is_refused_is_not_remembered(
    fresh_http: httpx2.AsyncClient, synthetic_gateway: Gateway
) -> None:
    """Each time anew, and beside the same question without it."""
    for _ in range(2):
        assert (await fresh_http.get("/api/v1/bars", params=OLD | {"x": "1"})).status_code == 400
    assert synthetic_gateway.answers.bytes == 0


async def test_fields_of_older_tools_are_left_out_and_said(http: httpx2.AsyncClient) -> None:
    """They mean nothing here; of a batch each answer says its own."""
    said = ["unknown field `colour` is ignored"]
    whole = (await http.post("/api/v1/bars", json=OLD | {"colour": "red"})).json()
    assert (len(whole["data"]), whole["metadata"]["notes"]) == (4, said)
    requests = [OLD, OLD | {"colour": "red"}, OLD | {"optoins": {}, "alow_partial": True}]
    batch = await http.post("/api/v1/bars/batch", json={"requests": requests})
    first, second, third = batch.json()["answers"]
    assert (first["metadata"]["notes"], second["metadata"]["notes"]) == ([], said)
    assert third["error"]["param"] == "alow_partial"


async def test_an_empty_answer_says_why_and_is_complete_through_no_later_than_now(
    http: httpx2.AsyncClient,
) -> None:
    """The tests' now is 2026-11-23 15:00 UTC."""
    days = {"start_date": "2026-12-01", "end_date": "2026-12-10"}
    metadata = (await http.get("/api/v1/bars", params=OLD | days)).json()["metadata"]
    assert metadata["notes"] == ["no bars: 2026-12-01 is in the future"]
    assert metadata["complete_through"] == "2026-11-23T15:00:00Z"
    weekend = {"start_date": "2026-11-21", "end_date": "2026-11-22"}
    batch = await http.post("/api/v1/bars/batch", json={"requests": [OLD | weekend]})
    notes = batch.json()["answers"][0]["metadata"]["notes"]
    assert notes == ["no bars: 2026-11-21 is a weekend, 2026-11-22 is a weekend"]


async def test_an_answer_says_how_an_instant_without_a_zone_was_read(
    http: httpx2.AsyncClient,
) -> None:
    """As the warnings of Python do, of bars and engines."""
    dates = {"start_date": "2024-07-01T10:30", "end_date": "2024-07-05T16:00:00Z"}
    bars = (await http.get("/api/v1/bars", params=OLD | dates)).json()["metadata"]["notes"]
    assert [note.partition(":")[0] for note in bars] == ["start_date='2024-07-01T10"]
    assert "2024-07-01 10:30 UTC, which is 2024-07-01 06:30 in New York" in bars[0]
    symbol, symbols = {"symbol": "AAPL"}, {"symbols": ["AAPL"]}
    asks: list[tuple[str, dict[str, Any]]] = [
        ("engines/camarilla", symbol), ("engines/session", symbol), ("watchlist", symbols),
    ]  # fmt: skip
    for route, body in asks:
        path, zone = f"/api/v1/{route}", {"as_of": "2026-11-20T20:30:00Z"}
        read = (await http.post(path, json=body | {"as_of": "yesterday 15:30"})).json()
        assert "it is read as New York time" in read["notes"][-1]
        zoned = (await http.post(path, json=body | zone)).json()
        assert not any("no zone" in note for note in zoned.get("notes", ()))


async def test_the_description_says_so(http: httpx2.AsyncClient) -> None:
    """`additionalProperties: false`, but for the bodies of older tools."""
    schemas = (await http.get("/docs/openapi.json")).json()["components"]["schemas"]
    opened = {
        name
        for name, schema in schemas.items()
        if name.endswith(("Request", "Options")) and schema.get("additionalProperties") is not False
    }
    assert opened == {"BarsRequest", "SymbolsRequest"}
