"""What a page of another site can send, and what programs send."""

from http import HTTPStatus

import pytest

from polytape.gateway.browser_guard import BrowserGuard

GUARD = BrowserGuard(frozenset({"desk.lan"}), frozenset({"http://localhost:3000"}))
LOCAL = {b"host": b"localhost:8200"}
JSON = {b"content-type": b"application/json; charset=utf-8"}


def status(method: str, path: str, **headers: str) -> int:
    """The status of a refusal; 200 without one."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    refusal = GUARD.refusal(method, path, LOCAL | named)
    return 200 if refusal is None else int(refusal.status)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True), ("LOCALHOST:8200", True), ("127.0.0.1:8200", True), ("[::1]:8200", True),
        ("192.168.1.7:8200", True), ("desk.lan:8200", True), ("me.localhost:1", True),
        ("evil.example:8200", False), ("localhost.evil.example", False), ("127.0.0.1.nip.io", False),
        ("", False), ("desk.lan.evil", False),
    ],
)  # fmt: skip
def test_a_name_that_was_rebound_is_refused(host: str, own: bool) -> None:
    """An address cannot be."""
    refusal = GUARD.refusal("GET", "/status", {b"host": host.encode()})
    assert (refusal is None) is own
    assert refusal is None or refusal.status is HTTPStatus.MISDIRECTED_REQUEST
    assert (GUARD.socket_refusal({b"host": host.encode()}) is None) is own


def test_programs_are_left_alone() -> None:
    """They have no Origin, and post JSON."""
    assert status("GET", "/api/v1/bars") == 200
    assert status("POST", "/api/v1/bars", **{"content-type": "application/json"}) == 200
    assert status("POST", "/api/v1/bars") == 200  # some older tools name no media type
    assert status("DELETE", "/api/v1/cache") == 200
    assert status("HEAD", "/") == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999"])
def test_a_foreign_page_changes_nothing(method: str, origin: str) -> None:
    """Whatever it calls its body."""
    headers = {"origin": origin, "content-type": "application/json"}
    assert status(method, "/api/v1/history/compact", **headers) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_spends_no_requests(site: str) -> None:
    """An image, a link, a script: a browser says that another site asked."""
    assert status("GET", "/v2/aggs/ticker/AAPL/prev", sec_fetch_site=site) == 403
    assert status("GET", "/api/v1/latest/AAPL", sec_fetch_site=site) == 403
    assert status("GET", "/docs", sec_fetch_site=site) == 200
    assert status("GET", "/", sec_fetch_site=site) == 200


def test_own_pages_and_those_that_are_named_may() -> None:
    """By their origin."""
    own = {"origin": "http://localhost:8200", "content-type": "application/json"}
    assert status("POST", "/api/v1/bars", sec_fetch_site="same-origin", **own) == 200
    other = own | {"origin": "http://localhost:3000"}
    assert status("POST", "/api/v1/bars", sec_fetch_site="same-site", **other) == 200
    assert status("GET", "/status", sec_fetch_site="none") == 200


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; x=1"]
)
def test_a_simple_request_is_refused(media: str) -> None:
    """A browser sends those without asking; what has a header of its own it asks about."""
    headers = {"content-type": media} if media else {}
    assert status("POST", "/api/v1/history/compact", **headers) == 415
    assert status("POST", "/api/v1/history/compact", x_requested_with="me", **headers) == 200


def test_a_page_of_another_site_opens_no_socket() -> None:
    """It could read all that is streamed."""
    assert GUARD.socket_refusal(LOCAL) is None
    assert GUARD.socket_refusal(LOCAL | {b"origin": b"http://localhost:8200"}) is None
    assert GUARD.socket_refusal(LOCAL | {b"origin": b"http://localhost:3000"}) is None
    for origin in (b"http://localhost:3001", b"https://evil.example", b"null"):
        refusal = GUARD.socket_refusal(LOCAL | {b"origin": origin})
        assert refusal is not None
        assert refusal.status is HTTPStatus.FORBIDDEN
