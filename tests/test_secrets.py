"""The API key is in no log, error, URL, metric or repr, whatever goes wrong."""

import logging
import pickle
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from polytape.errors import PolygonClientError
from polytape.fake_vendor.mischief import Mischief
from polytape.gateway.app import create_app
from polytape.gateway.service import Desk
from polytape.model.market import xnys
from polytape.settings import Settings
from polytape.upstream.budget.redis_window import shared_window
from polytape.wire.polygon.errors import refusal_of
from tests.fakes.vendor import KEY, Street, street
from tests.upstream.polygon.test_source import NOW

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
    desk = Desk(source, xnys(), lambda: NOW, source.vendor.budget)
    transport = httpx2.ASGITransport(app=create_app(desk))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        for kind in [None, *Mischief]:
            if kind is Mischief.DRIP:
                continue
            wall.vendor.every = kind
            source.forget()
            for path in PATHS:
                answer = await client.get(f"{path}{'&' if '?' in path else '?'}apiKey={KEY}")
                said += [answer.text, str(answer.headers), str(answer.status_code)]
    logged = [record.getMessage() for record in caplog.records]
    said += [text for text in logged if "http://gateway" not in text]  # not this test's own client
    said += [repr(source), repr(source.vendor), repr(desk), repr(source.vendor.driver)]
    said += [str(one) for one in wall.vendor.asked]
    desk.close()
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
    with pytest.raises(PolygonClientError) as told:
        wall.source().find("AAPL")
    assert KEY not in "".join(traceback.format_exception(told.value))


def test_settings_and_budgets_do_not_show_it() -> None:
    given = {"POLYGON_API_KEY": KEY, "redis": f"redis://:{KEY}@127.0.0.1:1", "token": KEY}
    settings = Settings(**given)  # type: ignore[arg-type]
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    window = shared_window(f"redis://:{KEY}@127.0.0.1:1/0", KEY, 5, 60.0)
    assert KEY not in repr(settings) + repr(window) + repr(vars(window)["_name"])
