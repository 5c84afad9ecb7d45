"""Where no gateway runs, one line says how to start one: a notebook shows no more than that."""

import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from polytape import AsyncPolygonClient, PolygonClient
from polytape.errors import ConnectionError

# The discard port: nobody listens there.
NOBODY = "http://127.0.0.1:9"
WEEK = ("AAPL", "2024-07-01", "2024-07-05", "1day")
SAYS = "(is a gateway running there? polytape serve starts one)"


def check(error: ConnectionError) -> None:
    """One line of text, no chain of other libraries' errors, and no step within the flow."""
    assert re.match(r"could not reach (http|ws)://127\.0\.0\.1:9/", str(error))
    assert str(error).endswith(SAYS)
    assert "\n" not in str(error)
    assert (error.__cause__, error.__suppress_context__) == (None, True)
    shown = "".join(traceback.format_exception(error))
    assert "direct cause" not in shown
    assert "another exception" not in shown
    ours = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "/src/" in frame.filename
    ]
    assert len(ours) <= (2 if error.url.startswith("http") else 5)


@pytest.mark.socket
@pytest.mark.parametrize(
    "call",
    [
        lambda client: next(iter(client.stream(["AAPL"]))),
        lambda client: client.fetch_bars(*WEEK),
        lambda client: client.bars("AAPL"),
        lambda client: client.get_latest_price("AAPL"),
        lambda client: client.gateway_status(),
    ],
    ids=["stream", "fetch_bars", "bars", "get_latest_price", "gateway_status"],
)  # fmt: skip
def test_a_client_without_a_gateway_says_how_to_start_one(
    call: Callable[[PolygonClient], Any],
) -> None:
    """Whatever is asked of it."""
    with PolygonClient(NOBODY, max_retries=0) as client:
        with pytest.raises(ConnectionError) as caught:
            call(client)
    check(caught.value)


@pytest.mark.socket
async def test_the_same_for_asyncio() -> None:
    """One flow serves both."""
    calls: list[Callable[[AsyncPolygonClient], Awaitable[Any]]] = [
        lambda client: client.fetch_bars(*WEEK), lambda client: client.get_latest_price("AAPL"),
    ]  # fmt: skip
    async with AsyncPolygonClient(NOBODY, max_retries=0) as client:
        for call in calls:
            with pytest.raises(ConnectionError) as caught:
                await call(client)
            check(caught.value)
