"""`/clock`: what time it is, and turning a clock that is not the wall's."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.units import MINUTE_US, SECOND_US
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from tests.conftest import MARKET
from tests.gateway.conftest import speaking_to

START = 1_719_927_000_000_000  # 2024-07-02 09:30 New York
PATH = "/api/v1/clock"


@pytest.fixture
def wall() -> list[float]:
    return [0.0]


@pytest.fixture
def clock(wall: list[float]) -> MarketClock:
    """An hour, a minute a second."""
    return MarketClock(START, 60.0, lambda: wall[0], START + 60 * MINUTE_US)


@pytest.fixture
async def replay(clock: MarketClock) -> AsyncIterator[httpx2.AsyncClient]:
    gateway = Gateway(None, MARKET, clock.now, Budget.of(100, 1.0), clock=clock)
    async with speaking_to(create_app(gateway)) as client:
        yield client
    gateway.close()


async def turned(http: httpx2.AsyncClient, **body: object) -> Any:
    response = await http.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_clock_is_paused_stepped_and_made_faster(
    replay: httpx2.AsyncClient, wall: list[float]
) -> None:
    """Each answer is the state after it."""
    state = (await replay.get(PATH)).json()
    assert state == {
        "now": "2024-07-02T13:30:00Z", "speed": 60.0, "paused": False, "wall": False,
        "end": "2024-07-02T14:30:00Z",
    }  # fmt: skip
    wall[0] = 5.0
    assert (await turned(replay, action="pause"))["now"] == "2024-07-02T13:35:00Z"
    wall[0] = 10.0
    state = await turned(replay, action="step", minutes=2)
    assert (state["now"], state["paused"]) == ("2024-07-02T13:37:00Z", True)
    assert (await turned(replay, action="step", to="9:40"))["now"] == "2024-07-02T13:40:00Z"
    state = await turned(replay, action="step", to="2024-07-02T13:41:30Z")
    assert state["now"] == "2024-07-02T13:41:30Z"
    assert (await turned(replay, action="speed", speed=1))["speed"] == 1.0
    await turned(replay, action="resume")
    wall[0] = 40.0
    state = (await replay.get(PATH)).json()
    assert (state["now"], state["paused"]) == ("2024-07-02T13:42:00Z", False)


async def test_the_clock_stands_at_the_end(replay: httpx2.AsyncClient, wall: list[float]) -> None:
    """There is nothing more to see, and no step goes further."""
    wall[0] = 1_000.0
    assert (await replay.get(PATH)).json()["now"] == "2024-07-02T14:30:00Z"
    response = await replay.post(PATH, json={"action": "step", "minutes": 1})
    assert response.status_code == 400
    assert "ended" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({}, "action", "required"),
        ({"action": "stop"}, "action", "one of pause, resume, step, speed"),
        ({"action": "step"}, "minutes", "1 to 60"),
        ({"action": "step", "minutes": 0}, "minutes", "1 to 60"),
        ({"action": "step", "minutes": 61}, "minutes", "1 to 60"),
        ({"action": "step", "minutes": 1.5}, "minutes", "int"),
        ({"action": "step", "to": "9:30"}, "to", "does not go back"),
        ({"action": "step", "to": "10:31"}, "to", "not after"),
        ({"action": "step", "to": "soon"}, "to", '("10:30"), "open" or "close"'),
        ({"action": "step", "to": "Open"}, "to", "does not go back"),
        ({"action": "step", "to": "close"}, "to", "not after"),
        ({"action": "step", "to": "9:45", "minutes": 3}, "to", "not both"),
        ({"action": "speed"}, "speed", "over 0"),
        ({"action": "speed", "speed": 0}, "speed", "over 0"),
        ({"action": "speed", "speed": -1}, "speed", "over 0"),
        ({"action": "speed", "speed": 100_001}, "speed", "at most 100,000"),
    ],
)
async def test_wrong_input_is_named_and_nothing_turns(
    replay: httpx2.AsyncClient, body: dict[str, object], param: str, says: str
) -> None:
    """A problem with the parameter; the clock stays as it was."""
    response = await replay.post(PATH, json=body)
    problem = response.json()
    assert (response.status_code, problem["type"]) == (400, "urn:polytape:validation")
    assert problem["param"] in (param, "body"), problem
    assert says in problem["detail"]
    assert (await replay.get(PATH)).json()["now"] == "2024-07-02T13:30:00Z"


async def test_nobody_turns_the_walls_clock(http: httpx2.AsyncClient) -> None:
    """A conflict, with the ways to a clock that can be turned."""
    state = (await http.get(PATH)).json()
    assert (state["wall"], state["speed"], state["paused"], state["end"]) == (True, 1, False, None)
    for body in ({"action": "pause"}, {"action": "speed", "speed": 2}):
        response = await http.post(PATH, json=body)
        assert (response.status_code, response.json()["status"]) == (409, 409)
        assert "polytape replay" in response.json()["detail"]
    assert (await http.post(PATH, json={"action": "stop"})).status_code == 400


async def test_a_clock_without_end_steps_a_month_at_most(wall: list[float]) -> None:
    """Beyond is nothing that anybody means."""
    clock = MarketClock(START, 1.0, lambda: wall[0])
    gateway = Gateway(None, MARKET, clock.now, Budget.of(100, 1.0), clock=clock)
    async with speaking_to(create_app(gateway)) as http:
        assert (await turned(http, action="step", minutes=31 * 1_440))["end"] is None
        response = await http.post(PATH, json={"action": "step", "minutes": 31 * 1_440 + 1})
        assert response.status_code == 400
    assert clock.now() == START + 31 * 86_400 * SECOND_US
    gateway.close()
