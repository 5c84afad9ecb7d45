"""What serves the page: the built files, with what keeps anything foreign out of them."""

import json
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from litestar import MediaType, Response, get, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from polytape.errors import NotFoundError
from polytape.gateway.http import AnyRequest

FOLDER = "page"
INDEX = "index.html"
# The framework adds the charset of texts.
MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    "": "text/plain",
}
# https://www.w3.org/TR/CSP3/: nothing but this gateway's own files, and no address but its own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' '{style}'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class PageFile:
    """One built file; `tag` changes with its bytes."""

    body: bytes
    media_type: str
    tag: str


def page_routes() -> list[HTTPRouteHandler]:
    """The routes of the page; none where it was not built."""
    folder = files("polytape.web").joinpath(FOLDER)
    if not folder.joinpath(INDEX).is_file():
        return []
    built = {item.name: _read(item) for item in folder.iterdir() if item.is_file()}
    policy = json.loads(built.pop("policy.json").body)
    return _routes(built, {"Content-Security-Policy": POLICY.format(style=policy["style"])})


def _routes(built: dict[str, PageFile], headers: dict[str, str]) -> list[HTTPRouteHandler]:
    index = built.pop(INDEX)

    @route("/", http_method=["GET", "HEAD"], media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[bytes]:
        """The page."""
        return _answer(index, request, headers)

    @get("/page/{name:str}", include_in_schema=False)
    async def page_file(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        """A file of the page."""
        if name not in built:
            raise NotFoundError(f"the page has no file {name!r}")
        return _answer(built[name], request, {})

    return [page, page_file]


def _answer(file: PageFile, request: AnyRequest, headers: dict[str, str]) -> Response[bytes]:
    """The file, or that what the browser has is still the same."""
    extra = {**headers, "ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(b"", status_code=304, headers=extra)
    return Response(file.body, media_type=file.media_type, headers=extra)


def _read(item: Traversable) -> PageFile:
    body = item.read_bytes()
    suffix = item.name[item.name.rfind(".") :] if "." in item.name else ""
    media_type = MEDIA_TYPES.get(suffix, "application/octet-stream")
    return PageFile(body, media_type, f'"{blake2b(body, digest_size=12).hexdigest()}"')
