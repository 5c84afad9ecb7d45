"""Flows played without a socket: what a client asks, and what it makes of the answers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from polytape.client.connection import Connection
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, Wait
from tests.conftest import NOW


def play(flow: Flow[Any], answers: Sequence[Response]) -> tuple[Any, list[Request]]:
    """The outcome of a flow that gets these answers, and the requests that it made."""
    left, requests = list(answers), list[Request]()
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                step = flow.send(None)
            else:
                requests.append(step)
                step = flow.send(left.pop(0))
    except StopIteration as done:
        return done.value, requests


def connection(api_key: str | None = None, **options: Any) -> Connection:
    runtime = Runtime(lambda: 0.0, lambda: NOW / 1e6, lambda: 0.5)
    return Connection("http://x", RetryPolicy(), api_key, runtime=runtime, **options)


def json(body: object, status: int = 200) -> Response:
    return Response(status, {}, msgspec.json.encode(body))
