"""`polytape open`, and what else the command line does as the owner, on a gateway of this machine."""

import webbrowser
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from polytape import AuthenticationError, PolygonClient, PolygonClientConfig
from polytape.cli.app import run
from polytape.cli.wiring import make_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import Market
from polytape.settings import Secret, Settings
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW

pytestmark = pytest.mark.socket


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POLYTAPE_ACCESS_FOLDER", str(tmp_path))
    return tmp_path


def served(market: Market, synthetic: Synthetic, settings: Settings) -> Iterator[str]:
    clock = MarketClock(NOW, 1.0, lambda: 0.0)
    budget = Budget.of(100, 1.0)
    gateway = Gateway(synthetic.upstream(), market, clock.now, budget, clock=clock)
    with running(make_app(settings, gateway)) as url:
        yield url


@pytest.fixture
def url(folder: Path, market: Market, synthetic: Synthetic) -> Iterator[str]:
    yield from served(market, synthetic, Settings(access_folder=folder))


@pytest.fixture
def strict_url(folder: Path, market: Market, synthetic: Synthetic) -> Iterator[str]:
    """Of a gateway that asks everybody for a token."""
    settings = Settings(access_folder=folder, token=Secret("sixteen letters!"))
    yield from served(market, synthetic, settings)


def test_the_page_is_opened_with_a_code_that_only_the_browser_has(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the fragment, which no request has in it; the token itself is in no address."""
    opened: list[str] = []

    def open_page(page: str) -> bool:
        opened.append(page)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    assert run(["open", "--url", url]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    (page,) = opened
    address, _, code = page.partition("#code=")
    assert address == f"{url}/open"
    assert code not in out
    answer = httpx2.post(f"{url}/api/v1/session", json={"code": code})
    assert len(answer.json()["token"]) == 43
    assert httpx2.post(f"{url}/api/v1/session", json={"code": code}).status_code == 401


def test_without_a_browser_the_address_is_printed(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with --print."""

    def fails(page: str) -> bool:
        raise webbrowser.Error(f"no browser for {page}")

    monkeypatch.setattr(webbrowser, "open", fails)
    for arguments in ([], ["--print"]):
        assert run(["open", "--url", url, *arguments]) == 0
        assert capsys.readouterr().out.startswith(f"{url}/open#code=")


def test_the_command_line_sends_the_owners_token_by_itself(
    url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a gateway of this machine asks for it; without the file it is refused."""
    assert run(["clock", "pause", "--url", url]) == 0
    capsys.readouterr()
    (folder / "owner.token").unlink()
    assert run(["clock", "resume", "--url", url]) == 1
    assert "asks for the token of its owner" in capsys.readouterr().err


def test_the_client_sends_it_by_itself_too(strict_url: str, folder: Path) -> None:
    """Once it was asked for, with every request and for streams; another folder's is refused."""
    with PolygonClient(strict_url) as client:
        assert client.validate_ticker("AAPL")
        assert len(client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1day")) == 4
        assert client.stats().requests == 3
    (folder / "owner.token").write_text("another-token-that-this-gateway-does-not-know")
    with PolygonClient(strict_url, max_retries=0) as client:
        with pytest.raises(AuthenticationError, match="not known here"):
            client.validate_ticker("AAPL")


def test_it_goes_to_this_machine_alone(folder: Path) -> None:
    """And not where a caller has a key of its own."""
    assert PolygonClientConfig.BASE_URL.startswith("http://localhost")
    (folder / "owner.token").touch(0o600)
    (folder / "owner.token").write_text("t" * 43)
    for address, key, sends in (
        ("http://localhost:1", None, True), ("http://127.0.0.1:1", None, True), ("http://[::1]:1", None, True),
        ("http://192.0.2.1", None, False), ("http://localhost.evil.example", None, False),
        ("http://localhost:1", "own", False),
    ):  # fmt: skip
        client = PolygonClient(address, api_key=key)
        assert client._core.connection.use_owner_token({}) is sends, address
