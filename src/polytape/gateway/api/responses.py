"""The errors that every route of `/api/v1` may answer: one body, by status."""

from http import HTTPStatus

from litestar.openapi import ResponseSpec

from polytape.wire.api.media import PROBLEM_JSON
from polytape.wire.api.problems import Problem

_MEANINGS = {
    HTTPStatus.BAD_REQUEST: "The question is wrong; `param` names what",
    HTTPStatus.UNAUTHORIZED: "The gateway's access token is missing or wrong",
    HTTPStatus.FORBIDDEN: "The vendor refused the key; or a page of another site asks",
    HTTPStatus.NOT_FOUND: "No such symbol",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "What changes something has to be JSON",
    HTTPStatus.MISDIRECTED_REQUEST: "The gateway is not known by this name",
    HTTPStatus.TOO_MANY_REQUESTS: "The budget is used up; Retry-After says for how long",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A bug; the request id finds it in the log",
    HTTPStatus.BAD_GATEWAY: "The source failed or answered in part",
    HTTPStatus.SERVICE_UNAVAILABLE: "The gateway has no source, or is busy: Retry-After",
    HTTPStatus.GATEWAY_TIMEOUT: "The source could not be reached",
}
PROBLEMS: dict[int, ResponseSpec] = {
    int(status): ResponseSpec(
        Problem, description=text, media_type=PROBLEM_JSON, generate_examples=False
    )
    for status, text in _MEANINGS.items()
}
