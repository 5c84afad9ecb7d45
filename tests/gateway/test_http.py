"""Requests as the framework hands them to a handler."""

from typing import Any

from polytape.gateway.http import AnyRequest, request_id


def request(**scope: Any) -> AnyRequest:
    return AnyRequest({"type": "http", "method": "GET", "path": "/", "headers": []} | scope)  # type: ignore[arg-type]


def test_the_middlewares_id_is_the_requests() -> None:
    assert request_id(request(state={"request_id": "trace-7"})) == "trace-7"
    assert request_id(request(state={})) is None
    assert request_id(request()) is None
