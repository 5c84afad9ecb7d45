"""Who may send a request: a function of its headers, path, method and address, without I/O but a
look at the file of tokens once a second. A request costs a look-up here, and nothing that waits.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import parse_qs

from polytape.gateway.address_quota import AddressQuota
from polytape.gateway.browser_guard import BrowserGuard, BrowserRefusal
from polytape.gateway.caller import Caller
from polytape.gateway.dialects.dialect import Dialect, dialect_of
from polytape.gateway.guesses import Guesses
from polytape.gateway.roles import MEANINGS, SESSION, Role, needed_role
from polytape.gateway.token_table import TokenTable
from polytape.model.counts import counted
from polytape.wire.api.media import API

Headers: TypeAlias = Mapping[bytes, bytes]
Header: TypeAlias = tuple[bytes, bytes]

# Who asks whether the gateway is alive needs no token; nor who has a code instead of one.
OPEN_PATHS = frozenset({"/health", "/ready", "/open", SESSION})
# Who watches over the gateway is not counted: to be refused would look as if it were down.
UNCOUNTED = frozenset({"/health", "/ready"})
# Whose clients send no key in the query.
OWN_PATHS = f"{API}/"
# Files of the page, the same in every gateway.
PAGE_FILES = "/page/"
# A page's WebSocket has no headers of its own: it names its token as a protocol.
IN_PROTOCOL = b"polytape.token."
# Who sends the token of the settings.
TOKEN_SETTING = "POLYTAPE_TOKEN"  # noqa: S105 - a name
BROWSER_NAMES = {
    HTTPStatus.MISDIRECTED_REQUEST: "misdirected",
    HTTPStatus.FORBIDDEN: "foreign-page",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "no-json",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in: an HTTP status, a problem's name, what to do, and headers.
    `who`: the name of a right token that may not do this.
    """

    status: HTTPStatus
    name: str
    detail: str
    headers: tuple[Header, ...] = ()
    who: str = "-"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the bytes of a request say of its caller: the tokens that it offers, and the role that
    it needs. The same whenever it is sent again.
    """

    offered: Sequence[bytes]
    needed: Role


CHALLENGE: tuple[Header, ...] = ((b"www-authenticate", b'Bearer realm="polytape"'),)
NO_TOKEN = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "not-authorized",
    "this gateway asks for its access token: Authorization: Bearer TOKEN",
    CHALLENGE,
)
WRONG_TOKEN = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "not-authorized",
    "this access token is not known here, or has expired: polytape token list shows which are",
    CHALLENGE,
)
NO_OWNER = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "not-authorized",
    "what changes this gateway asks for the token of its owner, in a file that polytape serve "
    "names: Authorization: Bearer TOKEN (polytape and PolygonClient on its machine send it by "
    "themselves)",
    CHALLENGE,
)
# Refusals of those who offer no token.
UNTRIED = (NO_TOKEN, NO_OWNER)


class Admission:
    """`asks`: whether everything needs a token; else only what `open_role` may not do, the role of
    callers without one. `table` has the tokens. `has_page`: `/` is a page without any data in it,
    which asks for a token itself. `anonymous_per_minute`: how many requests without a right token
    an address may send; None: as many as it likes. For one thread.
    """

    def __init__(
        self,
        table: TokenTable,
        guard: BrowserGuard,
        dialects: Sequence[Dialect],
        *,
        asks: bool,
        open_role: Role = Role.SPEND,
        has_page: bool = False,
        anonymous_per_minute: int | None = None,
    ) -> None:
        self.table = table
        self._quota = None if anonymous_per_minute is None else AddressQuota(anonymous_per_minute)
        self._open_paths = OPEN_PATHS | {"/"} if has_page else OPEN_PATHS
        self.asks = asks
        self._guard = guard
        self._dialects = dialects
        self._guesses = Guesses()
        self._anybody = Caller("anonymous", open_role, table.wall)

    def admit(
        self, headers: Headers, path: str, method: str, address: str, query: bytes = b""
    ) -> Caller | Refusal:
        """Who sends an HTTP request, or why it is refused."""
        claim = self.claim(headers, path, method, query)
        if isinstance(claim, Refusal):
            return claim
        if path in UNCOUNTED:
            return self._anybody
        if path in self._open_paths or path.startswith(PAGE_FILES):
            return self._over_anonymous(address) or self._anybody
        return self.judge(claim, address)

    def claim(
        self, headers: Headers, path: str, method: str, query: bytes = b""
    ) -> Claim | Refusal:
        """What a request claims, for `judge`; or why a page may not send it."""
        foreign = self._guard.refusal(method, path, headers)
        if foreign is not None:
            return _browser_refusal(foreign)
        return Claim(self._offered(headers, path, query), needed_role(method, path))

    def admit_socket(
        self, headers: Headers, path: str, address: str, query: bytes = b""
    ) -> Caller | Refusal:
        """Who opens a WebSocket, or why it is refused. Where the key comes in the first message,
        `admit_key` is for that.
        """
        foreign = self._guard.socket_refusal(headers)
        if foreign is not None:
            return _browser_refusal(foreign)
        if any(path in dialect.key_in_message for dialect in self._dialects):
            return self._over_anonymous(address) or self._anybody
        offered = self._offered(headers, path, query)
        offered += _in_protocols(headers.get(b"sec-websocket-protocol", b""))
        return self.judge(Claim(offered, Role.READ), address)

    def admit_key(self, key: str, address: str) -> Caller | Refusal:
        """Who sends a key in a message of a WebSocket."""
        return self.judge(Claim((key.encode("utf-8", "replace"),), Role.READ), address)

    def wrong_code(self, address: str) -> Refusal:
        """What is said to who sends a code that opens nothing."""
        detail = "the code is wrong, was used, or is older than a minute: run polytape open again"
        slow = self._slowed(address)
        return slow or Refusal(HTTPStatus.UNAUTHORIZED, "not-authorized", detail, CHALLENGE)

    def judge(self, claim: Claim, address: str) -> Caller | Refusal:
        """Who sends a request with a claim now, or why it is refused."""
        caller = self._known(claim.offered)
        if caller is None:
            over = self._over_anonymous(address)
            if over is not None:
                return over
            if not self.asks and claim.needed <= self._anybody.role:
                return self._anybody  # a key of the vendor's, say: the older tools send one
            return self._unknown(claim.offered, address)
        if caller.role < claim.needed:
            may, this = MEANINGS[caller.role], MEANINGS[claim.needed]
            detail = f"token {caller.name} may {may}; this is to {this} (role {claim.needed.word})"
            return Refusal(HTTPStatus.FORBIDDEN, "role", detail, who=caller.name)
        wait = caller.wait_s(self.table.seconds())
        return _over_quota(caller, wait) if wait else caller

    def _over_anonymous(self, address: str) -> Refusal | None:
        """Count a request without a right token; why it is refused, where there were too many."""
        wait = 0.0 if self._quota is None else self._quota.wait_s(address, self.table.seconds())
        if self._quota is None or not wait:
            return None
        detail = (
            f"one address has {counted(self._quota.per_minute, 'request')} a minute without a "
            f"token, and {address} has sent them: come back in {math.ceil(wait)} s, or send a "
            "token (polytape token add)"
        )
        return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "quota", detail, _retry_after(wait))

    def _known(self, offered: Sequence[bytes]) -> Caller | None:
        for token in offered:
            caller = self.table.find(token)
            if caller is not None:
                return caller
        return None

    def _unknown(self, offered: Sequence[bytes], address: str) -> Refusal:
        if offered:
            return self._slowed(address) or WRONG_TOKEN
        return NO_TOKEN if self.asks else NO_OWNER

    def _slowed(self, address: str) -> Refusal | None:
        wait = self._guesses.wrong(address, self.table.seconds())
        if not wait:
            return None
        detail = f"too many wrong tokens from {address}: a wrong one is looked at again later"
        return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "guesses", detail, _retry_after(wait))

    def _offered(self, headers: Headers, path: str, query: bytes) -> list[bytes]:
        """The tokens that a request carries; on paths of a dialect also in its query."""
        bearer = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        offered = [token for token in (bearer, headers.get(b"x-api-key", b"")) if token]
        own = not query or path.startswith(OWN_PATHS)
        dialect = None if own else dialect_of(path, self._dialects)
        name = b"" if dialect is None else (dialect.key_in_query or "").encode()
        if name and name in query:
            offered += parse_qs(query).get(name, [])[:1]
        return offered


def simple_admission(
    token: str | None,
    guard: BrowserGuard,
    dialects: Sequence[Dialect],
    *,
    has_page: bool = False,
) -> Admission:
    """One token for everything, or none for anything: no file is read, and none is written."""
    table = TokenTable(None, seconds=time.monotonic, wall=time.time)
    if token is not None:
        table.give(token, TOKEN_SETTING)
    asks, anybody = token is not None, Role.ADMINISTER
    return Admission(table, guard, dialects, asks=asks, open_role=anybody, has_page=has_page)


def _over_quota(caller: Caller, wait: float) -> Refusal:
    detail = (
        f"the quota of token {caller.name}, {counted(caller.per_minute or 0, 'request')} a minute, "
        f"is used up for {math.ceil(wait)} s"
    )
    headers = _retry_after(wait)
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "quota", detail, headers, caller.name)


def _in_protocols(header: bytes) -> list[bytes]:
    names = [name.strip() for name in header.split(b",")]
    return [name[len(IN_PROTOCOL) :] for name in names if name.startswith(IN_PROTOCOL)][:1]


def _browser_refusal(refusal: BrowserRefusal) -> Refusal:
    return Refusal(refusal.status, BROWSER_NAMES[refusal.status], refusal.detail)


def _retry_after(wait: float) -> tuple[Header, ...]:
    return ((b"retry-after", b"%d" % max(1, math.ceil(wait))),)
