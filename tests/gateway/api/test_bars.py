"""`/bars`: what older tools rely on; one symbol or many; as JSON rows or as Arrow."""

from typing import Any

import httpx2
import pytest

from polytape.gateway.gateway import Gateway
from polytape.wire import arrow

ARROW = "application/vnd.apache.arrow.stream"
WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


async def test_bars_as_older_tools_read_them(http: httpx2.AsyncClient) -> None:
    answer = await http.post(
        "/api/v1/bars",
        json=WEEK | {"use_cache": True, "validate": False, "unknown": {"x": 1}},
        headers={"X-API-Key": "anything", "Authorization": "Bearer whatever"},
    )
    content = answer.json()
    assert answer.status_code == 200
    assert set(content) == {"data", "metadata"}
    stamps = [row["timestamp"] for row in content["data"]]
    assert stamps == ["2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z", "2024-07-03T04:00:00Z",
                      "2024-07-05T04:00:00Z"]  # fmt: skip
    assert set(content["data"][0]) == {"timestamp", "open", "high", "low", "close", "volume",
                                       "vwap", "transactions"}  # fmt: skip
    metadata = content["metadata"]
    assert metadata | {"count": 4, "source": "synthetic", "made_up": True} == metadata
    assert metadata["complete_through"] == "2024-07-06T04:00:00Z"


async def test_get_says_the_same_as_post(http: httpx2.AsyncClient) -> None:
    posted = await http.post("/api/v1/bars", json=WEEK | {"limit": 2})
    got = await http.get("/api/v1/bars", params=WEEK | {"limit": "2"})
    assert got.content == posted.content
    assert len(got.json()["data"]) == 2


async def test_arrow_is_given_to_those_who_ask_for_it(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/v1/bars", json=WEEK, headers={"Accept": f"{ARROW}, */*;q=0.1"})
    assert answer.headers["content-type"] == ARROW
    assert answer.headers["vary"] == "Accept"
    bars, metadata = arrow.decode(answer.content)
    assert len(bars) == 4
    assert metadata is not None
    assert metadata.symbol == "AAPL"


@pytest.mark.parametrize("timeframe", ["5min", "15min", "1day", "1min", "1hour", "1week", "1month"])
async def test_dates_may_be_missing(http: httpx2.AsyncClient, timeframe: str) -> None:
    answer = await http.post("/api/v1/bars", json={"symbol": "AAPL", "timeframe": timeframe})
    rows = answer.json()["data"]
    assert rows or timeframe == "1month"
    assert all("2026-10-24" <= row["timestamp"] <= "2026-11-23T15:00:00Z" for row in rows)


async def test_a_range_without_bars_is_an_empty_answer(http: httpx2.AsyncClient) -> None:
    answer = await http.post(
        "/api/v1/bars", json=WEEK | {"start_date": "2024-07-06", "end_date": "2024-07-07"}
    )
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    future = await http.post(
        "/api/v1/bars", json=WEEK | {"start_date": "2027-07-06", "end_date": "2027-07-07"}
    )
    assert future.json()["data"] == []


async def test_a_start_in_the_future_without_an_end_is_an_empty_answer(
    http: httpx2.AsyncClient,
) -> None:
    body = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2030-01-10"}
    assert (await http.post("/api/v1/bars", json=body)).json()["data"] == []


async def test_a_report_comes_with_the_answer(http: httpx2.AsyncClient) -> None:
    body = WEEK | {"validate": True, "timeframe": "1min", "end_date": "2024-07-01"}
    content = (await http.post("/api/v1/bars", json=body, headers={"Accept": ARROW})).json()
    assert content["validation"] == {"sound": True, "bars": len(content["data"]), "missing": 0,
                                     "counts": {}, "findings": [], "gaps": []}  # fmt: skip


async def test_a_batch_has_one_answer_each_and_errors_inside(http: httpx2.AsyncClient) -> None:
    requests = [WEEK, WEEK | {"symbol": "ZZZZZZ"}, WEEK | {"timeframe": "x"}, WEEK | {"limit": 1}]
    batch = await http.post("/api/v1/bars/batch", json={"requests": requests})
    answers = batch.json()["answers"]
    assert [len(a.get("data") or []) for a in answers] == [4, 0, 0, 1]
    assert [a.get("error", {}).get("status") for a in answers] == [None, 404, 400, None]
    assert answers[2]["error"]["param"] == "timeframe"
    many = await http.post("/api/v1/bars/batch", json={"requests": [WEEK] * 1_001})
    assert (many.status_code, many.json()["param"]) == (400, "requests")


async def test_a_batch_as_arrow_has_the_same_answers(http: httpx2.AsyncClient) -> None:
    requests = [WEEK, WEEK | {"symbol": "ZZZZZZ"}, WEEK | {"limit": 1}]
    body = {"requests": requests}
    answer = await http.post("/api/v1/bars/batch", json=body, headers={"Accept": ARROW})
    assert answer.headers["content-type"] == ARROW
    whole, problem, last = arrow.decode_many(answer.content)
    assert isinstance(whole, tuple)
    assert isinstance(last, tuple)
    assert not isinstance(problem, tuple)
    assert (len(whole[0]), problem.status, len(last[0])) == (4, 404, 1)
    assert last[0].same(whole[0].last(1))


async def test_a_batch_is_answered_from_what_was_answered_before(
    synthetic_gateway: Gateway, fresh_http: httpx2.AsyncClient
) -> None:
    """The answers are the same bytes as those to each question alone, made once."""
    questions = [WEEK, WEEK | {"limit": 1}]
    for headers in ({"Accept": ARROW}, {}):
        alone = [await fresh_http.post("/api/v1/bars", json=one, headers=headers)
                 for one in questions]  # fmt: skip
        first, second = (answer.content for answer in alone)
        joined = first + second if headers else b'{"answers":[%b,%b]}' % (first, second)
        for _ in range(2):
            hits = synthetic_gateway.answers.hits
            batch = await fresh_http.post(
                "/api/v1/bars/batch", json={"requests": questions}, headers=headers
            )
            assert batch.content == joined
        assert synthetic_gateway.answers.hits == hits + 2


async def test_a_badly_typed_request_of_a_batch_fails_alone(http: httpx2.AsyncClient) -> None:
    requests = [WEEK | {"limit": "x"}, WEEK, {"timeframe": "1day"}]
    batch = await http.post("/api/v1/bars/batch", json={"requests": requests})
    answers = batch.json()["answers"]
    assert [a.get("error", {}).get("param") for a in answers] == ["limit", None, "symbol"]


async def test_a_batch_too_large_for_one_answer_says_so(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.batch.MAX_BATCH_BARS", 9)
    batch = await http.post("/api/v1/bars/batch", json={"requests": [WEEK] * 3})
    assert sorted("error" in a for a in batch.json()["answers"]) == [False, False, True]


async def test_one_json_answer_is_bounded_and_arrow_is_not(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.bars.MAX_JSON_BARS", 3)
    refused = await http.post("/api/v1/bars", json=WEEK)
    assert (refused.status_code, refused.json()["param"]) == (400, "limit")
    assert (await http.post("/api/v1/bars", json=WEEK | {"limit": 3})).status_code == 200
    answer = await http.post("/api/v1/bars", json=WEEK, headers={"Accept": ARROW})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "symbol"), ({"symbol": "AAPL"}, "timeframe"), (WEEK | {"symbol": "a b"}, "symbol"),
        (WEEK | {"timeframe": "7min"}, "timeframe"), (WEEK | {"limit": 0}, "limit"),
        (WEEK | {"limit": "x"}, "limit"), (WEEK | {"start_date": "soon"}, "start_date"),
        (WEEK | {"end_date": "2020-01-01"}, "end_date"), (WEEK | {"start_date": 5}, "start_date"),
        (WEEK | {"use_cache": "perhaps"}, "use_cache"), ([], "body"), (None, "body"),
    ],
)  # fmt: skip
async def test_wrong_input_is_a_400_that_names_its_parameter(
    http: httpx2.AsyncClient, body: Any, param: str
) -> None:
    answer = await http.post("/api/v1/bars", json=body)
    error = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(error) == {"type", "title", "status", "detail", "request_id", "param"}
    assert error["param"] == param
    assert error["request_id"] == answer.headers["x-request-id"]
    if isinstance(body, dict):
        got = await http.get("/api/v1/bars", params=body)
        if got.status_code == 400:
            assert got.json()["param"] in {param, param if body else "timeframe"}
        else:
            assert param == "start_date"  # a number in a query is text
