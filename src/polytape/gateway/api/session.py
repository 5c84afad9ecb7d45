"""How a page of the owner's browser gets a token: `polytape open` has a code made, and opens
`/open` with it in the URL's fragment, which no browser sends to anybody; the page trades it in.
"""

from http import HTTPStatus

import msgspec
from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from polytape.gateway import http
from polytape.gateway.admission import Admission
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.open_page import CONTENT_SECURITY_POLICY, PAGE
from polytape.gateway.token_table import CODE_S
from polytape.model.timestamps import iso
from polytape.wire.api.media import JSON, PROBLEM_JSON
from polytape.wire.api.problems import problem

# Neither a code nor a token is for a cache.
NO_STORE = {"Cache-Control": "no-store"}


class SessionCode(msgspec.Struct):
    """A code that is good once, within seconds."""

    code: str
    expires_in: float


class SessionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A code, for a token."""

    code: str


class Session(msgspec.Struct):
    """A token, sent as a bearer; `expires_at` is ISO 8601, UTC."""

    token: str
    expires_at: str


@post("/session/code", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_session_code(admission: NamedDependency[Admission]) -> SessionCode:
    """A code for a page. Asks for the owner's token."""
    return SessionCode(admission.table.make_code(), CODE_S)


@post("/session", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_session(
    request: http.AnyRequest, data: JSONBody[SessionRequest], admission: NamedDependency[Admission]
) -> Response[Session]:
    """A token for a code. It ends after twelve hours, and with the gateway."""
    opened = admission.table.open_session(data.code)
    if opened is None:
        return _refused(request, admission)
    token, expires = opened
    return Response(Session(token, iso(int(expires * 1e6))), headers=NO_STORE, media_type=JSON)


@get("/open", media_type=MediaType.HTML, include_in_schema=False)
async def open_page() -> Response[str]:
    """The page that trades the code of its URL in."""
    headers = NO_STORE | {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Response(PAGE, headers=headers, media_type=MediaType.HTML)


SESSION_ROUTES = [post_session_code, post_session]


def _refused(request: http.AnyRequest, admission: Admission) -> Response[Session]:
    address = request.client.host if request.client is not None else "-"
    refusal = admission.wrong_code(address)
    body = problem(
        refusal.status,
        refusal.detail,
        name=refusal.name,
        request_id=http.request_id(request),
    )
    headers = {name.decode(): value.decode() for name, value in refusal.headers}
    # The annotation says what the route promises where the code is right.
    return Response(
        body,  # type: ignore[arg-type]
        status_code=int(refusal.status),
        media_type=PROBLEM_JSON,
        headers=headers,
    )
