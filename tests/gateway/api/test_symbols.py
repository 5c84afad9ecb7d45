"""Symbols over HTTP, and what the gateway has cached."""

import httpx2

WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


async def test_symbols_latest_search_cache_and_limit(fresh_http: httpx2.AsyncClient) -> None:
    http = fresh_http
    body = {"symbols": ["AAPL", "nope", "aapl"]}
    assert (await http.post("/api/v1/validate", json=body)).json() == {
        "AAPL": {"valid": True}, "nope": {"valid": False}, "aapl": {"valid": True}
    }  # fmt: skip
    detailed = (await http.post("/api/v1/validate", json=body | {"detailed": True})).json()
    assert detailed["AAPL"]["name"] == "Apple Inc."
    latest = (await http.get("/api/v1/latest/AAPL")).json()
    assert latest["symbol"] == "AAPL"
    assert latest["timestamp"] == "2026-11-23T14:59:00Z"
    search = (await http.get("/api/v1/search", params={"query": "apple"})).json()
    assert search["count"] == len(search["results"]) >= 1
    assert search["results"][0] == {"ticker": "AAPL", "symbol": "AAPL", "name": "Apple Inc.",
                                    "type": "CS", "exchange": "XNAS", "active": True}  # fmt: skip
    await http.post("/api/v1/bars", json=WEEK)
    assert (await http.delete("/api/v1/cache", params={"symbol": "SPY"})).json() == {"cleared": 0}
    assert (await http.delete("/api/v1/cache")).json() == {"cleared": 1}
    limit = (await http.get("/api/v1/rate-limit")).json()
    assert limit == {"limit": 100, "remaining": 100, "reset_at": "2026-11-23T15:00:00.000Z",
                     "window_seconds": 1.0, "used": 0}  # fmt: skip


async def test_a_search_may_go_beyond_what_is_active(http: httpx2.AsyncClient) -> None:
    query = {"query": "bancorp"}
    active = (await http.get("/api/v1/search", params=query)).json()["results"]
    assert all(row["active"] for row in active)
    params = query | {"active_only": "false"}
    everything = (await http.get("/api/v1/search", params=params)).json()["results"]
    assert not all(row["active"] for row in everything)
