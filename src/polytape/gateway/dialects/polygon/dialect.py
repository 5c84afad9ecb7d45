"""The vendor's dialect, so that any Polygon client in any language can point at the gateway."""

import msgspec

from polytape.gateway.dialects.dialect import Dialect, ErrorBody
from polytape.gateway.dialects.polygon.routes import POLYGON_ROUTES
from polytape.gateway.dialects.polygon.stream import stocks
from polytape.wire.api.media import JSON
from polytape.wire.api.problems import Problem
from polytape.wire.polygon.errors import refusal


def error_body(problem: Problem) -> ErrorBody:
    """An error as the vendor writes it."""
    return msgspec.json.encode(refusal(problem.status, problem.detail, problem.request_id)), JSON


POLYGON = Dialect(
    ("/v1/", "/v2/", "/v3/", "/vX/", "/stocks/"),
    [*POLYGON_ROUTES, stocks],
    error_body,
    key_in_query="apiKey",
    key_in_message=frozenset({"/stocks"}),
)
