"""Commands before another server of this API: what it does not say is one line, not a traceback."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Run
from tests.fakes.plain_server import PlainServer, plain_server

pytestmark = pytest.mark.socket

ROW = {"timestamp": "2024-07-02T08:00:00Z", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}
SAID = {"symbol": "SPY", "timeframe": "1day", "source": "x"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainServer]:
    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 0)
    with plain_server() as made:
        yield made


def test_what_a_plain_server_has_is_printed(polytape: Run, server: PlainServer) -> None:
    """It need not have every route, nor every field."""
    url = ("--url", server.url)
    code, out, err = polytape("price", "SPY", "--format", "json", *url)
    assert (code, json.loads(out), err) == (0, {"symbol": "SPY", "price": 123.45, "at": "x"}, "")
    code, out, _ = polytape("search", "x", "--format", "json", *url)
    assert (code, json.loads(out)[0]["ticker"]) == (0, "SPY")
    code, out, _ = polytape("validate", "SPY", "ZZZ", "--format", "csv", *url)
    assert (code, out) == (1, "symbol,valid\nSPY,yes\nZZZ,no\n")
    code, out, err = polytape("rate-limit", *url)
    assert (code, out) == (1, "")
    assert err.startswith("polytape: no such route")


def test_bars_of_a_plain_server_have_no_metadata(polytape: Run, server: PlainServer) -> None:
    """It answers `{"data": [...]}`, and that is enough."""
    day = ("--start", "2024-07-02", "--end", "2024-07-02", "--timeframe", "60min")
    code, out, err = polytape("bars", "SPY", *day, "--format", "csv", "--url", server.url)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 17


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("price SPY", {}), ("price SPY", []), ("price SPY", {"price": None}), ("search x", {}),
        ("search x", []), ("validate SPY", {}), ("validate SPY", {"SPY": True}),
        ("rate-limit", {"limit": 5}), ("bars SPY", []), ("bars SPY", {}),
        ("bars SPY", {"data": [{"timestamp": "2024-07-02T08:00:00Z"}], "metadata": SAID}),
        ("bars SPY", {"data": [ROW], "metadata": SAID | {"count": 2}}),
        ("session SPY", {}), ("scan SPY", {}), ("fractals SPY", {}),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_or_not_whole_is_one_line(
    polytape: Run, server: PlainServer, command: str, body: object
) -> None:
    """An answer that speaks of more bars than it holds is an error, too."""
    server.script.extend([server.json(body)] * 2)
    code, out, err = polytape(*command.split(), "--url", server.url)
    assert (code, out) == (1, "")
    assert err.startswith("polytape: ")
    assert err.count("\n") == 1
