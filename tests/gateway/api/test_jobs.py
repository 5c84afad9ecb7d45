"""Jobs over HTTP: begun, looked at, cancelled; a caller may wait or not."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.history.jobs import MOST_OPEN
from polytape.net.storage import open_storage
from tests.gateway.conftest import speaking_to
from tests.gateway.test_jobs import gateway_over

pytestmark = pytest.mark.timeout(20)
HISTORY, JOBS = "/api/v1/history", "/api/v1/jobs"
WEEK = {"start_date": "2024-07-01", "end_date": "2024-07-05"}


@pytest.fixture
def gateway() -> Gateway:
    """Over a source that has a budget of two requests, and then makes everybody wait."""
    return gateway_over(open_storage("memory"), limit=2)[0]


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking_to(create_app(gateway)) as client:
        yield client
    await gateway.jobs.stop()
    gateway.close()


async def begin(http: httpx2.AsyncClient, *symbols: str) -> httpx2.Response:
    body = {**WEEK, "symbols": symbols, "wait": False}
    return await http.post(f"{HISTORY}/backfill", json=body)


async def job(http: httpx2.AsyncClient, identity: str) -> dict[str, object]:
    answer = await http.get(f"{JOBS}/{identity}")
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_caller_who_does_not_wait_gets_the_job_and_can_look(
    http: httpx2.AsyncClient,
) -> None:
    """202 with its place; then what it did, what it spent, and when."""
    begun = await begin(http, "AAPL", "MSFT")
    assert begun.status_code == 202
    identity = begun.json()["id"]
    assert begun.headers["location"] == f"{JOBS}/{identity}"
    while (state := await job(http, identity))["state"] in ("waiting", "running"):
        await asyncio.sleep(0)
    figures = {"kind": "backfill", "state": "done", "done": 2, "total": 2, "unit": "questions"}
    assert state | figures | {"requests": 2, "timeframe": "1min", "error": None} == state
    assert state["end"] == "2024-07-06T04:00:00Z"
    assert (await http.get(JOBS)).json()["jobs"] == [state]


async def test_a_waiting_caller_of_a_job_that_is_cancelled_is_told_so(
    http: httpx2.AsyncClient,
) -> None:
    """409, never an answer that looks whole; the job is joined, not begun twice."""
    symbols = ["AAPL", "MSFT", "NVDA", "TSLA"]
    identity = (await begin(http, *symbols)).json()["id"]
    body = {**WEEK, "symbols": symbols}
    waiting = asyncio.ensure_future(http.post(f"{HISTORY}/backfill", json=body))
    while (await job(http, identity))["done"] != 2:
        await asyncio.sleep(0)
    assert len((await http.get(JOBS)).json()["jobs"]) == 1
    cancelled = await http.delete(f"{JOBS}/{identity}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    refused = await waiting
    assert refused.status_code == 409
    assert f"job {identity} was cancelled after 2 questions" in refused.json()["detail"]
    assert (await http.delete(f"{JOBS}/{identity}")).json()["state"] == "cancelled"


async def test_jobs_and_their_symbols_are_bounded(http: httpx2.AsyncClient) -> None:
    """Of symbols a thousand a job, of open jobs so many; what there is not is a 404."""
    for route in ("backfill", "repair"):
        body = {"symbols": ["A"] * 1_001, "start_date": "2024-07-01"}
        refused = await http.post(f"{HISTORY}/{route}", json=body)
        assert (refused.status_code, refused.json()["param"]) == (400, "symbols")
        assert "at most 1,000 symbols a job" in refused.json()["detail"]
    answers = [await begin(http, "AAPL", "MSFT", f"A{n}") for n in range(MOST_OPEN + 1)]
    assert [answer.status_code for answer in answers] == [202] * MOST_OPEN + [429]
    assert "cancel one" in answers[-1].json()["detail"]
    assert (await http.get(f"{JOBS}/nowhere")).status_code == 404
    assert (await http.delete(f"{JOBS}/nowhere")).status_code == 404


async def test_a_compaction_and_a_repair_are_jobs_too(http: httpx2.AsyncClient) -> None:
    """With what they did as the answer, as before, for a caller who waits."""
    assert (await http.post(f"{HISTORY}/compact", json={})).json() == []
    mended = (await http.post(f"{HISTORY}/repair", json={"symbols": ["AAPL"]})).json()
    assert mended | {"questions": 0, "bars": 0, "failed": []} == mended
    kinds = [(one["kind"], one["state"]) for one in (await http.get(JOBS)).json()["jobs"]]
    assert kinds == [("repair", "done"), ("compact", "done")]
    tidy = await http.post(f"{HISTORY}/compact", json={"wait": False})
    assert tidy.status_code == 202


async def test_what_failed_in_part_says_so_and_what_failed_in_full_is_an_error() -> None:
    """For a caller who waits, and in the list of jobs."""
    storage = open_storage("memory")
    gateway, _ = gateway_over(storage, down=("DOWN",))
    async with speaking_to(create_app(gateway)) as http:
        both = await http.post(f"{HISTORY}/backfill", json={**WEEK, "symbols": ["AAPL", "DOWN"]})
        assert (both.status_code, both.json()["state"], len(both.json()["failed"])) == (200, "partial", 1)  # fmt: skip
        none = await http.post(f"{HISTORY}/backfill", json={**WEEK, "symbols": ["DOWN"]})
        assert (none.status_code, "the vendor is down" in none.json()["detail"]) == (502, True)
        again = await http.post(f"{HISTORY}/backfill", json={**WEEK, "symbols": ["AAPL"]})
        assert (again.json()["state"], again.json()["questions"]) == ("done", 0)
        states = [one["state"] for one in (await http.get(JOBS)).json()["jobs"]]
        assert states == ["done", "failed", "partial"]
    gateway.close()
