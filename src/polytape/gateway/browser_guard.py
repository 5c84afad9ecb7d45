"""A browser is not a friend: any page in it can send requests to this machine. Pure.

`Host`: a page whose name was rebound to this machine names itself there. `Origin` and
`Sec-Fetch-Site`: a browser says whose page asks. A state changes only by what no page of another
site can send without the browser asking first: a JSON body, or a header of one's own.

https://fetch.spec.whatwg.org/#simple-header, https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address

from polytape.gateway.roles import MANAGED, SESSION, route_of

# What a browser shows to its user, wherever the link to it was.
PAGES = ("/", "/health", "/docs", "/favicon.ico")
JSON_ONLY = MANAGED | {SESSION}
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})
# Headers that no simple request has.
OWN_HEADERS = (b"x-requested-with", b"x-api-key", b"authorization")


@dataclass(frozen=True, slots=True)
class BrowserRefusal:
    """Why a request is refused."""

    status: HTTPStatus
    detail: str


WRONG_HOST = BrowserRefusal(
    HTTPStatus.MISDIRECTED_REQUEST,
    "this gateway is not known by that name: ask 127.0.0.1 or localhost, or name the host in "
    "POLYTAPE_ALLOWED_HOSTS",
)
FOREIGN_PAGE = BrowserRefusal(
    HTTPStatus.FORBIDDEN,
    "a page of another site may not use this gateway, but those in POLYTAPE_ALLOWED_ORIGINS",
)
NO_JSON = BrowserRefusal(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a JSON body is expected: Content-Type: application/json"
)


@dataclass(frozen=True, slots=True)
class BrowserGuard:
    """`hosts` are names of the gateway beside addresses and localhost; `origins` are sites whose
    pages may use it, such as http://localhost:3000.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)
    origins: frozenset[str] = field(default_factory=frozenset)

    def refusal(
        self, method: str, path: str, headers: Mapping[bytes, bytes]
    ) -> BrowserRefusal | None:
        """Why an HTTP request is refused; None where it is not."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_own(host):
            return WRONG_HOST
        origin = headers.get(b"origin")
        known = origin is not None and self._may_use(origin.decode("latin-1"), host)
        if origin is not None and not known and method in CHANGES:
            return FOREIGN_PAGE
        foreign = headers.get(b"sec-fetch-site") in FOREIGN_SITES
        if foreign and not known and not _is_page(path):
            return FOREIGN_PAGE
        # Of the methods that change something a page can send POST without the browser asking.
        manages = method == "POST" and route_of(path) in JSON_ONLY
        return NO_JSON if manages and not _is_no_simple_request(headers) else None

    def socket_refusal(self, headers: Mapping[bytes, bytes]) -> BrowserRefusal | None:
        """Why a WebSocket is not opened; None where it is."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_own(host):
            return WRONG_HOST
        origin = headers.get(b"origin")
        if origin is not None and not self._may_use(origin.decode("latin-1"), host):
            return FOREIGN_PAGE
        return None

    def _is_own(self, host: str) -> bool:
        """An address cannot be rebound; a name can, but for those that are known."""
        return _is_local(host) or _name_of(host) in self.hosts

    def _may_use(self, origin: str, host: str) -> bool:
        return origin.partition("://")[2].lower() == host.lower() or origin in self.origins


@lru_cache(maxsize=64)
def _is_local(host: str) -> bool:
    """Whether a Host header is an address, or a name of this machine that nobody can rebind."""
    name = _name_of(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The name or address of a Host header, without its port."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def _is_page(path: str) -> bool:
    return path in PAGES or path.startswith("/docs/")


def _is_no_simple_request(headers: Mapping[bytes, bytes]) -> bool:
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    json = media == b"application/json" or media.endswith(b"+json")
    return json or any(name in headers for name in OWN_HEADERS)
