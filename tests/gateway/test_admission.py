"""Who is let in, by headers, path, method and address alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from polytape.gateway.admission import Admission, Refusal, simple_admission
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.caller import Caller
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.guesses import MOST
from polytape.gateway.roles import Role
from polytape.gateway.token_table import TokenTable
from polytape.gateway.tokens import FILE, add_token

OWNER = "o" * 43
HOST = {b"host": b"localhost:8200"}
ADDRESS = "127.0.0.1"
COMPACT = ("/api/v1/history/compact", "POST")
BARS = ("/api/v1/bars", "GET")


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, bytes]:
    now = datetime.now(UTC)
    return {
        role.word: add_token(tmp_path / FILE, role.word, role, now=now).encode() for role in Role
    }


@pytest.fixture
def table(tmp_path: Path, tokens: dict[str, bytes]) -> TokenTable:
    made = TokenTable(tmp_path / FILE, seconds=lambda: 0.0, wall=lambda: 0.0)
    made.give(OWNER, "owner")
    return made


@pytest.fixture
def on_loopback(table: TokenTable) -> Admission:
    return Admission(table, BrowserGuard(), DIALECTS, asks=False)


@pytest.fixture
def everywhere(table: TokenTable) -> Admission:
    return Admission(table, BrowserGuard(), DIALECTS, asks=True)


def sent(admission: Admission, path: str, method: str, token: bytes = b"", **headers: bytes) -> str:
    """The name of the caller, or the status of the refusal."""
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    named |= HOST | (
        {b"authorization": b"Bearer " + token, b"content-type": b"application/json"}
        if token
        else {b"content-type": b"application/json"}
    )
    result = admission.admit(named, path, method, ADDRESS)
    return result.name if isinstance(result, Caller) else str(int(result.status))


@pytest.mark.parametrize(
    ("path", "method"),
    [
        BARS, ("/api/v1/bars", "POST"), ("/api/v1/bars/batch", "POST"), ("/api/v1/validate", "POST"),
        ("/api/v1/latest/AAPL", "GET"), ("/api/v1/search", "GET"), ("/api/v1/rate-limit", "GET"),
        ("/api/v1/cache", "DELETE"), ("/api/v1/scan", "POST"), ("/api/v1/engines/hvn", "POST"),
        ("/v2/aggs/ticker/AAPL/prev", "GET"), ("/v3/reference/tickers", "GET"), ("/status", "GET"), ("/", "HEAD"),
    ],
)  # fmt: skip
def test_what_the_older_tools_send_needs_no_token_on_the_loopback(
    on_loopback: Admission, path: str, method: str
) -> None:
    """Nor does a key of the vendor's, which they send by habit, do any harm: it is no guess."""
    for _ in range(3 * MOST):
        assert sent(on_loopback, path, method) == "anonymous"
        assert sent(on_loopback, path, method, b"their-polygon-key") == "anonymous"
        assert sent(on_loopback, path, method, x_api_key=b"their-polygon-key") == "anonymous"


@pytest.mark.parametrize(
    ("path", "method"),
    [COMPACT, ("/api/v1/history/backfill", "POST"), ("/api/v1/history/repair", "POST"),
     ("/api/v1/history", "DELETE"), ("/api/v1/clock", "POST"), ("/api/v1/jobs/1", "DELETE"),
     ("/api/v1/session/code", "POST")],
)  # fmt: skip
def test_what_changes_the_gateway_needs_the_owners_token_on_the_loopback_too(
    on_loopback: Admission, tokens: dict[str, bytes], path: str, method: str
) -> None:
    """Or one of a client that may administer."""
    assert sent(on_loopback, path, method) == "401"
    assert sent(on_loopback, path, method, b"wrong") == "401"
    assert sent(on_loopback, path, method, OWNER.encode()) == "owner"
    assert sent(on_loopback, path, method, x_api_key=OWNER.encode()) == "owner"
    assert sent(on_loopback, path, method, tokens["administer"]) == "administer"
    for role in ("read", "spend"):
        assert sent(on_loopback, path, method, tokens[role]) == "403"


def test_elsewhere_everything_needs_a_token(
    everywhere: Admission, tokens: dict[str, bytes]
) -> None:
    """But whether it is alive, and a code in place of one."""
    for path, method in (
        BARS,
        ("/", "GET"),
        ("/docs", "GET"),
        ("/metrics", "GET"),
        ("/nope", "GET"),
    ):
        assert sent(everywhere, path, method) == "401"
        assert sent(everywhere, path, method, tokens["read"]) == "read"
    assert sent(everywhere, "/api/v1/cache", "DELETE", tokens["read"]) == "403"
    assert sent(everywhere, "/api/v1/cache", "DELETE", tokens["spend"]) == "spend"
    for path, method in (("/health", "GET"), ("/open", "GET"), ("/api/v1/session", "POST")):
        assert sent(everywhere, path, method) == "anonymous"


def test_guesses_are_slowed_and_a_right_token_never_is(everywhere: Admission) -> None:
    """It may come from the same address."""
    statuses = [sent(everywhere, *BARS, b"%d" % number) for number in range(MOST + 2)]
    assert statuses == ["401"] * MOST + ["429"] * 2
    refusal = everywhere.admit(HOST | {b"x-api-key": b"no"}, *BARS, ADDRESS)
    assert isinstance(refusal, Refusal)
    assert (refusal.name, refusal.headers) == ("guesses", ((b"retry-after", b"60"),))
    assert sent(everywhere, *BARS, OWNER.encode()) == "owner"
    # Who offers nothing guesses nothing.
    assert sent(everywhere, *BARS) == "401"


def test_codes_and_keys_in_messages_are_guesses_too(everywhere: Admission) -> None:
    """Of one address together."""
    for _ in range(MOST):
        assert everywhere.wrong_code(ADDRESS).status == 401
    assert everywhere.wrong_code(ADDRESS).status == 429
    slowed = everywhere.admit_key("wrong", ADDRESS)
    assert isinstance(slowed, Refusal)
    assert slowed.status == 429
    assert isinstance(everywhere.admit_key(OWNER, ADDRESS), Caller)


def test_a_quota_says_whose_it_is(tmp_path: Path) -> None:
    """And when to come back."""
    token = add_token(tmp_path / FILE, "alice", Role.READ, now=datetime.now(UTC), per_minute=1)
    table = TokenTable(tmp_path / FILE, seconds=lambda: 30.0, wall=lambda: 0.0)
    admission = Admission(table, BrowserGuard(), DIALECTS, asks=False)
    headers = HOST | {b"authorization": f"Bearer {token}".encode()}
    assert isinstance(admission.admit(headers, *BARS, ADDRESS), Caller)
    refusal = admission.admit(headers, *BARS, ADDRESS)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.who, refusal.headers) == (
        429,
        "alice",
        ((b"retry-after", b"60"),),
    )
    assert "the quota of token alice, 1 request a minute" in refusal.detail


def test_the_vendors_clients_send_their_key_in_the_query(everywhere: Admission) -> None:
    """On the vendor's paths alone: elsewhere it would end up in logs."""
    query = f"limit=5&apiKey={OWNER}".encode()
    for path, admitted in (("/v2/aggs/x", True), ("/api/v1/bars", False)):
        result = everywhere.admit(HOST, path, "GET", ADDRESS, query)
        assert isinstance(result, Caller) is admitted
        assert isinstance(everywhere.admit_socket(HOST, path, ADDRESS, query), Caller) is admitted


def test_a_pages_files_are_open_and_its_socket_names_its_token(
    table: TokenTable, everywhere: Admission
) -> None:
    """A browser gives neither a header; what is no page of the gateway's has data in it."""
    page = Admission(table, BrowserGuard(), DIALECTS, asks=True, has_page=True)
    for path in ("/", "/page/page.js"):
        assert sent(page, path, "GET") == "anonymous"
    assert sent(everywhere, "/", "GET") == "401"
    assert sent(page, "/status", "GET") == "401"
    for token, admitted in ((OWNER, True), ("wrong", False), ("", False)):
        protocol = {b"sec-websocket-protocol": f"polytape, polytape.token.{token}".encode()}
        result = page.admit_socket(HOST | protocol, "/api/v1/stream", ADDRESS)
        assert isinstance(result, Caller) is admitted
        # In a request it is no token.
        assert not isinstance(page.admit(HOST | protocol, *BARS, ADDRESS), Caller)


def test_browsers_are_looked_at_before_tokens(everywhere: Admission) -> None:
    """A right token in a foreign page's request does not make it a friend."""
    token = {b"authorization": f"Bearer {OWNER}".encode()}
    for headers, status in (
        ({b"host": b"evil.example"}, 421), (HOST | {b"origin": b"https://evil.example"}, 403)
    ):  # fmt: skip
        result = everywhere.admit(headers | token, *COMPACT, ADDRESS)
        assert isinstance(result, Refusal)
        assert result.status == status
        socket = everywhere.admit_socket(headers | token, "/api/v1/stream", ADDRESS)
        assert isinstance(socket, Refusal)


def test_a_simple_admission_trusts_all_or_one_token() -> None:
    """For programs that serve themselves; no file is read."""
    trusting = simple_admission(None, BrowserGuard(), DIALECTS)
    assert sent(trusting, *COMPACT) == "anonymous"
    strict = simple_admission("s3cret", BrowserGuard(), DIALECTS)
    assert sent(strict, *COMPACT) == "401"
    assert sent(strict, *COMPACT, b"s3cret") == "POLYTAPE_TOKEN"


def test_who_has_no_token_is_bounded_by_address(table: TokenTable) -> None:
    """Served or refused, its requests count; those of others, of tokens, and of who watches over
    the gateway do not.
    """
    here, there = "192.0.2.7", "192.0.2.8"
    for asks, before in ((False, "anonymous"), (True, "401")):
        admission = Admission(table, BrowserGuard(), DIALECTS, asks=asks, anonymous_per_minute=2)

        def from_address(
            path: str, address: str, token: str = "", to: Admission = admission
        ) -> str:
            headers = HOST | ({b"x-api-key": token.encode()} if token else {})
            result = to.admit(headers, path, "GET", address)
            return result.name if isinstance(result, Caller) else str(int(result.status))

        assert [from_address("/api/v1/bars", here) for _ in range(3)] == [before, before, "429"]
        assert from_address("/open", here) == "429"
        assert not isinstance(admission.admit_socket(HOST, "/stocks", here), Caller)
        assert from_address("/health", here) == from_address("/ready", here) == "anonymous"
        assert from_address("/api/v1/bars", here, OWNER) == "owner"
        assert from_address("/api/v1/bars", there) == before


def test_a_refusal_for_too_many_says_what_to_do(table: TokenTable) -> None:
    """How many there may be, whose they are counted as, and when to come back."""
    admission = Admission(table, BrowserGuard(), DIALECTS, asks=False, anonymous_per_minute=1)
    admission.admit(HOST, *BARS, ADDRESS)
    refusal = admission.admit(HOST, *BARS, ADDRESS)
    assert isinstance(refusal, Refusal)
    assert (refusal.name, refusal.headers) == ("quota", ((b"retry-after", b"60"),))
    assert "1 request a minute without a token" in refusal.detail
    assert "polytape token add" in refusal.detail
