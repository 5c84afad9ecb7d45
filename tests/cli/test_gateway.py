"""A gateway over HTTP, for commands that fetch and print."""

import threading
from datetime import UTC, datetime
from functools import partial

import pytest

from polytape.cli.budget_notice import BudgetNotice, waiting_s, waiting_text
from polytape.cli.gateway import connect, warn_if_made_up
from polytape.cli.output import MADE_UP
from polytape.client.connection import Connection
from polytape.errors import (
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    NotFoundError,
    RateLimitError,
    ValidationError,
)
from polytape.net.http import SyncDriver
from polytape.wire.flow import RetryPolicy
from tests.cli.conftest import Run
from tests.fakes.plain_server import Answer, PlainServer, hang_up, plain_server

pytestmark = pytest.mark.socket


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 0)


def test_a_path_is_below_the_api_wherever_the_url_ends() -> None:
    """`--url` may be what another tool calls its base URL."""
    with plain_server() as server:
        for url in (server.url, f"{server.url}/", f"{server.url}/api/v1"):
            with connect(url) as gateway:
                assert gateway.get("/search", query="a b")["results"][0]["name"] == "a b"
        assert {path.split("?")[0] for _, path, _ in server.asked} == {"/api/v1/search"}


def test_a_body_is_sent_as_json() -> None:
    """As the API takes it."""
    with plain_server() as server, connect(server.url) as gateway:
        assert gateway.post("/validate", {"symbols": ["SPY"]})["SPY"]["valid"]
        assert server.asked == [("POST", "/api/v1/validate", {"symbols": ["SPY"]})]


def test_the_owners_token_is_sent_and_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the environment, so that no shell history has it."""
    seen: list[str | None] = []

    def note(handler: object) -> None:
        seen.append(handler.headers.get("authorization"))  # type: ignore[attr-defined]
        hang_up(handler)  # type: ignore[arg-type]

    with plain_server() as server:
        for token in ("", "s3cret"):
            monkeypatch.setenv("POLYTAPE_TOKEN", token)
            server.script.append(note)
            with pytest.raises(ConnectionError), connect(server.url) as gateway:
                gateway.get("/rate-limit")
    assert seen == [None, "Bearer s3cret"]


def test_the_environment_names_the_gateway_where_the_command_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the command says stands above it."""
    with plain_server() as server:
        monkeypatch.setenv("POLYTAPE_URL", server.url)
        with connect(None) as gateway:
            assert gateway.get("/search", query="x")["count"] == 1
        with pytest.raises(ConnectionError), connect("http://127.0.0.1:9") as gateway:
            gateway.get("/search", query="x")


@pytest.mark.parametrize("command", ["price", "bars", "watch", "stream"])
def test_a_port_where_nothing_listens_is_refused_at_once(
    command: str, monkeypatch: pytest.MonkeyPatch, polytape: Run
) -> None:
    """With what starts a gateway: it does not come by being waited for."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("it waited, or made a client that waits")

    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 3)
    monkeypatch.setattr("polytape.client.sync.PolygonClient", fail)
    monkeypatch.setattr("polytape.cli.gateway.SyncDriver", partial(SyncDriver, sleep=fail))
    code, _, err = polytape(command, "AAPL", "--url", "http://127.0.0.1:9")
    assert code == 1
    assert "polytape serve starts one" in err


@pytest.mark.parametrize("url", ["localhost:8200", "ftp://x", "http://user:pw@x"])
def test_a_wrong_url_is_refused_before_any_request(url: str) -> None:
    """It is the caller's mistake."""
    with pytest.raises(ValidationError), connect(url):
        pass


def test_errors_are_those_of_the_client() -> None:
    """A status has its type; what is no JSON object is no answer."""
    with plain_server() as server, connect(server.url) as gateway:
        with pytest.raises(NotFoundError, match="no such route"):
            gateway.get("/nowhere")
        for body in (b"5", b'"x"', b"null", b"<html>"):
            server.script.append((200, {}, body))
            with pytest.raises(DataFetchError):
                gateway.get("/search", query="x")
        server.script.append(hang_up)
        with pytest.raises(ConnectionError, match="/api/v1/search"):
            gateway.get("/search", query="x")


def test_made_up_prices_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr; other servers of this API have no status, and nothing is said of theirs."""
    warn_if_made_up(lambda: {"made_up": True})
    assert capsys.readouterr() == ("", f"{MADE_UP}\n")
    with plain_server() as server, connect(server.url) as gateway:
        warn_if_made_up(gateway.status)
    warn_if_made_up(lambda: {"made_up": False})
    warn_if_made_up(dict)
    assert capsys.readouterr() == ("", "")


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though this command may not need it."""
    monkeypatch.setenv("POLYTAPE_PORT", "x")
    with pytest.raises(ConfigurationError, match="POLYTAPE_PORT"), connect("http://127.0.0.1:9"):
        pass


def test_a_command_that_waits_for_the_vendors_budget_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once, while it waits; nothing where requests are left, or where a server does not say."""
    state = {"limit": 5, "remaining": 0, "reset_at": "2024-07-02T14:00:43Z", "used": 5}
    state |= {"window_seconds": 60.0}
    said: list[str] = []
    told = threading.Event()

    def hear(text: str) -> None:
        said.append(text)
        told.set()

    def answer(_method: str, path: str, _body: object) -> Answer:
        if path.endswith("/rate-limit"):
            return PlainServer.json(state)
        assert told.wait(5.0)
        return PlainServer.json({"count": 1})

    monkeypatch.setattr("polytape.cli.budget_notice.note", hear)
    monkeypatch.setattr("polytape.cli.budget_notice.AFTER_S", 0.0)
    with plain_server() as server, connect(server.url) as gateway:
        monkeypatch.setattr(server, "answer", answer)
        assert gateway.get("/search", query="x") == {"count": 1}
    assert len(said) == 1
    assert said[0].startswith("waiting up to ")
    now = datetime(2024, 7, 2, 14, 0, 0, tzinfo=UTC)
    expected = "waiting up to 43 s for the vendor's budget of 5 requests a minute"
    assert waiting_text(state, now) == expected
    assert waiting_text(state | {"remaining": 1}, now) == ""
    assert waiting_s(state, now) == 43
    # A gateway whose clock is another one: never more than the window, never nothing.
    assert "up to 60 s" in waiting_text(state, now.replace(year=2023))
    assert "up to 1 s" in waiting_text(state, now.replace(year=2025))


def test_what_spends_nothing_does_not_wait_for_the_vendors_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`jobs cancel` waited a minute: the refusal before the owner's token said that nothing is
    left. What may spend waits, here longer than it may.
    """
    head = {"RateLimit-Remaining": "0", "RateLimit-Reset": "50"}
    hurried = RetryPolicy(timeout_s=1.0, max_retries=0, deadline_s=1.0)
    with plain_server() as server, connect(server.url, hurried) as gateway:
        monkeypatch.setattr(server, "answer", lambda *_: (200, head, b"{}"))
        for _ in range(2):
            assert gateway.delete("/jobs/x") == gateway.get("/rate-limit") == {}
        gateway.get("/search", query="x")
        with pytest.raises(RateLimitError):
            gateway.get("/search", query="x")


def test_a_wait_that_lasts_longer_than_was_said_is_said_again() -> None:
    """Each time for as long as the budget then takes; nobody else repeats it meanwhile."""

    class Over(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return len(waits) > 2

    waits: list[float | None] = []
    notice = BudgetNotice(Connection("http://127.0.0.1:9", RetryPolicy()))
    notice._look = lambda: 43  # type: ignore[method-assign]
    notice._watch(Over())
    assert waits == [1.5, 44.5, 44.5]
