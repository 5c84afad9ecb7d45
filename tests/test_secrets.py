"""The API key is in no log, error, URL, metric or repr, whatever goes wrong."""

import logging
import pickle
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from polytape.errors import PolygonClientError, ValidationError
from polytape.fake_vendor.mischief import Mischief
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import xnys
from polytape.net.http import check_url
from polytape.net.socket import connect
from polytape.settings import load
from polytape.upstream.budget.redis_window import shared_window
from polytape.wire.polygon.errors import refusal_of
from tests.fakes.vendor import KEY, Street, street
from tests.hostile.slow_server import slow_server
from tests.upstream.polygon.conftest import NOW

pytestmark = pytest.mark.socket

PATHS = (
    "/api/v1/bars?symbol=AAPL&timeframe=15min&start_date=2026-11-09&end_date=2026-11-13",
    "/api/v1/latest/MSFT",
    "/api/v1/search?query=app",
    "/v2/aggs/ticker/SPY/range/1/day/2026-11-09/2026-11-13",
    "/v2/last/trade/AAPL",
    "/v3/reference/tickers?limit=2",
    "/status",
    "/metrics",
    "/",
)


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW, most_rows=300) as made:
        yield made


async def test_the_key_shows_nowhere(wall: Street, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    source = wall.source("advanced")
    gateway = Gateway(source.upstream(), xnys(), lambda: NOW, source.vendor.budget)
    transport = httpx2.ASGITransport(app=create_app(gateway))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for kind in [None, *Mischief]:
            if kind is Mischief.DRIP:
                continue
            wall.vendor.every = kind
            source.reference.forget()
            for path in PATHS:
                answer = await client.get(f"{path}{'&' if '?' in path else '?'}apiKey={KEY}")
                said += [answer.text, str(answer.headers), str(answer.status_code)]
    logged = [record.getMessage() for record in caplog.records]
    said += [
        text for text in logged if "http://localhost" not in text
    ]  # not this test's own client
    said += [repr(source), repr(source.vendor), repr(gateway), repr(source.vendor.driver)]
    said += [str(one) for one in wall.vendor.requests]
    gateway.close()
    assert len(said) > 400
    assert wall.vendor.keys_in_urls == 0
    # The key that callers put in a URL, ours or theirs, is not repeated either.
    assert [text for text in said if KEY in text] == []


def test_errors_do_not_hold_it_even_where_the_vendor_repeats_it(wall: Street) -> None:
    for status in (400, 401, 403, 404, 429, 500):
        body = f'{{"status":"ERROR","error":"Unknown API Key {KEY}"}}'.encode()
        error = refusal_of(status, {}, body, datetime.now(UTC), key=KEY)
        assert isinstance(error, PolygonClientError)
        for shown in (str(error), repr(error), repr(error.args), repr(vars(error))):
            assert KEY not in shown
        assert KEY.encode() not in pickle.dumps(error)
    wall.vendor.every = Mischief.RESET
    with pytest.raises(PolygonClientError) as caught:
        wall.source().reference.find("AAPL")
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_a_socket_does_not_log_it(caplog: pytest.LogCaptureFixture) -> None:
    """The library writes heads and frames down, the token and the key among them."""
    caplog.set_level(logging.DEBUG)
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with slow_server(lambda _, connection, __: connection.sendall(refused)) as server:
        url = f"ws{server.url.removeprefix('http')}"
        with pytest.raises(PolygonClientError):
            async with connect(url, {"authorization": f"Bearer {KEY}"}):
                pass
        assert KEY.encode() in server.requests[0]
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{KEY}@host:99999999",
        f"http://me:{KEY}@[::1",
        f"http://host/?apiKey={KEY}",
        f"http://host/#{KEY}",
        f"ftp://{KEY}@host",
        f"http://{KEY}@host",
        f"http://host:80:{KEY}@/",
    ],
)
def test_an_address_that_is_wrong_is_shown_without_its_secrets(url: str) -> None:
    """User, password and query stand where keys stand."""
    with pytest.raises(ValidationError) as caught:
        check_url(url, "vendor_url")
    error = caught.value
    formatted = "".join(traceback.format_exception(error))
    for shown in (str(error), repr(error), repr(vars(error)), formatted.split("Error:")[-1]):
        assert KEY not in shown
    assert "vendor_url" in str(error)


def test_settings_and_budgets_do_not_show_it() -> None:
    secret = ("POLYGON_API_KEY", "POLYTAPE_TOKEN", "POLYTAPE_FILES_KEY", "POLYTAPE_FILES_SECRET")
    redis = {"POLYTAPE_REDIS": f"redis://:{KEY}@127.0.0.1:1"}
    settings = load(dict.fromkeys(secret, KEY) | redis)
    for hidden in (settings.api_key, settings.token, settings.files_key, settings.files_secret):
        assert hidden is not None
        assert hidden.reveal() == KEY
        assert KEY not in repr(hidden) + str(hidden)
    window = shared_window(f"redis://:{KEY}@127.0.0.1:1/0", KEY, 5, 60.0)
    assert KEY not in repr(settings) + repr(window) + repr(vars(window)["_name"])
