"""`polytape stream`, and a made-up market that runs fast."""

import json
from collections.abc import Iterator

import pytest

from polytape.cli.clock import market_clock, this_market
from polytape.cli.wiring import make_app, make_gateway
from polytape.gateway.server import running
from polytape.settings import Settings
from tests.cli.conftest import Run

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A made-up market: a minute in 10 ms."""
    settings = Settings(source="synthetic", store="none", speed=6_000.0)
    with running(make_app(settings, make_gateway(settings))) as address:
        yield address


def test_bars_are_printed_a_line_each(polytape: Run, url: str) -> None:
    """Below what the columns are, which nothing said; and a made-up market says so."""
    code, out, err = polytape("stream", "AAPL", "SPY", "--count", "4", "--url", url)
    head, *lines = out.splitlines()
    assert code == 0
    assert head.split() == ["New", "York", "symbol", "open", "high", "low", "close", "volume"]
    assert {len(line) for line in (head, *lines)} == {80}
    assert [line.split()[2] for line in lines] == ["AAPL", "SPY"] * 2
    assert "made up" in err


def test_json_is_a_bar_a_line_and_no_minute_is_left_out(polytape: Run, url: str) -> None:
    """As the vendor writes it."""
    options = ("--count", "30", "--format", "json", "--url", url)
    code, out, _ = polytape("stream", "AAPL", *options)
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(events) == 30
    assert {event["ev"] for event in events} == {"AM"}
    starts = [event["s"] for event in events]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("stream", 2, "name symbols"),
        ("stream A!", 2, "ticker"),
        ("stream AAPL APPL", 1, "no symbol APPL (did you mean AAPL?)"),
        ("stream AAPL --channel XX", 2, "XX"),
        ("stream AAPL --channel T", 1, "one of AM"),
        ("stream AAPL --count 0", 2, "count"),
        ("serve --speed 0", 2, "speed"),
        ("serve --speed 60 --source none", 1, "--source synthetic"),
    ],
)
def test_wrong_use_is_one_line(polytape: Run, url: str, command: str, code: int, says: str) -> None:
    """That names what is wrong."""
    where = ("--url", url) if command.startswith("stream") else ()
    got, out, err = polytape(*command.split(), *where)
    assert (got, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_no_gateway_is_one_line_that_says_how_to_start_one(polytape: Run) -> None:
    """As for every command."""
    code, _, err = polytape("stream", "AAPL", "--url", "http://127.0.0.1:9")
    assert (code, "polytape serve starts one" in err) == (1, True)


def test_a_fast_market_begins_at_the_last_open() -> None:
    """Of the session before today."""
    market = this_market()
    clock = market_clock(60.0, market)
    session = market.session_before(market.date_of(market_clock(None, market).now()))
    assert session is not None
    assert 0 <= clock.now() - session.open < 60 * 60_000_000
