"""HEAD wherever there is GET: the same answer without its body (RFC 9110, 9.3.2). Plain ASGI.

https://www.rfc-editor.org/rfc/rfc9110#name-head
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send


def answering_head(app: ASGIApp) -> ASGIApp:
    """The application, which sees a HEAD as a GET. The headers are those of the GET, with the
    length that its body has.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            await _head(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


async def _head(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    # The server goes by its own scope, which keeps the method: a HEAD has no body.
    inside = scope.copy()
    inside["method"] = "GET"
    await app(inside, receive, send_on)
    # The route that was found, for whoever counts.
    if "path_template" in inside:
        scope["path_template"] = inside["path_template"]
