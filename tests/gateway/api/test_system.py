"""What the gateway shows of itself, outside `/api/v1`."""

import httpx2

import polytape


async def test_it_is_alive(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/health")).json() == {"health": "ok"}
    assert (await http.head("/health")).content == b""


async def test_the_status_is_what_the_gateway_knows_of_itself(
    fresh_http: httpx2.AsyncClient,
) -> None:
    await fresh_http.get("/api/v1/latest/AAPL")
    status = (await fresh_http.get("/status")).json()
    assert (status["version"], status["source"]) == (polytape.__version__, "synthetic")
    assert (status["made_up"], status["requests"], status["store"]) == (True, 1, None)


async def test_metrics_are_text_for_prometheus(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE polytape_requests_total counter" in answer.text
