"""Schemathesis: no request that the API describes, or nearly does, gets an answer it does not."""

from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis import checks

from polytape.gateway.app import create_app
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.gateway import Gateway
from polytape.model.market import xnys
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW


def make_app() -> object:
    market = xnys()
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    upstream = Synthetic(market, lambda: NOW).upstream()
    gateway = Gateway(upstream, market, lambda: NOW, Budget.of(100, 1.0), store)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(gateway, "close", lambda: None)  # one gateway outlives many lifespans
    return create_app(gateway, guard=BrowserGuard(frozenset({"testserver"})))


schema = schemathesis.openapi.from_asgi("/docs/openapi.json", make_app())


@schema.parametrize()
@settings(max_examples=12)
@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore")
def test_every_answer_is_one_that_the_description_holds(case: "schemathesis.Case[Any]") -> None:
    # What a date or a symbol is, JSON Schema cannot say; and a lenient reader takes 0 for false.
    left_out = [checks.positive_data_acceptance, checks.negative_data_rejection]
    # The framework answers OPTIONS for each of two handlers of one path with its own methods alone.
    left_out.append(checks.allow_header_conformance)
    case.call_and_validate(excluded_checks=left_out)


def test_every_route_is_described() -> None:
    described = set(schema.raw_schema["paths"])
    assert described == {
        "/api/v1/status/history", "/api/v1/history/months",
        "/api/v1/scan", "/api/v1/engines/fractals", "/api/v1/engines/fractals/history", "/api/v1/engines/hvn",
        "/api/v1/engines/camarilla", "/api/v1/engines/zones", "/api/v1/engines/session", "/api/v1/engines/vwap",
        "/api/v1/engines/opening-range", "/api/v1/engines/gaps", "/api/v1/engines/poc", "/api/v1/engines/atr", "/api/v1/engines/bad-prints",
        "/api/v1/bars", "/api/v1/bars/batch", "/api/v1/validate", "/api/v1/latest/{symbol}",
        "/api/v1/history", "/api/v1/history/backfill", "/api/v1/history/compact", "/api/v1/history/export", "/api/v1/history/repair",
        "/api/v1/history/status", "/api/v1/history/verify",
        "/api/v1/search", "/api/v1/cache", "/api/v1/rate-limit", "/api/v1/clock", "/api/v1/jobs", "/api/v1/jobs/{job_id}", "/api/v1/session", "/api/v1/session/code", "/api/v1/watchlist", "/api/v1/scan/batch", "/api/v1/calendar",
        "/health", "/ready", "/status",
    }  # fmt: skip
